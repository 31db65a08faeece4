// SPDX-License-Identifier: GPL-2.0-only
//! The calls that meet the faults: every change, the mount itself, and calls that only read.

use std::path::Path;

use crate::acl;
use crate::changes::{CHANGES, Change, with};
use crate::parts;
use crate::sys;
use crate::tree::Builder;
use crate::union;
use crate::walk;

/// The effect of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Another tree.
    Change,
    /// The same tree.
    Look,
    /// A mount.
    Mount,
}

/// One call.
pub struct Work {
    /// Its description.
    pub name: &'static str,
    /// Its effect.
    pub kind: Kind,
    /// Makes the call below the given root; the caller, which knows the layers, mounts.
    pub call: fn(&Path) -> sys::Result<()>,
    /// Of a large file, in a union with `partial=on`: what is done before without faults.
    pub part: Option<fn(&Path) -> sys::Result<()>>,
}

impl Work {
    /// Its name as a part of the name of a case.
    pub fn slug(&self) -> String {
        self.name.replace(' ', "-")
    }

    /// Whether it has two steps on any file system, the first of which stays when the second fails: open(2) with
    /// O_CREAT makes the file before it opens it, a write with O_DSYNC writes before it syncs.
    pub fn is_two_steps(&self) -> bool {
        self.name.starts_with("create")
            || self.name.contains("O_TRUNC")
            || self.name.contains("O_DSYNC")
            || self.name.contains("mapping")
    }
}

/// All of them.
pub fn all() -> impl Iterator<Item = Work> {
    let of = |kind| {
        move |change: &Change| Work {
            name: change.name,
            kind,
            call: change.call,
            part: None,
        }
    };
    let mount = Work {
        name: "mount",
        kind: Kind::Mount,
        call: |_| Ok(()),
        part: None,
    };
    let changes = CHANGES.iter().chain(MORE).map(of(Kind::Change));
    let looks = LOOKS.iter().map(of(Kind::Look));
    let parts = PARTS.iter().map(move |(prepare, kind, change)| Work {
        part: Some(*prepare),
        ..of(*kind)(change)
    });
    std::iter::once(mount)
        .chain(changes)
        .chain(looks)
        .chain(parts)
}

/// The large file.
pub const LARGE: &str = "large";

/// Nothing was written yet.
const UNTOUCHED: fn(&Path) -> sys::Result<()> = |_| Ok(());

/// Two pieces were written, of which the disk knows one.
const WRITTEN: fn(&Path) -> sys::Result<()> = |root| {
    let path = root.join(LARGE);
    with(&path, libc::O_WRONLY, |fd| {
        parts::whole(fd, 50_001, b"synced")?;
        sys::fsync(fd)?;
        parts::whole(fd, 150_001, b"written")
    })
};

/// Calls on a large file that comes to the upper layer in parts, with what is done before.
const PARTS: &[(fn(&Path) -> sys::Result<()>, Kind, Change)] = &[
    (
        UNTOUCHED,
        Kind::Change,
        Change::new("first write into a large file", |root| {
            parts::pwrite(&root.join(LARGE), 100_001, b"faults")
        }),
    ),
    (
        WRITTEN,
        Kind::Change,
        Change::new("second write into a large file", |root| {
            parts::pwrite(&root.join(LARGE), 99_990, &[b'f'; 9000])
        }),
    ),
    (
        WRITTEN,
        Kind::Change,
        Change::new("write into a large file with O_DSYNC", |root| {
            with(&root.join(LARGE), libc::O_WRONLY | libc::O_DSYNC, |fd| {
                parts::whole(fd, 200_001, b"faults")
            })
        }),
    ),
    (
        WRITTEN,
        Kind::Change,
        Change::new("append to a large file", |root| {
            let flags = libc::O_WRONLY | libc::O_APPEND;
            with(&root.join(LARGE), flags, |fd| sys::write(fd, b"A", None))
        }),
    ),
    (
        UNTOUCHED,
        Kind::Change,
        Change::new("first truncate of a large file", |root| {
            sys::truncate(root.join(LARGE), 100_001)
        }),
    ),
    (
        WRITTEN,
        Kind::Change,
        Change::new("truncate of a written large file", |root| {
            sys::truncate(root.join(LARGE), 100_001)
        }),
    ),
    (
        WRITTEN,
        Kind::Change,
        Change::new("longer large file", |root| {
            sys::truncate(root.join(LARGE), 400_001)
        }),
    ),
    (
        WRITTEN,
        Kind::Look,
        Change::new("read of a large file", |root| {
            with(&root.join(LARGE), libc::O_RDONLY, |fd| {
                sys::read(fd, parts::SIZE, Some(0))?;
                // The file is shorter than that.
                match sys::lseek(fd, 0, libc::SEEK_HOLE) {
                    Err(crate::errno::Errno(libc::ENXIO)) => Ok(0),
                    other => other,
                }
            })
        }),
    ),
    (
        WRITTEN,
        Kind::Look,
        Change::new("fsync of a large file", |root| {
            with(&root.join(LARGE), libc::O_WRONLY, sys::fsync)
        }),
    ),
    (
        WRITTEN,
        Kind::Look,
        Change::new("syncfs with a large file", |root| {
            with(root, libc::O_RDONLY, sys::syncfs)
        }),
    ),
    (
        WRITTEN,
        Kind::Look,
        Change::new("settle a large file", |root| {
            with(&root.join(LARGE), libc::O_RDONLY, |fd| {
                union::settle(fd).map(drop)
            })
        }),
    ),
    (
        WRITTEN,
        Kind::Change,
        Change::new("mapping of a large file", |root| {
            with(&root.join(LARGE), libc::O_RDWR, |fd| {
                let both = libc::PROT_READ | libc::PROT_WRITE;
                let mut map = sys::Map::new(fd, parts::SIZE, both, libc::MAP_SHARED)?;
                map.store(200_001, b"mapped");
                Ok(())
            })
        }),
    ),
    (
        WRITTEN,
        Kind::Change,
        Change::new("hole in a large file", |root| {
            with(&root.join(LARGE), libc::O_WRONLY, |fd| {
                let hole = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
                sys::fallocate(fd, hole, 200_704, 8192)
            })
        }),
    ),
    (
        WRITTEN,
        Kind::Change,
        Change::new("rename of a large file", |root| {
            sys::rename(root.join(LARGE), root.join("sub/large"), 0)
        }),
    ),
    (
        WRITTEN,
        Kind::Change,
        Change::new("unlink of a large file", |root| {
            sys::unlink(root.join(LARGE))
        }),
    ),
];

/// Changes that need what [`tree`] has.
const MORE: &[Change] = &[
    Change::new("unlink of a file of the upper layer", |root| {
        sys::unlink(root.join("upper"))
    }),
    Change::new("chmod of a file of the upper layer", |root| {
        sys::chmod(root.join("upper"), 0o600)
    }),
    Change::new("link of a file of the upper layer", |root| {
        sys::link(root.join("upper"), root.join("dir/linked"), 0)
    }),
    Change::new(
        "rename of a directory of the upper layer over a whiteout",
        |root| sys::rename(root.join("fresh"), root.join("gone"), 0),
    ),
    Change::new(
        "rename of a directory of the upper layer over an emptied one",
        |root| sys::rename(root.join("fresh"), root.join("emptied"), 0),
    ),
    Change::new(
        "exchange of a directory and a file of the upper layer",
        |root| {
            let (dir, file) = (root.join("fresh"), root.join("upper"));
            sys::rename(dir, file, libc::RENAME_EXCHANGE)
        },
    ),
    Change::new("rename of a lower symbolic link", |root| {
        sys::rename(root.join("symlink"), root.join("dir/symlink"), 0)
    }),
    Change::new("removexattr of a lower file", |root| {
        sys::removexattr(root.join("marked"), "user.mark")
    }),
    Change::new("restore of a deleted name", |root| {
        with(root, libc::O_RDONLY, |fd| union::restore(fd, "lost"))
    }),
    Change::new("ACL of a lower file", |root| {
        let list = acl::encode("u:6,user:1000:7,g:4,m:7,o:0");
        sys::setxattr(root.join("xattr"), acl::ACCESS, &list, 0)
    }),
];

/// Calls that only read.
const LOOKS: &[Change] = &[
    Change::new("stat of a lower file", |root| {
        sys::stat(root.join("one/two/three"), 0).map(drop)
    }),
    Change::new("stat of nothing", |root| {
        match sys::stat(root.join("one/two/none"), 0) {
            // The expected result; any other is caused by the fault.
            Err(crate::errno::Errno(libc::ENOENT)) => Ok(()),
            other => other.map(drop),
        }
    }),
    Change::new("list of a merged directory", |root| {
        walk::list(root).map(drop)
    }),
    Change::new("fallthru set of a merged directory", |root| {
        with(root, libc::O_RDONLY, |fd| {
            union::fallthrus(fd, 65536).map(drop)
        })
    }),
    Change::new("read of a lower file", |root| {
        let path = root.join("write");
        with(&path, libc::O_RDONLY, |fd| sys::read(fd, 12_000, None))
    }),
    Change::new("readlink of a lower symbolic link", |root| {
        sys::readlink(root.join("symlink")).map(drop)
    }),
    Change::new("listxattr of a lower file", |root| {
        sys::listxattr(root.join("marked")).map(drop)
    }),
    Change::new("fsync of a file of the upper layer", |root| {
        with(&root.join("upper"), libc::O_WRONLY, sys::fsync)
    }),
    Change::new("open of a lower file for writing", |root| {
        with(&root.join("append"), libc::O_WRONLY, |_| Ok(()))
    }),
    Change::new("open of a file without a name", |root| {
        let flags = libc::O_TMPFILE | libc::O_WRONLY;
        with(&root.join("dir"), flags, |_| Ok(()))
    }),
];

/// The tree that this work finds.
pub fn tree(b: &mut Builder, work: &Work) {
    crate::changes::lower(b, 0);
    if work.part.is_some() {
        b.file(LARGE, parts::old());
    }
    b.file("marked", "text").xattr("user.mark", b"yes");
    b.file("lost", "text");
    b.upper().dir("emptied");
    b.whiteout("emptied/file");
    b.whiteout("gone");
    b.whiteout("lost");
    b.whiteout("gone too");
    for name in ["upper", "move"] {
        b.file(name, "T".repeat(3000));
    }
    b.dir("fresh");
    b.file("fresh/inside", "text");
}
