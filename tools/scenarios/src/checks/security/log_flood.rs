// SPDX-License-Identifier: GPL-2.0-only
use std::time::Duration;

use crate::bench::Bench;
use crate::crash::kmsg::Kmsg;
use crate::scenario::Check;
use crate::sys;

/// More than there may be lines in the time this takes.
const NAMES: usize = 2000;
/// Ten in five seconds, and this may take some time.
const LINES: usize = 200;

pub const CHECK: Check = Check {
    about: "who writes garbage into private attributes does not fill the kernel log",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    for number in 0..NAMES {
        let dir = l.upper.join(number.to_string());
        b.dir(&dir)?;
        b.works(
            "setxattr",
            sys::setxattr(&dir, "user.overlay.opaque", b"garbage", 0),
        )?;
    }
    let union = b.union(&l).flag("userxattr");
    // What was said before counts for five seconds.
    std::thread::sleep(Duration::from_secs(6));
    let mut log = Kmsg::open()?;
    union.mount(&l.target)?;
    for number in 0..NAMES {
        let result = sys::stat(l.target.join(number.to_string()), 0);
        b.fails("stat of a corrupt directory", result, libc::EIO)?;
    }
    b.umount(&l.target)?;
    let news = log.news();
    let lines = news
        .iter()
        .filter(|line| line.contains("is corrupt"))
        .count();
    b.must(
        &format!("it is said, but not {NAMES} times: {lines}"),
        (1..LINES).contains(&lines),
    )
}
