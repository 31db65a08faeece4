// SPDX-License-Identifier: GPL-2.0-only
//! One change of every kind, each on its own names, for checks in which changes fail.

use std::path::Path;

use crate::bench::{Bench, Layout};
use crate::mount::Union;
use crate::sys;
use crate::tree::Builder;
use crate::walk::{self, Tree};

/// A change that must be done completely or not at all.
pub struct Change {
    /// What it is.
    pub name: &'static str,
    /// Does it below the given root.
    pub call: fn(&Path) -> sys::Result<()>,
}

impl Change {
    /// A change of this name.
    pub const fn new(name: &'static str, call: fn(&Path) -> sys::Result<()>) -> Self {
        Self { name, call }
    }
}

/// Names of lower files of 12000 bytes, one for each change of a file.
const FILES: &[&str] = &[
    "write", "append", "truncate", "cut", "chmod", "chown", "times", "xattr", "link", "rename",
    "from", "onto", "swapped", "allocate", "unlink", "above",
];

/// All of them.
pub const CHANGES: &[Change] = &[
    Change::new("write into a lower file", |root| {
        with(&root.join("write"), libc::O_WRONLY, |fd| {
            sys::write(fd, b"W", Some(9))
        })
    }),
    Change::new("append to a lower file", |root| {
        let flags = libc::O_WRONLY | libc::O_APPEND;
        with(&root.join("append"), flags, |fd| sys::write(fd, b"A", None))
    }),
    Change::new("open a lower file with O_TRUNC", |root| {
        with(
            &root.join("cut"),
            libc::O_WRONLY | libc::O_TRUNC,
            |_| Ok(()),
        )
    }),
    Change::new("truncate a lower file", |root| {
        sys::truncate(root.join("truncate"), 9000)
    }),
    Change::new("fallocate in a lower file", |root| {
        with(&root.join("allocate"), libc::O_WRONLY, |fd| {
            sys::fallocate(
                fd,
                libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE,
                0,
                4096,
            )
        })
    }),
    Change::new("chmod of a lower file", |root| {
        sys::chmod(root.join("chmod"), 0o600)
    }),
    Change::new("chown of a lower file to its own group", |root| {
        let gid = sys::stat(root.join("chown"), 0)?.st_gid;
        sys::lchown(root.join("chown"), u32::MAX, gid)
    }),
    Change::new("utimes of a lower file", |root| {
        sys::utimens(root.join("times"), (5, 5), (6, 6), 0)
    }),
    Change::new("setxattr of a lower file", |root| {
        sys::setxattr(root.join("xattr"), "user.new", &[b'x'; 200], 0)
    }),
    Change::new("link of a lower file", |root| {
        sys::link(root.join("link"), root.join("linked"), 0)
    }),
    Change::new("rename of a lower file", |root| {
        sys::rename(root.join("rename"), root.join("sub/renamed"), 0)
    }),
    Change::new("rename of a lower file over a lower file", |root| {
        sys::rename(root.join("from"), root.join("onto"), 0)
    }),
    Change::new(
        "exchange of a lower file and one of the upper layer",
        |root| {
            let (lower, upper) = (root.join("swapped"), root.join("upper"));
            sys::rename(lower, upper, libc::RENAME_EXCHANGE)
        },
    ),
    Change::new(
        "rename of a file of the upper layer over a lower one",
        |root| sys::rename(root.join("move"), root.join("above"), 0),
    ),
    Change::new("unlink of a lower file", |root| {
        sys::unlink(root.join("unlink"))
    }),
    Change::new("rename of a lower directory", |root| {
        sys::rename(root.join("full"), root.join("sub/moved"), 0)
    }),
    Change::new("exchange of two lower directories", |root| {
        let (one, other) = (root.join("traded"), root.join("other/traded"));
        sys::rename(one, other, libc::RENAME_EXCHANGE)
    }),
    Change::new("rmdir of a lower directory", |root| {
        sys::rmdir(root.join("empty"))
    }),
    Change::new("rmdir of a merged directory with whiteouts", |root| {
        sys::rmdir(root.join("emptied"))
    }),
    Change::new("chmod of a lower directory", |root| {
        sys::chmod(root.join("dir"), 0o750)
    }),
    Change::new("create in a lower directory three levels down", |root| {
        let flags = libc::O_CREAT | libc::O_EXCL;
        with(&root.join("one/two/three/new"), flags, |_| Ok(()))
    }),
    Change::new("mkdir over a whiteout", |root| {
        sys::mkdir(root.join("gone"), 0o755)
    }),
    Change::new("symlink over a whiteout", |root| {
        sys::symlink("target", root.join("gone too"))
    }),
    Change::new("create", |root| {
        with(&root.join("created"), libc::O_CREAT | libc::O_EXCL, |_| {
            Ok(())
        })
    }),
    Change::new("mkdir", |root| sys::mkdir(root.join("made"), 0o755)),
    Change::new("mkfifo", |root| {
        sys::mknod(root.join("pipe"), libc::S_IFIFO | 0o600, 0)
    }),
    Change::new("utimes of a lower symbolic link", |root| {
        sys::utimens(
            root.join("symlink"),
            (5, 5),
            (6, 6),
            libc::AT_SYMLINK_NOFOLLOW,
        )
    }),
    Change::new("chmod of a lower fifo", |root| {
        sys::chmod(root.join("fifo"), 0o600)
    }),
    Change::new("link of a file without a name", |root| {
        with(root, libc::O_TMPFILE | libc::O_WRONLY, |fd| {
            sys::link_empty(fd, root.join("named"))
        })
    }),
];

/// Writes the bytes again with which a file begins, and gives it its time back: a lower one is copied up with its data,
/// and is as it was. Nothing is read.
pub fn rewrite(path: &Path, begins: &[u8]) -> sys::Result<()> {
    let stat = sys::stat(path, 0)?;
    with(path, libc::O_WRONLY, |fd| sys::write(fd, begins, Some(0)))?;
    let accessed = (stat.st_atime, stat.st_atime_nsec);
    let modified = (stat.st_mtime, stat.st_mtime_nsec);
    sys::utimens(path, accessed, modified, 0)
}

/// Opens a file, calls `work` on it, and closes it.
pub fn with<T>(
    path: &Path,
    flags: i32,
    work: impl FnOnce(i32) -> sys::Result<T>,
) -> sys::Result<()> {
    let fd = sys::open(path, flags, 0o644)?;
    let result = work(fd).map(drop);
    sys::close(fd)?;
    result
}

/// Length of each of the files in the lower layer.
pub const LENGTH: usize = 12_000;

/// The lower layer for the changes; everything belongs to `uid`.
pub fn lower(b: &mut Builder, uid: u32) {
    for (index, name) in FILES.iter().enumerate() {
        b.file(name, vec![b'a' + index as u8; LENGTH])
            .owner(uid, uid);
    }
    for name in [
        "empty",
        "dir",
        "sub",
        "emptied",
        "gone",
        "one",
        "one/two",
        "one/two/three",
        "full",
        "traded",
        "other",
        "other/traded",
    ] {
        b.dir(name).owner(uid, uid);
    }
    b.file("emptied/file", "x").owner(uid, uid);
    b.file("full/file", "x").owner(uid, uid);
    b.file("traded/one", "x").owner(uid, uid);
    b.file("other/traded/two", "x").owner(uid, uid);
    b.file("gone too", "x").owner(uid, uid);
    b.symlink("symlink", &"t".repeat(200)).owner(uid, uid);
    b.fifo("fifo").owner(uid, uid);
}

/// Objects that the changes need in the upper layer, made through the union while nothing fails.
pub fn prepare(root: &Path, uid: u32) -> sys::Result<()> {
    sys::lchown(root, uid, uid)?;
    sys::unlink(root.join("emptied/file"))?;
    sys::rmdir(root.join("gone"))?;
    sys::unlink(root.join("gone too"))?;
    for name in ["upper", "move"] {
        with(&root.join(name), libc::O_CREAT | libc::O_WRONLY, |fd| {
            sys::write(fd, &[b'T'; 3000], None)?;
            sys::fchown(fd, uid, uid)
        })?;
    }
    Ok(())
}

/// A mounted union with its upper layer on `upper_fs`, in which all changes can be made, and its lower layers as they
/// are.
pub fn prepared(b: &Bench, upper_fs: &Path) -> Result<(Layout, Union, Vec<Tree>), String> {
    let l = b.layout_on(upper_fs, 1)?;
    b.describe(&l, 0, |b| lower(b, 0))?;
    let (union, lowers) = b.mounted(&l)?;
    b.works("preparing", prepare(&l.target, 0))?;
    Ok((l, union, lowers))
}

/// Tries every change, with more and more room, until it succeeds: `room` gets one of `steps` in turn. As long as it
/// fails it must fail with `errno`, leave the tree as it was and nothing in the work directory. Returns the number of
/// failures.
pub fn squeeze(
    b: &Bench,
    layout: &Layout,
    uid: u32,
    errno: i32,
    steps: &[u64],
    mut room: impl FnMut(u64) -> Result<(), String>,
) -> Result<usize, String> {
    let root = &layout.target;
    let mut failures = 0;
    for change in CHANGES {
        let before = walk::walk(root)?;
        let mut done = false;
        for step in steps {
            room(*step)?;
            match as_user(uid, || (change.call)(root))? {
                Ok(()) => {
                    done = true;
                    break;
                }
                result => b.fails(&format!("{}, room {step}", change.name), result, errno)?,
            }
            failures += 1;
            let when = format!("after a failed {}, room {step}", change.name);
            b.same(&when, &untimed(&before), &untimed(&walk::walk(root)?))?;
            b.work_idle(layout)
                .map_err(|error| format!("{when}: {error}"))?;
        }
        must!(done, "{} succeeds in the end", change.name)?;
        let after = walk::walk(root)?;
        must!(
            before != after || change.name.starts_with("chown"),
            "{} shows",
            change.name
        )?;
    }
    Ok(failures)
}

/// The tree without the times of files that are written to: a write that fails may have changed them already.
pub fn untimed(tree: &Tree) -> Tree {
    let line = |(path, line): (&String, &String)| {
        let written = ["write", "append", "allocate"].contains(&path.as_str());
        let line = match line.split_once(" mtime=") {
            Some((head, tail)) if written => {
                format!(
                    "{head}{}",
                    tail.split_once(' ').map_or("", |(_, rest)| rest)
                )
            }
            _ => line.clone(),
        };
        (path.clone(), line)
    };
    tree.iter().map(line).collect()
}

/// Runs `work` as another user, without capabilities.
pub fn as_user<T>(uid: u32, work: impl FnOnce() -> T) -> Result<T, String> {
    if uid == 0 {
        return Ok(work());
    }
    sys::become_user(uid, uid, &[])?;
    let result = work();
    sys::become_root()?;
    Ok(result)
}

/// Every change must fail with one of `errnos` and leave the tree as it was.
pub fn all_fail(b: &Bench, layout: &Layout, errnos: &[i32]) -> Result<(), String> {
    let before = walk::walk(&layout.target)?;
    for change in CHANGES {
        match (change.call)(&layout.target) {
            Err(error) if errnos.contains(&error.0) => {}
            other => return Err(format!("{}: must fail, gave {other:?}", change.name)),
        }
    }
    b.same(
        "after changes that failed",
        &before,
        &walk::walk(&layout.target)?,
    )
}

/// Every change must succeed.
pub fn all_work(b: &Bench, layout: &Layout) -> Result<(), String> {
    for change in CHANGES {
        b.works(change.name, (change.call)(&layout.target))?;
    }
    Ok(())
}
