// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::errno::Errno;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "of many that unlink, make, rename or link one name at once, one succeeds",
    run,
    ..Check::DEFAULT
};

const NAMES: usize = 40;
const PROCESSES: usize = 4;

/// A call that one alone can make for a name, and what it says to the others.
type Contest = (
    &'static str,
    fn(&Path, usize, usize) -> sys::Result<()>,
    i32,
);

const CONTESTS: &[Contest] = &[
    (
        "unlink",
        |dir, name, _| sys::unlink(dir.join(name.to_string())),
        libc::ENOENT,
    ),
    (
        "create over a whiteout",
        |dir, name, _| {
            let flags = libc::O_CREAT | libc::O_EXCL | libc::O_WRONLY;
            sys::open(dir.join(name.to_string()), flags, 0o600).and_then(sys::close)
        },
        libc::EEXIST,
    ),
    (
        "rename away",
        |dir, name, me| {
            sys::rename(
                dir.join(name.to_string()),
                dir.join(format!("{name}-{me}")),
                0,
            )
        },
        libc::ENOENT,
    ),
    (
        "mkdir over a whiteout",
        |dir, name, _| sys::mkdir(dir.join(name.to_string()), 0o755),
        libc::EEXIST,
    ),
    (
        "rmdir",
        |dir, name, _| sys::rmdir(dir.join(name.to_string())),
        libc::ENOENT,
    ),
    (
        "link over a whiteout",
        |dir, name, _| sys::link(dir.join("source"), dir.join(name.to_string()), 0),
        libc::EEXIST,
    ),
];

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        b.file("d/source", "source");
        for name in 0..NAMES {
            b.file(&format!("d/{name}"), "below");
        }
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let dir = l.target.join("d");
    let scores = l.lowers[0].parent().ok_or("a parent")?;
    let score = |process: usize| scores.join(format!("score{process}"));
    for (what, call, lost) in CONTESTS {
        b.crowd(PROCESSES, |process| {
            let mut won = 0;
            for name in 0..NAMES {
                match call(&dir, name, process) {
                    Ok(()) => won += 1,
                    Err(error) => assert_eq!(error, Errno(*lost), "{what}"),
                }
            }
            std::fs::write(score(process), won.to_string()).expect("write");
        })?;
        let mut won = 0;
        for process in 0..PROCESSES {
            let text = std::fs::read_to_string(score(process));
            won += text
                .ok()
                .and_then(|text| text.parse::<usize>().ok())
                .ok_or("a number")?;
        }
        b.must(
            &format!("{what}: {NAMES} successes, not {won}"),
            won == NAMES,
        )?;
    }
    let links = b.works("stat", sys::stat(dir.join("source"), 0))?.st_nlink;
    b.must(
        &format!("a name for each link, not {links}"),
        links as usize == NAMES + 1,
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}
