// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "directories are read while their names, and they themselves, are removed and made again",
    run,
    ..Check::DEFAULT
};

const ROUNDS: usize = 60;
const NAMES: usize = 12;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for number in 0..NAMES {
            b.file(&format!("d/{number}"), "below");
        }
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let dir = l.target.join("d");
    b.crowd(4, |process| {
        for _ in 0..ROUNDS {
            if process == 0 {
                for number in 0..NAMES {
                    sys::unlink(dir.join(number.to_string())).expect("unlink");
                }
                sys::rmdir(&dir).expect("it is empty");
                sys::mkdir(&dir, 0o755).expect("mkdir");
                for number in 0..NAMES {
                    sys::symlink("x", dir.join(number.to_string())).expect("symlink");
                }
                continue;
            }
            let Ok(fd) = sys::open(&dir, libc::O_RDONLY | libc::O_DIRECTORY, 0) else {
                continue;
            };
            let mut names = Vec::new();
            loop {
                // Small pieces, so that the directory changes between them.
                match sys::getdents(fd, 100) {
                    Ok(entries) if entries.is_empty() => break,
                    Ok(entries) => names.extend(entries.into_iter().map(|entry| entry.name)),
                    // It has been removed.
                    Err(error) => {
                        assert_eq!(error.0, libc::ENOENT);
                        break;
                    }
                }
            }
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count, "no name is listed twice");
            sys::close(fd).expect("close");
        }
    })?;
    let tree = b.sound(&union, &l, &lowers)?;
    let new = tree
        .values()
        .filter(|line| line.contains("-> \"x\""))
        .count();
    b.must(
        &format!("the new names and no old ones: {new}"),
        new == NAMES,
    )
}
