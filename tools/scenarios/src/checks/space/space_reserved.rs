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
    about: "copies may use the blocks that ext4 reserves for root, who mounted the union",
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
    b.works("chmod", sys::chmod(&file, 0o600))?;
    b.works("chmod back", sys::chmod(&file, 0o644))?;
    b.same("after the copy-up", &before, &walk::walk(&l.target)?)?;
    b.umount(&l.target)
}
