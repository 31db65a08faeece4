// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a union without an upper layer can be read and not written",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.file(&l.lowers[1].join("second"), "second")?;
    b.new_union().lowers(&l.lowers).mount(&l.target)?;
    b.holds(&l.target.join("file"), "below")?;
    b.holds(&l.target.join("second"), "second")?;
    let file = l.target.join("file");
    b.fails(
        "open for writing",
        sys::open(&file, libc::O_WRONLY, 0),
        libc::EROFS,
    )?;
    b.fails(
        "create",
        sys::open(l.target.join("new"), libc::O_CREAT | libc::O_RDWR, 0o600),
        libc::EROFS,
    )?;
    b.fails("chmod", sys::chmod(&file, 0o600), libc::EROFS)?;
    b.fails("unlink", sys::unlink(&file), libc::EROFS)?;
    b.fails("mkdir", sys::mkdir(l.target.join("d"), 0o700), libc::EROFS)?;
    b.fails(
        "setxattr",
        sys::setxattr(&file, "user.x", b"v", 0),
        libc::EROFS,
    )?;
    b.fails(
        "rename",
        sys::rename(&file, l.target.join("x"), 0),
        libc::EROFS,
    )?;
    if let Ok(()) = sys::mount("union", &l.target, "", libc::MS_REMOUNT, b"") {
        b.fails(
            "create after a remount",
            sys::mkdir(l.target.join("d"), 0o700),
            libc::EROFS,
        )?;
    }
    b.umount(&l.target)
}
