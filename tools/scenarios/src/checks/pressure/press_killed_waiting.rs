// SPDX-License-Identifier: GPL-2.0-only
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::fuse::{self, Manner, Tree};
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "who waits for a copy beyond his limit can be killed at once, and nobody goes on copying for him",
    run,
    ..Check::DEFAULT
};

/// How long the server takes for a piece of the file, of which there are more than a hundred.
const PIECE: u64 = 4;

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs heeds the limit, and copies nothing".into());
    }
    let l = b.layout(0)?;
    let lower = b.target("fuse")?;
    let mut tree = Tree::default();
    let file = tree.add(0, "big", libc::S_IFREG | 0o644);
    tree.object(file).data = vec![b'x'; 16 << 20];
    fuse::mount(b, &lower, 0, &tree, Manner::Slow(PIECE))?;
    b.new_union()
        .lower(&lower)
        .upper(&l.upper, &l.work)
        .mount(&l.target)?;
    let big = l.target.join("big");
    let child = process::background(|| {
        sys::limit_file_size(1 << 20).expect("setrlimit");
        let _ = sys::chmod(&big, 0o600);
    })?;
    std::thread::sleep(Duration::from_millis(700));
    let killed = Instant::now();
    process::kill(child);
    let end = process::wait(child)?;
    let took = killed.elapsed();
    b.must(
        &format!("it waited until it was killed: {end:?}"),
        end == End::Signal(libc::SIGKILL),
    )?;
    b.must(
        &format!("it ends at once, not after {took:?}"),
        took < Duration::from_secs(2),
    )?;
    b.must(
        "nothing is copied",
        sys::stat(l.upper.join("big"), 0).is_err(),
    )?;
    b.umount(&l.target)?;
    // The lower file system is let go of when the server has answered what it was asked last.
    while sys::umount(&lower, 0).is_err() {
        let waited = killed.elapsed();
        b.must(
            &format!("the copying has stopped after {waited:?}"),
            waited < Duration::from_secs(6 * PIECE),
        )?;
        std::thread::sleep(Duration::from_millis(100));
    }
    b.work_empty(&l)
}
