// SPDX-License-Identifier: GPL-2.0-only
//! Attributes that copy-up keeps, and those it must not find.

use crate::prelude::*;

/// Whatever causes the copy-up, everything that belongs to the object is copied.
pub fn attr_copy_up_all_at_once(b: &mut Builder) -> Steps {
    /// cap_net_raw=ep, version 2.
    const CAPABILITY: [u8; 20] = [
        1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    const CAUSES: [(&str, fn(&mut Run, &str)); 10] = [
        ("chmod", |r, f| {
            r.chmod(f, 0o6771);
        }),
        ("times", |r, f| {
            r.utimensat(f, (OMIT, (7, 7)), 0);
        }),
        ("xattr", |r, f| {
            r.setxattr(f, "user.new", "3");
        }),
        ("unset", |r, f| {
            r.removexattr(f, "user.u");
        }),
        ("acl", |r, f| {
            r.set_acl(f, "u:7,user:7:6,g:5,m:7,o:0");
        }),
        ("link", |r, f| {
            r.link(f, &format!("{f}-2"));
        }),
        ("rename", |r, f| {
            r.rename(f, "away");
            r.rename("away", f);
        }),
        ("chown", |r, f| {
            r.chown(f, 1002, 1003);
        }),
        ("write", |r, f| {
            r.put(f, O_WRONLY, "T");
        }),
        ("map", |r, f| {
            let fd = r.open(f, O_RDWR);
            let map = r.mmap(fd, 4, PROT_READ | PROT_WRITE, MAP_SHARED);
            r.mapped("the mapping", &map);
        }),
    ];
    for (name, _) in CAUSES {
        let acl = acl::encode("u:7,user:1000:6,g:5,m:7,o:0");
        b.file(name, "text")
            .mode(0o6770)
            .owner(1000, 1001)
            .mtime(1_000_000_001, 999_999_999)
            .xattr("security.capability", &CAPABILITY)
            .xattr("security.other", b"label")
            .xattr("trusted.t", b"1")
            .xattr("user.u", b"2")
            .xattr(acl::ACCESS, &acl);
    }
    steps(|r| {
        for (name, cause) in CAUSES {
            cause(r, name);
            r.stat(name);
            r.listxattr(name);
            for attribute in [
                "security.capability",
                "security.other",
                "trusted.t",
                "user.u",
            ] {
                r.getxattr(name, attribute);
            }
            r.get_acl(name);
        }
    })
    .layers(|l| {
        let missing = CAUSES.iter().find_map(|(name, _)| l.in_upper(name).err());
        missing.map_or(Ok(()), Err)
    })
}

/// The attributes of a deleted file change through its descriptor, whatever layer it was in.
pub fn attr_deleted_file(b: &mut Builder) -> Steps {
    for name in ["low", "copied"] {
        b.file(name, "text").xattr("user.a", b"1");
    }
    b.upper().file("upper", "text").xattr("user.a", b"1");
    steps(|r| {
        r.utimens("copied", (5, 5));
        for name in ["low", "copied", "upper"] {
            let fd = r.open(name, O_RDONLY);
            let path = r.open(name, O_PATH);
            r.unlink(name);
            r.fchmod(fd, 0o4751);
            r.fchown(fd, 1000, 1001);
            r.fchmod(fd, 0o2751);
            r.fsetxattr(fd, "user.b", "2");
            r.fremovexattr(fd, "user.a");
            r.futimens(fd, (1_100_000_000, 11));
            r.fgetxattr(fd, "user.b");
            r.flistxattr(fd);
            let both = r.fd_identity(fd) == r.fd_identity(path);
            r.expect("both descriptors are of one file", both);
            let stat = sys::fstat(path.raw()).expect("fstat");
            r.note(format_args!(
                "{:o} {}:{} {}.{}",
                stat.st_mode, stat.st_uid, stat.st_gid, stat.st_mtime, stat.st_mtime_nsec
            ));
            r.pread(fd, 10, 0);
        }
        r.ls(".");
    })
    .whiteout("low")
    .whiteout("copied")
    .absent("upper")
}

/// Large device numbers survive copy-up, rename and link.
pub fn attr_device_numbers(b: &mut Builder) -> Steps {
    /// xfs stores 14 and 18 bits of them.
    const XFS: &str = "xfs refuses the largest device numbers";
    const DEVICES: [(u32, u32); 5] = [(0, 1), (1, 0), (255, 256), (511, 65_536), (4095, 1_048_575)];
    for (number, (major, minor)) in DEVICES.into_iter().enumerate() {
        b.char_device(&format!("c{number}"), major, minor)
            .mode(0o600);
        b.block_device(&format!("b{number}"), major, minor)
            .mode(0o060);
    }
    steps(|r| {
        for (number, (major, minor)) in DEVICES.into_iter().enumerate() {
            for kind in ["b", "c"] {
                let name = format!("{kind}{number}");
                r.lstat(&name);
                r.chmod(&name, 0o620);
                r.lstat(&name);
                r.rename(&name, "moved");
                r.link("moved", &format!("{name}-2"));
                r.rename("moved", &name);
                r.lstat(&format!("{name}-2"));
            }
            r.mknod(&format!("new{number}"), libc::S_IFCHR, 0o600, major, minor);
            r.lstat(&format!("new{number}"));
        }
        // A character device 0:0 would be a whiteout, a block device is none.
        r.mknod("zero", libc::S_IFBLK, 0o600, 0, 0);
        r.chmod("zero", 0o640);
        r.lstat("zero");
    })
    .not_on(&["upper:xfs", "xfs"], XFS)
    .not_on(&["iso9660"], "isofs tells 8 bits of the minor number")
}

/// What whiteouts and opaque directories hide has no attributes to read or change.
pub fn attr_hidden_names(b: &mut Builder) -> Steps {
    b.lower(1).file("white", "x").mode(0o600);
    b.file("d/hidden", "x").mode(0o600);
    b.lower(0).file("gone", "x");
    b.whiteout("white");
    b.upper().opaque("d");
    b.whiteout("gone");
    steps(|r| {
        for name in ["white", "d/hidden", "gone"] {
            r.chmod(name, 0o777);
            r.chown(name, 1, 1);
            r.utimens(name, (5, 5));
            r.setxattr(name, "user.a", "1");
            r.listxattr(name);
            r.set_acl(name, "u:7,g:7,o:7");
            r.access(name, F_OK);
            r.lstat(name);
            r.statfs(name);
        }
        r.ls(".");
        r.chmod("d", 0o700);
        r.setxattr("d", "user.a", "1");
        r.ls("d");
    })
    .upper_is(&["d", "gone"])
    .opaque("d")
    .whiteout("gone")
}

/// Attributes of a file of a gigabyte of holes change at once, and the holes stay.
pub fn attr_huge_sparse(b: &mut Builder) -> Steps {
    for name in ["chmod", "chown", "touch", "xattr", "acl", "link", "rename"] {
        b.sparse(name, 1 << 30, &[(0, b"begin"), ((1 << 30) - 3, b"end")]);
    }
    steps(|r| {
        let fd = r.open("chmod", O_RDONLY);
        r.chmod("chmod", 0o4711);
        r.chown("chown", 1, 1);
        r.utimens("touch", (5, 5));
        r.setxattr("xattr", "user.a", "1");
        r.set_acl("acl", "u:6,user:7:4,g:4,m:4,o:0");
        r.link("link", "linked");
        r.rename("rename", "renamed");
        r.pread(fd, 5, 0);
        r.pread(fd, 5, (1 << 30) - 4);
        for name in [
            "chmod", "chown", "touch", "xattr", "acl", "linked", "renamed",
        ] {
            r.stat(name);
            let blocks = sys::stat(name, 0).map_or(i64::MAX, |stat| stat.st_blocks);
            r.expect("it takes next to no room", blocks < 1000);
        }
    })
    .layers(|l| {
        for name in [
            "chmod", "chown", "touch", "xattr", "acl", "linked", "renamed",
        ] {
            let blocks = l.stat(name)?.st_blocks;
            if blocks > 1000 {
                return Err(format!(
                    "the copy {name} must be sparse, it has {blocks} blocks"
                ));
            }
        }
        Ok(())
    })
}

/// A new object in place of a deleted lower one has none of its attributes.
pub fn attr_nothing_from_hidden(b: &mut Builder) -> Steps {
    let acl = acl::encode("u:7,user:1000:7,g:5,m:7,o:1");
    for name in ["file", "to-dir", "over", "link-over"] {
        b.file(name, "secret")
            .mode(0o4771)
            .owner(1000, 1001)
            .xattr("user.a", b"1")
            .xattr(acl::ACCESS, &acl);
    }
    for name in ["dir", "to-file"] {
        b.dir(name)
            .mode(0o2771)
            .owner(1000, 1001)
            .xattr("user.a", b"1")
            .xattr(acl::ACCESS, &acl)
            .xattr(acl::DEFAULT, &acl);
    }
    steps(|r| {
        for name in ["file", "to-dir"] {
            r.unlink(name);
        }
        for name in ["dir", "to-file"] {
            r.rmdir(name);
        }
        r.put("file", O_WRONLY | O_CREAT, "x");
        r.put("to-file", O_WRONLY | O_CREAT, "x");
        r.mkdir("dir");
        r.mkdir("to-dir");
        r.put("dir/f", O_WRONLY | O_CREAT, "x");
        r.put("new", O_WRONLY | O_CREAT, "x");
        r.rename("new", "over");
        r.unlink("link-over");
        r.link("over", "link-over");
        for name in [
            "file",
            "to-file",
            "dir",
            "to-dir",
            "dir/f",
            "over",
            "link-over",
        ] {
            r.stat(name);
            r.listxattr(name);
            r.get_acl(name);
        }
    })
    .opaque("dir")
    .opaque("to-dir")
}

/// An O_PATH descriptor changes nothing by itself, but names the object for calls that do.
pub fn attr_opath(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.upper().file("t", "text");
    steps(|r| {
        for name in ["f", "d", "t"] {
            let fd = r.open(name, O_PATH);
            r.fchmod(fd, 0o700);
            r.fchown(fd, 1, 1);
            r.futimens(fd, (5, 5));
            r.fsetxattr(fd, "user.a", "1");
            r.fgetxattr(fd, "user.a");
            r.flistxattr(fd);
            r.fremovexattr(fd, "user.a");
            r.get_flags(fd, 0);
            r.fstat(fd);
            let proc = format!("/proc/self/fd/{}", fd.raw());
            for result in [
                sys::chmod(&proc, 0o711),
                sys::fchownat(sys::HERE, &proc, 4, 5, 0),
                sys::setxattr_follow(&proc, "user.p", b"1"),
                sys::utimens(&proc, (6, 7), (8, 9), 0),
            ] {
                r.done("by way of /proc", result);
            }
            let times = ((10, 11), (12, 13));
            let result = sys::utimensat(fd.raw(), "", times, libc::AT_EMPTY_PATH);
            r.done("utimensat with an empty path", result);
            r.fstat(fd);
        }
    })
    .upper_is(&["d", "f", "t"])
}

/// Attributes of one lower file changed by many at once are all changed.
pub fn attr_parallel_changes(b: &mut Builder) -> Steps {
    for number in 0..8 {
        b.file(&format!("f{number}"), vec![b'x'; 20_000])
            .xattr("user.old", b"kept");
    }
    steps(|r| {
        r.parallel(6, |process| {
            for number in 0..8 {
                let name = format!("f{number}");
                match process {
                    0 => sys::chmod(&name, 0o4711).expect("chmod"),
                    1 => sys::utimens(&name, (5, 5), (6, 7), 0).expect("utimens"),
                    2 => sys::setxattr(&name, "user.new", b"new", 0).expect("setxattr"),
                    3 => sys::setxattr(&name, "trusted.new", b"new", 0).expect("setxattr"),
                    4 => sys::link(&name, format!("{name}-2"), 0).expect("link"),
                    _ => {
                        sys::stat(&name, 0).expect("stat");
                        let old = sys::getxattr(&name, "user.old").expect("getxattr");
                        assert_eq!(old, b"kept");
                    }
                }
            }
        });
        for number in 0..8 {
            let name = format!("f{number}");
            r.stat(&name);
            r.listxattr(&name);
            let same = r.identity(&name) == r.identity(&format!("{name}-2"));
            r.expect("both names are of one file", same);
            r.cat(&name);
        }
    })
}

/// Through a read-only mount no attribute changes, and reading them goes on.
pub fn attr_read_only_mount(b: &mut Builder) -> Steps {
    b.file("low", "text").xattr("user.a", b"1");
    b.dir("dir");
    b.upper().file("upper", "text").xattr("user.a", b"1");
    steps(|r| {
        // Opened before the mount became read-only.
        let held = r.open("low", O_RDONLY);
        r.in_child(|r| {
            r.done("binding", sys::bind_here(libc::MS_RDONLY));
            for name in ["low", "dir", "upper"] {
                r.chmod(name, 0o600);
                r.fchmodat2(name, 0o600, libc::AT_SYMLINK_NOFOLLOW);
                r.chown(name, 1, 1);
                r.chown(name, u32::MAX, u32::MAX);
                r.utimens(name, (5, 5));
                r.utimensat(name, (OMIT, OMIT), 0);
                r.setxattr(name, "user.b", "2");
                r.removexattr(name, "user.a");
                r.removexattr(name, "user.none");
                r.set_acl(name, "u:7,user:7:5,g:5,m:5,o:5");
                r.removexattr(name, acl::ACCESS);
                let fd = r.open(name, O_RDONLY);
                r.fchmod(fd, 0o600);
                r.fsetxattr(fd, "user.b", "2");
                r.futimens(fd, (5, 5));
                let attr = sys::FileAttr::default();
                r.done("FSSETXATTR", sys::fssetxattr(fd.raw(), attr));
                r.access(name, R_OK);
                r.access(name, W_OK);
                r.listxattr(name);
                r.stat(name);
            }
            r.as_user(1000, 1000, |r| {
                r.chmod("low", 0o600);
            });
            r.fchmod(held, 0o640);
        });
        r.stat("low");
    })
    .upper_is(&["low", "upper"])
}

/// The topmost of several layers has the attributes that are shown, and that are copied up.
pub fn attr_shadowed(b: &mut Builder) -> Steps {
    for (layer, mode) in [(0, 0o751), (1, 0o705), (2, 0o777)] {
        let uid = 1000 + layer as u32;
        let time = 1_000_000_010 + layer as i64;
        b.lower(layer);
        b.file("f", format!("layer {layer}"))
            .mode(mode & 0o7666)
            .owner(uid, uid)
            .mtime(time, 10)
            .xattr(&format!("user.layer{layer}"), b"x");
        b.dir("d")
            .mode(mode)
            .owner(uid, uid)
            .mtime(time, 20)
            .xattr("user.same", format!("{layer}").as_bytes())
            .xattr(&format!("user.layer{layer}"), b"x");
        b.file(&format!("d/{layer}"), "x");
    }
    steps(|r| {
        for round in 0..2 {
            for name in ["f", "d"] {
                r.stat(name);
                r.listxattr(name);
                r.getxattr(name, "user.same");
                r.removexattr(name, "user.layer2");
            }
            r.ls("d");
            if round == 0 {
                r.chmod("f", 0o644);
                r.setxattr("d", "user.new", "x");
                r.setxattr("f", "user.layer1", "again");
            }
        }
    })
    .upper_is(&["d", "f"])
}

/// Owner, mode, times, attributes and ACL survive copy-up.
pub fn copy_up_keeps_metadata(b: &mut Builder) -> Steps {
    b.file("f", "text")
        .mode(0o764)
        .owner(1000, 1001)
        .mtime(1_000_000_001, 999_999_999)
        .xattr("user.one", b"1")
        .xattr("user.empty", b"")
        .xattr("trusted.two", b"\0\x01binary")
        .xattr(acl::ACCESS, &acl::encode("u:7,user:1234:5,g:6,m:6,o:4"));
    steps(|r| {
        r.setxattr("f", "user.three", "3");
        r.stat("f");
        r.get_acl("f");
        r.listxattr("f");
        let fd = r.open("f", O_WRONLY);
        r.pwrite(fd, "TE", 0);
        r.close(fd);
        r.get_acl("f");
        r.cat("f");
    })
    .in_upper("f")
}

/// Directories copied up on the way keep everything they had.
pub fn parents_keep_metadata(b: &mut Builder) -> Steps {
    b.dir("a").mode(0o710).owner(1, 2).xattr("user.a", b"a");
    b.dir("a/b")
        .mode(0o2755)
        .owner(3, 4)
        .mtime(1_000_000_005, 5);
    b.dir("a/b/c").mode(0o1777).xattr("user.c", b"c");
    b.file("a/b/c/f", "text");
    b.file("a/b/c/other", "text");
    steps(|r| {
        r.chmod("a/b/c/f", 0o600);
        r.stat("a");
        r.stat("a/b");
        r.stat("a/b/c");
    })
    .upper_is(&["a", "a/b", "a/b/c", "a/b/c/f"])
}

/// The root of the union has attributes as any directory.
pub fn root_attributes(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        r.chmod(".", 0o2711);
        r.chown(".", 5, 6);
        r.setxattr(".", "user.root", "v");
        r.set_acl(".", "u:7,user:1000:7,g:1,m:7,o:1");
        r.stat(".");
        r.listxattr(".");
        r.get_acl(".");
        r.as_user(1000, 1000, |r| {
            r.put("new", O_WRONLY | O_CREAT, "x");
            r.chmod(".", 0o777);
        });
        r.utimens(".", (1_222_222_222, 333));
        r.stat("..");
        r.rmdir(".");
    })
}
