// SPDX-License-Identifier: GPL-2.0-only
//! Private attributes with values of every length that no union has written.

use std::path::Path;

use super::exercise::Exercise;
use crate::bench::{Bench, Layout};
use crate::random::Dice;
use crate::scenario::Notes;
use crate::sys;
use crate::walk;

/// The attributes, by their names after the prefix; `overlay.opaque` is that of a union on this one.
pub const ATTRIBUTES: &[&str] = &[
    "opaque",
    "redirect",
    "origin",
    "impure",
    "nlink",
    "upper",
    "uuid",
    "metacopy",
    "protattr",
    "whiteout",
    "union.ino",
    "overlay.opaque",
];

/// Where the attributes are kept, without and with `userxattr`.
pub const SPACES: &[&str] = &["trusted", "user"];

/// Lengths of values.
const LENGTHS: usize = 256;

/// One attribute with every length, on objects of every kind in a layer, some in all layers.
pub fn run(b: &Bench, space: &str, attribute: &str, seed: u64, mounts: usize) -> Notes {
    let l = b.layout(2)?;
    let mut dice = Dice::new(seed);
    let name = format!("{space}.overlay.{attribute}");
    let mut marked = 0;
    for (number, path) in layers(&l).into_iter().enumerate() {
        for length in 0..LENGTHS {
            // Some names are in every layer, the others in one, which is another one for the next seed.
            let everywhere = length % 4 == 0;
            if !everywhere && (length as u64).wrapping_add(seed) % 3 != number as u64 {
                continue;
            }
            let place = b.dir(&path.join(format!("d{}", length % 4)))?;
            let value = value(&mut dice, attribute, length);
            marked += mark(b, &place, &name, &value)?;
        }
    }
    must!(
        marked >= 3 * LENGTHS,
        "most objects can be marked, not {marked}"
    )?;
    let mut notes = Vec::new();
    let mut exercise = Exercise::new(seed, 20_000);
    mount(b, &l, space)?;
    hidden(b, &l.target, &name)?;
    exercise.look(&l.target)?;
    exercise.change(&l.target)?;
    b.umount(&l.target)?;
    // The copies that the union has made are read as well.
    mount(b, &l, space)?;
    exercise.glance(&l.target)?;
    b.umount(&l.target)?;
    notes.push(format!(
        "{marked} marks; {} calls succeeded, {} failed cleanly",
        exercise.succeeded, exercise.failed
    ));
    let mounted = roots(b, &l, space, &name, &mut dice, mounts)?;
    notes.push(format!(
        "{mounted} of {mounts} mounts with marked roots were taken"
    ));
    Ok(notes)
}

fn layers(l: &Layout) -> [&Path; 3] {
    [&l.upper, &l.lowers[0], &l.lowers[1]]
}

fn mount(b: &Bench, l: &Layout, space: &str) -> Result<(), String> {
    let union = b.union(l);
    let union = if space == "user" {
        union.flag("userxattr")
    } else {
        union
    };
    Ok(union.mount(&l.target)?)
}

/// Objects of every kind with this value, as far as they can have one.
fn mark(b: &Bench, place: &Path, name: &str, value: &[u8]) -> Result<usize, String> {
    let at = |kind: &str| place.join(format!("{kind}{}", value.len()));
    b.file(&at("file"), "text")?;
    b.file(&at("empty"), "")?;
    b.file(&b.dir(&at("dir"))?.join("inside"), "inside")?;
    b.works("symlink", sys::symlink("file1", at("link")))?;
    b.works("mkfifo", sys::mknod(at("fifo"), libc::S_IFIFO | 0o644, 0))?;
    b.works("whiteout", sys::mknod(at("white"), libc::S_IFCHR, 0))?;
    let mut marked = 0;
    for kind in ["file", "empty", "dir", "link", "fifo", "white"] {
        // user.* is for files and directories.
        let result = sys::setxattr(at(kind), name, value, 0);
        marked += usize::from(result.is_ok());
    }
    Ok(marked)
}

/// No private attribute is visible through the union, and a file shows its own text or none.
fn hidden(b: &Bench, target: &Path, name: &str) -> Result<(), String> {
    // The mark of a union above this one is an ordinary attribute, under its own name.
    let nested = name.ends_with("overlay.opaque") && name.matches("overlay").count() > 1;
    for dir in walk::list(target)? {
        let dir = target.join(String::from_utf8_lossy(&dir.name).into_owned());
        for entry in walk::list(&dir).unwrap_or_default() {
            let path = dir.join(String::from_utf8_lossy(&entry.name).into_owned());
            let show = path.display();
            let Ok(names) = sys::listxattr(&path) else {
                continue;
            };
            if !nested {
                must!(names.is_empty(), "{show} shows no marks: {names:?}")?;
                b.fails(
                    &format!("getxattr of {show}"),
                    sys::getxattr(&path, name),
                    libc::ENODATA,
                )?;
            }
            if entry.kind != libc::DT_REG {
                continue;
            }
            if let Ok(text) = std::fs::read(&path) {
                let own = [&b"text"[..], b""].contains(&&text[..]);
                must!(own, "{show} holds its own text")?;
            }
        }
    }
    Ok(())
}

/// The same on the roots of the layers and the work directory, which the mount judges.
fn roots(
    b: &Bench,
    l: &Layout,
    space: &str,
    name: &str,
    dice: &mut Dice,
    mounts: usize,
) -> Result<usize, String> {
    let attribute = name.rsplit_once("overlay.").map_or(name, |(_, last)| last);
    let mut mounted = 0;
    for _ in 0..mounts {
        let length = dice.roll(LENGTHS);
        let value = value(dice, attribute, length);
        let places = [
            &l.upper,
            &l.work,
            &l.work.join("work"),
            &l.lowers[0],
            &l.lowers[1],
        ];
        let place = places[dice.roll(places.len())];
        b.works("setxattr", sys::setxattr(place, name, &value, 0))?;
        let result = mount(b, l, space);
        if result.is_ok() {
            mounted += 1;
            let mut exercise = Exercise::new(1, 20);
            exercise.look(&l.target)?;
            exercise.note("mkdir", &l.target, sys::mkdir(l.target.join("new"), 0o755));
            exercise.note("rmdir", &l.target, sys::rmdir(l.target.join("new")));
            b.umount(&l.target)?;
        } else if let Err(why) = result {
            let clean = ["EIO", "EINVAL", "EOPNOTSUPP"]
                .iter()
                .any(|word| why.contains(word));
            must!(clean, "a clean refusal, not {why}")?;
        }
        // The union may have replaced the work directory.
        let _ = sys::removexattr(place, name);
    }
    Ok(mounted)
}

/// A value of `length` bytes: noise, or a valid one that is cut, extended or changed.
fn value(dice: &mut Dice, attribute: &str, length: usize) -> Vec<u8> {
    let mut value = match dice.roll(4) {
        0 => Vec::new(),
        1 => vec![b"\0y/.x0\xff\xfb"[dice.roll(8)]; length],
        _ => meant(attribute, length),
    };
    value.truncate(length);
    while value.len() < length {
        value.push(dice.roll(256) as u8);
    }
    if length > 0 && dice.roll(2) == 0 {
        let at = dice.roll(length.min(24));
        value[at] = dice.roll(256) as u8;
    }
    value
}

/// A valid value, with the length in its length field.
fn meant(attribute: &str, length: usize) -> Vec<u8> {
    let text: &[u8] = match attribute {
        "opaque" | "overlay.opaque" => b"x",
        "redirect" => b"/l0/dir1/../../l1/",
        "impure" => b"y",
        "nlink" => b"U+2147483648",
        "protattr" => b"iaai",
        "union.ino" => &[1, 1, 0, 0, 0, 0, 0, 0, 0],
        "metacopy" => &[0, length as u8, 0, 1],
        // Version, magic, length, flags, type, and the nil uuid, which file systems without one have.
        "origin" | "upper" => {
            let mut handle = vec![0, 0xfb, length as u8, 0, 1];
            handle.resize(21, 0);
            return handle;
        }
        _ => b"",
    };
    text.to_vec()
}
