// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "who waits for the copy another makes can be killed, and who copies goes on",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let size = 160 << 20;
    std::fs::write(l.lowers[1].join("big"), vec![b'x'; size]).map_err(|error| error.to_string())?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let big = l.target.join("big");
    let copy = process::background(|| sys::chmod(&big, 0o640).expect("chmod"))?;
    std::thread::sleep(Duration::from_millis(20));
    let waiter = |work: fn(&Path) -> sys::Result<()>| {
        process::background(|| {
            let _ = work(&big);
        })
    };
    let waiters = [
        waiter(|big| sys::chmod(big, 0o600))?,
        waiter(|big| sys::unlink(big))?,
        waiter(|big| sys::link(big, big.with_file_name("link"), 0))?,
        waiter(|big| sys::truncate(big, 1))?,
        waiter(|big| sys::rename(big, big.with_file_name("moved"), 0))?,
    ];
    std::thread::sleep(Duration::from_millis(20));
    let copied = sys::stat(l.upper.join("big"), 0).is_ok();
    for child in waiters {
        process::kill(child);
    }
    let start = Instant::now();
    let mut killed = 0;
    for child in waiters {
        killed += usize::from(process::wait(child)? == End::Signal(libc::SIGKILL));
    }
    let took = start.elapsed();
    let still = sys::stat(l.upper.join("big"), 0).is_err();
    b.ended_well(vec![copy])?;
    // On a fast machine the copy may be done before anybody waits.
    b.must(
        &format!("the waiters died at once, not after {took:?}: {killed} of 5"),
        copied || (killed > 0 && (still || took < Duration::from_secs(2))),
    )?;
    b.umount(&l.target)?;
    b.work_empty(&l)
}
