// SPDX-License-Identifier: GPL-2.0-only
//! Processes that are killed in the middle of a call.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::{Bench, Layout};
use crate::changes;
use crate::copies::Copies;
use crate::fuse::{self, Manner, Tree};
use crate::load;
use crate::pace::many;
use crate::process::{self, End};
use crate::sys;
use crate::tree::Builder;
use crate::walk;

/// Eight processes are killed in the middle of their calls, and nothing is left half done.
pub fn press_killed(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 2)?;
    b.describe(&l, 1, load::lower)?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    for round in 0..6 {
        union.mount(&l.target)?;
        let children = b.load_behind(&l.target, Duration::from_secs(20))?;
        std::thread::sleep(Duration::from_millis(100 + 130 * round));
        for child in &children {
            process::kill(*child);
        }
        for child in children {
            process::wait(child)?;
        }
        b.work_idle(&l)?;
        let tree = b.sound(&union, &l, &lowers)?;
        // A copy is whole or does not exist: a file that was not truncated or written to has all its bytes.
        let odd = tree
            .iter()
            .find(|(path, line)| path.as_str() == "kept" && !line.contains("data=\"kept\""));
        must!(
            odd.is_none(),
            "files that nobody writes to are whole: {odd:?}"
        )?;
    }
    Ok(())
}

/// A process that is killed while a directory of a hundred thousand devices is read, or as many whiteouts are cleared,
/// stops at once.
pub fn press_killed_directory(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let count = many(100_000);
    links(b, &l.lowers[0].join("devices"), 0x103, count)?;
    for name in ["first", "second"] {
        b.dir(&l.lowers[0].join(name))?;
        links(b, &l.upper.join(name), 0, count)?;
    }
    let union = b.union(&l);
    union.mount(&l.target)?;
    listing(b, &l, count)?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    removal(b, &l)?;
    b.umount(&l.target)?;
    // The next mount removes the rest of the directory.
    union.mount(&l.target)?;
    b.umount(&l.target)?;
    let left = b.works("listing", walk::list(&l.work.join("work")))?;
    must!(left.is_empty(), "an empty work directory")
}

/// Times below this cannot be measured.
const LEAST: Duration = Duration::from_millis(100);

/// So many names of one device.
fn links(b: &Bench, dir: &Path, device: u64, count: usize) -> Result<(), String> {
    b.dir(dir)?;
    let first = dir.join("0");
    b.works("mknod", sys::mknod(&first, libc::S_IFCHR | 0o600, device))?;
    for number in 1..count {
        b.works("link", sys::link(&first, dir.join(number.to_string()), 0))?;
    }
    Ok(())
}

fn listing(b: &Bench, l: &Layout, count: usize) -> Result<(), String> {
    let dir = l.target.join("devices");
    let list = || {
        let begun = Instant::now();
        let listed = walk::list(&dir).map(|entries| entries.len());
        (begun.elapsed(), listed)
    };
    let (whole, listed) = list();
    must!(b.works("listing", listed)? == count, "all are listed")?;
    b.umount(&l.target)?;
    b.union(l).mount(&l.target)?;
    let child = process::background(|| {
        let _ = list();
    })?;
    std::thread::sleep(whole / 4);
    ends_soon(b, "the listing", child, whole)
}

fn removal(b: &Bench, l: &Layout) -> Result<(), String> {
    let begun = Instant::now();
    b.works("rmdir", sys::rmdir(l.target.join("first")))?;
    let whole = begun.elapsed();
    let (second, below) = (l.target.join("second"), l.upper.join("second"));
    let child = process::background(|| {
        let _ = sys::rmdir(&second);
    })?;
    // A whiteout takes the place of the directory, which is then emptied elsewhere.
    let taken = || sys::stat(&below, libc::AT_SYMLINK_NOFOLLOW).map(|stat| walk::kind(&stat));
    while begun.elapsed() < whole * 4 && taken() == Ok(libc::S_IFDIR) {
        std::thread::sleep(Duration::from_millis(1));
    }
    ends_soon(b, "the removal", child, whole)?;
    b.fails("stat", sys::stat(&second, 0), libc::ENOENT)
}

/// Kills a process in the middle of a call that takes so long.
fn ends_soon(b: &Bench, what: &str, child: i32, whole: Duration) -> Result<(), String> {
    let begun = Instant::now();
    process::kill(child);
    process::wait(child)?;
    let after = begun.elapsed();
    if whole < LEAST {
        return Err(b.skip(format!("{what} takes no more than {whole:?} here")));
    }
    must!(
        after < whole / 3,
        "{what} takes {whole:?} and ends {after:?} after the kill"
    )
}

/// A process that is killed during the copy of a file beyond its size limit leaves the old file or the new one.
pub fn press_killed_limit(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    for number in 0..5 {
        let data = vec![b'0' + number; 6 << 20];
        std::fs::write(l.lowers[1].join(number.to_string()), data)
            .map_err(|error| error.to_string())?;
    }
    let (union, lowers) = b.mounted_as(&l, Copies::Whole)?;
    let mut modes = Vec::new();
    for number in 0..5 {
        let path = l.target.join(number.to_string());
        let child = process::background(|| {
            sys::limit_file_size(1 << 20).expect("setrlimit");
            let _ = changes::rewrite(&path, &[b'0' + number as u8]);
            let _ = sys::chmod(&path, 0o600);
        })?;
        std::thread::sleep(Duration::from_millis(number * 5));
        process::kill(child);
        process::wait(child)?;
        // The copy does not continue after the process has ended.
        b.work_idle(&l)?;
        let stat = b.works("stat", sys::stat(&path, 0))?;
        must!(stat.st_size == 6 << 20, "it has its size")?;
        let copied = sys::stat(l.upper.join(number.to_string()), 0).is_ok();
        must!(
            (stat.st_mode & 0o777 == 0o600) <= copied,
            "mode and copy agree"
        )?;
        modes.push(copied);
    }
    let tree = b.sound(&union, &l, &lowers)?;
    for number in 0..5 {
        let name = number.to_string();
        let data = |line: &str| line.split(" data=").nth(1).map(str::to_owned);
        must!(
            data(&tree[&name]) == data(&lowers[1][&name]),
            "{name} has its data (copied: {modes:?})"
        )?;
    }
    Ok(())
}

/// The copy of a file of 1 GiB with many holes is killed at any moment, and the last one keeps the holes.
pub fn press_killed_sparse(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 1)?;
    let data = vec![b'd'; 8192];
    let pieces: Vec<(u64, &[u8])> = (0..PIECES)
        .map(|number| (number * (SIZE as u64 / PIECES) / 4096 * 4096, &data[..]))
        .collect();
    b.describe(&l, 0, |b: &mut Builder| {
        b.sparse("huge", SIZE as u64, &pieces);
    })?;
    let (union, lowers) = b.mounted_as(&l, Copies::Whole)?;
    let huge = l.target.join("huge");
    let first = b.works("stat", sys::stat(&huge, 0))?;
    let mut killed = 0;
    for round in 0..12 {
        let copy = process::background(|| {
            let _ = changes::rewrite(&huge, b"d").and_then(|()| sys::chmod(&huge, 0o600));
        })?;
        std::thread::sleep(Duration::from_millis(round * 7));
        process::kill(copy);
        let start = Instant::now();
        let end = process::wait(copy)?;
        must!(start.elapsed() < Duration::from_secs(2), "it dies at once")?;
        let mode = b.works("stat", sys::stat(&huge, 0))?.st_mode & 0o777;
        let copied = sys::stat(l.upper.join("huge"), 0).is_ok();
        must!(
            (mode == 0o600) <= copied,
            "the new mode shows with the copy only"
        )?;
        b.work_idle(&l)?;
        if end == End::Done || copied {
            break;
        }
        killed += 1;
    }
    must!(killed > 0, "one copy at least was killed")?;
    b.works("a write", changes::rewrite(&huge, b"d"))?;
    b.works("chmod", sys::chmod(&huge, 0o644))?;
    // One that was killed after its write has left the time.
    let time = (first.st_mtime, first.st_mtime_nsec);
    b.works("its time", sys::utimens(&huge, time, time, 0))?;
    let used = b
        .works("stat", sys::stat(l.upper.join("huge"), 0))?
        .st_blocks
        * 512;
    must!(
        used < 2 * PIECES as i64 * 8192,
        "the copy has the holes of the original, it uses {used} bytes"
    )?;
    let tree = b.sound(&union, &l, &lowers)?;
    let (copy, original) = (&tree["huge"], &lowers[0]["huge"]);
    must!(
        copy == original,
        "the copy {copy} is the original {original}"
    )
}

const SIZE: i64 = 1 << 30;
const PIECES: u64 = 600;

/// Processes that are killed repeatedly during their copies do not leave an unlimited number of
/// threads behind.
pub fn press_killed_threads(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs heeds the limit, and copies nothing")?;
    let l = b.layout(0)?;
    let lower = b.target("fuse")?;
    let mut tree = Tree::default();
    let file = tree.add(0, "big", libc::S_IFREG | 0o644);
    tree.object(file).data = vec![b'x'; 2 << 20];
    // A thread that waits for this answer cannot be killed, nor could a process.
    fuse::mount(b, &lower, 0, &tree, Manner::Silent)?;
    b.new_union()
        .lower(&lower)
        .upper(&l.upper, &l.work)
        .mount(&l.target)?;
    let big = l.target.join("big");
    let mut waiting = None;
    // A thread that is killed before it reads ends at once, so not each leaves one.
    for _ in 0..2 * MOST {
        let before = threads();
        let child = process::background(|| {
            sys::limit_file_size(1 << 20).expect("setrlimit");
            let _ = changes::rewrite(&big, b"x");
        })?;
        within(|| threads() > before);
        process::kill(child);
        if !within(|| has_ended(child)) {
            waiting = Some(child);
            break;
        }
        process::wait(child)?;
    }
    let left = threads();
    // The server is ended, and with it the threads that wait for it.
    let _ = sys::umount(&lower, libc::MNT_FORCE);
    if let Some(child) = waiting {
        process::wait(child)?;
    }
    must!(
        left == MOST + 1,
        "no more than {MOST} threads and one that is waited for, not {left}"
    )?;
    must!(within(|| threads() == 0), "they end with the server")?;
    b.umount(&l.target)?;
    let _ = sys::umount(&lower, 0);
    b.work_empty(&l)
}

/// Maximum number of threads left behind, in total.
const MOST: usize = 64;
const PATIENCE: Duration = Duration::from_secs(5);

fn within(mut holds: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

fn has_ended(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

/// Threads of the kernel that copy.
fn threads() -> usize {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return 0;
    };
    let comm = |process: std::fs::DirEntry| std::fs::read_to_string(process.path().join("comm"));
    let named = processes.flatten().filter_map(|process| comm(process).ok());
    named.filter(|name| name.starts_with("union-copy")).count()
}

/// A process that waits for a copy beyond its limit can be killed at once, and the copy ends.
pub fn press_killed_waiting(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs heeds the limit, and copies nothing")?;
    let l = b.layout(0)?;
    let lower = b.target("fuse")?;
    let mut tree = Tree::default();
    let file = tree.add(0, "big", libc::S_IFREG | 0o644);
    tree.object(file).data = vec![b'x'; 16 << 20];
    fuse::mount(b, &lower, 0, &tree, Manner::Slow(PIECE))?;
    // Without an open file, of which the server would have to be told at its end, and it is busy.
    b.new_union()
        .lower(&lower)
        .upper(&l.upper, &l.work)
        .option("metacopy", "off")
        .mount(&l.target)?;
    let big = l.target.join("big");
    let child = process::background(|| {
        sys::limit_file_size(1 << 20).expect("setrlimit");
        let _ = sys::chmod(&big, 0o600);
    })?;
    std::thread::sleep(Duration::from_millis(700));
    let killed = Instant::now();
    process::kill(child);
    let end = process::wait(child)?;
    let took = killed.elapsed();
    must!(
        end == End::Signal(libc::SIGKILL),
        "it waited until it was killed: {end:?}"
    )?;
    must!(
        took < Duration::from_secs(2),
        "it ends at once, not after {took:?}"
    )?;
    must!(
        sys::stat(l.upper.join("big"), 0).is_err(),
        "nothing is copied"
    )?;
    b.umount(&l.target)?;
    // The lower file system is released when the server has answered the last request.
    while sys::umount(&lower, 0).is_err() {
        let waited = killed.elapsed();
        must!(
            waited < Duration::from_secs(6 * PIECE),
            "the copying has stopped after {waited:?}"
        )?;
        std::thread::sleep(Duration::from_millis(100));
    }
    b.work_empty(&l)
}

/// The time the server takes for a piece of the file, of which there are more than a hundred.
const PIECE: u64 = 4;
