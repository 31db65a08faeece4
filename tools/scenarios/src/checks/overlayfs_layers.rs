// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::mount::Union;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "the layers of an overlayfs mount as a union, its deletions kept",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.dir(&l.lowers[1].join("dir"))?;
    b.file(&l.lowers[1].join("dir/x"), "x")?;
    Union::new("overlay")
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .mount(&l.target)?;
    b.works("unlink", sys::unlink(l.target.join("file")))?;
    b.works("unlink", sys::unlink(l.target.join("dir/x")))?;
    b.works("rmdir", sys::rmdir(l.target.join("dir")))?;
    b.works("mkdir", sys::mkdir(l.target.join("dir"), 0o755))?;
    b.file(&l.target.join("new"), "new")?;
    let seen = walk::walk(&l.target)?;
    b.umount(&l.target)?;
    b.union(&l).mount(&l.target)?;
    let now = walk::walk(&l.target)?;
    b.must(&format!("the same tree: {seen:?} and {now:?}"), seen == now)?;
    b.umount(&l.target)
}
