//! `make install`: what lands where, with a program that is already built.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The files below a folder, relative to it.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

#[test]
fn program_completions_and_man_pages_are_installed_below_prefix_and_destdir() {
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new("make")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // Of the `make test` around this, which is none of this one's business.
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .args(["install", "PREFIX=/opt/powens", concat!("BINARY=", env!("CARGO_BIN_EXE_powens-export"))])
        .arg(format!("DESTDIR={}", folder.path().display()))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    let installed = folder.path().join("opt/powens");
    let verbs = [
        "",
        "-completions",
        "-demo",
        "-plan",
        "-prune",
        "-run",
        "-sandbox",
        "-schema",
        "-statements",
        "-status",
        "-verify",
    ];
    let mut expected: BTreeSet<String> =
        verbs.iter().map(|verb| format!("share/man/man1/powens-export{verb}.1")).collect();
    for path in [
        "bin/powens-export",
        "share/bash-completion/completions/powens-export",
        "share/zsh/site-functions/_powens-export",
        "share/fish/vendor_completions.d/powens-export.fish",
    ] {
        expected.insert(path.to_owned());
    }
    let found = files(&installed);
    let missing: Vec<_> = expected.difference(&found).collect();
    assert!(missing.is_empty(), "{missing:?} are missing of {found:?}");

    let page = std::fs::read_to_string(installed.join("share/man/man1/powens-export-run.1")).unwrap();
    assert!(page.contains(".SH OPTIONS") && page.contains("accept\\-shrink"), "{page}");
    let front = std::fs::read_to_string(installed.join("share/man/man1/powens-export.1")).unwrap();
    assert!(front.contains("Exit codes:") && front.contains("powens\\-export\\-run(1)"), "{front}");

    let version = Command::new(installed.join("bin/powens-export")).arg("--version").output().unwrap();
    assert!(version.status.success());
    let syntax = Command::new("bash")
        .arg("-n")
        .arg(installed.join("share/bash-completion/completions/powens-export"))
        .status()
        .unwrap();
    assert!(syntax.success());
}
