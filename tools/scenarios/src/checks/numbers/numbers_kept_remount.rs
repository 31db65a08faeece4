// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "inode numbers are the same after a remount",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs keeps numbers only on request".into());
    }
    let l = b.layout(2)?;
    b.file(&l.lowers[1].join("second"), "second")?;
    let numbers = || -> Result<Vec<u64>, String> {
        ["file", "dir", "second"]
            .iter()
            .map(|name| Ok(b.works("stat", sys::stat(l.target.join(name), 0))?.st_ino))
            .collect()
    };
    b.union(&l).mount(&l.target)?;
    let first = numbers()?;
    b.file(&l.target.join("file"), "changed")?;
    b.works("chmod", sys::chmod(l.target.join("dir"), 0o700))?;
    b.must("the same numbers after copy-up", numbers()? == first)?;
    b.umount(&l.target)?;
    b.union(&l).mount(&l.target)?;
    let again = numbers()?;
    b.must(
        &format!("the same numbers mounted again: {first:?} and {again:?}"),
        again == first,
    )?;
    b.umount(&l.target)
}
