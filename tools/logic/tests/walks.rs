// SPDX-License-Identifier: GPL-2.0-only
//! The walks at the beginning of design.rst name files, functions and types: they must be there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const DESIGN: &str = include_str!("../../../Documentation/design.rst");

/// The files below `dir`, by their path without `.rs` or `/mod.rs`.
fn sources(dir: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let inner = format!("{prefix}/{name}");
        if path.is_dir() {
            sources(&path, &inner, found);
        } else {
            let key = inner.strip_suffix("/mod").unwrap_or(&inner).to_owned();
            found.insert(key, fs::read_to_string(&path).unwrap());
        }
    }
}

/// Whether `text` defines `name`: a function, a type, or a field.
fn defines(text: &str, name: &str) -> bool {
    let forms: Vec<String> = match name.strip_suffix("()") {
        Some(name) => [format!("fn {name}("), format!("fn {name}<")].into(),
        None => [
            format!("struct {name} "),
            format!("struct {name}<"),
            format!("enum {name} "),
            format!("pub {name}: "),
        ]
        .into(),
    };
    forms.iter().any(|form| text.contains(form))
}

/// Whether the module has what the documentation calls `word`.
fn is_there(files: &BTreeMap<String, String>, word: &str) -> bool {
    let named = |path: &str| {
        let path = format!("/{}", path.strip_suffix(".rs").unwrap_or(path));
        let path = path.strip_suffix("/mod").unwrap_or(&path).to_owned();
        files.iter().filter(move |(file, _)| file.ends_with(&path))
    };
    if word.ends_with(".rs") {
        return named(word).next().is_some();
    }
    let (module, name) = word.rsplit_once("::").unwrap_or(("", word));
    let module = module.replace("::", "/");
    match module.chars().next() {
        // Of any file, or a file itself.
        None => files.values().any(|text| defines(text, name)) || named(name).next().is_some(),
        // A field of a type.
        Some(first) if first.is_uppercase() => files
            .values()
            .any(|text| defines(text, &module) && defines(text, name)),
        // Of a module, its own or of a file in its folder.
        Some(_) => files.iter().any(|(file, text)| {
            let inside = format!("{file}/").contains(&format!("/{module}/"));
            inside && defines(text, name)
        }),
    }
}

#[test]
fn what_the_walks_name_is_there() {
    let rust = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rust");
    let mut files = BTreeMap::new();
    for folder in ["union", "logic"] {
        sources(&rust.join(folder), &format!("/{folder}"), &mut files);
    }
    let walks = DESIGN.split("Three walks\n").nth(1).unwrap();
    let walks = walks.split("Invariants\n").next().unwrap();
    let steps = walks.lines().filter(|line| !line.starts_with('*'));
    let words: Vec<_> = steps
        .flat_map(|line| line.split("``").skip(1).step_by(2))
        .collect();
    assert!(words.len() > 40, "{words:?}");
    let missing: Vec<_> = words
        .into_iter()
        .filter(|word| !is_there(&files, word))
        .collect();
    assert_eq!(
        missing, [""; 0],
        "in the walks of design.rst, and not in rust/"
    );
    assert!(!is_there(&files, "settle::no_such()") && !is_there(&files, "ops/absent.rs"));
}
