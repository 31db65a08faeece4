// SPDX-License-Identifier: GPL-2.0-only
//! Directories that are renamed where layers, redirects or disks are out of the ordinary.

use std::collections::BTreeMap;
use std::path::Path;

use crate::bench::{Bench, Layout};
use crate::image;
use crate::random::Dice;
use crate::space::Ballast;
use crate::sys;
use crate::walk;

const REDIRECT: &str = "trusted.overlay.redirect";

/// A directory whose lower part is gone, as the layers were exchanged, gets no other one where its name is taken to.
pub fn moved_dir_astray(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    for dir in ["p/gone", "q/gone"] {
        b.file(&b.dir(&l.lowers[0].join(dir))?.join("another"), "another")?;
    }
    for (name, to) in [("x", "gone"), ("y", "gone"), ("z", "/gone")] {
        let dir = b.dir(&l.upper.join(name))?;
        b.file(&dir.join("own"), name)?;
        b.works("setxattr", sys::setxattr(dir, REDIRECT, to.as_bytes(), 0))?;
    }
    let moves = [
        ("x", "p/x", 0),
        ("y", "q/gone", libc::RENAME_EXCHANGE),
        ("z", "p/z", 0),
    ];
    b.union(&l).option("redirect_dir", "on").mount(&l.target)?;
    for (old, new, flags) in moves {
        let renamed = sys::rename(l.target.join(old), l.target.join(new), flags);
        b.works(&format!("rename {old}"), renamed)?;
    }
    let now = walk::outline(&l.target);
    b.umount(&l.target)?;
    b.union(&l).option("redirect_dir", "on").mount(&l.target)?;
    let later = walk::outline(&l.target);
    b.umount(&l.target)?;
    must!(
        now == later,
        "the same when mounted again: {now:#?}, then {later:#?}"
    )?;
    let another: Vec<_> = later
        .keys()
        .filter(|path| path.ends_with("/another"))
        .collect();
    must!(
        another == ["/p/gone/another", "/y/another"],
        "where it was, and exchanged: {another:?}"
    )
}

/// Where a redirect has no room beside other attributes, or in a block, the answer is EXDEV, and mv(1) copies; it is ENOSPC
/// if the disk is full.
pub fn moved_dir_no_room(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs says EXDEV, whatever the reason is")?;
    let disk = b.looped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let l = b.layout_on(&upper_fs, 1)?;
    // Its path has some 1500 bytes, and an attribute is in a block of 1 KiB.
    let deep = vec!["d".repeat(250); 6].join("/");
    for dir in [&deep, "crowded", "plain", "other"] {
        b.file(&b.dir(&l.lowers[0].join(dir))?.join("f"), dir)?;
    }
    let union = b.union(&l).option("redirect_dir", "on");
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    let crowded = at("crowded");
    b.works("chmod", sys::chmod(&crowded, 0o750))?;
    let mut taken = 0;
    for (length, name) in [(700, "a"), (100, "b"), (20, "c"), (4, "d")] {
        for number in 0..9 {
            let name = format!("user.{name}{number}");
            match sys::setxattr(&crowded, &name, &vec![b'x'; length], 0) {
                Ok(()) => taken += length,
                Err(error) => must!(error.0 == libc::ENOSPC, "setxattr: {error}")?,
            }
        }
    }
    must!(taken > 800, "attributes of {taken} bytes fill a block")?;
    for (old, new) in [
        (&deep[..], "deep"),
        ("crowded", "moved"),
        (&deep, "plain/d"),
    ] {
        b.fails(new, sys::rename(at(old), at(new), 0), libc::EXDEV)?;
        b.holds(&at(old).join("f"), old)?;
    }
    b.works("with room", sys::rename(at("plain"), at("other/plain"), 0))?;
    b.works("chmod", sys::chmod(at("other/plain"), 0o750))?;
    // An attribute more needs a block now.
    let other = at("other");
    b.works("chmod", sys::chmod(&other, 0o750))?;
    let mut ballast = Ballast::new(&upper_fs)?;
    ballast.fill();
    let long = "n".repeat(250);
    let deeper = b.dir(&l.lowers[0].join("unused")).and(Ok(at(&long)))?;
    let renamed = sys::rename(&other, &deeper, 0);
    match renamed {
        // There is room in the inode.
        Ok(()) => {}
        Err(error) => must!(error.0 == libc::ENOSPC, "on a full disk: {error}")?,
    }
    let away = sys::rename(at(&deep), at("deep"), 0);
    b.fails("away, on a full disk", away, libc::ENOSPC)?;
    drop(ballast);
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    b.holds(&at(&deep).join("f"), &deep)?;
    b.holds(&at("crowded/f"), "crowded")?;
    b.umount(&l.target)
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn fill(b: &Bench, dice: &mut Dice, dir: &Path, layer: usize, depth: usize) -> Result<(), String> {
    for name in NAMES {
        let path = dir.join(name);
        match dice.roll(10) {
            0..3 => {}
            3 => sys::mknod(&path, libc::S_IFCHR, 0)?,
            roll if depth == 0 || roll == 4 => {
                let text = format!("{layer}{}", path.display());
                b.file(&path, &text)?;
            }
            _ => {
                b.dir(&path)?;
                if dice.roll(8) == 0 {
                    sys::setxattr(&path, "trusted.overlay.opaque", b"y", 0)?;
                }
                if dice.roll(4) == 0 {
                    let to = target(dice);
                    sys::setxattr(&path, REDIRECT, to.as_bytes(), 0)?;
                }
                fill(b, dice, &path, layer, depth - 1)?;
            }
        }
    }
    Ok(())
}

/// Some lead nowhere, some to the directory itself or to one above, and several to one place.
fn target(dice: &mut Dice) -> String {
    match dice.roll(4) {
        0 => NAMES[dice.roll(NAMES.len())].to_owned(),
        parts => (0..parts)
            .map(|_| format!("/{}", NAMES[dice.roll(NAMES.len())]))
            .collect(),
    }
}

/// Takes what is at `old`, with all in it.
fn take(tree: &mut walk::Tree, old: &str) -> walk::Tree {
    let inside = format!("{old}/");
    let (taken, left) = std::mem::take(tree)
        .into_iter()
        .partition(|(path, _)| path == old || path.starts_with(&inside));
    *tree = left;
    taken
}

fn put(tree: &mut walk::Tree, taken: walk::Tree, old: &str, new: &str) {
    let renamed = taken
        .into_iter()
        .map(|(path, line)| (format!("{new}{}", &path[old.len()..]), line));
    tree.extend(renamed);
}

/// One change, in the union and in what is expected. Returns whether a directory was renamed.
fn step(l: &Layout, dice: &mut Dice, tree: &mut walk::Tree, round: usize) -> Result<bool, String> {
    let paths: Vec<_> = tree.keys().cloned().collect();
    let Some(old) = paths.get(dice.roll(paths.len().max(1))).cloned() else {
        return Ok(false);
    };
    let mut new = match dice.roll(3) {
        0 => paths[dice.roll(paths.len())].clone(),
        _ => {
            let dirs: Vec<_> = paths.iter().filter(|path| tree[*path] == "dir").collect();
            let dir = match dice.roll(dirs.len() + 1) {
                0 => "",
                index => dirs[index - 1],
            };
            format!("{dir}/{}", NAMES[dice.roll(NAMES.len())])
        }
    };
    let flags = match dice.roll(4) {
        0 => libc::RENAME_EXCHANGE,
        _ => 0,
    };
    let at = |path: &str| l.target.join(&path[1..]);
    let is_dir = tree[&old] == "dir";
    if dice.roll(6) == 0 {
        new = format!("{old}/new{round}");
        if is_dir && std::fs::write(at(&new), round.to_string()).is_ok() {
            tree.insert(new, round.to_string());
        } else if !is_dir && sys::unlink(at(&old)).is_ok() {
            tree.remove(&old);
        }
        return Ok(false);
    }
    if dice.roll(12) == 0 && is_dir {
        if sys::rmdir(at(&old)).is_ok() {
            let gone = take(tree, &old);
            must!(gone.len() == 1, "rmdir {old}, which has {gone:?}")?;
        }
        return Ok(false);
    }
    match sys::rename(at(&old), at(&new), flags) {
        Ok(()) if old == new => Ok(false),
        Ok(()) => {
            let moved = take(tree, &old);
            let other = take(tree, &new);
            put(tree, moved, &old, &new);
            match flags {
                0 => must!(other.len() < 2, "{old} over {new}, which has {other:?}")?,
                _ => put(tree, other, &new, &old),
            }
            Ok(is_dir)
        }
        Err(error) => {
            let fine = [
                libc::EINVAL,
                libc::ENOTEMPTY,
                libc::EEXIST,
                libc::EISDIR,
                libc::ENOTDIR,
                libc::ENOENT,
            ];
            must!(fine.contains(&error.0), "rename {old} {new}: {error}")?;
            Ok(false)
        }
    }
}

/// The numbers of all objects: no two are the same, and each is that of its entry.
fn numbers(l: &Layout) -> Result<BTreeMap<String, u64>, String> {
    let mut found = BTreeMap::new();
    let mut seen = BTreeMap::new();
    let mut left = vec![(l.target.clone(), String::new())];
    while let Some((dir, name)) = left.pop() {
        for entry in walk::list(&dir).map_err(|error| error.to_string())? {
            let child = String::from_utf8_lossy(&entry.name).into_owned();
            let (path, name) = (dir.join(&child), format!("{name}/{child}"));
            let stat = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW).map_err(|e| e.to_string())?;
            must!(
                stat.st_ino == entry.ino,
                "{name}: number {}, listed with {}",
                stat.st_ino,
                entry.ino
            )?;
            let other = seen.insert(stat.st_ino, name.clone());
            must!(other.is_none(), "{name} has the number of {other:?}")?;
            found.insert(name.clone(), stat.st_ino);
            if stat.st_mode & libc::S_IFMT == libc::S_IFDIR {
                left.push((path, name));
            }
        }
    }
    Ok(found)
}

/// Random layers with redirects, in the upper layer as well: whatever is renamed, removed and written shows all of it, and
/// nothing else, at once, when the caches were dropped, and when it is mounted again.
pub fn moved_dir_random(b: &mut Bench) -> Result<(), String> {
    const ROUNDS: usize = 40;
    let l = b.layout(0)?;
    let mut moved = 0;
    for seed in 0..ROUNDS {
        let base = b.tmpfs("layers")?;
        let mut dice = Dice::new(seed as u64 + 77);
        let mut layers = Vec::new();
        for number in 0..2 + dice.roll(3) {
            let layer = b.dir(&base.join(number.to_string()))?;
            fill(b, &mut dice, &layer, number, 3)?;
            layers.push(layer);
        }
        let l = Layout {
            lowers: layers.split_off(1),
            upper: layers.remove(0),
            work: b.dir(&base.join("work"))?,
            target: l.target.clone(),
        };
        let mount = || {
            let union = b.union(&l).option("redirect_dir", "on");
            union.mount(&l.target)
        };
        mount()?;
        let mut tree = walk::outline(&l.target);
        for round in 0..60 {
            let done = step(&l, &mut dice, &mut tree, round);
            moved += usize::from(done.map_err(|error| format!("seed {seed}, {round}: {error}"))?);
        }
        let same = |when: &str| {
            let shown = walk::outline(&l.target);
            let wrong: Vec<_> = tree
                .keys()
                .chain(shown.keys())
                .map(|path| (path, tree.get(path), shown.get(path)))
                .filter(|(_, expected, shown)| expected != shown)
                .collect();
            must!(wrong.is_empty(), "seed {seed}, {when}: {wrong:#?}")
        };
        same("at once")?;
        let before = match b.is_union() {
            true => Some(numbers(&l).map_err(|error| format!("seed {seed}: {error}"))?),
            false => None,
        };
        std::fs::write("/proc/sys/vm/drop_caches", "3").map_err(|error| error.to_string())?;
        same("caches dropped")?;
        if let Some(before) = before {
            let now = numbers(&l).map_err(|error| format!("seed {seed}, dropped: {error}"))?;
            let wrong: Vec<_> = now
                .iter()
                .filter(|(path, ino)| before.get(*path) != Some(ino))
                .collect();
            must!(
                wrong.is_empty(),
                "seed {seed}, numbers after dropping the caches: {wrong:?}"
            )?;
        }
        b.umount(&l.target)?;
        mount()?;
        same("mounted again")?;
        if b.is_union() {
            numbers(&l).map_err(|error| format!("seed {seed}, mounted again: {error}"))?;
        }
        b.umount(&l.target)?;
        b.umount(&base)?;
    }
    must!(moved > 200, "enough was moved: {moved}")
}
