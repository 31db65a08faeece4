// SPDX-License-Identifier: GPL-2.0-only
//! Lower layers with whiteouts as aufs had them, and back: by names, `.wh.NAME` and `.wh..wh..opq`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::make::OPAQUE;
use crate::sys;
use crate::tree::{Builder, Entry, Kind, Spread};
use crate::walk;

/// What makes a directory opaque.
const OPAQUE_NAME: &str = ".wh..wh..opq";
/// A name that the bottom layer has in its directories, and the next one hides.
const HIDDEN: &str = "hidden from all";
/// The longest name that can be hidden by another one.
const LONGEST: usize = 251;

/// The same layers with such whiteouts, and one more name that is hidden where two layers have a directory.
pub fn spread(spread: &Spread) -> Spread {
    let mut lowers: Vec<Vec<Entry>> = spread.lowers.clone();
    if let Some((bottom, above)) = lowers.split_last_mut() {
        let whole_seconds = bottom.iter().all(|entry| entry.mtime.1 == 0);
        for dir in dirs(bottom) {
            let hides = above.iter_mut().find(|layer| dirs(layer).contains(&dir));
            if let (Some(layer), false) = (hides, whole_seconds) {
                bottom.push(file(&dir, HIDDEN));
                layer.push(whiteout(&dir, HIDDEN));
            }
        }
    }
    for layer in &mut lowers {
        *layer = layer.iter().flat_map(by_name).collect();
    }
    Spread {
        upper: spread.upper.clone(),
        lowers,
    }
}

/// The directories of a layer, its root included; none below another kind of object.
fn dirs(layer: &[Entry]) -> Vec<String> {
    let dirs = layer
        .iter()
        .filter(|entry| matches!(entry.kind, Kind::Dir { .. }))
        .map(|entry| entry.path.clone());
    std::iter::once(String::new()).chain(dirs).collect()
}

fn at(dir: &str, name: &str) -> String {
    match dir {
        "" => name.to_owned(),
        _ => format!("{dir}/{name}"),
    }
}

fn file(dir: &str, name: &str) -> Entry {
    Builder::default().file(&at(dir, name), "").clone()
}

fn whiteout(dir: &str, name: &str) -> Entry {
    file(dir, &format!(".wh.{name}"))
}

/// The entries that express in names what one of overlayfs expresses in its form.
fn by_name(entry: &Entry) -> Vec<Entry> {
    let (dir, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
    match entry.kind {
        // A longer name cannot be written so; the other form is read as well.
        Kind::Whiteout if name.len() <= LONGEST => vec![whiteout(dir, name)],
        Kind::Dir { opaque: true } => {
            let kind = Kind::Dir { opaque: false };
            let mark = file(&entry.path, OPAQUE_NAME);
            vec![
                Entry {
                    kind,
                    ..entry.clone()
                },
                mark,
            ]
        }
        _ => vec![entry.clone()],
    }
}

/// Turns such whiteouts of a layer into overlayfs's; times stay as they are.
pub fn to_overlay(root: &Path) -> Result<(), String> {
    convert(root).map_err(|error| format!("converting {}: {error}", root.display()))
}

fn convert(dir: &Path) -> sys::Result<()> {
    let before = sys::stat(dir, 0)?;
    for entry in walk::list(dir)? {
        let path = dir.join(OsStr::from_bytes(&entry.name));
        // overlayfs lists the whiteouts of a directory that is not merged.
        if entry.name.ends_with(HIDDEN.as_bytes()) {
            sys::unlink(&path)?;
            continue;
        }
        let Some(name) = entry.name.strip_prefix(b".wh.") else {
            if walk::kind(&sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW)?) == libc::S_IFDIR {
                convert(&path)?;
            }
            continue;
        };
        sys::unlink(&path)?;
        let hidden = dir.join(OsStr::from_bytes(name));
        if entry.name == OPAQUE_NAME.as_bytes() {
            sys::setxattr(dir, OPAQUE, b"y", 0)?;
        } else if sys::stat(&hidden, libc::AT_SYMLINK_NOFOLLOW).is_err() {
            sys::mknod(&hidden, libc::S_IFCHR, 0)?;
        }
    }
    let time = |seconds, nanoseconds| (seconds, nanoseconds);
    sys::utimens(
        dir,
        time(before.st_atime, before.st_atime_nsec),
        time(before.st_mtime, before.st_mtime_nsec),
        0,
    )
}
