// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};

pub const CHECK: Check = Check {
    about: "what the upper layer's file system denies the mounter in a user namespace copies nothing up",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    const IMMUTABLE: u32 = 0x10;
    let l = Layers::new(b)?;
    l.file(b, "file", 0o644, (1000, 1000))?;
    l.dir(b, "dir", 0o755, (1000, 1000))?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        for name in ["trusted.a", "security.a"] {
            let result = sys::setxattr(at("file"), name, b"1", 0);
            b.fails(name, result, libc::EPERM)?;
        }
        let device = sys::mknod(at("dir/null"), libc::S_IFCHR | 0o600, sys::makedev(1, 3));
        b.fails("a device", device, libc::EPERM)?;
        let whiteout = sys::mknod(at("dir/white"), libc::S_IFCHR | 0o600, 0);
        b.fails("a whiteout", whiteout, libc::EPERM)?;
        let fd = b.works("open", sys::open(at("file"), libc::O_RDONLY, 0))?;
        b.fails("immutable", sys::set_flags(fd, IMMUTABLE), libc::EPERM)?;
        b.works("close", sys::close(fd))?;
        b.fails("chown", sys::lchown(at("file"), 5, 5), libc::EINVAL)?;
        b.umount(&l.target)
    })?;
    l.upper_is(b, &[])
}
