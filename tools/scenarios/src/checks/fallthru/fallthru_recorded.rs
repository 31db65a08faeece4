// SPDX-License-Identifier: GPL-2.0-only
use std::collections::BTreeSet;
use std::path::Path;

use crate::bench::Bench;
use crate::figures;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "what the lower layers contribute to a merged directory is read once, and after the next \
        mount from the upper layer; a layer changed offline makes the sets of its changed directories \
        be read anew, and no others",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs has no fallthrus".into());
    }
    let l = b.layout(3)?;
    for (number, lower) in l.lowers.iter().enumerate() {
        for dir in ["one", "two"] {
            let dir = b.dir(&lower.join(dir))?;
            b.file(&dir.join(format!("own{number}")), "x")?;
            b.file(&dir.join("shared"), "x")?;
        }
    }
    let names = |dir: &str| names(&l.target.join(dir));
    let expected: BTreeSet<String> = ["own0", "own1", "own2", "shared"].map(String::from).into();
    let list = || -> Result<(), String> {
        b.must("one", names("one")? == expected)?;
        b.must("two", names("two")? == expected)
    };

    b.union(&l).mount(&l.target)?;
    list()?;
    list()?;
    let first = figures::of(&l.target)?;
    b.must(&format!("read once: {first:?}"), first.merged == 2)?;
    b.must(
        "no directory of the upper layer was made",
        sys::stat(l.upper.join("one"), 0).is_err(),
    )?;
    b.umount(&l.target)?;

    b.union(&l).mount(&l.target)?;
    list()?;
    let second = figures::of(&l.target)?;
    let right = (second.merged, second.loaded, second.records.0) == (0, 2, 2);
    b.must(&format!("not read again: {second:?}"), right)?;
    // The upper layer changes; what lies below does not.
    b.works("unlink", sys::unlink(l.target.join("one/own1")))?;
    b.file(&l.target.join("one/new"), "x")?;
    b.works("chmod", sys::chmod(l.target.join("two/shared"), 0o600))?;
    b.umount(&l.target)?;

    b.file(&l.lowers[1].join("two/late"), "x")?;
    b.union(&l).mount(&l.target)?;
    let changed: BTreeSet<String> = ["new", "own0", "own2", "shared"].map(String::from).into();
    b.must("one, changed", names("one")? == changed)?;
    let mut more = expected.clone();
    more.insert("late".into());
    b.must("two, with what came offline", names("two")? == more)?;
    let third = figures::of(&l.target)?;
    let right = (third.merged, third.loaded) == (1, 1);
    b.must(&format!("one of two: {third:?}"), right)?;
    b.umount(&l.target)?;

    // What is recorded keeps nobody from making the upper layer read-only.
    b.union(&l).mount(&l.target)?;
    b.must("two, once more", names("two")? == more)?;
    let top = l
        .upper
        .parent()
        .ok_or("the upper layer is in a directory")?;
    let remount = |flags| sys::mount("none", top, "tmpfs", libc::MS_REMOUNT | flags, b"");
    b.works("upper layer read-only", remount(libc::MS_RDONLY))?;
    b.must("one, read-only", names("one")? == changed)?;
    b.works("upper layer writable", remount(0))?;
    b.umount(&l.target)?;

    // Lookups in vain use it as well, and ask no layer then.
    b.union(&l).mount(&l.target)?;
    for number in 0..200 {
        let missing = sys::stat(l.target.join(format!("two/missing{number}")), 0);
        b.fails("stat", missing, libc::ENOENT)?;
    }
    let fourth = figures::of(&l.target)?;
    let right = (fourth.merged, fourth.loaded) == (0, 1);
    b.must(&format!("for lookups: {fourth:?}"), right)?;
    b.umount(&l.target)
}

fn names(dir: &Path) -> Result<BTreeSet<String>, String> {
    let listed = walk::list(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    Ok(listed
        .iter()
        .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
        .collect())
}
