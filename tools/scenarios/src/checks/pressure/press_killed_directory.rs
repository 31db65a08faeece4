// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::{Bench, Layout};
use crate::pace::many;
use crate::process;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "who is killed while a directory of a hundred thousand devices is read, or as many whiteouts are \
        cleared away, does not go on with it",
    run,
    ..Check::DEFAULT
};

/// Below this nothing can be said about time.
const LEAST: Duration = Duration::from_millis(100);

fn run(b: &mut Bench) -> Result<(), String> {
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
    // What is left of the directory goes with the next mount.
    union.mount(&l.target)?;
    b.umount(&l.target)?;
    let left = b.works("listing", walk::list(&l.work.join("work")))?;
    b.must("an empty work directory", left.is_empty())
}

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
    b.must("all are listed", b.works("listing", listed)? == count)?;
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

/// Kills a process in the middle of what takes so long.
fn ends_soon(b: &Bench, what: &str, child: i32, whole: Duration) -> Result<(), String> {
    let begun = Instant::now();
    process::kill(child);
    process::wait(child)?;
    let after = begun.elapsed();
    if whole < LEAST {
        return Err(format!("skip: {what} takes no more than {whole:?} here"));
    }
    b.must(
        &format!("{what} takes {whole:?} and ends {after:?} after the kill"),
        after < whole / 3,
    )
}
