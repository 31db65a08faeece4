// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::mount;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a remount accepts the options the union has, and refuses others",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.union(&l).mount(&l.target)?;
    let text = b.union(&l).data_string();
    let remount = |flags, data: &str| {
        sys::mount(
            "union",
            &l.target,
            "",
            libc::MS_REMOUNT | flags,
            data.as_bytes(),
        )
    };
    b.works("mount(2) remount with the same options", remount(0, &text))?;
    b.works(
        "mount(2) remount ro with the same options",
        remount(libc::MS_RDONLY, &text),
    )?;
    b.works(
        "mount(2) remount rw with the same options",
        remount(0, &text),
    )?;
    if !b.is_union() {
        return Ok(());
    }
    let lowers: Vec<_> = l
        .lowers
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    let mut same: Vec<(&str, Option<&str>)> = lowers
        .iter()
        .map(|path| ("lowerdir+", Some(path.as_str())))
        .collect();
    let (upper, work) = (
        l.upper.to_string_lossy().into_owned(),
        l.work.to_string_lossy().into_owned(),
    );
    same.push(("upperdir", Some(&upper)));
    same.push(("workdir", Some(&work)));
    mount::reconfigure(&l.target, &same)
        .map_err(|e| format!("fsconfig remount with the same options: {e}"))?;
    // As mount(8) finds them in the line of /etc/fstab that the root had before, by both calls.
    let others = [
        ("errors", Some("remount-ro")),
        ("discard", None),
        ("subvol", Some("@")),
    ];
    mount::reconfigure(&l.target, &others)
        .map_err(|e| format!("fsconfig remount with words of other file systems: {e}"))?;
    b.works(
        "mount(2) remount with words of other file systems",
        remount(0, "errors=remount-ro,discard,subvol=@"),
    )?;
    let refused = mount::reconfigure(&l.target, &[("upperdir", Some(&lowers[1]))]);
    b.must("another upper layer is refused", refused.is_err())?;
    b.file(&l.target.join("still"), "works")?;
    b.umount(&l.target)
}
