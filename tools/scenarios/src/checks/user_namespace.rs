// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::shape::Api;
use crate::sys;

pub const CHECK: Check = Check {
    about: "an unprivileged user gets no more than the mount allows",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    let target = b.target("mine")?;
    sys::become_user(1000, 1000, &[])?;
    let refused = b.union(&l).api(Api::Mount).mount(&target);
    let write = sys::open(l.target.join("file"), libc::O_WRONLY, 0);
    sys::become_root()?;
    b.must(
        "an unprivileged mount is refused",
        refused.is_err_and(|failure| failure.errno.0 == libc::EPERM),
    )?;
    b.fails("writing to a file of root", write, libc::EACCES)?;
    b.umount(&l.target)
}
