// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::image;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a directory that ignores the case of letters is refused as a layer and cannot be entered inside of one",
    run,
    ..Check::DEFAULT
};

const FS_CASEFOLD_FL: u32 = 0x4000_0000;

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs takes such directories if all layers are of the kind".into());
    }
    let disk = b.looped(&image::CASEFOLD)?;
    let top = b.target("disk")?;
    disk.mount(&top, 0, "")?;
    let l = b.layout(1)?;
    let folded = b.dir(&top.join("lower/folded"))?;
    let (upper, work) = (b.dir(&top.join("upper"))?, b.dir(&top.join("work"))?);
    let fd = b.works("open", sys::open(&folded, libc::O_RDONLY, 0))?;
    b.works("chattr +F", sys::set_flags(fd, FS_CASEFOLD_FL))?;
    b.works("close", sys::close(fd))?;
    b.file(&folded.join("Name"), "text")?;
    b.holds(&folded.join("nAME"), "text")?;
    b.refused(&b.new_union().lower(&folded), &l.target, &[libc::EINVAL])?;
    let union = b.new_union().lowers(&l.lowers).upper(&folded, &work);
    b.refused(&union, &l.target, &[libc::EINVAL])?;
    // The directories around it are like any other; the kernel may treat the whole file system as of the kind.
    let union = b.new_union().lower(top.join("lower")).upper(&upper, &work);
    match union.mount(&l.target) {
        Err(failure) => b.must(
            &format!("EINVAL, not {failure}"),
            failure.errno.0 == libc::EINVAL,
        ),
        Ok(()) => {
            let inside = l.target.join("folded");
            b.fails("stat", sys::stat(inside.join("name"), 0), libc::EREMOTE)?;
            b.fails(
                "mkdir",
                sys::mkdir(inside.join("new"), 0o755),
                libc::EREMOTE,
            )?;
            b.file(&l.target.join("plain"), "text")?;
            b.umount(&l.target)
        }
    }
}
