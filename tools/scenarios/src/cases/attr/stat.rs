// SPDX-License-Identifier: GPL-2.0-only
//! stat(2) and statx(2).

use crate::prelude::*;

/// Blocks and block size are plausible, and go with the data at copy-up and truncation.
pub fn stat_blocks(b: &mut Builder) -> Steps {
    b.file("full", vec![b'x'; 300_000]);
    b.file("empty", "");
    b.upper().file("upper", vec![b'x'; 300_000]);
    steps(|r| {
        let look = |r: &mut Run, name: &str| {
            let stat = sys::stat(name, 0).expect("it is there");
            let bytes = stat.st_blocks * 512;
            r.expect(
                format_args!("room for the data of {name}"),
                // Space preallocated for growth is up to the file system.
                bytes >= stat.st_size && bytes <= stat.st_size + (1 << 20),
            );
            let block = stat.st_blksize;
            r.expect(
                format_args!("block size of {name}"),
                (512..=(64 << 20)).contains(&block) && block & (block - 1) == 0,
            );
        };
        for name in ["full", "empty", "upper"] {
            look(r, name);
            r.put(name, O_WRONLY | O_APPEND, vec![b'y'; 100_000]);
            look(r, name);
            r.truncate(name, 5000);
            look(r, name);
            r.truncate(name, 0);
            look(r, name);
        }
        // Far beyond the end: a hole takes no room.
        r.put("sparse", O_WRONLY | O_CREAT, "begin");
        r.truncate("sparse", 1 << 30);
        let stat = sys::stat("sparse", 0).expect("it is there");
        r.expect("holes take no room", stat.st_blocks * 512 < 1 << 20);
    })
}

/// statx reports direct I/O as the upper layer's file system does, and it works where it is reported.
pub fn stat_direct(b: &mut Builder) -> Steps {
    b.file("low", vec![b'x'; 8192]);
    b.upper().file("upper", vec![b'x'; 8192]);
    b.dir("dir");
    steps(|r| {
        let fd = r.open("low", O_WRONLY);
        r.pwrite(fd, "x", 0);
        r.close(fd);
        for name in ["low", "upper", "dir"] {
            let Ok(stat) = sys::statx(sys::HERE, name, 0, libc::STATX_DIOALIGN) else {
                continue;
            };
            let told = stat.stx_mask & libc::STATX_DIOALIGN != 0;
            let (memory, offset) = (stat.stx_dio_mem_align, stat.stx_dio_offset_align);
            if name == "low" {
                // A copy that shares its blocks with the lower file has an alignment of its own.
                r.expect("of the copy", told && (memory == 0) == (offset == 0));
            } else {
                r.note(format_args!(
                    "{name}: told {told}, memory {memory}, offset {offset}"
                ));
            }
        }
        for name in ["low", "upper"] {
            let fd = r.open(name, O_RDWR | O_DIRECT);
            // Direct I/O at an odd position takes no space, unless it goes through the page cache in the end.
            let result = sys::read(fd.raw(), 4096, Some(1));
            r.call("a read at an odd place", result.map(|data| data.len()));
        }
    })
    .not_on(
        &["read-only-erofs"],
        "a file that cannot be copied up is on another file system",
    )
}

/// statx returns all basic fields for any mask, and refuses unknown flags.
pub fn stat_masks(b: &mut Builder) -> Steps {
    every_kind(b, "low");
    b.upper();
    every_kind(b, "upper");
    steps(|r| {
        let nofollow = libc::AT_SYMLINK_NOFOLLOW;
        for path in KINDS
            .iter()
            .flat_map(|k| [format!("low/{k}"), format!("upper/{k}")])
        {
            let whole = sys::stat(&path, nofollow).expect("it is there");
            for mask in [
                0,
                libc::STATX_INO,
                libc::STATX_SIZE | libc::STATX_MTIME,
                libc::STATX_BASIC_STATS,
                libc::STATX_ALL,
                0x7fff_ffff,
            ] {
                for sync in [0, libc::AT_STATX_DONT_SYNC, libc::AT_STATX_FORCE_SYNC] {
                    let Ok(stat) = sys::statx(sys::HERE, &path, nofollow | sync, mask) else {
                        r.note(format_args!("{path}: no statx"));
                        continue;
                    };
                    let device = libc::makedev(stat.stx_dev_major, stat.stx_dev_minor);
                    let asked = |bit: u32, same: bool| mask & bit == 0 || same;
                    // A read-only file system says that it keeps no access times.
                    let basic = libc::STATX_BASIC_STATS & !libc::STATX_ATIME;
                    let nanoseconds = stat.stx_mtime.tv_nsec;
                    let mut wrong = Vec::new();
                    for (field, right) in [
                        ("mask", mask & basic & !stat.stx_mask == 0),
                        ("type", u32::from(stat.stx_mode) == whole.st_mode),
                        ("number", stat.stx_ino == whole.st_ino),
                        ("device", device == whole.st_dev),
                        ("links", u64::from(stat.stx_nlink) == sys::links(&whole)),
                        ("size", stat.stx_size == whole.st_size as u64),
                        ("blocks", stat.stx_blocks == whole.st_blocks as u64),
                        (
                            "block size",
                            i64::from(stat.stx_blksize) == sys::block_size(&whole),
                        ),
                        (
                            "time",
                            asked(
                                libc::STATX_MTIME,
                                i64::from(nanoseconds) == whole.st_mtime_nsec,
                            ),
                        ),
                    ] {
                        if !right {
                            wrong.push(field);
                        }
                    }
                    r.note(format_args!(
                        "statx of {path}, {mask:#x}, {sync:#x}: wrong are {wrong:?}"
                    ));
                }
            }
        }
        for (path, flags, mask) in [
            ("low/file", 0x6000, libc::STATX_ALL),
            ("low/file", 0, libc::STATX__RESERVED as u32),
            ("low/file", 1 << 30, 0),
            ("", 0, 0),
            ("", libc::AT_EMPTY_PATH, 0),
            ("low/file", libc::AT_NO_AUTOMOUNT, 0),
            ("low/none", 0, 0),
            ("low/file/x", 0, 0),
        ] {
            let result = sys::statx(sys::HERE, path, flags, mask).map(drop);
            r.done(
                format_args!("statx({path:?}, {flags:#x}, {mask:#x})"),
                result,
            );
        }
    })
    .absent("low")
}

/// statx reports one mount for all objects, and its root as such, before and after copy-up.
pub fn stat_mount(b: &mut Builder) -> Steps {
    every_kind(b, "low");
    b.upper();
    every_kind(b, "upper");
    steps(|r| {
        r.hold();
        r.in_child(|r| {
            r.done("binding", sys::bind_here(0));
            for mask in [libc::STATX_MNT_ID, libc::STATX_MNT_ID_UNIQUE] {
                let ask = |path: &str| {
                    let flags = libc::AT_SYMLINK_NOFOLLOW;
                    sys::statx(sys::HERE, path, flags, mask).expect("statx")
                };
                let root = ask(".");
                r.expect("the root is one", root.stx_attributes & 0x2000 != 0);
                r.expect("and could be told", root.stx_attributes_mask & 0x2000 != 0);
                for path in KINDS
                    .iter()
                    .flat_map(|k| [format!("low/{k}"), format!("upper/{k}")])
                {
                    for _ in 0..2 {
                        let stat = ask(&path);
                        r.expect(
                            format_args!("{path} is of the same mount"),
                            stat.stx_mask & mask != 0
                                && stat.stx_mnt_id == root.stx_mnt_id
                                && stat.stx_attributes & 0x2000 == 0,
                        );
                        r.chown(&path, 1, 1);
                    }
                }
            }
        });
    })
}

/// Links have the length of their target as size, special files none, in every layer.
pub fn stat_sizes(b: &mut Builder) -> Steps {
    every_kind(b, "low");
    b.symlink("low/long", &"t".repeat(240));
    b.upper();
    every_kind(b, "upper");
    b.symlink("upper/long", &"t".repeat(240));
    steps(|r| {
        for round in ["found", "copied"] {
            for name in ["file", "symlink", "long", "fifo", "char", "block"] {
                for dir in ["low", "upper"] {
                    let path = format!("{dir}/{name}");
                    let size = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW).map(|s| s.st_size);
                    r.call(format_args!("size of {path}, {round}"), size);
                    let fd = sys::open(&path, O_PATH | O_NOFOLLOW, 0).expect("open");
                    let size = sys::fstat(fd).map(|s| s.st_size);
                    r.call("by descriptor", size);
                    sys::close(fd).expect("close");
                    r.chown(&path, 1, 1);
                }
            }
        }
        r.symlink("exactly", "new");
        let size = sys::stat("new", libc::AT_SYMLINK_NOFOLLOW).map(|s| s.st_size);
        r.call("size of a new link", size);
        r.readlink("low/long");
    })
}

/// A path and every sort of descriptor, old or new, show the same after each change.
pub fn stat_views(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.fifo("p");
    b.upper().file("t", "text");
    steps(|r| {
        for name in ["f", "d", "p", "t"] {
            let reading = match name {
                "p" => O_RDWR,
                _ => O_RDONLY,
            };
            let fds = [
                r.open(name, O_PATH),
                r.open(name, reading),
                r.open(name, O_PATH | O_NOFOLLOW),
            ];
            let changes: [fn(&mut Run, &str); 6] = [
                |_, _| {},
                |r, f| {
                    r.chmod(f, 0o4710);
                },
                |r, f| {
                    r.chown(f, 5, 6);
                },
                |r, f| {
                    if f != "p" {
                        r.put(f, O_WRONLY | O_APPEND, "more");
                    }
                },
                |r, f| {
                    r.rename(f, "moved");
                    r.rename("moved", f);
                },
                |r, f| {
                    r.link(f, "second");
                },
            ];
            for change in changes {
                change(r, name);
                let whole = sys::stat(name, 0).expect("it is there");
                r.stat(name);
                for fd in fds {
                    let other = sys::fstat(fd.raw()).expect("fstat");
                    let empty = sys::fstatat(fd.raw(), "", libc::AT_EMPTY_PATH).expect("fstatat");
                    for stat in [other, empty] {
                        let fields = |s: &libc::stat| {
                            [
                                (s.st_ino as i64, s.st_dev as i64),
                                (s.st_mode.into(), s.st_nlink as i64),
                                (s.st_uid.into(), s.st_gid.into()),
                                (s.st_size, s.st_blocks),
                                (s.st_mtime, s.st_mtime_nsec),
                                (s.st_ctime, s.st_ctime_nsec),
                                (sys::block_size(s), s.st_rdev as i64),
                            ]
                        };
                        r.expect(
                            format_args!("{fd} is {name}"),
                            fields(&stat) == fields(&whole),
                        );
                    }
                }
            }
            r.unlink("second");
        }
    })
}
