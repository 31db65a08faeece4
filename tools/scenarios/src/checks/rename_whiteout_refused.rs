// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::changes::as_user;
use crate::scenario::Check;
use crate::{sys, walk};

pub const CHECK: Check = Check {
    about: "RENAME_WHITEOUT, of which no whiteout would be seen, is EINVAL, and copies nothing: who asks for \
        one, as fuse-overlayfs does, must make it another way",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    const WHITEOUT: u32 = libc::RENAME_WHITEOUT;
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        b.dir("d").mode(0o777);
        for name in ["d/lower", "d/target", "d/gone", "d/theirs"] {
            b.file(name, name).owner(1000, 1000);
        }
        b.file("d/dir/f", "x");
    })?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join("d").join(name);
    for new in ["own", "own-target"] {
        b.file(&at(new), new)?;
    }
    b.dir(&at("own-dir"))?;
    b.works("unlink", sys::unlink(at("gone")))?;
    let (before, upper) = (walk::walk(&l.target)?, walk::walk(&l.upper)?);
    for (old, new) in [
        ("lower", "x"),
        ("lower", "target"),
        ("lower", "gone"),
        ("own", "x"),
        ("own", "gone"),
        ("own", "own-target"),
        ("own-dir", "x"),
        ("dir", "x"),
    ] {
        for flags in [WHITEOUT, WHITEOUT | libc::RENAME_NOREPLACE] {
            if flags != WHITEOUT && sys::stat(at(new), 0).is_ok() {
                continue;
            }
            let what = format!("{old} to {new}, flags {flags}");
            let result = sys::rename(at(old), at(new), flags);
            b.fails(&what, result, libc::EINVAL)?;
        }
    }
    let user = as_user(1000, || sys::rename(at("theirs"), at("x"), WHITEOUT))?;
    b.fails("by a user", user, libc::EINVAL)?;
    b.same("as before", &before, &walk::walk(&l.target)?)?;
    b.same("the upper layer as before", &upper, &walk::walk(&l.upper)?)?;
    b.umount(&l.target)
}
