// SPDX-License-Identifier: GPL-2.0-only
//! Finds the scenarios and checks: every file below `src/cases` and `src/checks` is one, and needs no other mention.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let source =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("src");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("set by cargo"));
    for (folder, item, kind) in [
        ("cases", "SCENARIO", "Scenario"),
        ("checks", "CHECK", "Check"),
    ] {
        let mut files = Vec::new();
        find(&source.join(folder), &mut files);
        files.retain(|file| !file.ends_with("mod.rs"));
        files.sort_by(|a, b| a.file_stem().cmp(&b.file_stem()));
        let mut modules = String::new();
        let mut list =
            format!("/// All of them, by name.\npub const ALL: &[crate::scenario::{kind}] = &[\n");
        for file in &files {
            let name = file
                .file_stem()
                .expect("a file has a name")
                .to_string_lossy();
            modules += &format!("#[path = {file:?}]\nmod {name};\n");
            list +=
                &format!("    crate::scenario::{kind} {{ name: {name:?}, ..{name}::{item} }},\n");
        }
        fs::write(
            out.join(format!("{folder}.rs")),
            format!("{modules}{list}];\n"),
        )
        .expect("OUT_DIR can be written");
    }
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
