// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "paths are walked while caches are dropped and names come and go",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(3)?;
    for dir in ["a/b/c", "a/d"] {
        b.dir(&l.lowers[2].join(dir))?;
        b.file(&l.lowers[2].join(dir).join("f"), "text")?;
    }
    b.union(&l).mount(&l.target)?;
    let mut children = Vec::new();
    for number in 0..4 {
        let target = l.target.clone();
        children.push(process::background(move || {
            for round in 0..150 {
                match number {
                    0 => drop(walk::walk(&target)),
                    1 => {
                        let _ = sys::chmod(target.join("a/b/c/f"), 0o600 + round % 8);
                        let _ = sys::rename(target.join("a/d/f"), target.join("a/b/f"), 0);
                        let _ = sys::rename(target.join("a/b/f"), target.join("a/d/f"), 0);
                    }
                    2 => {
                        let _ = sys::mkdir(target.join("a/new"), 0o755);
                        let _ = sys::symlink("x", target.join("a/new/l"));
                        let _ = sys::unlink(target.join("a/new/l"));
                        let _ = sys::rmdir(target.join("a/new"));
                    }
                    _ if round % 10 == 0 => drop(std::fs::write("/proc/sys/vm/drop_caches", "3")),
                    _ => drop(sys::stat(target.join("a/b/c/none"), 0)),
                }
            }
        })?);
    }
    for child in children {
        let end = process::wait(child)?;
        b.must(
            &format!("a process ends well, not with {end:?}"),
            end == End::Done,
        )?;
    }
    b.holds(&l.target.join("a/b/c/f"), "text")?;
    b.umount(&l.target)
}
