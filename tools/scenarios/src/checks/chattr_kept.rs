// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::image;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "that writes wait for the disk and that accesses are not recorded (chattr +S +A) holds after a copy-up and \
        a remount",
    run,
    ..Check::DEFAULT
};

// As chattr(1) has them.
const SYNC: u32 = 0x8;
const NOATIME: u32 = 0x80;
const FLAGS: [u32; 4] = [SYNC, NOATIME, SYNC | NOATIME, 0];

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(0)?;
    let ext4 = b.target("ext4")?;
    b.looped(&image::CASEFOLD)?.mount(&ext4, 0, "")?;
    let lower = b.dir(&ext4.join("lower"))?;
    let (upper, work) = (b.dir(&ext4.join("upper"))?, b.dir(&ext4.join("work"))?);
    let names: Vec<_> = FLAGS
        .into_iter()
        .flat_map(|flags| {
            [
                (format!("file-{flags}"), flags),
                (format!("dir-{flags}"), flags),
            ]
        })
        .collect();
    for (name, flags) in &names {
        let path = lower.join(name);
        match name.starts_with("dir") {
            true => drop(b.dir(&path)?),
            false => b.file(&path, "text")?,
        }
        b.works("chattr", change(&path, *flags))?;
    }
    // On a file system that has such flags, and on one that does not have all of them.
    for (upper, work, kept) in [(&upper, &work, SYNC | NOATIME), (&l.upper, &l.work, 0)] {
        if kept == 0 && !b.is_union() {
            // overlayfs copies nothing then: EOPNOTSUPP.
            break;
        }
        let union = b.new_union().lower(&lower).upper(upper, work);
        union.mount(&l.target)?;
        for (name, _) in &names {
            b.works("chmod", sys::chmod(l.target.join(name), 0o700))?;
        }
        look(b, &l.target, &names, kept)?;
        b.umount(&l.target)?;
        union.mount(&l.target)?;
        look(b, &l.target, &names, kept)?;
        b.umount(&l.target)?;
    }
    Ok(())
}

fn change(path: &Path, flags: u32) -> sys::Result<()> {
    let fd = sys::open(path, libc::O_RDONLY, 0)?;
    let now = sys::get_flags(fd)?;
    sys::set_flags(fd, (now & !(SYNC | NOATIME)) | flags)?;
    sys::close(fd)
}

fn look(b: &Bench, target: &Path, names: &[(String, u32)], kept: u32) -> Result<(), String> {
    for (name, flags) in names {
        let fd = b.works("open", sys::open(target.join(name), libc::O_RDONLY, 0))?;
        let now = b.works("FS_IOC_GETFLAGS", sys::get_flags(fd))?;
        b.works("close", sys::close(fd))?;
        b.must(
            &format!("{name} has the flags {:#x}: {now:#x}", flags & kept),
            now & kept == flags & kept,
        )?;
    }
    Ok(())
}
