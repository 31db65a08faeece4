// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::acl;
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};
use crate::walk;

pub const CHECK: Check = Check {
    about: "root of a user namespace changes no attribute of root's files, and no copy of one is left in the upper or the work directory",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    // What root executes, and what anybody may write.
    l.file(b, "su", 0o755, (0, 0))?;
    l.file(b, "open", 0o666, (0, 0))?;
    l.dir(b, "dir", 0o755, (0, 0))?;
    l.dir(b, "tmp", 0o777, (0, 0))?;
    let before = walk::walk(&l.lower)?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        l.union(b).mount(&l.target)?;
        for name in ["su", "open"] {
            by_descriptor(b, &l.target.join(name))?;
        }
        for name in ["su", "open", "dir", "tmp"] {
            let path = l.target.join(name);
            let list = acl::encode("u:7,user:1000:7,g:7,m:7,o:7");
            let attempts = [
                ("chmod u+s", sys::chmod(&path, 0o4777)),
                ("chmod", sys::chmod(&path, 0o777)),
                ("chown", sys::lchown(&path, 0, 0)),
                ("times", sys::utimens(&path, (1, 1), (2, 2), 0)),
                ("ACL", sys::setxattr(&path, acl::ACCESS, &list, 0)),
                (
                    "capability",
                    sys::setxattr(&path, "security.capability", &[1, 0, 0, 2], 0),
                ),
                ("trusted", sys::setxattr(&path, "trusted.a", b"1", 0)),
                // Allowed for two of them, but their owner cannot be given to a copy.
                ("user", sys::setxattr(&path, "user.a", b"1", 0)),
                ("truncate", sys::truncate(&path, 1)),
                (
                    "O_TRUNC",
                    sys::open(&path, libc::O_WRONLY | libc::O_TRUNC, 0).and_then(sys::close),
                ),
            ];
            let refusals = [
                libc::EPERM,
                libc::EACCES,
                libc::EOVERFLOW,
                libc::EINVAL,
                libc::EISDIR,
            ];
            for (what, result) in attempts {
                let refused = result.is_err_and(|error| refusals.contains(&error.0));
                b.must(&format!("{what} of {name} is refused: {result:?}"), refused)?;
            }
        }
        b.umount(&l.target)
    })?;
    b.same("the lower layer", &before, &walk::walk(&l.lower)?)?;
    l.upper_is(b, &[])?;
    let left = b.works("listing", walk::list(&l.work.join("work")))?;
    b.must(
        &format!("an empty work directory, not {left:?}"),
        left.is_empty(),
    )
}

/// What a descriptor for reading is good for must not reach the file below.
fn by_descriptor(b: &Bench, path: &Path) -> Result<(), String> {
    const IMMUTABLE: u32 = 0x10;
    let show = path.display();
    let fd = b.works("open", sys::open(path, libc::O_RDONLY, 0))?;
    let realtime = sys::FileAttr {
        xflags: 1,
        ..sys::FileAttr::default()
    };
    let attempts = [
        ("write", sys::write(fd, b"W", Some(0)).map(drop)),
        ("ftruncate", sys::ftruncate(fd, 0)),
        ("fallocate", sys::fallocate(fd, 0, 0, 9000)),
        ("FS_IOC_SETFLAGS", sys::set_flags(fd, IMMUTABLE)),
        ("FS_IOC_FSSETXATTR", sys::fssetxattr(fd, realtime)),
        ("fchmod", sys::fchmod(fd, 0o4777)),
        ("fchown", sys::fchown(fd, 0, 0)),
        (
            "fsetxattr",
            sys::fsetxattr(fd, "security.capability", &[1], 0),
        ),
    ];
    for (what, result) in attempts {
        b.must(
            &format!("{what} of {show} is refused: {result:?}"),
            result.is_err(),
        )?;
    }
    Ok(sys::close(fd)?)
}
