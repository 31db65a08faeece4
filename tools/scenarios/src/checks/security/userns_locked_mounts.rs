// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::shape::Api;
use crate::sys;
use crate::userns::{self, Layers};

pub const CHECK: Check = Check {
    about: "a user namespace cannot see by a union what is hidden from it by a mount in a layer",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.dir(b, "covered", 0o755, (1000, 1000))?;
    l.file(b, "covered/secret", 0o644, (1000, 1000))?;
    l.file(b, "file", 0o644, (1000, 1000))?;
    b.works(
        "mounting over it",
        sys::mount("tmpfs", l.lower.join("covered"), "tmpfs", 0, b"mode=755"),
    )?;
    let ground = l.lower.parent().ok_or("a parent")?.to_owned();
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        // The mount is locked: it cannot be taken away.
        let covered = l.lower.join("covered");
        b.must("umount fails", sys::umount(&covered, 0).is_err())?;
        for api in [Api::Strings, Api::Fds, Api::Mount] {
            for union in [
                l.union(b),
                b.new_union().lower(&ground).read_only(),
                b.new_union().lower(&l.lower).lower(&l.upper).read_only(),
            ] {
                let union = union.api(api);
                b.refused(&union, &l.target, &[libc::EINVAL, libc::EPERM])?;
            }
        }
        // Beside it there is nothing to hide.
        b.works("mkdir", sys::mkdir(l.upper.join("other"), 0o755))?;
        let union = b.new_union().lower(l.upper.join("other")).read_only();
        union.mount(&l.target)?;
        b.umount(&l.target)
    })
}
