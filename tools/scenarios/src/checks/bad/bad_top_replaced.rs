// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "objects of the upper layer that are replaced by others behind the union give errors or what is there, never a crash",
    run,
    ..Check::DEFAULT
};

const TYPES: [&str; 6] = ["file", "dir", "symlink", "fifo", "whiteout", "nothing"];

fn make(path: &Path, kind: &str) {
    let _ = match kind {
        "file" => std::fs::write(path, "behind").map_err(|_| crate::errno::Errno(0)),
        "dir" => sys::mkdir(path, 0o755).and_then(|()| sys::mkdir(path.join("behind"), 0o755)),
        "symlink" => sys::symlink("behind", path),
        "fifo" => sys::mknod(path, libc::S_IFIFO | 0o600, 0),
        "whiteout" => sys::mknod(path, libc::S_IFCHR, 0),
        _ => Ok(()),
    };
}

fn remove(path: &Path) {
    let _ = sys::unlink(path);
    let _ = std::fs::remove_dir_all(path);
}

/// Every kind of call on one name; what they answer is left to the union.
fn use_it(root: &Path, path: &Path) {
    let _ = sys::stat(path, libc::AT_SYMLINK_NOFOLLOW);
    let _ = walk::list(path);
    if let Ok(fd) = sys::open(path, libc::O_RDWR | libc::O_NONBLOCK, 0) {
        let _ = sys::write(fd, b"x", None);
        let _ = sys::read(fd, 10, Some(0));
        let _ = sys::close(fd);
    }
    let _ = sys::readlink(path);
    let _ = sys::chmod(path, 0o700);
    let _ = sys::setxattr(path, "user.a", b"1", 0);
    let _ = sys::listxattr(path);
    let _ = sys::mkdir(path.join("sub"), 0o755);
    let _ = sys::mknod(path.join("node"), libc::S_IFIFO | 0o600, 0);
    let _ = sys::link(path, root.join("link"), 0);
    let _ = sys::rename(path, root.join("away"), 0);
    let _ = sys::rename(root.join("away"), path, 0);
    let _ = sys::rename(path, root.join("other"), libc::RENAME_EXCHANGE);
    let _ = sys::rename(root.join("other"), path, libc::RENAME_NOREPLACE);
    let _ = sys::unlink(path);
    let _ = sys::rmdir(path);
    let _ = sys::mkdir(path, 0o755);
    let _ = sys::symlink("again", path);
}

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let union = b.union(&l);
    for was in TYPES {
        for becomes in TYPES {
            let name = format!("{was}-{becomes}");
            // Half of them hide something.
            if becomes < was {
                make(&l.lowers[0].join(&name), "dir");
            }
            make(&l.upper.join(&name), was);
        }
    }
    b.file(&l.upper.join("other"), "other")?;
    let lowers = b.lower_trees(&l)?;
    union.mount(&l.target)?;
    for was in TYPES {
        for becomes in TYPES {
            let name = format!("{was}-{becomes}");
            let (path, behind) = (l.target.join(&name), l.upper.join(&name));
            // It is known to the union, and open.
            let _ = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW);
            let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOFOLLOW;
            let open = sys::open(&path, flags, 0);
            remove(&behind);
            make(&behind, becomes);
            use_it(&l.target, &path);
            if let Ok(fd) = open {
                let _ = sys::getdents(fd, 4096);
                let _ = sys::read(fd, 10, None);
                let _ = sys::fchmod(fd, 0o750);
                sys::close(fd)?;
            }
        }
    }
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&l.target)?;
    // What is in the upper layer now is a tree like any other.
    union.mount(&l.target)?;
    b.sound(&union, &l, &lowers).map(drop)
}
