// SPDX-License-Identifier: GPL-2.0-only
//! Disk images, made by the tools of the build root and kept in the cache by their contents.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use union_support::disk;
use union_support::walk::hash;

use crate::paths::Places;

/// A disk of a machine.
pub struct Disk {
    /// Serial number, by which the guest finds it.
    pub serial: String,
    /// The image.
    pub image: PathBuf,
    /// The handling of the guest's writes.
    pub writes: Writes,
}

/// The handling of writes to a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// They are refused.
    Refused,
    /// They are discarded at the end, so that machines can share the image.
    Forgotten,
    /// They go to the image.
    Kept,
}

/// A sparse copy of the image.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let output = Command::new("cp")
        .args(["--sparse=always", "--reflink=auto"])
        .args([from, to])
        .output()
        .context("running cp")?;
    if !output.status.success() {
        bail!(
            "copying {}: {}",
            from.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// An empty disk of a file system with enough space for programs; only written blocks take space.
pub fn large(places: &Places, fs_type: &str) -> Result<Disk> {
    const MIB: u64 = 4096;
    let command = disk::mkfs(fs_type).with_context(|| {
        format!("there are no scratch disks of {fs_type:?}: ext4, xfs or btrfs")
    })?;
    Ok(Disk {
        serial: fs_type.to_owned(),
        image: scratch(places, fs_type, &words(command), MIB)?,
        writes: Writes::Forgotten,
    })
}

/// The words of a command none of which has a blank.
pub fn words(command: &str) -> Vec<&str> {
    command.split(' ').collect()
}

/// An empty file system; the image is the last argument of the command that makes it.
pub fn scratch(places: &Places, name: &str, command: &[&str], mib: u64) -> Result<PathBuf> {
    let key = hash(format!("{command:?} {mib}").as_bytes());
    let path = places
        .images()?
        .join(format!("scratch-{name}-{key:016x}.img"));
    if path.is_file() {
        return Ok(path);
    }
    let temporary = temporary(&path);
    let file =
        fs::File::create(&temporary).with_context(|| format!("making {}", temporary.display()))?;
    file.set_len(mib << 20).context("sizing a disk image")?;
    run(places, command, &[&temporary])?;
    fs::rename(&temporary, &path)?;
    Ok(path)
}

/// The name of an image that is not complete yet.
pub fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    name.into()
}

/// Runs a tool of the build root.
pub fn run(places: &Places, command: &[&str], paths: &[&Path]) -> Result<()> {
    run_from(places, command, paths, None)
}

/// Runs a tool of the build root, with a file as its standard input.
pub fn run_from(
    places: &Places,
    command: &[&str],
    paths: &[&Path],
    input: Option<&Path>,
) -> Result<()> {
    let mut process = Command::new(places.repo.join("scripts/enter"));
    process.args(command).args(paths);
    if let Some(input) = input {
        process
            .stdin(fs::File::open(input).with_context(|| format!("opening {}", input.display()))?);
    }
    let output = process
        .output()
        .with_context(|| format!("running {} in the build root", command[0]))?;
    if !output.status.success() {
        bail!(
            "{} failed ({}): {}{}",
            command[0],
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
