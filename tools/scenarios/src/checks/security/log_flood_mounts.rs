// SPDX-License-Identifier: GPL-2.0-only
use std::time::Duration;

use crate::bench::Bench;
use crate::crash::kmsg::Kmsg;
use crate::scenario::Check;
use crate::{sys, userns};

/// More than there may be lines in the time this takes.
const MOUNTS: usize = 1000;
/// Ten in five seconds, and this may take some time.
const LINES: usize = 200;

pub const CHECK: Check = Check {
    about: "who mounts in a user namespace, and has it fail, does not fill the kernel log",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = userns::Layers::new(b)?;
    // What was said before counts for five seconds.
    std::thread::sleep(Duration::from_secs(6));
    let mut log = Kmsg::open()?;
    userns::check("0 1000 1", "0 1000 1", || {
        for _ in 0..MOUNTS {
            let union = b.new_union().lower(&l.lower).lower(&l.lower);
            b.refused(&union.flag("userxattr"), &l.target, &[libc::ELOOP])?;
        }
        Ok(())
    })?;
    let lines = log
        .news()
        .iter()
        .filter(|line| line.contains("the same directory"))
        .count();
    b.must(
        &format!("it is said, but not {MOUNTS} times: {lines}"),
        (1..LINES).contains(&lines),
    )?;
    if !b.is_union() {
        return Ok(());
    }
    // A mount that comes about, with something to be said: a UUID that is none.
    std::thread::sleep(Duration::from_secs(6));
    log.news();
    let odd = sys::setxattr(&l.upper, "user.overlay.uuid", b"none", 0);
    b.works("setxattr", odd)?;
    userns::check("0 1000 1", "0 1000 1", || {
        for _ in 0..LINES {
            l.union(b).mount(&l.target)?;
            b.umount(&l.target)?;
        }
        Ok(())
    })?;
    let news = log.news();
    let lines = news.iter().filter(|line| line.contains("UUID")).count();
    b.must(
        &format!("it is said, but not {LINES} times: {lines}"),
        (1..LINES / 2).contains(&lines),
    )
}
