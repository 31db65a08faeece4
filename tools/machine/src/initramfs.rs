// SPDX-License-Identifier: GPL-2.0-only
//! The first root of a machine: the guest program, the modules, and the files of the mode.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cpio::Archive;
use crate::modules::Dependencies;
use crate::paths::{Kernel, Places};

/// The contents of the first root.
pub struct Contents<'a> {
    /// The static guest program, which becomes /init.
    pub guest: &'a Path,
    /// Modules of the kernel to load first, each followed by its parameters, if any.
    pub modules: &'a [&'a str],
    /// The module under test.
    pub union: Option<PathBuf>,
    /// Further files, which may be programs.
    pub files: &'a [(&'a str, &'a [u8])],
}

/// Builds the archive.
pub fn build(kernel: &Kernel, contents: &Contents) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    archive.char_device("dev/console", 0o600, 5, 1);
    archive.file("init", 0o755, &read_static(contents.guest)?);
    let mut list = String::new();
    let parameters = |name: &str| {
        let mut given = contents.modules.iter().filter_map(|m| m.split_once(' '));
        given
            .find(|(of, _)| *of == name)
            .map_or("", |(_, text)| text)
    };
    let names: Vec<_> = contents
        .modules
        .iter()
        .map(|module| module.split(' ').next().unwrap_or(module))
        .collect();
    for path in Dependencies::read(&kernel.modules)?.closure(&names)? {
        let file = path
            .file_name()
            .context("a module has a name")?
            .to_string_lossy();
        let inside = format!("modules/{file}");
        archive.file(&inside, 0o644, &read(&path)?);
        let name = file.split(".ko").next().unwrap_or(&file);
        list += &format!("/{inside} {}\n", parameters(name));
    }
    archive.file("modules/list", 0o644, list.as_bytes());
    if let Some(union) = &contents.union {
        archive.file("union.ko", 0o644, &read(union)?);
    }
    for (path, data) in contents.files {
        archive.file(path, 0o755, data);
    }
    Ok(archive.finish())
}

/// Where the guest program is expected.
pub fn guest(places: &Places, kernel: &Kernel, given: Option<PathBuf>) -> Result<PathBuf> {
    let path = given.unwrap_or_else(|| {
        let programs = kernel.architecture.programs(&places.repo);
        programs.join("union-guest")
    });
    if !path.is_file() {
        bail!(
            "the guest program {} is missing; build it with make tools ARCH={}, or name one with --guest",
            path.display(),
            kernel.architecture.name()
        );
    }
    Ok(path)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// Reads a static program, because the first root has no dynamic loader.
fn read_static(path: &Path) -> Result<Vec<u8>> {
    let program = read(path)?;
    // Of x86-64 and AArch64.
    for loader in ["/lib64/ld-linux-x86-64.so", "/lib/ld-linux-aarch64.so"].map(str::as_bytes) {
        if program.windows(loader.len()).any(|window| window == loader) {
            bail!(
                "{} is linked dynamically; scripts/build-tools links it statically",
                path.display()
            );
        }
    }
    Ok(program)
}
