// SPDX-License-Identifier: GPL-2.0-only
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "a copy-up is killed without a trace",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let data = "x".repeat(96 << 20);
    b.file(&l.lowers[0].join("big"), &data)?;
    b.union(&l).mount(&l.target)?;
    let mut killed = 0;
    for round in 0..6 {
        let big = l.target.join("big");
        let pid = process::background(|| {
            if let Ok(fd) = sys::open(&big, libc::O_WRONLY, 0) {
                let _ = sys::write(fd, b"y", None);
            }
        })?;
        std::thread::sleep(Duration::from_millis(5 + 10 * round));
        process::kill(pid);
        let start = Instant::now();
        let end = process::wait(pid)?;
        let took = start.elapsed();
        b.must(
            &format!("it dies at once, not after {took:?}"),
            took < Duration::from_secs(2),
        )?;
        let there = sys::stat(l.upper.join("big"), 0).is_ok();
        // A mounted union may keep a whiteout there, to link it to names.
        let mut left = walk::walk(&l.work.join("work"))?;
        left.retain(|_, line| !line.contains("device=0:0"));
        b.must(
            &format!("an empty work directory, not {left:?}"),
            left.len() == 1,
        )?;
        if there {
            break;
        }
        killed += usize::from(end == End::Signal(libc::SIGKILL));
        b.must(
            "the file is as it was",
            sys::stat(&big, 0)?.st_size == data.len() as i64,
        )?;
    }
    b.file(&l.target.join("file"), "changed")?;
    b.umount(&l.target)?;
    b.must(
        "one copy-up at least was killed",
        killed > 0 || !b.is_union(),
    )
}
