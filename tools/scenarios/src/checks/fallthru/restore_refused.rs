// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::changes::as_user;
use crate::scenario::Check;
use crate::union::{FALLTHRUS, RESTORE, fallthrus, fallthrus_to, restore};
use crate::{sys, userns, walk};

pub const CHECK: Check = Check {
    about: "the calls that restore a deleted name and give out a fallthru set refuse what they must, \
        and restore what they may",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs has no such calls".into());
    }
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for name in ["d/gone", "d/again", "d/stays", "quiet/f"] {
            b.file(name, "below");
        }
    })?;
    b.union(&l).mount(&l.target)?;
    let path = l.target.join("d");
    b.file(&path.join("new"), "x")?;
    for name in ["gone", "again", "new"] {
        b.works("unlink", sys::unlink(path.join(name)))?;
    }
    b.file(&path.join("again"), "made again")?;
    let open = |dir: &Path| b.works("open", sys::open(dir, libc::O_RDONLY, 0));
    let (dir, quiet) = (open(&path)?, open(&l.target.join("quiet"))?);

    for (name, errno) in [
        ("stays", libc::EEXIST),
        ("again", libc::EEXIST),
        ("never", libc::ENOENT),
        // Deleted, but there is nothing below.
        ("new", libc::ENOENT),
        ("", libc::EINVAL),
        (".", libc::EINVAL),
        ("..", libc::EINVAL),
        ("d/gone", libc::EINVAL),
    ] {
        b.fails(&format!("restore of {name:?}"), restore(dir, name), errno)?;
    }
    b.fails(
        "where nothing was deleted",
        restore(quiet, "f"),
        libc::EEXIST,
    )?;
    b.fails(
        "where nothing was deleted",
        restore(quiet, "g"),
        libc::ENOENT,
    )?;
    b.fails(
        "a name without an end",
        sys::ioctl_bytes(dir, RESTORE, &mut [b'n'; 256]),
        libc::EINVAL,
    )?;
    for call in [RESTORE, FALLTHRUS] {
        b.fails("no memory", sys::ioctl_nowhere(dir, call), libc::EFAULT)?;
    }
    b.fails(
        "another call",
        sys::ioctl_bytes(dir, RESTORE + 2, &mut [0; 256]),
        libc::ENOTTY,
    )?;
    let file = b.works("open", sys::open(path.join("again"), libc::O_RDONLY, 0))?;
    b.fails("on a file", restore(file, "gone"), libc::ENOTTY)?;

    let refused = as_user(1000, || (restore(dir, "gone"), fallthrus(dir, 4096)))?;
    b.fails("restore by a user", refused.0, libc::EPERM)?;
    b.fails("a set for a user", refused.1, libc::EPERM)?;
    userns::check("0 1000 1", "0 1000 1", || {
        let dir = sys::open(&path, libc::O_RDONLY, 0).map_err(|e| e.to_string())?;
        b.fails("root of a namespace", restore(dir, "gone"), libc::EPERM)?;
        b.fails("root of a namespace", fallthrus(dir, 4096), libc::EPERM)
    })?;
    let remount = |flags| sys::mount("none", &l.target, "union", libc::MS_REMOUNT | flags, b"");
    b.works("read-only", remount(libc::MS_RDONLY))?;
    b.fails("read-only", restore(dir, "gone"), libc::EROFS)?;
    b.works("writable", remount(0))?;

    let needed = match fallthrus(dir, 3) {
        Err(error) if error.0 == libc::ERANGE => 3,
        other => return Err(format!("a set in three bytes: {other:?}")),
    };
    b.must(
        "more is needed",
        fallthrus(dir, 4096).is_ok_and(|size| size > needed),
    )?;
    b.fails(
        "no memory for it",
        fallthrus_to(dir, 0xff8, 4096),
        libc::EFAULT,
    )?;

    b.works("chmod", sys::chmod(&path, 0o777))?;
    b.fails("stat", sys::stat(path.join("gone"), 0), libc::ENOENT)?;
    let refused = as_user(1000, || restore(dir, "gone"))?;
    b.fails(
        "restore by a user who may write there",
        refused,
        libc::EPERM,
    )?;
    b.works("restore", restore(dir, "gone"))?;
    b.holds(&path.join("gone"), "below")?;
    b.fails("restore once more", restore(dir, "gone"), libc::EEXIST)?;
    let names = walk::list(&path)?.len();
    b.must(
        &format!("gone, again and stays are listed, not {names}"),
        names == 3,
    )?;
    for fd in [dir, quiet, file] {
        b.works("close", sys::close(fd))?;
    }
    b.umount(&l.target)
}
