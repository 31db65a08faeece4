// SPDX-License-Identifier: GPL-2.0-only
//! Programs of the build root for the first root of a machine, with the libraries they need.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use union_machine::paths::Places;

/// The files of some programs, by their paths without the leading slash. A path without one is of a program that was
/// built in this checkout; it comes to `usr/bin`.
pub fn files(places: &Places, programs: &[&str]) -> Result<Vec<(String, Vec<u8>)>> {
    if programs.is_empty() {
        return Ok(Vec::new());
    }
    let is_ours = |path: &str| !path.starts_with('/');
    let wholes = programs.iter().map(|path| match is_ours(path) {
        true => places.repo.join(path),
        false => PathBuf::from(path),
    });
    let output = Command::new(places.repo.join("scripts/enter"))
        .arg("ldd")
        .args(wholes)
        .output()
        .context("running ldd in the build root")?;
    if !output.status.success() {
        bail!(
            "one of {programs:?} is missing in the build root, or in out/bin (scripts/build-database) ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut paths = libraries(&text);
    paths.extend(programs);
    let root = places.root();
    paths
        .into_iter()
        .map(|path| {
            let (inside, whole) = match is_ours(path) {
                true => {
                    let name = path.rsplit('/').next().unwrap_or(path);
                    (format!("usr/bin/{name}"), places.repo.join(path))
                }
                false => {
                    let inside = path.trim_start_matches('/').to_owned();
                    let whole = root.join(&inside);
                    (inside, whole)
                }
            };
            let data = fs::read(&whole).with_context(|| format!("reading {}", whole.display()))?;
            Ok((inside, data))
        })
        .collect()
}

/// The paths in the output of ldd: "NAME => PATH (ADDRESS)", and "PATH (ADDRESS)" for the loader.
fn libraries(text: &str) -> BTreeSet<&str> {
    text.split_whitespace()
        .filter(|word| word.starts_with('/') && !word.ends_with(':'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_and_loader_are_found_once() {
        let text = "/sbin/a:\n\tlinux-vdso.so.1 (0x7)\n\tlibc.so.6 => /lib/libc.so.6 (0x8)\n\t/lib64/ld.so (0x9)\n\
                    /sbin/b:\n\tlibc.so.6 => /lib/libc.so.6 (0x8)\n\t/lib64/ld.so (0x9)\n";
        let found: Vec<_> = libraries(text).into_iter().collect();
        assert_eq!(found, ["/lib/libc.so.6", "/lib64/ld.so"]);
    }
}
