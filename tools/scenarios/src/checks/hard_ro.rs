// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "with hard_ro a lower layer must be on a read-only file system, and when that is made \
        writable everything that is in it is an error, and stays one; what is in the upper layer is not",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs has no such option".into());
    }
    let l = b.layout(0)?;
    let (soft, hard) = (b.tmpfs("soft")?, b.tmpfs("hard")?);
    for lower in [&soft, &hard] {
        b.dir(&lower.join("d"))?;
        for name in ["d/kept", "d/late", "d/gone", "top"] {
            b.file(&lower.join(name), "below")?;
        }
    }
    let remount =
        |place: &Path, flags| sys::mount("none", place, "tmpfs", libc::MS_REMOUNT | flags, b"");
    let union = b
        .new_union()
        .lower(&hard)
        .upper(&l.upper, &l.work)
        .flag("hard_ro");
    let said = b.refused(&union, &l.target, &[libc::EINVAL])?;
    b.must(
        &format!("says why: {said}"),
        said.to_string().contains("hard_ro"),
    )?;
    // A mount that is read-only is not enough.
    let bind = libc::MS_BIND | libc::MS_RDONLY;
    b.works(
        "bind",
        sys::mount(&hard.to_string_lossy(), &hard, "none", libc::MS_BIND, b""),
    )?;
    b.works(
        "read-only",
        sys::mount("none", &hard, "none", libc::MS_REMOUNT | bind, b""),
    )?;
    b.refused(&union, &l.target, &[libc::EINVAL])?;
    b.umount(&hard)?;

    b.works("remount", remount(&hard, libc::MS_RDONLY))?;
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    b.holds(&at("d/kept"), "below")?;
    b.file(&at("top"), "changed")?;
    b.file(&at("d/new"), "new")?;
    let open = b.works("open", sys::open(at("d/kept"), libc::O_RDONLY, 0))?;
    b.works("read", sys::read(open, 10, Some(0)))?;

    b.works("remount", remount(&hard, 0))?;
    b.file(&hard.join("d/late"), "changed below")?;
    b.works("unlink", sys::unlink(hard.join("d/gone")))?;
    for round in ["writable", "read-only again"] {
        b.fails(round, sys::open(at("d/late"), libc::O_RDONLY, 0), libc::EIO)?;
        b.fails(round, sys::stat(at("d/gone"), 0), libc::EIO)?;
        b.fails(round, sys::read(open, 10, Some(0)), libc::EIO)?;
        b.fails(round, sys::chmod(at("d/kept"), 0o600), libc::EIO)?;
        b.fails(round, walk::list(&at("d")), libc::EIO)?;
        b.holds(&at("top"), "changed")?;
        b.holds(&at("d/new"), "new")?;
        b.works("remount", remount(&hard, libc::MS_RDONLY))?;
    }
    b.works("close", sys::close(open))?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    b.holds(&at("d/late"), "changed below")?;
    b.holds(&at("top"), "changed")?;
    b.umount(&l.target)?;

    // Without the option nobody looks.
    b.works("remount", remount(&hard, 0))?;
    b.new_union()
        .lower(&hard)
        .upper(&l.upper, &l.work)
        .mount(&l.target)?;
    b.holds(&at("d/kept"), "below")?;
    b.umount(&l.target)
}
