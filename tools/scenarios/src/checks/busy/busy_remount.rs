// SPDX-License-Identifier: GPL-2.0-only
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::load;
use crate::process;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a union is made read-only and writable again and again under load",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let l = b.layout_on(&top, 2)?;
    b.describe(&l, 1, load::lower)?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let remount = |flags| sys::mount("union", &l.target, "", libc::MS_REMOUNT | flags, b"");
    let end = Instant::now() + Duration::from_millis(3500);
    let mut children = Vec::new();
    for number in 0..3 {
        let target = &l.target;
        // With pauses: while anybody has a file open for writing there is no way to read-only.
        children.push(process::background(move || {
            while Instant::now() < end {
                load::calls(target, number, Instant::now() + Duration::from_millis(20));
                std::thread::sleep(Duration::from_millis(40));
            }
        })?);
    }
    let (mut read_only, mut busy) = (0, 0);
    while Instant::now() < end {
        match remount(libc::MS_RDONLY) {
            Ok(()) => {
                read_only += 1;
                b.fails("mkdir", sys::mkdir(l.target.join("x"), 0o755), libc::EROFS)?;
                let chmod = sys::chmod(l.target.join("kept"), 0o600);
                b.fails("chmod", chmod, libc::EROFS)?;
                b.work_idle(&l)?;
                b.works("remount rw", remount(0))?;
            }
            // Somebody has a file open for writing.
            Err(error) => {
                b.must(&format!("EBUSY, not {error}"), error.0 == libc::EBUSY)?;
                busy += 1;
            }
        }
    }
    b.ended_well(children)?;
    b.must(
        &format!("read-only at times, busy {busy} times"),
        read_only > 0,
    )?;
    b.works("remount ro without a load", remount(libc::MS_RDONLY))?;
    b.works("remount rw", remount(0))?;
    b.sound(&union, &l, &lowers).map(drop)
}
