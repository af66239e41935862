//! Listens to a run, and looks for what must stand nowhere: secrets in any spelling, and what belongs to the people in
//! anything but the data.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use powens_export::sandbox::Sandbox;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use super::bank;
use super::lake::{Findings, files_below};

/// What a run logs on this thread, everything included.
#[derive(Debug, Clone, Default)]
pub(super) struct Ear(Arc<Mutex<Vec<u8>>>);

impl io::Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Ear {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Ear {
    /// Listens until the guard is dropped.
    pub(super) fn listen(&self) -> DefaultGuard {
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(self.clone());
        tracing::subscriber::set_default(tracing_subscriber::registry().with(layer).with(LevelFilter::TRACE))
    }

    /// What was heard.
    pub(super) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Looks through all that a run has left: what it said, and every file but the rows themselves.
pub(super) fn kept(sandbox: &Sandbox, said: &str, folder: &Path, findings: &mut Findings) {
    let mut secrets = sandbox.tokens_issued();
    secrets.extend([sandbox.client_secret(), sandbox.users_token()]);
    let spellings: Vec<String> = secrets.iter().flat_map(|secret| spelled(secret)).collect();
    let mut papers = vec![("the log".to_owned(), said.to_owned())];
    for path in files_below(folder) {
        let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        // The journal of tokens exists to revoke them after a crash, and is for its owner alone.
        let text = if name.ends_with(".work/tokens") { None } else { fs::read(&path).ok() };
        let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
        papers.push((name.clone(), format!("{name}\n{}", text.unwrap_or_default())));
    }
    for (name, text) in &papers {
        if spellings.iter().any(|spelling| text.contains(spelling.as_str())) {
            findings.push(format!("a secret stands in {name}"));
        }
        let data = name.contains("/csv/") || name.contains(".work/");
        // A manifest sums amounts, and a sum may be that of one row.
        let summed = |word: &str| name.ends_with("manifest.json") && word.parse::<f64>().is_ok();
        let stands = |word: &&&str| !data && !summed(word) && text.contains(**word);
        if let Some(word) = bank::PRIVATE.iter().find(stands) {
            findings.push(format!("{word:?}, which is somebody's, stands in {name}"));
        }
    }
}

/// A secret as it is, and as something that wrote it elsewhere may have spelled it.
fn spelled(secret: &str) -> [String; 5] {
    let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent = secret.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    [secret.to_owned(), hex, percent, secret.replace('/', "\\/"), base64(secret.as_bytes())]
}

/// Without the last characters, which depend on what follows.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks_exact(3).flat_map(|group| {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(ALPHABET[bits >> shift & 63]))
    });
    groups.collect()
}

/// Nothing is written outside the lake, nobody but the owner and the group can look into it, and nobody but the owner
/// into the folder of what is not published.
pub(super) fn closed(folder: &Path, findings: &mut Findings) {
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        if name != "lake" && name != "fresh" {
            findings.push(format!("{} was written beside the lake", name.display()));
        }
    }
    let lake = folder.join("lake");
    let mut open = vec![lake.clone()];
    while let Some(place) = open.pop() {
        let Ok(found) = fs::symlink_metadata(&place) else { continue };
        let name = place.strip_prefix(&lake).unwrap().to_string_lossy().into_owned();
        // Files that a refused run has linked into its folder are as they were published; the folder is closed.
        let allowed = if name == ".work" || name == ".work/tokens" { 0o700 } else { 0o750 };
        let mode = found.permissions().mode() & 0o777;
        if !found.is_symlink() && mode & !allowed != 0 {
            findings.push(format!("{name} has mode {mode:o}"));
        }
        if found.is_dir() {
            open.extend(fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}

#[test]
fn a_secret_is_found_in_every_spelling() {
    assert_eq!(base64(b"Many hands make"), "TWFueSBoYW5kcyBtYWtl");
    let [plain, hex, percent, json, base64] = spelled("ab/+c=");
    assert_eq!((plain.as_str(), percent.as_str(), json.as_str()), ("ab/+c=", "ab%2F%2Bc%3D", "ab\\/+c="));
    assert_eq!((hex.as_str(), base64.as_str()), ("61622f2b633d", "YWIvK2M9"));
}
