// SPDX-License-Identifier: GPL-2.0-only
//! Finds the scenarios and checks: every `pub fn` below `src/cases` and `src/checks` is one, with its own name and its
//! documentation as its description, and needs no other entry.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let source =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("src");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("set by cargo"));
    for (folder, kind, field) in [
        ("cases", "Scenario", "describe"),
        ("checks", "Check", "run"),
    ] {
        let mut files = Vec::new();
        find(&source.join(folder), &mut files);
        files.retain(|file| !file.ends_with("mod.rs"));
        files.sort();
        let mut modules = String::new();
        let mut rows = BTreeMap::new();
        for file in &files {
            let module = module(file.strip_prefix(source.join(folder)).expect("below it"));
            modules += &format!("#[path = {file:?}]\nmod {module};\n");
            let text = fs::read_to_string(file).expect("the file can be read");
            for (name, about) in functions(&text) {
                let path = format!("{module}::{name}");
                let row = format!(
                    "    crate::scenario::{kind} {{ name: {name:?}, about: {about:?}, {field}: {path} }},\n"
                );
                let before = rows.insert(name.to_owned(), row);
                assert!(before.is_none(), "{folder} has two functions {name}");
            }
        }
        fs::write(
            out.join(format!("{folder}.rs")),
            format!(
                "{modules}/// All of them, by name.\npub const ALL: &[crate::scenario::{kind}] = &[\n{}];\n",
                rows.into_values().collect::<String>()
            ),
        )
        .expect("OUT_DIR can be written");
    }
}

/// A name for the module of a file: its path, because files of two folders may have the same name.
fn module(file: &Path) -> String {
    let path = file.with_extension("");
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("_")
}

/// The public functions of a file, each with its documentation on one line and without the full stop.
fn functions(text: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut about: Vec<&str> = Vec::new();
    for line in text.lines() {
        if let Some(doc) = line.strip_prefix("/// ") {
            about.push(doc);
        } else if let Some((name, _)) = line
            .strip_prefix("pub fn ")
            .and_then(|rest| rest.split_once('('))
        {
            found.push((name, about.join(" ").trim_end_matches('.').to_owned()));
            about.clear();
        } else if !line.starts_with('#') {
            about.clear();
        }
    }
    found
}

/// Collects the `.rs` files below `folder`, and has cargo watch every folder for new ones.
fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
