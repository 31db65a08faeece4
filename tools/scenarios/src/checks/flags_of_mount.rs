// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::mount;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "flags of a mount that promise what only the file system of the upper layer can keep are refused, and \
        those that are its alone are not shown",
    run,
    ..Check::DEFAULT
};

/// What mount(2) and fsconfig(2) call them.
const REFUSED: [(u64, &str); 2] = [
    (libc::MS_SYNCHRONOUS, "sync"),
    (libc::MS_DIRSYNC, "dirsync"),
];
/// The kernel warns of mandatory locks itself, so they are left out.
const NOT_OURS: u64 = libc::MS_LAZYTIME | libc::MS_I_VERSION;

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs takes them all, without effect".into());
    }
    let l = b.layout(1)?;
    let union = b.union(&l);
    let data = union.data_string();
    let mount = |flags| sys::mount("union", &l.target, "union", flags, data.as_bytes());
    for (flag, name) in REFUSED {
        b.fails(&format!("mount(2) with {name}"), mount(flag), libc::EINVAL)?;
        let failure = b.refused(&b.union(&l).flag(name), &l.target, &[libc::EINVAL])?;
        let said = failure
            .log
            .iter()
            .any(|line| line.contains("sync, dirsync"));
        b.must(&format!("a line that says why: {failure}"), said)?;
    }
    b.works("mount(2) with the others", mount(NOT_OURS))?;
    let shown = |when: &str| {
        let mounted = mount::mounted_at(&l.target).ok_or("not mounted")?;
        let options = mounted.super_options();
        let odd = ["sync", "dirsync", "lazytime"]
            .iter()
            .find(|name| options.iter().any(|(key, _)| key == *name));
        b.must(&format!("{when}: {odd:?} is not shown"), odd.is_none())
    };
    shown("mounted")?;
    let remount = |flags| sys::mount("none", &l.target, "", libc::MS_REMOUNT | flags, b"");
    for (flag, name) in REFUSED {
        let result = remount(flag);
        b.fails(&format!("remount with {name}"), result, libc::EINVAL)?;
        match mount::reconfigure(&l.target, &[(name, None)]) {
            Err(failure) if failure.errno.0 == libc::EINVAL => {}
            other => return Err(format!("reconfiguring with {name}: {other:?}")),
        }
    }
    b.works("remount with the others", remount(NOT_OURS))?;
    mount::reconfigure(&l.target, &[("lazytime", None)])?;
    shown("remounted")?;
    // What goes the other way asks for nothing.
    mount::reconfigure(&l.target, &[("async", None), ("nolazytime", None)])?;
    b.file(&l.target.join("file"), "still writable")?;
    b.umount(&l.target)
}
