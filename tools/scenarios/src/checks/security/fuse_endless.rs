// SPDX-License-Identifier: GPL-2.0-only
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::fuse::{self, Manner, Tree};
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "who lists a lower directory that never ends can be killed, and the memory comes back",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let lower = b.target("fuse")?;
    fuse::mount(b, &lower, 0, &Tree::default(), Manner::Endless)?;
    // Merged with another one, and alone.
    for lowers in [vec![&l.lowers[0], &lower], vec![&lower]] {
        let union = b.new_union().lowers(lowers).upper(&l.upper, &l.work);
        union.mount(&l.target)?;
        let child = process::background(|| drop(walk::list(&l.target)))?;
        std::thread::sleep(Duration::from_millis(700));
        let killed = Instant::now();
        process::kill(child);
        let end = process::wait(child)?;
        b.must(
            &format!("it was listing until it was killed: {end:?}"),
            end == End::Signal(libc::SIGKILL),
        )?;
        b.must(
            &format!("it ends at once, not after {:?}", killed.elapsed()),
            killed.elapsed() < Duration::from_secs(10),
        )?;
        // Names are found all the same.
        b.fails("stat", sys::stat(l.target.join("none"), 0), libc::ENOENT)?;
        b.umount(&l.target)?;
    }
    b.umount(&lower)
}
