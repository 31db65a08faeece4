// SPDX-License-Identifier: GPL-2.0-only
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::fuse::{self, Manner, Tree};
use crate::process;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "who is killed while something copies for him, over and over, does not leave any number of threads behind",
    run,
    ..Check::DEFAULT
};

/// So many may be left, by whomever.
const MOST: usize = 64;
const PATIENCE: Duration = Duration::from_secs(5);

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs heeds the limit, and copies nothing".into());
    }
    let l = b.layout(0)?;
    let lower = b.target("fuse")?;
    let mut tree = Tree::default();
    let file = tree.add(0, "big", libc::S_IFREG | 0o644);
    tree.object(file).data = vec![b'x'; 2 << 20];
    // A thread that waits for this answer cannot be killed, nor could a process.
    fuse::mount(b, &lower, 0, &tree, Manner::Silent)?;
    b.new_union()
        .lower(&lower)
        .upper(&l.upper, &l.work)
        .mount(&l.target)?;
    let big = l.target.join("big");
    let mut waiting = None;
    // A thread that is killed before it reads ends at once, so not each leaves one.
    for _ in 0..2 * MOST {
        let before = threads();
        let child = process::background(|| {
            sys::limit_file_size(1 << 20).expect("setrlimit");
            let _ = sys::chmod(&big, 0o600);
        })?;
        within(|| threads() > before);
        process::kill(child);
        if !within(|| has_ended(child)) {
            waiting = Some(child);
            break;
        }
        process::wait(child)?;
    }
    let left = threads();
    // The server is given up, and with it what waits for it.
    let _ = sys::umount(&lower, libc::MNT_FORCE);
    if let Some(child) = waiting {
        process::wait(child)?;
    }
    b.must(
        &format!("no more than {MOST} threads and one that is waited for, not {left}"),
        left == MOST + 1,
    )?;
    b.must("they end with the server", within(|| threads() == 0))?;
    b.umount(&l.target)?;
    let _ = sys::umount(&lower, 0);
    b.work_empty(&l)
}

fn within(mut holds: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

fn has_ended(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

/// Threads of the kernel that copy.
fn threads() -> usize {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return 0;
    };
    let comm = |process: std::fs::DirEntry| std::fs::read_to_string(process.path().join("comm"));
    let named = processes.flatten().filter_map(|process| comm(process).ok());
    named.filter(|name| name.starts_with("union-copy")).count()
}
