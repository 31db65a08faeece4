// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "what is forgotten is found again",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.dir(&l.lowers[1].join("deep/er"))?;
    b.file(&l.lowers[1].join("deep/er/f"), "deep")?;
    b.union(&l).mount(&l.target)?;
    b.file(&l.target.join("file"), "changed")?;
    b.works("unlink", sys::unlink(l.target.join("deep/er/f")))?;
    let held = b.works(
        "open",
        sys::open(l.target.join("deep/er"), libc::O_RDONLY, 0),
    )?;
    let before = walk::walk(&l.target)?;
    let number = b.works("stat", sys::stat(l.target.join("file"), 0))?.st_ino;
    for _ in 0..3 {
        b.file(Path::new("/proc/sys/vm/drop_caches"), "3")?;
        let after = walk::walk(&l.target)?;
        b.must(
            &format!("the same tree: {before:?} and {after:?}"),
            before == after,
        )?;
    }
    if b.is_union() {
        let now = b.works("stat", sys::stat(l.target.join("file"), 0))?.st_ino;
        b.must("the same inode number", now == number)?;
    }
    b.works("close", sys::close(held))?;
    b.umount(&l.target)
}
