// SPDX-License-Identifier: GPL-2.0-only
use std::time::Duration;

use crate::bench::Bench;
use crate::image;
use crate::load;
use crate::process;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "while the upper layer is frozen, readers go on and writers wait; the union itself cannot be frozen",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let disk = b.looped(&image::EXT4)?;
    let top = b.target("top")?;
    disk.mount(&top, 0, "")?;
    let l = b.layout_on(&top, 1)?;
    b.describe(&l, 0, |b| {
        load::lower(b);
        b.file("quiet/file", "read me");
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let through = b.works("open", sys::open(&l.target, libc::O_RDONLY, 0))?;
    b.fails(
        "FIFREEZE of the union",
        sys::freeze(through),
        libc::EOPNOTSUPP,
    )?;
    b.works("close", sys::close(through))?;

    // The way there is known already: it does not need the lock of the root.
    b.works("stat", sys::stat(l.target.join("quiet"), 0))?;
    let fd = b.works("open", sys::open(&top, libc::O_RDONLY, 0))?;
    for round in 0..4 {
        let children = b.load_behind(&l.target, Duration::from_millis(900))?;
        std::thread::sleep(Duration::from_millis(100 + 50 * round));
        b.works("FIFREEZE", sys::freeze(fd))?;
        // Who waits for the thaw may hold the lock of a directory, but none that concerns another one.
        let done = b.base().join("below").join(round.to_string());
        let reader = process::background(|| {
            assert!(std::fs::read(l.target.join("quiet/file")).is_ok());
            assert!(walk::list(&l.target.join("quiet")).is_ok());
            let _ = sys::mkdir(&done, 0o755);
        })?;
        let writer = process::background(|| {
            let _ = sys::chmod(l.target.join("kept"), 0o600 + round as u32);
        })?;
        let read = (0..50).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            sys::stat(&done, 0).is_ok()
        });
        b.works("FITHAW", sys::thaw(fd))?;
        b.must("a reader does not wait for the thaw", read)?;
        b.ended_well(vec![reader])?;
        b.ended_well(children)?;
        b.ended_well(vec![writer])?;
        let mode = b
            .works("stat", sys::stat(l.target.join("kept"), 0))?
            .st_mode;
        b.must(
            "the change was made after the thaw",
            mode & 7 == round as u32,
        )?;
    }
    sys::close(fd)?;
    let _ = walk::list(&l.target);
    b.sound(&union, &l, &lowers).map(drop)
}
