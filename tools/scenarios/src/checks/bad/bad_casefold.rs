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
    let failure = b.refused(&b.new_union().lower(&folded), &l.target, &[libc::EINVAL])?;
    b.must(
        &format!("the reason: {failure}"),
        failure.to_string().contains("the case of letters"),
    )?;
    let union = b.new_union().lowers(&l.lowers).upper(&folded, &work);
    b.refused(&union, &l.target, &[libc::EINVAL])?;
    // The directories around it are like any other.
    let union = b.new_union().lower(top.join("lower")).upper(&upper, &work);
    union.mount(&l.target)?;
    let inside = l.target.join("folded");
    b.fails("stat", sys::stat(inside.join("name"), 0), libc::EREMOTE)?;
    b.fails(
        "mkdir",
        sys::mkdir(inside.join("new"), 0o755),
        libc::EREMOTE,
    )?;
    b.file(&l.target.join("plain"), "text")?;
    // One that is marked so behind the union.
    b.works("mkdir", sys::mkdir(l.target.join("later"), 0o755))?;
    let fd = b.works("open", sys::open(upper.join("later"), libc::O_RDONLY, 0))?;
    b.works("chattr +F", sys::set_flags(fd, FS_CASEFOLD_FL))?;
    b.works("close", sys::close(fd))?;
    let name = l.target.join("later/name");
    b.fails("stat", sys::stat(&name, 0), libc::EREMOTE)?;
    b.fails("mkdir", sys::mkdir(&name, 0o755), libc::EREMOTE)?;
    b.umount(&l.target)?;
    // The same with what is in the work directory.
    b.works("rmdir", sys::rmdir(work.join("work")))?;
    let inner = b.dir(&work.join("work"))?;
    let fd = b.works("open", sys::open(&inner, libc::O_RDONLY, 0))?;
    b.works("chattr +F", sys::set_flags(fd, FS_CASEFOLD_FL))?;
    b.works("close", sys::close(fd))?;
    let failure = b.refused(&union, &l.target, &[libc::EINVAL])?;
    b.must(
        &format!("the reason: {failure}"),
        failure.to_string().contains("the case of letters"),
    )
}
