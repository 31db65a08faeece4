// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};

pub const CHECK: Check = Check {
    about: "without userxattr a user namespace cannot write marks: the mount is refused, and makes nothing",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "file", 0o644, (1000, 1000))?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        let union = b.new_union().lower(&l.lower).upper(&l.upper, &l.work);
        b.refused(&union, &l.target, &[libc::EPERM, libc::EINVAL])?;
        // Nothing is to be marked where nothing is written.
        let union = b.new_union().lower(&l.lower).lower(&l.upper).read_only();
        union.mount(&l.target)?;
        b.holds(&l.target.join("file"), "below")?;
        b.fails(
            "writing",
            sys::open(l.target.join("file"), libc::O_WRONLY, 0),
            libc::EROFS,
        )?;
        b.umount(&l.target)
    })?;
    l.upper_is(b, &[])
}
