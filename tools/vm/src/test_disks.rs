// SPDX-License-Identifier: GPL-2.0-only
//! The disks of the machines for scenarios and checks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use union_machine::disks::{Disk, Writes, run, run_from, scratch, temporary, words};
use union_machine::paths::Places;
use union_scenarios::image::{IMAGES, Image};
use union_scenarios::numbers;
use union_scenarios::security::images;
use union_scenarios::shape::{self, Fs};
use union_support::walk::hash;

use crate::lower_image;

/// The disks of the shapes, and those that the checks take copies of.
pub fn for_shapes(places: &Places) -> Result<Vec<Disk>> {
    let mut disks = Vec::new();
    for fs in shape::file_systems() {
        let Some(serial) = fs.disk() else { continue };
        let image = match fs.mkfs() {
            Some((command, mib)) => scratch(places, fs.name(), &words(command), mib)?,
            None => lowers(places, fs)?,
        };
        disks.push(Disk {
            serial: serial.to_owned(),
            image,
            writes: match fs.mkfs() {
                Some(_) => Writes::Forgotten,
                None => Writes::Refused,
            },
        });
    }
    for fs in images::FILE_SYSTEMS {
        if let Some(serial) = images::serial(fs) {
            disks.push(Disk {
                serial,
                image: archived(
                    places,
                    fs,
                    "whole",
                    lower_image::of_tree(&images::tree(fs))?,
                )?,
                writes: Writes::Refused,
            });
        }
    }
    for fs in numbers::FILE_SYSTEMS {
        for version in numbers::VERSIONS {
            let tree = lower_image::of_tree(&numbers::tree(version))?;
            disks.push(Disk {
                serial: numbers::serial(fs, version),
                image: archived(places, fs, "version", tree)?,
                writes: Writes::Refused,
            });
        }
    }
    for image in IMAGES {
        disks.push(Disk {
            serial: image.name.to_owned(),
            image: scratch(places, image.name, &words(image.mkfs), image.mib)?,
            writes: Writes::Refused,
        });
    }
    Ok(disks)
}

/// A new disk with a file system, in the file `path`.
pub fn fresh(places: &Places, image: &Image, path: PathBuf) -> Result<Disk> {
    let made = scratch(places, image.name, &words(image.mkfs), image.mib)?;
    fs::copy(&made, &path)
        .with_context(|| format!("copying {} to {}", made.display(), path.display()))?;
    Ok(Disk {
        serial: "cut".to_owned(),
        image: path,
        writes: Writes::Kept,
    })
}

/// To be increased when an image is made in another way from the same archive.
const IMAGE_FORMAT: u32 = 2;

/// The read-only image with the lower layers of every scenario.
fn lowers(places: &Places, fs: Fs) -> Result<PathBuf> {
    archived(places, fs, "lowers", lower_image::archive(fs)?)
}

/// The read-only image of an archive.
fn archived(places: &Places, fs: Fs, what: &str, archive: Vec<u8>) -> Result<PathBuf> {
    let name = format!(
        "{what}-{IMAGE_FORMAT}-{:016x}.{}",
        hash(&archive),
        fs.name()
    );
    let path = places.images()?.join(name);
    if path.is_file() {
        return Ok(path);
    }
    let (tar, temporary) = (temporary(&path.with_extension("tar")), temporary(&path));
    fs::write(&tar, archive).with_context(|| format!("writing {}", tar.display()))?;
    match fs {
        Fs::Squashfs => {
            let command = [
                "sqfstar",
                "-quiet",
                "-no-progress",
                "-xattrs",
                "-comp",
                "zstd",
            ];
            run_from(places, &command, &[&temporary], Some(&tar))?;
        }
        Fs::Iso9660 => {
            let mut input = std::ffi::OsString::from("@");
            input.push(&tar);
            // Strict: with the modes and owners of the archive.
            let command = [
                "bsdtar",
                "--format=iso9660",
                "--options=rockridge=strict",
                "-cf",
            ];
            run(places, &command, &[&temporary, Path::new(&input)])?;
        }
        _ => {
            let command = ["mkfs.erofs", "--quiet", "--tar=f", "-Uclear"];
            run(places, &command, &[&temporary, &tar])?;
        }
    }
    fs::remove_file(&tar)?;
    fs::rename(&temporary, &path)?;
    forget_old(&places.images()?);
    Ok(path)
}

/// Removes all but the newest images of lower layers: every change of a scenario makes another one.
fn forget_old(images: &Path) {
    let mut found: Vec<_> = fs::read_dir(images)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("lowers-"))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    found.sort();
    // Several checkouts may share the cache, and be about to use their images.
    let hour = std::time::Duration::from_secs(3600);
    for (modified, path) in found.iter().rev().skip(12) {
        if modified.elapsed().is_ok_and(|age| age > hour) {
            let _ = fs::remove_file(path);
        }
    }
}
