// SPDX-License-Identifier: GPL-2.0-only
//! Records of lower directories, and their use.

use std::collections::BTreeSet;
use std::os::fd::RawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::{Bench, Layout};
use crate::figures;
use crate::image::{self, Health};
use crate::random::Dice;
use crate::sys;
use crate::walk;

/// The contents of a directory, whether it is empty and which names do not exist are known without the lower layers,
/// also when these fail, and after a mount.
pub fn fallthru_answers(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs asks its layers each time")?;
    let disk = b.mapped(&image::EXT4)?;
    let below = b.target("device")?;
    disk.mount(&below, 0, "")?;
    let upper_fs = b.tmpfs("upper_fs")?;
    let mut l = b.layout_on(&upper_fs, 1)?;
    l.lowers.push(b.dir(&below.join("layer"))?);
    // Directories of many blocks, so that a lookup has to read the block of its name.
    for dir in ["full", "hidden"] {
        let below = b.dir(&l.lowers[1].join(dir))?;
        let source = below.join("source");
        b.file(&source, "x")?;
        for number in 0..1000 {
            let name = below.join(format!("a-name-that-takes-its-room-{number:050}"));
            b.works("link", sys::link(&source, name, 0))?;
        }
        b.dir(&l.lowers[0].join(dir))?;
        b.file(&l.lowers[0].join(dir).join("above"), "")?;
    }
    b.umount(&below)?;
    disk.mount(&below, libc::MS_RDONLY, "")?;

    let union = b.union(&l);
    union.mount(&l.target)?;
    let full = walk::list(&l.target.join("full"))?;
    for entry in walk::list(&l.target.join("hidden"))? {
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        b.works("unlink", sys::unlink(l.target.join("hidden").join(name)))?;
    }
    b.umount(&l.target)?;

    union.mount(&l.target)?;
    for dir in ["full", "hidden"] {
        b.works("open", walk::list(&l.target.join(dir)).map(drop))?;
    }
    disk.set(Health::Dead)?;
    // The page cache, which has the blocks, and everything cached about directories.
    b.file(Path::new("/proc/sys/vm/drop_caches"), "1")?;
    let asked = sys::stat(l.lowers[1].join("full/missing"), 0).map(drop);
    b.fails("stat of a missing name in the layer", asked, libc::EIO)?;

    for round in 0..3 {
        let again = walk::list(&l.target.join("full"))?;
        must!(again == full, "round {round}: the same list")?;
        for number in 0..500 {
            let missing = l.target.join(format!("full/missing{round}-{number}"));
            b.fails("stat", sys::stat(missing, 0), libc::ENOENT)?;
        }
    }
    b.works("create", sys::mkdir(l.target.join("full/new"), 0o755))?;
    b.works("rmdir", sys::rmdir(l.target.join("hidden")))?;
    disk.set(Health::Good)?;
    b.umount(&l.target)?;
    b.umount(&below)?;
    b.mapped_done(disk)
}

/// Whatever the file of recorded sets holds, is or becomes, the union shows the contents of its layers.
pub fn fallthru_damaged(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no fallthrus")?;
    let l = b.layout(2)?;
    for (number, lower) in l.lowers.iter().enumerate() {
        for dir in DIRS {
            let dir = b.dir(&lower.join(dir))?;
            for name in 0..20 {
                b.file(&dir.join(format!("{number}-{name}")), "x")?;
            }
        }
    }
    let file = l.work.join("union/fallthru");
    let listed = |when: &str| -> Result<figures::Figures, String> {
        for dir in DIRS {
            let names = listed(&l.target.join(dir))?;
            must!(names.len() == 40, "{when}: {dir}: {names:?}")?;
            let missing = sys::stat(l.target.join(dir).join("missing"), 0);
            b.fails(when, missing, libc::ENOENT)?;
            let there = sys::stat(l.target.join(dir).join("1-19"), 0);
            b.works(when, there)?;
        }
        figures::of(&l.target)
    };
    let once = |when: &str| -> Result<figures::Figures, String> {
        b.union(&l).mount(&l.target)?;
        let figures = listed(when)?;
        b.umount(&l.target)?;
        Ok(figures)
    };

    once("new")?;
    let whole = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let again = once("recorded")?;
    must!(again.loaded == 3, "recorded: {again:?}")?;

    let mut dice = Dice::new(2010);
    for round in 0..40 {
        let mut damaged = whole.clone();
        for _ in 0..=round % 4 {
            let at = dice.roll(damaged.len());
            damaged[at] = dice.roll(256) as u8;
        }
        damaged.truncate(match round % 5 {
            4 => dice.roll(whole.len()),
            _ => whole.len(),
        });
        b.works("writing", write(&file, &damaged))?;
        once(&format!("damaged {round}"))?;
    }
    // Each bit of the first record's head.
    for at in 0..48 {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        b.works("writing", write(&file, &damaged))?;
        once(&format!("bit {at}"))?;
    }
    // A file that does not begin with a record is not ours.
    let bytes = noise(&mut dice);
    b.works("writing", write(&file, &bytes))?;
    once("noise")?;
    let again = once("noise")?;
    must!(again.loaded == 0, "noise: not used: {again:?}")?;
    let now = std::fs::read(&file).map_err(|error| error.to_string())?;
    must!(now == bytes, "noise: left alone")?;
    let mut zeros = whole.clone();
    zeros[12..].fill(0);
    // A power cut can leave zeros where records were being written.
    for (what, bytes) in [
        ("empty", vec![]),
        ("nothing but a head", zeros),
        ("zeros", vec![0; 9000]),
    ] {
        b.works("writing", write(&file, &bytes))?;
        once(what)?;
        let again = once(what)?;
        must!(again.loaded == 3, "{what}: made anew: {again:?}")?;
    }
    others(b, &l, &file, &once)?;
    changing(b, &l, &file, &whole, &listed)
}

const DIRS: [&str; 3] = ["d", "e", "f"];

/// Another object in its place, and no place for it.
fn others(
    b: &Bench,
    l: &Layout,
    file: &Path,
    once: &dyn Fn(&str) -> Result<figures::Figures, String>,
) -> Result<(), String> {
    b.works("unlink", sys::unlink(file))?;
    b.works("mkdir", sys::mkdir(file, 0o755))?;
    once("a directory")?;
    b.works("rmdir", sys::rmdir(file))?;
    b.works("symlink", sys::symlink("/etc/passwd", file))?;
    once("a symbolic link")?;
    b.works("unlink", sys::unlink(file))?;
    b.works("mkfifo", sys::mknod(file, libc::S_IFIFO | 0o600, 0))?;
    once("a pipe")?;
    b.works("unlink", sys::unlink(file))?;

    let off = b.union(l).option("fallthru", "off");
    off.mount(&l.target)?;
    must!(listed(&l.target.join("d"))?.len() == 40, "off: 40 names")?;
    b.umount(&l.target)?;
    must!(sys::stat(file, 0).is_err(), "off: nothing is recorded")?;

    // Without an upper layer there is no place for it.
    b.new_union().lowers(&l.lowers).mount(&l.target)?;
    must!(
        listed(&l.target.join("d"))?.len() == 40,
        "read-only: 40 names"
    )?;
    b.umount(&l.target)?;
    once("made anew")?;
    let again = once("recorded again")?;
    must!(again.loaded == 3, "recorded again: {again:?}")?;
    // overlayfs mounts the same layers, and then the union again.
    crate::mount::Union::overlayfs()
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .mount(&l.target)?;
    must!(
        listed(&l.target.join("d"))?.len() == 40,
        "overlayfs: 40 names"
    )?;
    b.works("unlink", sys::unlink(l.target.join("d/0-0")))?;
    b.umount(&l.target)?;
    b.union(l).mount(&l.target)?;
    must!(listed(&l.target.join("d"))?.len() == 39, "a name less")?;
    b.umount(&l.target)?;
    b.works("unlink", sys::unlink(l.upper.join("d/0-0")))?;
    b.works("rmdir", sys::rmdir(l.upper.join("d")))
}

/// It changes while it is in use.
fn changing(
    b: &Bench,
    l: &Layout,
    file: &Path,
    whole: &[u8],
    look: &dyn Fn(&str) -> Result<figures::Figures, String>,
) -> Result<(), String> {
    b.works("writing", write(file, whole))?;
    b.union(l).mount(&l.target)?;
    must!(listed(&l.target.join("d"))?.len() == 40, "d is read")?;
    let open = std::fs::OpenOptions::new().write(true).open(file);
    let open = open.map_err(|error| error.to_string())?;
    for at in (0..whole.len() as u64).step_by(64) {
        open.write_all_at(b"damaged", at)
            .map_err(|error| error.to_string())?;
    }
    look("changed while in use")?;
    open.set_len(10).map_err(|error| error.to_string())?;
    b.works(
        "drop_caches",
        write(Path::new("/proc/sys/vm/drop_caches"), b"3"),
    )?;
    look("truncated while in use")?;
    b.umount(&l.target)
}

fn noise(dice: &mut Dice) -> Vec<u8> {
    (0..5000).map(|_| dice.roll(256) as u8).collect()
}

fn write(path: &Path, bytes: &[u8]) -> sys::Result<()> {
    std::fs::write(path, bytes)
        .map_err(|error| crate::errno::Errno(error.raw_os_error().unwrap_or(libc::EIO)))
}

fn listed(dir: &Path) -> Result<BTreeSet<Vec<u8>>, String> {
    let listed = walk::list(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    Ok(listed.into_iter().map(|entry| entry.name).collect())
}

/// Readers of a merged directory see each name that stays exactly once, and find it again at its position, while other
/// names come and go and the cache is dropped.
pub fn fallthru_readers(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 3)?;
    for number in 0..l.lowers.len() {
        b.describe(&l, number, |b| {
            for name in 0..STAY {
                b.file(&format!("d/low{number}-{name}"), "x");
                b.file(&format!("d/goes{number}-{name}"), "x");
            }
        })?;
    }
    let (union, lowers) = b.mounted(&l)?;
    let dir = l.target.join("d");
    for number in 0..STAY {
        b.file(&dir.join(format!("upper-{number}")), "x")?;
    }
    let end = Instant::now() + TIME;
    b.crowd(READERS + WRITERS + 1, |process| {
        let mut dice = Dice::new(process as u64);
        while Instant::now() < end {
            match process {
                0..READERS => read(&dir, &mut dice),
                READERS => {
                    std::fs::write("/proc/sys/vm/drop_caches", "2").expect("drop_caches");
                    std::thread::sleep(Duration::from_millis(30));
                }
                _ => change(&dir, process, &mut dice),
            }
        }
    })?;
    b.sound(&union, &l, &lowers).map(drop)
}

/// Names that stay, of each kind.
const STAY: usize = 150;
const READERS: usize = 3;
const WRITERS: usize = 2;
const TIME: Duration = Duration::from_secs(6);

/// Makes, removes, moves and changes names that do not stay, and changes those that stay.
fn change(dir: &Path, process: usize, dice: &mut Dice) {
    let number = dice.roll(STAY);
    let mine = dir.join(format!("mine{process}-{number}"));
    let lower = dir.join(format!("goes{}-{number}", dice.roll(3)));
    let stays = dir.join(format!("low{}-{number}", dice.roll(3)));
    // Some are not there, or already are.
    let _ = match dice.roll(6) {
        0 => sys::mkdir(&mine, 0o755),
        1 => sys::rmdir(&mine),
        2 => sys::unlink(&lower),
        3 => sys::symlink("made again", &lower),
        4 => sys::rename(&lower, dir.join(format!("goes0-{}", dice.roll(STAY))), 0),
        _ => sys::chmod(&stays, 0o600 + dice.roll(64) as u32),
    };
}

/// Reads the directory twice, in small pieces, and then seeks to some of the positions it noted.
fn read(dir: &Path, dice: &mut Dice) {
    let fd = sys::open(dir, libc::O_RDONLY | libc::O_DIRECTORY, 0).expect("open");
    let first = places(fd, 0, dice);
    sys::lseek(fd, 0, libc::SEEK_SET).expect("rewind");
    let second = places(fd, 0, dice);
    let mut sorted = of_entries(&first);
    sorted.sort_unstable();
    sorted.dedup();
    let count = (sorted.len(), first.len());
    assert_eq!(count, (STAY * 4, STAY * 4), "all that stay, each once");
    assert!(
        of_entries(&first) == of_entries(&second),
        "in the same order"
    );
    for _ in 0..4 {
        let index = dice.roll(first.len());
        let place = first[index].1;
        sys::lseek(fd, place, libc::SEEK_SET).expect("seek");
        let rest = places(fd, place, dice);
        assert!(
            of_entries(&rest) == of_entries(&first[index..]),
            "from {place:#x} on"
        );
    }
    sys::close(fd).expect("close");
}

/// Names that stay, with the position before each of them.
type Places = Vec<(String, i64)>;

fn of_entries(places: &[(String, i64)]) -> Vec<&str> {
    places.iter().map(|(name, _)| name.as_str()).collect()
}

/// The names that stay, from position `at` of an open directory on.
fn places(fd: RawFd, mut at: i64, dice: &mut Dice) -> Places {
    let mut places = Vec::new();
    loop {
        let entries = sys::getdents(fd, 300 + dice.roll(2000)).expect("getdents");
        if entries.is_empty() {
            return places;
        }
        for entry in entries {
            assert!(entry.next > at, "positions rise");
            let name = String::from_utf8(entry.name).expect("ASCII");
            if name.starts_with("low") || name.starts_with("upper") {
                places.push((name, at));
            }
            at = entry.next;
        }
    }
}

/// What the lower layers contribute to a merged directory is read once, and after the next mount from the upper layer;
/// a layer changed offline makes the sets of its changed directories be read anew, and no others.
pub fn fallthru_recorded(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no fallthrus")?;
    let l = b.layout(3)?;
    for (number, lower) in l.lowers.iter().enumerate() {
        for dir in ["one", "two"] {
            let dir = b.dir(&lower.join(dir))?;
            b.file(&dir.join(format!("own{number}")), "x")?;
            b.file(&dir.join("shared"), "x")?;
        }
    }
    let names = |dir: &str| listed_text(&l.target.join(dir));
    let expected: BTreeSet<String> = ["own0", "own1", "own2", "shared"].map(String::from).into();
    let list = || -> Result<(), String> {
        must!(names("one")? == expected, "one")?;
        must!(names("two")? == expected, "two")
    };

    b.union(&l).mount(&l.target)?;
    list()?;
    list()?;
    let first = figures::of(&l.target)?;
    must!(first.merged == 2, "read once: {first:?}")?;
    must!(
        sys::stat(l.upper.join("one"), 0).is_err(),
        "no directory of the upper layer was made"
    )?;
    b.umount(&l.target)?;

    b.union(&l).mount(&l.target)?;
    list()?;
    let second = figures::of(&l.target)?;
    let right = (second.merged, second.loaded, second.records.0) == (0, 2, 2);
    must!(right, "not read again: {second:?}")?;
    // The upper layer changes; what lies below does not.
    b.works("unlink", sys::unlink(l.target.join("one/own1")))?;
    b.file(&l.target.join("one/new"), "x")?;
    b.works("chmod", sys::chmod(l.target.join("two/shared"), 0o600))?;
    b.umount(&l.target)?;

    b.file(&l.lowers[1].join("two/late"), "x")?;
    b.union(&l).mount(&l.target)?;
    let changed: BTreeSet<String> = ["new", "own0", "own2", "shared"].map(String::from).into();
    must!(names("one")? == changed, "one, changed")?;
    let mut more = expected.clone();
    more.insert("late".into());
    must!(names("two")? == more, "two, with what came offline")?;
    let third = figures::of(&l.target)?;
    let right = (third.merged, third.loaded) == (1, 1);
    must!(right, "one of two: {third:?}")?;
    b.umount(&l.target)?;

    // Recording does not prevent a read-only remount of the upper layer.
    b.union(&l).mount(&l.target)?;
    must!(names("two")? == more, "two, once more")?;
    let upper_fs = l
        .upper
        .parent()
        .ok_or("the upper layer is in a directory")?;
    let remount = |flags| sys::mount("none", upper_fs, "tmpfs", libc::MS_REMOUNT | flags, b"");
    b.works("upper layer read-only", remount(libc::MS_RDONLY))?;
    must!(names("one")? == changed, "one, read-only")?;
    b.works("upper layer writable", remount(0))?;
    b.umount(&l.target)?;

    // Failed lookups use it as well, and then ask no layer.
    b.union(&l).mount(&l.target)?;
    for number in 0..200 {
        let missing = sys::stat(l.target.join(format!("two/missing{number}")), 0);
        b.fails("stat", missing, libc::ENOENT)?;
    }
    let fourth = figures::of(&l.target)?;
    let right = (fourth.merged, fourth.loaded) == (0, 1);
    must!(right, "for lookups: {fourth:?}")?;
    b.umount(&l.target)
}

fn listed_text(dir: &Path) -> Result<BTreeSet<String>, String> {
    let listed = walk::list(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    Ok(listed
        .iter()
        .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
        .collect())
}
