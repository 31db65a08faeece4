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

/// What a layer holds. `moved`: directories in it may have been moved.
fn fill(
    b: &Bench,
    dice: &mut Dice,
    dir: &Path,
    (layer, moved): (usize, bool),
    depth: usize,
) -> Result<(), String> {
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
                if dice.roll(4) == 0 && moved {
                    let to = target(dice);
                    sys::setxattr(&path, REDIRECT, to.as_bytes(), 0)?;
                }
                fill(b, dice, &path, (layer, moved), depth - 1)?;
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
            tree.insert(new, format!("\"{round}\""));
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
/// nothing else, at once, when the caches were dropped, and when it is mounted again; all numbers differ, and stay.
pub fn moved_dir_random(b: &mut Bench) -> Result<(), String> {
    const ROUNDS: usize = 16;
    let l = b.layout(0)?;
    let mut moved = 0;
    for seed in 0..ROUNDS {
        let base = b.tmpfs("layers")?;
        let mut dice = Dice::new(seed as u64 + 77);
        let mut layers = Vec::new();
        for number in 0..2 + dice.roll(3) {
            let layer = b.dir(&base.join(number.to_string()))?;
            fill(
                b,
                &mut dice,
                &layer,
                (number, number > 0 || seed % 2 == 0),
                3,
            )?;
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
        let of_all = |when: &str| match b.is_union() {
            true => numbers(&l).map_err(|error| format!("seed {seed}, {when}: {error}")),
            false => Ok(BTreeMap::new()),
        };
        let before = of_all("at once")?;
        // What was in a directory that overlayfs moved may have other numbers later.
        let keep = |when: &str| {
            let now = of_all(when)?;
            let wrong: Vec<_> = now
                .iter()
                .filter(|(path, ino)| before.get(*path) != Some(ino))
                .collect();
            let fine = wrong.is_empty() || seed % 2 == 0;
            must!(fine, "seed {seed}, {when}: other numbers: {wrong:?}")
        };
        std::fs::write("/proc/sys/vm/drop_caches", "3").map_err(|error| error.to_string())?;
        same("caches dropped")?;
        keep("caches dropped")?;
        b.umount(&l.target)?;
        mount()?;
        same("mounted again")?;
        keep("mounted again")?;
        b.umount(&l.target)?;
        b.umount(&base)?;
    }
    must!(moved > 80, "enough was moved: {moved}")
}

/// Whatever stands for reservations beside the work directory, everything is shown, with numbers of its own.
pub fn moved_dir_reservations(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no reservations")?;
    let l = b.layout(2)?;
    for dir in ["a/in/er", "b/in/er", "c/in/er", "d/in/er", "e"] {
        for (number, layer) in l.lowers.iter().enumerate() {
            b.file(&b.dir(&layer.join(dir))?.join(format!("f{number}")), dir)?;
        }
    }
    // Two that show what one has, and have a number space each.
    for name in ["one", "two"] {
        let dir = b.dir(&l.upper.join(name))?;
        b.works("setxattr", sys::setxattr(dir, REDIRECT, b"/e", 0))?;
    }
    b.union(&l).mount(&l.target)?;
    let moves = [
        ("a", "moved-a"),
        ("b/in", "in-b"),
        ("c", "b/c"),
        ("two", "d/two"),
        ("d/in/er", "one/er"),
        ("one", "b/one"),
    ];
    for (old, new) in moves {
        let renamed = sys::rename(l.target.join(old), l.target.join(new), 0);
        b.works(old, renamed)?;
    }
    numbers(&l)?;
    let shown = walk::outline(&l.target);
    b.umount(&l.target)?;
    let dir = l.work.join("union/moved");
    let names: Vec<_> = walk::list(&dir)
        .map_err(|error| error.to_string())?
        .into_iter()
        .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
        .collect();
    let words: Vec<Vec<&str>> = names.iter().map(|name| name.split('-').collect()).collect();
    must!(words.len() > 3, "reservations: {names:?}")?;
    const ZERO: &str = "0000000000000000";
    let (one, all) = (format!("{:016x}", 1), "f".repeat(16));
    let mut sets: Vec<Vec<String>> = vec![Vec::new()];
    // One of the others' words, none, and words of nobody, in each place.
    for place in 0..3 {
        for (at, _) in words.iter().enumerate() {
            let others = words.iter().filter_map(|words| words.get(place).copied());
            let odd = [
                ZERO,
                &one,
                &all,
                "",
                "+123456789abcdef",
                "0x00",
                "-",
                "\u{e9}",
            ];
            for other in others.chain(odd) {
                let mut words = words.clone();
                if place < words[at].len() {
                    words[at][place] = other;
                }
                sets.push(words.iter().map(|words| words.join("-")).collect());
            }
        }
    }
    // One number, or one owner, many times; more than there are.
    sets.push(
        words
            .iter()
            .flat_map(|one| {
                words
                    .iter()
                    .map(move |other| format!("{}-{}-{ZERO}", one[0], other[1]))
            })
            .collect(),
    );
    sets.push(
        (0..3000)
            .map(|number| format!("{number:016x}-{number:016x}-{number:016x}"))
            .collect(),
    );
    for set in sets {
        for entry in walk::list(&dir).map_err(|error| error.to_string())? {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            b.works("unlink", sys::unlink(dir.join(name)))?;
        }
        for name in &set {
            // Two may be the same now.
            let _ = sys::mknod(dir.join(name), libc::S_IFREG, 0);
        }
        b.union(&l).mount(&l.target)?;
        let now = walk::outline(&l.target);
        let differ = numbers(&l);
        b.umount(&l.target)?;
        let set = &set[..set.len().min(9)];
        must!(now == shown, "{set:?}: {now:#?}, not {shown:#?}")?;
        differ.map_err(|error| format!("{set:?}: {error}"))?;
    }
    Ok(())
}

/// Directories are renamed, within and between others, and exchanged, while others look names up, list, copy up what is in
/// them and remove, and the caches are dropped; when it is mounted again, it shows the same.
pub fn moved_dir_race_all(b: &mut Bench) -> Result<(), String> {
    const ROUNDS: usize = 500;
    let l = b.layout(3)?;
    for (number, layer) in l.lowers.iter().enumerate() {
        for path in NAMES
            .iter()
            .flat_map(|one| NAMES.iter().map(move |two| format!("{one}/{two}/deep")))
        {
            let dir = b.dir(&layer.join(path))?;
            b.file(&dir.join(format!("f{number}")), &number.to_string())?;
            b.file(&dir.join("f"), &number.to_string())?;
        }
    }
    let union = b.union(&l).option("redirect_dir", "on");
    union.mount(&l.target)?;
    let path = |dice: &mut Dice| {
        let names = (0..1 + dice.roll(3)).map(|_| NAMES[dice.roll(NAMES.len())]);
        let path = names.collect::<Vec<_>>().join("/");
        l.target.join(path)
    };
    let running = std::sync::atomic::AtomicBool::new(true);
    std::thread::scope(|threads| {
        let busy: Vec<_> = (0..5)
            .map(|thread: u64| {
                threads.spawn(move || {
                    let mut dice = Dice::new(thread + 1);
                    let mut renamed = 0;
                    for round in 0..ROUNDS {
                        let (old, new) = (path(&mut dice), path(&mut dice));
                        match dice.roll(6) {
                            0..3 => {
                                let flags = [0, libc::RENAME_EXCHANGE, libc::RENAME_NOREPLACE];
                                let flags = flags[dice.roll(3)];
                                match sys::rename(&old, &new, flags) {
                                    Ok(()) => renamed += 1,
                                    Err(error) => must!(
                                        ![libc::EXDEV, libc::EIO, libc::ESTALE].contains(&error.0),
                                        "rename: {error}"
                                    )?,
                                }
                            }
                            3 => drop(std::fs::write(old.join("deep/f"), round.to_string())),
                            4 => drop(std::fs::write(old.join("f"), round.to_string())),
                            _ => drop(sys::mkdir(&old, 0o755).and_then(|()| sys::rmdir(&old))),
                        }
                    }
                    Ok::<_, String>(renamed)
                })
            })
            .collect();
        for _ in 0..2 {
            threads.spawn(|| {
                while running.load(std::sync::atomic::Ordering::Relaxed) {
                    walk::outline(&l.target);
                }
            });
        }
        threads.spawn(|| {
            while running.load(std::sync::atomic::Ordering::Relaxed) {
                let _ = std::fs::write("/proc/sys/vm/drop_caches", "2");
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        });
        let results: Vec<_> = busy.into_iter().map(|thread| thread.join()).collect();
        running.store(false, std::sync::atomic::Ordering::Relaxed);
        let mut renamed = 0;
        for result in results {
            renamed += result.map_err(|_| "a thread panicked".to_owned())??;
        }
        must!(renamed > 30, "renames that were done: {renamed}")
    })?;
    let before = walk::outline(&l.target);
    if b.is_union() {
        numbers(&l)?;
    }
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    let later = walk::outline(&l.target);
    if b.is_union() {
        numbers(&l)?;
    }
    b.umount(&l.target)?;
    must!(
        before == later,
        "the same when mounted again: {before:#?}, then {later:#?}"
    )
}
