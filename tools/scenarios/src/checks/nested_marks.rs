// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "deletions in a union whose layers are in a union are its own",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    let inner = b.target("inner")?;
    for name in ["lower", "upper", "work", "lower/d"] {
        b.dir(&l.target.join(name))?;
    }
    b.file(&l.target.join("lower/f"), "f")?;
    b.file(&l.target.join("lower/d/g"), "g")?;
    let union = b
        .new_union()
        .lower(l.target.join("lower"))
        .upper(l.target.join("upper"), l.target.join("work"));
    // A union as the upper layer of another may be refused; if it is not, it must work.
    if let Err(failure) = union.mount(&inner) {
        let refused = [libc::EINVAL, libc::EPERM, libc::EOPNOTSUPP];
        b.must(
            &format!("a refusal, not {failure}"),
            refused.contains(&failure.errno.0),
        )?;
        return b.umount(&l.target);
    }
    b.works("unlink", sys::unlink(inner.join("f")))?;
    b.fails("stat", sys::stat(inner.join("f"), 0), libc::ENOENT)?;
    b.works("unlink", sys::unlink(inner.join("d/g")))?;
    b.works("rmdir", sys::rmdir(inner.join("d")))?;
    b.works("mkdir", sys::mkdir(inner.join("d"), 0o755))?;
    b.must(
        "an empty directory",
        walk::list(&inner.join("d"))?.is_empty(),
    )?;
    b.umount(&inner)?;
    b.holds(&l.target.join("lower/f"), "f")?;
    b.umount(&l.target)
}
