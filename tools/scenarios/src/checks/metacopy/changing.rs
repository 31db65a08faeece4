// SPDX-License-Identifier: GPL-2.0-only
//! Changing files whose data overlayfs left in lower layers. The same calls are made on plain files.

use std::path::{Path, PathBuf};

use crate::acl;
use crate::bench::{Bench, Layout};
use crate::copies::Copies;
use crate::metacopy::{self, At, Change, allocate, done, open};
use crate::mount::Union;
use crate::shape::Fs;
use crate::sys::{self, Aligned, Map};
use crate::walk;

/// Whatever changes data. If one of them succeeds the file, settled, has no mark any more.
const DATA: [(&str, Change); 27] = [
    ("write", |f| {
        open(f, libc::O_WRONLY, |fd| sys::write(fd, b"new", Some(5)))
    }),
    ("write_page", |f| {
        open(f, libc::O_WRONLY, |fd| {
            sys::write(fd, &[b'n'; 4096], Some(4096))
        })
    }),
    ("write_beyond", |f| {
        open(f, libc::O_WRONLY, |fd| {
            sys::write(fd, b"new", Some(400_001))
        })
    }),
    ("append", |f| {
        open(f, libc::O_WRONLY | libc::O_APPEND, |fd| {
            sys::write(fd, b"new", None)
        })
    }),
    ("read_write", |f| {
        open(f, libc::O_RDWR, |fd| {
            let before = sys::read(fd, 20, Some(0))?;
            sys::write(fd, b"new", Some(2))?;
            let after = sys::read(fd, 20, Some(0))?;
            Ok(format!("{} {}", walk::show(&before), walk::show(&after)))
        })
    }),
    ("truncate_down", |f| done(sys::truncate(f, 100))),
    ("truncate_same", |f| {
        let size = sys::stat(f, 0)?.st_size;
        done(sys::truncate(f, size))
    }),
    ("truncate_up", |f| done(sys::truncate(f, 400_000))),
    ("truncate_zero", |f| done(sys::truncate(f, 0))),
    ("ftruncate", |f| {
        open(f, libc::O_WRONLY, |fd| done(sys::ftruncate(fd, 3)))
    }),
    ("open_truncate", |f| {
        open(f, libc::O_WRONLY | libc::O_TRUNC, |_| Ok(0))
    }),
    ("allocate", |f| allocate(f, 0, 60_000, 300_000)),
    ("allocate_keep", |f| {
        allocate(f, libc::FALLOC_FL_KEEP_SIZE, 60_000, 300_000)
    }),
    ("punch", |f| {
        allocate(
            f,
            libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE,
            4000,
            8000,
        )
    }),
    ("zero_range", |f| {
        allocate(f, libc::FALLOC_FL_ZERO_RANGE, 4000, 8000)
    }),
    ("collapse", |f| {
        allocate(f, libc::FALLOC_FL_COLLAPSE_RANGE, 4096, 8192)
    }),
    ("insert", |f| {
        allocate(f, libc::FALLOC_FL_INSERT_RANGE, 4096, 8192)
    }),
    ("shared_map", |f| {
        open(f, libc::O_RDWR, |fd| {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let mut map = Map::new(fd, 4096, access, libc::MAP_SHARED)?;
            map.store(10, b"new");
            map.sync()?;
            Ok(walk::show(&sys::read(fd, 20, Some(0))?))
        })
    }),
    ("fixed_map", |f| {
        open(f, libc::O_RDWR, |fd| {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let mut map = Map::over(fd, 4096, access, libc::MAP_SHARED)?;
            map.store(20, b"new");
            done(map.sync())
        })
    }),
    ("direct", |f| {
        open(f, libc::O_WRONLY | libc::O_DIRECT, |fd| {
            sys::write(fd, &Aligned::filled(4096, b'n'), Some(4096))
        })
    }),
    ("dsync", |f| {
        open(f, libc::O_WRONLY | libc::O_DSYNC, |fd| {
            sys::write(fd, b"new", Some(7))
        })
    }),
    ("fdatasync", |f| {
        open(f, libc::O_WRONLY, |fd| {
            sys::write(fd, b"new", Some(9))?;
            done(sys::fdatasync(fd))
        })
    }),
    ("copy_range", |f| {
        open(f, libc::O_RDWR, |fd| {
            sys::copy_file_range(fd, 0, fd, 2000, 1000)
        })
    }),
    ("sendfile", |f| {
        let from = sys::memfd("from")?;
        sys::write(from, b"sent", Some(0))?;
        let answer = open(f, libc::O_WRONLY, |fd| {
            Ok(sys::sendfile_at(fd, from, 0, 4)?.0)
        });
        sys::close(from)?;
        answer
    }),
    ("splice", |f| {
        let (reader, writer) = sys::pipe()?;
        sys::write(writer, b"spliced", None)?;
        let to = Some(30);
        let answer = open(f, libc::O_WRONLY, |fd| {
            sys::splice_at(reader, None, fd, to, 7, 0)
        });
        sys::close(reader)?;
        sys::close(writer)?;
        answer
    }),
    ("times_after", |f| {
        open(f, libc::O_WRONLY, |fd| {
            sys::write(fd, b"new", Some(1))?;
            done(sys::futimens(fd, (3, 4), (5, 6)))
        })
    }),
    ("mode_between", |f| {
        open(f, libc::O_WRONLY, |fd| {
            sys::fchmod(fd, 0o604)?;
            let written = sys::write(fd, b"new", Some(1))?;
            sys::fchown(fd, 9, 9)?;
            Ok(written)
        })
    }),
];

/// Whatever changes nothing but metadata, and names.
const METADATA: [(&str, Change); 17] = [
    ("chmod", |f| done(sys::chmod(f, 0o604))),
    ("chown", |f| done(sys::lchown(f, 9, 9))),
    ("utimes", |f| done(sys::utimens(f, (3, 4), (5, 6), 0))),
    ("setxattr", |f| done(sys::setxattr(f, "user.c", b"3", 0))),
    ("removexattr", |f| done(sys::removexattr(f, "user.a"))),
    ("acl", |f| {
        let list = acl::encode("u:7,user:1000:6,g:4,m:6,o:4");
        done(sys::setxattr(f, acl::ACCESS, &list, 0))
    }),
    ("fchmod", |f| {
        open(f, libc::O_RDONLY, |fd| done(sys::fchmod(fd, 0o640)))
    }),
    ("open_only", |f| {
        open(f, libc::O_RDWR, |fd| Ok(sys::read(fd, 9, Some(0))?.len()))
    }),
    ("private_map", |f| {
        open(f, libc::O_RDWR, |fd| {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let mut map = Map::new(fd, 4096, access, libc::MAP_PRIVATE)?;
            map.store(0, b"mine");
            Ok(walk::show(&map.bytes()[..20]))
        })
    }),
    ("rename", |f| {
        done(sys::rename(f, f.with_file_name("renamed"), 0))
    }),
    ("rename_away", |f| {
        done(sys::rename(
            f,
            f.with_file_name("../elsewhere").join(file_name(f)),
            0,
        ))
    }),
    ("rename_made", |f| {
        let dir = f.with_file_name("made");
        sys::mkdir(&dir, 0o755)?;
        done(sys::rename(f, dir.join("inside"), 0))
    }),
    ("exchange", |f| {
        done(sys::rename(
            f,
            f.with_file_name("fchmod"),
            libc::RENAME_EXCHANGE,
        ))
    }),
    ("rename_over", |f| {
        done(sys::rename(f, f.with_file_name("private_map"), 0))
    }),
    ("copied_from", |f| {
        let flags = libc::O_WRONLY | libc::O_CREAT;
        let to = sys::open(f.with_file_name("copy"), flags, 0o644)?;
        let answer = open(f, libc::O_RDONLY, |fd| {
            sys::copy_file_range(fd, 0, to, 0, 3000)
        });
        sys::close(to)?;
        answer
    }),
    ("link", |f| {
        done(sys::link(f, f.with_file_name("linked"), 0))
    }),
    ("unlink", |f| done(sys::unlink(f))),
];

fn file_name(path: &Path) -> String {
    let mut name = path
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default()
        .to_owned();
    name.push("-");
    name.push(path.file_name().unwrap_or_default());
    name.to_string_lossy().into_owned()
}

/// The kinds of files, a directory for each.
const KINDS: [&str; 3] = ["odd", "holes", "page"];

/// A file of each kind for each change.
fn fill(b: &Bench, root: &Path, changes: &[(&str, Change)]) -> Result<(), String> {
    b.dir(&root.join("elsewhere"))?;
    for kind in KINDS {
        b.dir(&root.join(kind))?;
        for (name, _) in changes {
            let file = root.join(kind).join(name);
            metacopy::make(&file, kind, &format!("{kind}/{name}"))?;
            b.works("setxattr", sys::setxattr(&file, "user.a", b"1", 0))?;
        }
    }
    Ok(())
}

/// What is done before to all files, by overlayfs and on the plain ones.
fn touch(root: &Path, changes: &[(&str, Change)]) -> Result<(), String> {
    for kind in KINDS {
        for (name, _) in changes {
            let file = root.join(kind).join(name);
            let steps = || -> sys::Result<()> {
                sys::setxattr(&file, "user.b", b"2", 0)?;
                sys::lchown(&file, 7, 8)?;
                sys::chmod(&file, 0o640)
            };
            steps().map_err(|error| format!("{kind}/{name}: {error}"))?;
        }
    }
    Ok(())
}

/// Makes the changes on plain files and on files without data, and compares. Returns the layers of the unmounted union,
/// in which nothing is partial, and the tree.
fn compare(
    b: &Bench,
    base: &Path,
    (at, copies): (At, Copies),
    changes: &[(&str, Change)],
) -> Result<(Layout, walk::Tree), String> {
    let plain = b.dir(&base.join("plain"))?;
    fill(b, &plain, changes)?;
    touch(&plain, changes)?;
    let mut l = b.layout_in(base, 1)?;
    fill(b, &l.lowers[0], changes)?;
    b.in_overlayfs(&l, |root| touch(root, changes))?;
    for kind in KINDS {
        for (name, _) in changes {
            b.marked(&l.upper.join(kind).join(name))?;
        }
    }
    if at == At::Lower {
        l = b.lay_on(&l, "next")?;
    }
    let lowers = b.lower_trees(&l)?;
    let union = copies.of(b, b.follows(&l));
    union.mount(&l.target)?;
    for kind in KINDS {
        for (name, change) in changes {
            let (path, other) = (l.target.join(kind).join(name), plain.join(kind).join(name));
            let (found, expected) = (change(&path), change(&other));
            let what = format!("{at:?}, {kind}/{name}");
            must!(found == expected, "{what} is {expected:?}, not {found:?}")?;
            let after = |path: &Path| walk::walk(path).map_err(|error| format!("{what}: {error}"));
            if sys::stat(&other, 0).is_ok() {
                b.same(&what, &after(&other)?, &after(&path)?)?;
            }
        }
    }
    let tree = walk::walk(&plain)?;
    let found = metacopy::view(&l.target).and_then(|_| walk::walk(&l.target))?;
    b.same(&format!("{at:?}, plain files and the union"), &tree, &found)?;
    b.umount(&l.target)?;
    b.work_empty(&l)?;
    for (number, before) in lowers.iter().enumerate() {
        b.same("a lower layer", before, &walk::walk(&l.lowers[number])?)?;
    }
    b.within(&union, &l.target, |root| {
        b.same(&format!("{at:?}, mounted again"), &tree, &walk::walk(root)?)
    })?;
    b.settle_all(&union, &l)?;
    Ok((l, tree))
}

/// Why overlayfs differs.
const AT_OPEN: &str = "overlayfs copies the data when a file is opened, and loses its time";

/// Each kind of change of data does what it does on a plain file, and leaves a file that any overlayfs reads, when it is
/// settled or the data are copied as a whole.
pub fn metacopy_write(b: &mut Bench) -> Result<(), String> {
    b.union_only(AT_OPEN)?;
    write(b, |b, name| b.tmpfs(name))
}

/// The same on ext4, which can do more.
pub fn metacopy_write_ext4(b: &mut Bench) -> Result<(), String> {
    let ext4 = b.verity_ext4()?;
    write(b, |b, name| b.dir(&ext4.join(name)))
}

/// The same where blocks can be shared with the lower file.
pub fn metacopy_write_xfs(b: &mut Bench) -> Result<(), String> {
    let base = b.disk(Fs::Xfs)?.join("metacopy");
    write(b, |b, name| b.dir(&base.join(name)))?;
    std::fs::remove_dir_all(&base).map_err(|error| error.to_string())
}

fn write(b: &Bench, base: impl Fn(&Bench, &str) -> Result<PathBuf, String>) -> Result<(), String> {
    let cases = [
        (At::Upper, Copies::Parts, "upper-parts"),
        (At::Lower, Copies::Parts, "lower-parts"),
        (At::Upper, Copies::Whole, "upper-whole"),
        (At::Lower, Copies::Whole, "lower-whole"),
    ];
    for (at, copies, name) in cases {
        let (l, tree) = compare(b, &base(b, name)?, (at, copies), &DATA)?;
        let mut refused = Vec::new();
        for kind in KINDS {
            for (name, _) in DATA {
                // What the file system cannot do, it does not.
                let file = l.upper.join(kind).join(name);
                if tree[&format!("{kind}/{name}")].contains("mtime=now") {
                    b.unmarked(&file)?;
                } else if sys::getxattr(&file, metacopy::MARK).is_ok() {
                    refused.push(format!("{kind}/{name}"));
                }
            }
        }
        must!(
            refused.len() < DATA.len(),
            "most have changed, but {refused:?}"
        )?;
        if refused.is_empty() {
            let plain = Union::new("overlay")
                .lowers(&l.lowers)
                .upper(&l.upper, &l.work);
            b.within(&plain, &l.target, |root| {
                b.same(&format!("{at:?}, as overlayfs"), &tree, &walk::walk(root)?)
            })?;
        }
        b.within(&b.overlayfs(&l), &l.target, |root| {
            b.same(
                &format!("{at:?}, as overlayfs with metacopy"),
                &tree,
                &walk::walk(root)?,
            )
        })?;
    }
    Ok(())
}

/// Changes of metadata and names need no data: the files keep showing theirs, also in overlayfs.
pub fn metacopy_metadata(b: &mut Bench) -> Result<(), String> {
    b.union_only(AT_OPEN)?;
    metadata(b, |b, name| b.tmpfs(name))
}

/// The same on ext4.
pub fn metacopy_metadata_ext4(b: &mut Bench) -> Result<(), String> {
    b.union_only(AT_OPEN)?;
    let ext4 = b.verity_ext4()?;
    metadata(b, |b, name| b.dir(&ext4.join(name)))
}

fn metadata(
    b: &Bench,
    base: impl Fn(&Bench, &str) -> Result<PathBuf, String>,
) -> Result<(), String> {
    for (at, name) in [(At::Upper, "upper-case"), (At::Lower, "lower-case")] {
        let (l, tree) = compare(b, &base(b, name)?, (at, Copies::Parts), &METADATA)?;
        if at == At::Upper {
            for name in [
                "chmod",
                "chown",
                "utimes",
                "setxattr",
                "removexattr",
                "acl",
                "open_only",
            ] {
                b.marked(&l.upper.join("odd").join(name))?;
            }
        }
        b.within(&b.overlayfs(&l), &l.target, |root| {
            b.same(
                &format!("{at:?}, as overlayfs with metacopy"),
                &tree,
                &walk::walk(root)?,
            )
        })?;
        // And then the data.
        let mut changed = walk::Tree::new();
        b.within(&b.follows(&l), &l.target, |root| {
            for name in tree.keys().filter(|name| tree[*name].starts_with("file ")) {
                let path = root.join(name);
                let before = std::fs::read(&path).map_err(|error| format!("{name}: {error}"))?;
                let fd = b.works(name, sys::open(&path, libc::O_WRONLY, 0))?;
                b.works(name, sys::write(fd, b"later", Some(1)))?;
                b.works(name, sys::close(fd))?;
                let mut expected = before;
                expected[1..6].copy_from_slice(b"later");
                b.has(&path, &expected)?;
                b.settle(&path)?;
                b.has(&path, &expected)?;
                b.unmarked(&l.upper.join(name))?;
            }
            changed = walk::walk(root)?;
            Ok(())
        })?;
        let plain = Union::new("overlay")
            .lowers(&l.lowers)
            .upper(&l.upper, &l.work);
        b.within(&plain, &l.target, |root| {
            b.same(
                &format!("{at:?}, at last as overlayfs"),
                &changed,
                &walk::walk(root)?,
            )
        })?;
    }
    Ok(())
}
