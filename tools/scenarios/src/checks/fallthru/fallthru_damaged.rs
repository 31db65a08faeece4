// SPDX-License-Identifier: GPL-2.0-only
use std::collections::BTreeSet;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::bench::{Bench, Layout};
use crate::figures;
use crate::random::Dice;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "whatever the file of recorded sets holds, is or turns into, the union shows what is in \
        its layers",
    run,
    ..Check::DEFAULT
};

const DIRS: [&str; 3] = ["d", "e", "f"];

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs has no fallthrus".into());
    }
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
            let names = names(&l.target.join(dir))?;
            b.must(&format!("{when}: {dir}: {names:?}"), names.len() == 40)?;
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
    b.must(&format!("recorded: {again:?}"), again.loaded == 3)?;

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
    // What begins with no record is not ours.
    for (what, bytes) in [("zeros", vec![0; 9000]), ("noise", noise(&mut dice))] {
        b.works("writing", write(&file, &bytes))?;
        once(what)?;
        let again = once(what)?;
        b.must(&format!("{what}: not used: {again:?}"), again.loaded == 0)?;
        let now = std::fs::read(&file).map_err(|error| error.to_string())?;
        b.must(&format!("{what}: left alone"), now == bytes)?;
    }
    let mut zeros = whole.clone();
    zeros[12..].fill(0);
    for (what, bytes) in [("empty", vec![]), ("nothing but a head", zeros)] {
        b.works("writing", write(&file, &bytes))?;
        once(what)?;
        let again = once(what)?;
        b.must(&format!("{what}: made anew: {again:?}"), again.loaded == 3)?;
    }
    others(b, &l, &file, &once)?;
    changing(b, &l, &file, &whole, &listed)
}

/// Something else in its place, and no place for it.
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
    b.must("off: 40 names", names(&l.target.join("d"))?.len() == 40)?;
    b.umount(&l.target)?;
    b.must("off: nothing is recorded", sys::stat(file, 0).is_err())?;

    // Without an upper layer there is no place at all.
    b.new_union().lowers(&l.lowers).mount(&l.target)?;
    b.must(
        "read-only: 40 names",
        names(&l.target.join("d"))?.len() == 40,
    )?;
    b.umount(&l.target)?;
    once("made anew")?;
    let again = once("recorded again")?;
    b.must(&format!("recorded again: {again:?}"), again.loaded == 3)?;
    // overlayfs takes the same layers, and the union takes them back.
    crate::mount::Union::new("overlay")
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .mount(&l.target)?;
    b.must(
        "overlayfs: 40 names",
        names(&l.target.join("d"))?.len() == 40,
    )?;
    b.works("unlink", sys::unlink(l.target.join("d/0-0")))?;
    b.umount(&l.target)?;
    b.union(l).mount(&l.target)?;
    b.must("a name less", names(&l.target.join("d"))?.len() == 39)?;
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
    listed: &dyn Fn(&str) -> Result<figures::Figures, String>,
) -> Result<(), String> {
    b.works("writing", write(file, whole))?;
    b.union(l).mount(&l.target)?;
    b.must("d is read", names(&l.target.join("d"))?.len() == 40)?;
    let open = std::fs::OpenOptions::new().write(true).open(file);
    let open = open.map_err(|error| error.to_string())?;
    for at in (0..whole.len() as u64).step_by(64) {
        open.write_all_at(b"damaged", at)
            .map_err(|error| error.to_string())?;
    }
    listed("changed while in use")?;
    open.set_len(10).map_err(|error| error.to_string())?;
    b.works(
        "drop_caches",
        write(Path::new("/proc/sys/vm/drop_caches"), b"3"),
    )?;
    listed("truncated while in use")?;
    b.umount(&l.target)
}

fn noise(dice: &mut Dice) -> Vec<u8> {
    (0..5000).map(|_| dice.roll(256) as u8).collect()
}

fn write(path: &Path, bytes: &[u8]) -> sys::Result<()> {
    std::fs::write(path, bytes)
        .map_err(|error| crate::errno::Errno(error.raw_os_error().unwrap_or(libc::EIO)))
}

fn names(dir: &Path) -> Result<BTreeSet<Vec<u8>>, String> {
    let listed = walk::list(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    Ok(listed.into_iter().map(|entry| entry.name).collect())
}
