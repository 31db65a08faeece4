// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::mount;
use crate::scenario::Check;
use crate::shape::Fs;
use crate::space::Ballast;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "copies leave the blocks alone that ext4 reserves for root",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.disk(Fs::Ext4)?.join("space_reserved");
    b.dir(&top)?;
    let result = fill(b, &top);
    // The disk is shared with other cases.
    let _ = mount::unmount_below(b.base());
    std::fs::remove_dir_all(&top).map_err(|error| error.to_string())?;
    result
}

fn fill(b: &Bench, top: &Path) -> Result<(), String> {
    let l = b.layout_on(top, 1)?;
    b.describe(&l, 0, |b| {
        b.file("file", [b'x'; 20_000]);
    })?;
    b.union(&l).mount(&l.target)?;
    let before = walk::walk(&l.target)?;
    b.works("chmod", sys::chmod(top, 0o777))?;
    sys::become_user(1000, 1000, &[])?;
    let mut ballast = Ballast::new(top)?;
    ballast.fill();
    sys::become_root()?;
    let stat = b.works("statfs", sys::statfs(top))?;
    b.must("there is room for root alone", stat.f_bfree > 100)?;
    let file = l.target.join("file");
    b.fails("chmod", sys::chmod(&file, 0o600), libc::ENOSPC)?;
    b.same("after the failure", &before, &walk::walk(&l.target)?)?;
    ballast.shrink(1 << 20)?;
    b.works("chmod with room", sys::chmod(&file, 0o600))?;
    b.umount(&l.target)
}
