//! The house's rooms stand on floors, and imports point down: each `use crate::…` line is read and judged.

use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the rooms it may import.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("api", &["model"]),
    ("table", &["model"]),
    ("extract", &["model", "api", "table"]),
    ("encode", &["model", "table"]),
    ("stage", &["model", "table"]),
    ("lake", &["model", "table", "encode", "stage"]),
    ("verify", &["model", "table", "encode", "lake"]),
    ("statements", &["model", "table", "encode", "lake"]),
    ("export", &["model", "api", "table", "extract", "encode", "stage", "lake", "verify"]),
    ("sandbox", &["model"]),
    // The binary sees the library from outside, as everybody does.
    ("cli", &["cli"]),
];

#[test]
fn imports_point_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut upward = Vec::new();
    let mut files = 0;
    for (room, allowed) in ROOMS {
        for file in rust_files(&source.join(room)) {
            files += 1;
            let text = fs::read_to_string(&file).unwrap();
            for (number, imported) in imports(&text) {
                let own = imported == *room;
                if !own && !allowed.contains(&imported.as_str()) {
                    let path = file.strip_prefix(&source).unwrap().display().to_string();
                    upward.push(format!("src/{path}:{number}: {room} imports {imported}"));
                }
            }
        }
    }
    assert!(files > 20, "the rooms have moved: only {files} files were read");
    assert!(upward.is_empty(), "imports that point upward:\n{}", upward.join("\n"));
}

/// What only some rooms may do, by the word that does it.
const PLACES: &[(&str, &[&str])] = &[
    // Everything else is synchronous.
    ("tokio", &["api", "cli", "export", "extract", "sandbox"]),
    ("reqwest", &["api"]),
    // Below the store every step can be made to fail, and is counted.
    ("fs::rename", &["lake/store"]),
    ("fs::remove_", &["lake/store"]),
    (".sync_all()", &["lake/store"]),
    (".sync_data()", &["lake/store"]),
    ("process::exit", &["cli"]),
];

#[test]
fn some_things_have_their_place() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut strays = Vec::new();
    for (word, places) in PLACES {
        let mut found = 0;
        for file in rust_files(&source) {
            let path = file.strip_prefix(&source).unwrap().display().to_string();
            let text = fs::read_to_string(&file).unwrap();
            for (number, _) in code(&text).filter(|(_, code)| code.contains(word)) {
                found += 1;
                if !places.iter().any(|place| path.starts_with(place)) {
                    strays.push(format!("src/{path}:{number}: {word}"));
                }
            }
        }
        assert!(found > 0 || *word == ".sync_data()", "nobody says {word} any more");
    }
    assert!(strays.is_empty(), "out of place:\n{}", strays.join("\n"));
}

#[test]
fn every_room_is_on_a_floor() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            let name = entry.file_name().into_string().unwrap();
            assert!(ROOMS.iter().any(|(room, _)| *room == name), "src/{name} has no floor");
        }
    }
}

/// The lines outside of comments and tests, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    // A module of tests stands last in its file and may borrow from anywhere.
    let lines = text.lines().take_while(|line| line.trim() != "mod tests {");
    lines.map(|line| line.split("//").next().unwrap_or_default()).enumerate().map(|(at, line)| (at + 1, line))
}

/// The rooms named after `crate::`, with the numbers of the lines.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, code) in code(text) {
        for rest in code.split("crate::").skip(1) {
            // `use crate::{api, model::Window};` names several rooms.
            let names = match rest.strip_prefix('{') {
                Some(list) => list.split(',').map(first_word).collect(),
                None => vec![first_word(rest)],
            };
            found.extend(names.into_iter().filter(|name| !name.is_empty()).map(|name| (number, name)));
        }
    }
    found
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return files };
    let front = fs::read_to_string(folder.join("mod.rs")).unwrap_or_default();
    let tests = test_modules(&front);
    for entry in entries {
        let path = entry.unwrap().path();
        // Tests may borrow from anywhere.
        if path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| tests.contains(&stem)) {
            continue;
        }
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The modules that a front page declares for tests alone.
fn test_modules(front: &str) -> Vec<&str> {
    let lines: Vec<&str> = front.lines().map(str::trim).collect();
    lines
        .windows(2)
        .filter(|pair| pair[0].starts_with("#[cfg(") && pair[0].contains("test"))
        .filter_map(|pair| pair[1].strip_suffix(';')?.split_whitespace().last())
        .collect()
}

#[test]
fn an_import_is_recognised() {
    let text = "use crate::api::Api;\nuse crate::{model, table::Table};\n// crate::lake\nfn f() -> crate::stage::Stage {}\n\
                #[cfg(test)]\nmod tests {\nuse crate::export;\n";
    let names: Vec<String> = imports(text).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["api", "model", "table", "stage"]);
}
