// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};
use crate::walk;

pub const CHECK: Check = Check {
    about: "with userxattr a file that the mounter cannot read is there all the same: listed, and his to delete",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "secret", 0o600, (0, 0))?;
    l.file(b, "gone", 0o600, (0, 0))?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        b.works("stat", sys::stat(at("secret"), 0))?;
        b.fails(
            "open",
            sys::open(at("secret"), libc::O_RDONLY, 0),
            libc::EACCES,
        )?;
        b.fails("chmod", sys::chmod(at("secret"), 0o644), libc::EPERM)?;
        b.works("unlink", sys::unlink(at("gone")))?;
        let names = b.works("listing", walk::list(&l.target))?;
        b.must("one name is left", names.len() == 1)?;
        b.umount(&l.target)
    })?;
    l.upper_is(b, &["gone"])
}
