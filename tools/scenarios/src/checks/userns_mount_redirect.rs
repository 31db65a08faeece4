// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};

pub const CHECK: Check = Check {
    about: "with userxattr redirects are ignored, and marks in trusted.overlay.* mean nothing",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    for dir in ["secret", "plain", "opaque", "trusted"] {
        l.dir(b, dir, 0o755, (1000, 1000))?;
        l.file(b, &format!("{dir}/f"), 0o644, (1000, 1000))?;
    }
    for (dir, name, value) in [
        ("moved", "user.overlay.redirect", "/secret"),
        ("plain", "user.overlay.redirect", "secret"),
        ("opaque", "user.overlay.opaque", "y"),
        ("trusted", "trusted.overlay.opaque", "y"),
    ] {
        let path = b.dir(&l.upper.join(dir))?;
        b.works("chown", sys::lchown(&path, 1000, 1000))?;
        b.works("setxattr", sys::setxattr(&path, name, value.as_bytes(), 0))?;
    }
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        b.fails("moved/f", sys::stat(at("moved/f"), 0), libc::ENOENT)?;
        b.fails("opaque/f", sys::stat(at("opaque/f"), 0), libc::ENOENT)?;
        b.holds(&at("plain/f"), "below")?;
        b.holds(&at("trusted/f"), "below")?;
        b.umount(&l.target)
    })
}
