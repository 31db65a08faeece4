// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};

pub const CHECK: Check = Check {
    about: "in a user namespace nothing of an owner it cannot name is copied up, and nothing is left behind",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "roots", 0o666, (0, 0))?;
    l.file(b, "half", 0o666, (1000, 7))?;
    l.dir(b, "open", 0o777, (0, 0))?;
    l.file(b, "open/own", 0o644, (1000, 1000))?;
    l.file(b, "own", 0o644, (1000, 1000))?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        let write = |name: &str, flags: i32| {
            let fd = sys::open(at(name), libc::O_WRONLY | flags, 0o644)?;
            let result = sys::write(fd, b"x", None);
            sys::close(fd).and(result)
        };
        for name in ["roots", "half", "open/own"] {
            b.fails(name, write(name, 0), libc::EOVERFLOW)?;
            b.fails(name, write(name, libc::O_TRUNC), libc::EOVERFLOW)?;
            b.fails(name, sys::truncate(at(name), 2), libc::EOVERFLOW)?;
            b.holds(&at(name), "below")?;
        }
        b.fails("create", write("open/new", libc::O_CREAT), libc::EOVERFLOW)?;
        b.fails("unlink", sys::unlink(at("open/own")), libc::EOVERFLOW)?;
        b.fails(
            "rename",
            sys::rename(at("roots"), at("r"), 0),
            libc::EOVERFLOW,
        )?;
        b.fails("chmod", sys::chmod(at("roots"), 0o600), libc::EPERM)?;
        // To delete is to copy nothing.
        b.works("unlink", sys::unlink(at("half")))?;
        b.works("write", write("own", 0))?;
        b.umount(&l.target)
    })?;
    l.upper_is(b, &["half", "own"])?;
    let left = b.works("listing", crate::walk::list(&l.work.join("work")))?;
    b.must("an empty work directory", left.is_empty())
}
