// SPDX-License-Identifier: GPL-2.0-only
//! Installing packages and replacing them, with dpkg.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::programs::once;
use super::tree::Tree;
use super::{Changes, NO_COPY_UP, Row};
use crate::stage::{Stage, Took, program, timed};

/// Packages that the root does not have installed.
const NEW: &[&str] = &["hello", "jq", "libjq1", "libonig5", "tree"];
/// Packages that it has.
const REPLACED: &[&str] = &["git", "perl", "perl-base"];

pub const DPKG_INSTALL: Row = Row {
    name: "dpkg_install",
    about: "install five packages (dpkg)",
    per: "run",
    entries: NEW.len(),
    tree: Tree {
        name: "dpkg",
        fill: |layer, _, _, _| administration(layer),
        large: false,
    },
    ready: |_| packages(NEW).map(drop),
    time: |stage| install(stage, NEW),
    verify: |stage| {
        let status = fs::read_to_string(stage.path("var/lib/dpkg/status"))?;
        if !status.contains("\nPackage: hello\n") || !stage.path("usr/bin/hello").exists() {
            bail!("the packages are not installed");
        }
        Ok(())
    },
    changes: Changes::All,
    warm_up: true,
    without: NO_COPY_UP,
    ..Row::DEFAULT
};

pub const DPKG_UPGRADE: Row = Row {
    name: "dpkg_upgrade",
    about: "install perl, perl-base and git over a lower layer that has them (dpkg)",
    entries: REPLACED.len(),
    tree: Tree {
        name: "dpkg with packages",
        fill: |layer, _, _, _| {
            let mut copy = Command::new("cp");
            program(copy.arg("-aT").arg(installed()?).arg(layer)).map(drop)
        },
        large: true,
    },
    ready: |stage| {
        packages(REPLACED)?;
        replaced(stage, false)
    },
    time: |stage| install(stage, REPLACED),
    verify: |stage| {
        let left = stage.path("usr/bin/perl.dpkg-tmp");
        if left.exists() {
            bail!("{} is left", left.display());
        }
        replaced(stage, true)
    },
    ..DPKG_INSTALL
};

/// The state of the packages of this root, according to dpkg.
fn administration(layer: &Path) -> Result<()> {
    let admin = layer.join("var/lib/dpkg");
    fs::create_dir_all(&admin)?;
    fs::create_dir_all(layer.join("usr/share/doc"))?;
    let mut copy = Command::new("cp");
    program(copy.args(["-aT", "/var/lib/dpkg"]).arg(admin)).map(drop)
}

/// A root with the packages that are to be replaced.
fn installed() -> Result<PathBuf> {
    once("installed", |path| {
        administration(path)?;
        program(dpkg(path).args(packages(REPLACED)?)).map(drop)
    })
}

/// Whether the run that is measured made the files: then they are in the upper layer. The plain file system has no
/// layers to check.
fn replaced(stage: &Stage, expected: bool) -> Result<()> {
    if !stage.subject.is_stacked() {
        return Ok(());
    }
    for name in ["usr/bin/perl", "usr/bin/git"] {
        let shown = fs::metadata(stage.path(name)).with_context(|| name.to_owned())?;
        let found = fs::metadata(stage.layers.upper.join(name));
        let is_new = found.is_ok_and(|file| file.size() == shown.size());
        if is_new != expected {
            bail!(
                "{name} is {}in the upper layer",
                if is_new { "" } else { "not " }
            );
        }
    }
    Ok(())
}

fn install(stage: &Stage, names: &[&str]) -> Result<Took> {
    let packages = packages(names)?;
    timed(1, || {
        stage.program(dpkg(stage.at).args(&packages)).map(drop)
    })
}

/// dpkg, to install packages in the root at `at`.
fn dpkg(at: &Path) -> Command {
    let mut command = Command::new("dpkg");
    command.arg(format!("--instdir={}", at.display()));
    command.arg(format!("--admindir={}", at.join("var/lib/dpkg").display()));
    // Scripts run outside of the root, and the triggers of other packages would change the root of the machine.
    command.args([
        "--force-depends",
        "--force-script-chrootless",
        "--no-triggers",
        "-i",
    ]);
    command
}

/// The files of packages that lie in the root, read once, so that they are in memory.
fn packages(names: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/opt/debs").context("listing the packages to install")? {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if file
            .split_once('_')
            .is_some_and(|(name, _)| names.contains(&name))
        {
            fs::read(&path)?;
            found.push(path);
        }
    }
    if found.len() != names.len() {
        bail!("of the packages {names:?} there are {found:?}");
    }
    found.sort();
    Ok(found)
}
