//! The pack's label, `pack.json`: what it says of itself to programs, and how a pack is known again before it is replaced.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::lake::Snapshot;

use super::{PackReport, Request};

/// The label's name in the pack.
pub(super) const LABEL: &str = "pack.json";

/// The value of `kind` in the label.
const KIND: &str = "powens-export statements";

/// A file of the pack.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Written {
    /// Relative to the pack, with `/`.
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// What the label says.
#[derive(Serialize)]
struct Label<'a> {
    kind: &'static str,
    version: u32,
    run_id: &'a str,
    manifest_sha256: String,
    format: &'static str,
    profile: &'static str,
    from: Option<String>,
    to: Option<String>,
    card_rows: &'static str,
    include_coming: bool,
    include_deleted: bool,
    complete: bool,
    accounts: usize,
    rows: u64,
    guarded_cells: u64,
    replaced_characters: u64,
    amounts_as_text: u64,
    cut_texts: u64,
    files: Vec<Written>,
}

/// The bytes of the label.
pub(super) fn label(
    snapshot: &Snapshot,
    request: &Request,
    report: &PackReport,
    files: Vec<Written>,
) -> std::io::Result<Vec<u8>> {
    let text = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string());
    let label = Label {
        kind: KIND,
        version: 1,
        run_id: snapshot.run_id.as_str(),
        manifest_sha256: snapshot.sha256.to_string(),
        format: request.format.as_str(),
        profile: request.profile.as_str(),
        from: text(request.period.from()),
        to: text(request.period.to()),
        card_rows: request.card_rows.as_str(),
        include_coming: request.include_coming,
        include_deleted: request.include_deleted,
        complete: report.is_complete(),
        accounts: report.accounts,
        rows: report.rows,
        guarded_cells: report.marks.guarded,
        replaced_characters: report.marks.replaced_characters + report.marks.replaced_nuls,
        amounts_as_text: report.amounts_as_text,
        cut_texts: report.cut_texts,
        files,
    };
    let mut bytes = serde_json::to_vec_pretty(&label)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Whether a folder holds a pack of ours, or nothing.
pub(super) fn is_pack(folder: &Path) -> bool {
    #[derive(Deserialize)]
    struct Head {
        kind: String,
    }
    match fs::read(folder.join(LABEL)) {
        Ok(bytes) => serde_json::from_slice::<Head>(&bytes).is_ok_and(|head| head.kind == KIND),
        Err(_) => fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none()),
    }
}
