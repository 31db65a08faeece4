// SPDX-License-Identifier: GPL-2.0-only
//! Flags of inodes, project ids, quotas, and the ioctls for them.

use crate::prelude::*;

/// An append-only file only grows, an append-only directory only gains names.
pub fn attr_append_only(b: &mut Builder) -> Steps {
    b.upper();
    b.file("upper", "text");
    b.file("dir/f", "text");
    b.dir("dir/sub");
    steps(|r| {
        const APPEND: u32 = 0x20;
        let file = r.open("upper", O_RDONLY);
        let dir = r.open("dir", O_RDONLY | O_DIRECTORY);
        r.set_flags(file, APPEND, APPEND);
        r.set_flags(dir, APPEND, APPEND);
        r.put("upper", O_WRONLY, "T");
        r.open("upper", O_WRONLY | O_APPEND | O_TRUNC);
        r.put("upper", O_WRONLY | O_APPEND, "ed");
        let fd = r.open("upper", O_RDWR | O_APPEND);
        r.pwrite(fd, "!", 0);
        r.done(
            "taking O_APPEND away",
            sys::set_status_flags(fd.raw(), 0, O_APPEND),
        );
        r.ftruncate(fd, 1);
        r.fallocate(fd, 0, 0, 100);
        r.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2);
        r.mmap(fd, 4, PROT_READ | PROT_WRITE, MAP_SHARED);
        r.chmod("upper", 0o600);
        r.utimens("upper", (5, 5));
        r.utimensat("upper", (NOW, NOW), 0);
        r.setxattr("upper", "user.a", "1");
        r.rename("upper", "moved");
        r.unlink("upper");
        r.link("upper", "second");
        r.put("dir/new", O_WRONLY | O_CREAT, "x");
        r.mkdir("dir/made");
        r.unlink("dir/f");
        r.rmdir("dir/sub");
        r.rename("dir/f", "dir/g");
        r.rename("dir/f", "out");
        r.rename("dir/new", "dir/f");
        r.link("dir/f", "dir/h");
        r.chmod("dir", 0o700);
        r.put("dir/f", O_WRONLY, "T");
        r.set_flags(file, 0, APPEND);
        r.set_flags(dir, 0, APPEND);
        r.cat("upper");
        r.ls("dir");
        r.rename("dir/f", "dir/g");
    })
}

/// file_getattr and file_setattr work on links and special files, which no ioctl does.
pub fn attr_file_getattr(b: &mut Builder) -> Steps {
    b.upper();
    every_kind(b, "upper");
    b.socket("upper/socket");
    steps(|r| {
        const NODUMP: u64 = 0x80;
        for kind in KINDS.iter().chain(&["socket"]) {
            let path = format!("upper/{kind}");
            for nofollow in [0x100, 0] {
                let result = sys::file_getattr(sys::HERE, &path, 24, nofollow);
                let flags = result.map(|attr| attr.xflags & (NODUMP | 0x58));
                r.call(format_args!("file_getattr of {path}, {nofollow:#x}"), flags);
                for xflags in [NODUMP, 0x8, 0] {
                    let attr = sys::FileAttr {
                        xflags,
                        ..Default::default()
                    };
                    let result = sys::file_setattr(sys::HERE, &path, attr, 24, nofollow);
                    r.done(
                        format_args!("file_setattr of {path}, {xflags:#x}, {nofollow:#x}"),
                        result,
                    );
                    let result = sys::file_getattr(sys::HERE, &path, 24, nofollow);
                    let flags = result.map(|attr| attr.xflags & (NODUMP | 0x58));
                    r.call(format_args!("file_getattr of {path}"), flags);
                }
            }
        }
    })
    .not_on(
        &["upper:xfs"],
        "xfs keeps flags of links and special files, which a union does not reach",
    )
}

/// Both ioctls, statx and file_getattr report the flags of chattr alike.
pub fn attr_flags_forms(b: &mut Builder) -> Steps {
    b.upper();
    b.file("f", "text");
    b.dir("d");
    steps(|r| {
        // As GETFLAGS and as FSGETXATTR represent them.
        for (flag, xflag) in [(0x10, 0x8), (0x20, 0x10), (0x40, 0x80), (0x80, 0x40)] {
            for name in ["f", "d"] {
                let fd = r.open(name, O_RDONLY);
                let look = |r: &mut Run| {
                    r.get_flags(fd, flag);
                    r.get_xflags(fd, xflag);
                    let attr = sys::file_getattr(sys::HERE, name, 24, 0);
                    r.call(
                        format_args!("file_getattr of {name}"),
                        attr.map(|attr| attr.xflags & xflag),
                    );
                    let stat = sys::statx(sys::HERE, name, 0, 0).expect("statx");
                    // The file system need not report it, but then it must not claim to.
                    r.note(format_args!(
                        "statx = {:#x} of {:#x}",
                        stat.stx_attributes & u64::from(flag & 0x70),
                        stat.stx_attributes_mask & u64::from(flag & 0x70)
                    ));
                };
                r.set_flags(fd, flag, flag);
                look(r);
                r.set_flags(fd, 0, flag);
                look(r);
                r.set_xflags(fd, xflag, xflag);
                look(r);
                r.set_xflags(fd, 0, xflag);
                let attr = sys::FileAttr {
                    xflags: xflag,
                    ..Default::default()
                };
                let result = sys::file_setattr(sys::HERE, name, attr, 24, 0);
                r.done(format_args!("file_setattr of {name}"), result);
                look(r);
                let result = sys::file_setattr(sys::HERE, name, Default::default(), 24, 0);
                r.done(format_args!("file_setattr of {name}, nothing"), result);
                look(r);
            }
        }
    })
}

/// Flags are set by the owner, immutable by root alone, with structures of known sizes only.
pub fn attr_flags_refused(b: &mut Builder) -> Steps {
    b.upper();
    b.file("own", "x").owner(1000, 1000);
    b.file("other", "x");
    b.dir("dir").owner(1000, 1000);
    steps(|r| {
        const NODUMP: u32 = 0x40;
        r.as_user(1000, 1000, |r| {
            for name in ["own", "other", "dir"] {
                let fd = r.open(name, O_RDONLY);
                r.set_flags(fd, NODUMP, NODUMP);
                r.get_flags(fd, NODUMP);
                r.set_flags(fd, 0x10, 0x30);
                r.set_flags(fd, 0x20, 0x30);
                r.set_xflags(fd, 0x8, 0x8);
                r.set_xflags(fd, 0, 0x80);
                r.get_flags(fd, NODUMP | 0x30);
            }
        });
        let fd = r.open("own", O_PATH);
        r.get_flags(fd, 0);
        r.set_flags(fd, NODUMP, NODUMP);
        r.get_xflags(fd, 0);
        // Unknown flags, and an unknown size of the structure.
        let fd = r.open("own", O_RDONLY);
        r.set_flags(fd, 1 << 31, 1 << 31);
        r.set_xflags(fd, 1 << 13, 1 << 13);
        for size in [0, 16, 23, 24, 32, 4096, 5000] {
            let result = sys::file_getattr(sys::HERE, "own", size, 0).map(drop);
            r.done(format_args!("file_getattr with {size} bytes"), result);
            let result = sys::file_setattr(sys::HERE, "own", Default::default(), size, 0);
            r.done(format_args!("file_setattr with {size} bytes"), result);
        }
        for flags in [0x100, 0x1000, 0x200] {
            let result = sys::file_getattr(sys::HERE, "", 24, flags).map(drop);
            r.done(format_args!("file_getattr of nothing, {flags:#x}"), result);
        }
    })
}

/// No call on the name of an immutable file changes anything about it, until the flag is removed.
pub fn attr_immutable(b: &mut Builder) -> Steps {
    b.file("low", "text").xattr("user.a", b"1");
    b.upper().file("upper", "text").xattr("user.a", b"1");
    steps(|r| {
        const IMMUTABLE: u32 = 0x10;
        for name in ["low", "upper"] {
            let fd = r.open(name, O_RDWR);
            r.set_flags(fd, IMMUTABLE, IMMUTABLE);
            r.get_flags(fd, IMMUTABLE);
            for _ in 0..2 {
                r.cat(name);
                r.open(name, O_WRONLY);
                r.open(name, O_RDONLY | O_TRUNC);
                r.truncate(name, 0);
                r.fallocate(fd, 0, 0, 100);
                r.chmod(name, 0o600);
                r.fchmod(fd, 0o600);
                r.chown(name, 1, 1);
                r.utimens(name, (5, 5));
                r.utimensat(name, (NOW, NOW), 0);
                r.setxattr(name, "user.b", "2");
                r.removexattr(name, "user.a");
                r.set_acl(name, "u:7,user:7:7,g:5,m:5,o:5");
                r.link(name, "second");
                r.rename(name, "moved");
                r.rename("other", name);
                r.unlink(name);
                r.access(name, W_OK);
                // A new lookup sees the flag, too.
                let result = sys::open("/proc/sys/vm/drop_caches", O_WRONLY, 0);
                let drop = result.expect("root may write there");
                sys::write(drop, b"2", None).expect("a number it takes");
            }
            let bit = sys::statx(sys::HERE, name, 0, 0).map(|stat| stat.stx_attributes & 0x10);
            r.call("immutable for statx", bit);
            r.set_flags(fd, 0, IMMUTABLE);
            r.put(name, O_WRONLY, "free");
            r.chmod(name, 0o600);
            r.unlink(name);
        }
    })
    .not_on(shape::IMAGES, shape::NO_FLAGS)
    .not_on(&["chroot"], shape::NO_PROC)
}

/// Ioctls of the VFS work on every object, those of one file system are refused or answered.
pub fn attr_ioctls(b: &mut Builder) -> Steps {
    b.file("low", "some text");
    b.dir("dir");
    b.upper().file("upper", "some text");
    steps(|r| {
        for (name, flags) in [
            ("low", O_RDONLY),
            ("dir", O_RDONLY),
            ("upper", O_RDWR),
            ("low", O_PATH),
        ] {
            let fd = r.open(name, flags).raw();
            // FIONREAD, FIGETBSZ, FIBMAP by `nobody`, FIONBIO, FIOASYNC and an unknown one.
            for request in [0x541b, 2, 0x5421, 0x5452, 0xdead_beef] {
                let result = sys::ioctl_zeroed(fd, request);
                // The block size is that of the file system.
                let result = result.map(|answer| {
                    if request == 2 {
                        u32::from(answer >= 512)
                    } else {
                        answer
                    }
                });
                r.call(format_args!("ioctl {request:#x} of {name}"), result);
            }
            r.as_user(1000, 1000, |r| {
                // FIBMAP, FIFREEZE, FITHAW, FITRIM.
                for request in [1, 0xc004_5877, 0xc004_5878, 0xc018_5879] {
                    let refused = sys::ioctl_zeroed(fd, request).is_err();
                    r.expect(format_args!("ioctl {request:#x} is refused"), refused);
                }
            });
            // GETVERSION, GETUUID, GETFSSYSFSPATH, GET_ENCRYPTION_POLICY, MEASURE_VERITY.
            for request in [
                0x8008_7601,
                0x8011_1500,
                0x8081_1501,
                0x400c_6615,
                0xc004_6686,
            ] {
                let sane = match sys::ioctl_zeroed(fd, request) {
                    Ok(_) => true,
                    Err(error) => [libc::ENOTTY, libc::EOPNOTSUPP, libc::ENODATA, libc::EBADF]
                        .contains(&error.0),
                };
                r.expect(format_args!("ioctl {request:#x} of {name}"), sane);
            }
        }
    })
    .upper_is(&["upper"])
}

/// Project ids and extent sizes are set, inherited and refused as by the upper layer's file system.
pub fn attr_project(b: &mut Builder) -> Steps {
    b.upper();
    b.file("f", "");
    b.dir("d");
    steps(|r| {
        const INHERIT: u64 = 0x200;
        let look = |r: &mut Run, name: &str| {
            let fd = r.open(name, O_RDONLY);
            let attr = sys::fsgetxattr(fd.raw());
            let told = attr
                .map(|attr| format!("{:#x} {} {}", attr.xflags, attr.project, attr.extent_size));
            r.call(format_args!("FSGETXATTR of {name}"), told);
            r.close(fd);
        };
        for name in ["f", "d"] {
            let fd = r.open(name, O_RDONLY);
            for (xflags, project, extent_size) in [
                (0, 42, 0),
                (INHERIT, 43, 0),
                (0x800, 43, 65536),
                (0x1000, 43, 65536),
            ] {
                let attr = sys::FileAttr {
                    xflags,
                    project,
                    extent_size,
                };
                let result = sys::fssetxattr(fd.raw(), attr);
                r.done(format_args!("FSSETXATTR of {name}, {attr:?}"), result);
                look(r, name);
            }
        }
        let dir = r.open("d", O_RDONLY);
        let attr = sys::FileAttr {
            xflags: INHERIT,
            project: 44,
            extent_size: 0,
        };
        r.done("the directory's project", sys::fssetxattr(dir.raw(), attr));
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.mkdir("d/sub");
        look(r, "d/new");
        look(r, "d/sub");
        // Files of another project cannot be moved or linked into the directory.
        r.link("f", "d/linked");
        r.rename("f", "d/moved");
    })
}

/// Quota calls on a tree without quotas fail and harm nothing.
pub fn attr_quota(b: &mut Builder) -> Steps {
    b.file("low", "text");
    b.upper().file("upper", "text");
    steps(|r| {
        for name in ["low", "upper", "."] {
            for flags in [O_RDONLY, O_PATH] {
                let fd = r.open(name, flags).raw();
                // Q_GETFMT, Q_GETINFO, Q_GETQUOTA, Q_SETQUOTA, and a command that does not exist.
                for command in [0x80_0004, 0x80_0005, 0x80_0007, 0x80_0008, 0x80_00ff] {
                    let refused = sys::quotactl_fd(fd, command, 1000).is_err();
                    r.expect(format_args!("{command:#x} on {name} is refused"), refused);
                }
            }
        }
        r.stat("upper");
    })
    .absent("low")
}
