// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};

pub const CHECK: Check = Check {
    about: "root of a user namespace mounts a union of his layers, with marks in user.overlay.*",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    for name in ["file", "gone", "dir/f", "dir/g"] {
        l.dir(b, "dir", 0o755, (1000, 1000))?;
        l.file(b, name, 0o644, (1000, 1000))?;
    }
    for round in 0..2 {
        userns::check("0 1000 1\n", "0 1000 1\n", || {
            l.union(b).mount(&l.target)?;
            let at = |name: &str| l.target.join(name);
            if round == 0 {
                b.file(&at("file"), "above")?;
                b.works("unlink", sys::unlink(at("gone")))?;
                b.works("unlink", sys::unlink(at("dir/f")))?;
                b.works("unlink", sys::unlink(at("dir/g")))?;
                b.works("rmdir", sys::rmdir(at("dir")))?;
                b.works("mkdir", sys::mkdir(at("dir"), 0o755))?;
                b.works("setxattr", sys::setxattr(at("file"), "user.a", b"1", 0))?;
                // A mark forged through the union is none.
                b.works(
                    "setxattr",
                    sys::setxattr(at("file"), "user.overlay.metacopy", b"", 0),
                )?;
            }
            b.holds(&at("file"), "above")?;
            b.fails("gone", sys::stat(at("gone"), 0), libc::ENOENT)?;
            b.fails("dir/f", sys::stat(at("dir/f"), 0), libc::ENOENT)?;
            let names = b.works("listxattr", sys::listxattr(at("file")))?;
            b.must(
                &format!("only what was set shows: {names:?}"),
                names == ["user.a", "user.overlay.metacopy"],
            )?;
            let names = b.works("listxattr", sys::listxattr(at("dir")))?;
            b.must(&format!("no marks show: {names:?}"), names.is_empty())?;
            b.umount(&l.target)
        })?;
        l.upper_is(b, &["dir", "file", "gone"])?;
    }
    let opaque = sys::getxattr(l.upper.join("dir"), "user.overlay.opaque");
    b.must(
        "user.overlay.opaque is y",
        opaque.is_ok_and(|value| value == b"y"),
    )?;
    let stat = b.works("stat", sys::stat(l.upper.join("file"), 0))?;
    b.must(
        "the copy is the user's",
        (stat.st_uid, stat.st_gid) == (1000, 1000),
    )?;
    let whiteout = b.works("stat", sys::stat(l.upper.join("gone"), 0))?;
    b.must(
        "gone is a whiteout",
        whiteout.st_mode & libc::S_IFMT == libc::S_IFCHR,
    )
}
