// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "d_ino is st_ino when a file copied up earlier moves",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs keeps numbers only on request".into());
    }
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    b.works("chmod", sys::chmod(l.target.join("file"), 0o600))?;
    let number = b.works("stat", sys::stat(l.target.join("file"), 0))?.st_ino;
    b.umount(&l.target)?;
    b.union(&l).mount(&l.target)?;
    let moved = l.target.join("dir/moved");
    b.works("rename", sys::rename(l.target.join("file"), &moved, 0))?;
    for _ in 0..2 {
        let now = b.works("stat", sys::stat(&moved, 0))?.st_ino;
        b.must(&format!("st_ino {number}, not {now}"), now == number)?;
        let listed = walk::list(&l.target.join("dir"))?;
        let entry = listed
            .iter()
            .find(|entry| entry.name == b"moved")
            .ok_or("moved is listed")?;
        b.must(
            &format!("d_ino {number}, not {}", entry.ino),
            entry.ino == number,
        )?;
        b.umount(&l.target)?;
        b.union(&l).mount(&l.target)?;
    }
    b.umount(&l.target)
}
