// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::mount;
use crate::scenario::Check;
use crate::{process, sys};

pub const CHECK: Check = Check {
    about: "with share, a union that is left in another mount namespace or was unmounted lazily is mounted \
        once more, as the very same; without, or with anything else than its own, it is in use",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Ok(());
    }
    let l = b.layout(2)?;
    let second = b.target("second")?;
    let device = |target| Ok(mount::mounted_at(target).ok_or("not mounted")?.device);
    let shared = |b: &Bench| b.union(&l).flag("share");

    // The first one is new.
    shared(b).mount(&l.target)?;
    let first: Result<_, String> = device(&l.target);
    let first = first?;

    // A process in a mount namespace of its own keeps it.
    let (told, tell) = b.works("pipe", sys::pipe())?;
    let (waits, wake) = b.works("pipe", sys::pipe())?;
    let pid = process::background(|| {
        let _ = sys::close(wake);
        sys::unshare_mounts().expect("a mount namespace is to be had");
        sys::write(tell, b"1", None).expect("the parent waits");
        let _ = sys::read(waits, 1, None);
    })
    .map_err(|e| e.to_string())?;
    b.works("close", sys::close(tell))?;
    b.works("the namespace", sys::read(told, 1, None))?;
    b.umount(&l.target)?;

    b.refused(&b.union(&l), &second, &[libc::EBUSY])?;
    for other in [
        shared(b).option("fsync", "strict"),
        shared(b).read_only(),
        b.new_union()
            .lower(&l.lowers[1])
            .lower(&l.lowers[0])
            .upper(&l.upper, &l.work)
            .flag("share"),
        b.new_union()
            .lower(&l.lowers[0])
            .upper(&l.upper, &l.work)
            .flag("share"),
    ] {
        b.refused(&other, &second, &[libc::EBUSY])?;
    }
    shared(b).mount(&second)?;
    b.must("the same union", device(&second)? == first)?;
    b.file(&second.join("file"), "changed")?;
    b.works("close", sys::close(wake))?;
    b.works("wait", process::wait(pid))?;

    // Now this one is all that is left; unmounted lazily it lives by an open file.
    let fd = b.works("open", sys::open(second.join("file"), libc::O_RDWR, 0))?;
    b.works("umount -l", sys::umount(&second, libc::MNT_DETACH))?;
    b.refused(&b.union(&l), &second, &[libc::EBUSY])?;
    shared(b).mount(&second)?;
    b.must("the same union", device(&second)? == first)?;
    b.works("write", sys::write(fd, b"CHANGED", Some(0)))?;
    b.holds(&second.join("file"), "CHANGED")?;
    b.works("close", sys::close(fd))?;
    b.umount(&second)?;

    // With nobody left it is mounted anew.
    shared(b).mount(&second)?;
    b.holds(&second.join("file"), "CHANGED")?;
    b.umount(&second)
}
