// SPDX-License-Identifier: GPL-2.0-only
//! ACLs.

use crate::prelude::*;

/// ACLs are set, read and removed by path, by descriptor and through links.
pub fn acl_call_forms(b: &mut Builder) -> Steps {
    b.lower(1).file("low", "text").mode(0o640);
    b.dir("dir").mode(0o750);
    b.lower(0).symlink("link", "low");
    b.upper().file("upper", "text").mode(0o640);
    steps(|r| {
        let value = acl::encode("u:6,user:1000:6,group:50:4,g:4,m:6,o:0");
        for (name, opened) in [
            ("low", "low"),
            ("dir", "dir"),
            ("upper", "upper"),
            ("link", "low"),
        ] {
            let fd = r.open(opened, O_RDONLY);
            let path = r.open(opened, O_PATH);
            let result = sys::setxattr_follow(name, acl::ACCESS, &value);
            r.done(format_args!("setting by {name}"), result);
            r.fgetxattr(fd, acl::ACCESS);
            r.stat(name);
            r.listxattr(name);
            r.fremovexattr(fd, acl::ACCESS);
            r.fremovexattr(fd, acl::ACCESS);
            r.get_acl(opened);
            r.fsetxattr(fd, acl::ACCESS, &value);
            r.fsetxattr(fd, acl::DEFAULT, &value);
            r.fsetxattr(path, acl::ACCESS, &value);
            r.setxattr_flags(opened, acl::ACCESS, &value, XATTR_CREATE);
            r.setxattr_flags(opened, acl::ACCESS, &value, XATTR_REPLACE);
            r.get_acl(opened);
            for size in [0, 1, value.len() - 1, value.len(), 200] {
                let result = sys::getxattr_into(opened, acl::ACCESS, size);
                r.call(format_args!("reading into {size}"), result);
            }
            // An empty value removes the ACL.
            r.setxattr(opened, acl::ACCESS, "");
            let result = sys::removexattr_follow(name, acl::DEFAULT);
            r.done("removing the default ACL", result);
            r.get_acl(opened);
            r.stat(opened);
        }
    })
    .absent("link")
}

/// chmod changes owner, mask and others of an ACL, and the mode shows the mask.
pub fn acl_chmod_mask(b: &mut Builder) -> Steps {
    let acl = acl::encode("u:6,user:1000:7,g:5,group:50:3,m:7,o:4");
    b.file("low", "text").mode(0o674).xattr(acl::ACCESS, &acl);
    b.dir("dir").mode(0o674).xattr(acl::ACCESS, &acl);
    b.fifo("fifo").mode(0o674).xattr(acl::ACCESS, &acl);
    b.upper()
        .file("upper", "text")
        .mode(0o674)
        .xattr(acl::ACCESS, &acl);
    steps(|r| {
        for name in ["low", "dir", "fifo", "upper"] {
            r.stat(name);
            for mode in [0o700, 0o2771, 0, 0o625, 0o777] {
                r.chmod(name, mode);
                r.stat(name);
                r.get_acl(name);
                r.as_user(1000, 1000, |r| {
                    r.access(name, R_OK);
                    r.access(name, W_OK | X_OK);
                });
            }
            // Without a mask, chmod changes the entry of the group.
            r.set_acl(name, "u:6,g:4,o:0");
            r.chmod(name, 0o675);
            r.get_acl(name);
            r.set_acl(name, "u:6,user:1000:7,g:4,m:1,o:0");
            r.stat(name);
        }
    })
}

/// Every object made in a directory with a default ACL inherits it, in whatever layer the directory is.
pub fn acl_inherit_kinds(b: &mut Builder) -> Steps {
    let default = acl::encode("u:7,user:1000:6,g:5,m:5,o:1");
    b.dir("low").xattr(acl::DEFAULT, &default);
    b.file("low/old", "x");
    b.file("low/white", "x");
    b.lower(1).dir("merged").xattr(acl::DEFAULT, &default);
    b.lower(0).dir("merged").xattr(acl::DEFAULT, &default);
    b.upper().dir("upper").xattr(acl::DEFAULT, &default);
    b.opaque("opaque").xattr(acl::DEFAULT, &default);
    b.whiteout("low/white");
    b.file("strange", "x");
    steps(|r| {
        for dir in ["low", "merged", "upper", "opaque"] {
            r.with_umask(0o077, |r| {
                let at = |name: &str| format!("{dir}/{name}");
                let fd = r.open_mode(&at("file"), O_RDWR | O_CREAT, 0o666);
                r.close(fd);
                r.mkdir_mode(&at("dir"), 0o777);
                r.mkdir_mode(&at("dir/dir"), 0o700);
                r.mkfifo(&at("fifo"), 0o666);
                r.mknod(&at("char"), libc::S_IFCHR, 0o666, 1, 3);
                r.mknod(&at("white"), libc::S_IFREG, 0o640, 0, 0);
                r.bind(&at("socket"));
                r.symlink("x", &at("link"));
                r.mkdir_mode(&at("narrow"), 0o500);
                let fd = r.open_mode(dir, O_RDWR | O_TMPFILE, 0o660);
                r.link_fd(fd, &at("tmp"));
                // Objects from elsewhere keep their ACLs.
                r.link("strange", &at("linked"));
                for name in [
                    "file", "dir", "dir/dir", "fifo", "char", "white", "socket", "link", "narrow",
                    "tmp", "linked",
                ] {
                    r.lstat(&at(name));
                    r.get_acl(&at(name));
                }
            });
        }
        r.unlink("low/old");
        r.mkdir("low/old");
        r.get_acl("low/old");
    })
    .opaque("low/old")
}

/// New files take the default ACL of a lower directory.
pub fn acl_inherited(b: &mut Builder) -> Steps {
    b.dir("d")
        .xattr(acl::DEFAULT, &acl::encode("u:7,user:1000:6,g:5,m:7,o:0"));
    b.file("d/old", "text");
    steps(|r| {
        r.with_umask(0o022, |r| {
            r.open_mode("d/new", O_RDWR | O_CREAT, 0o666);
            r.mkdir_mode("d/sub", 0o777);
            r.mkfifo("d/p", 0o666);
            r.symlink("x", "d/l");
        });
        r.get_acl("d/new");
        r.get_acl("d/sub");
        r.stat("d/new");
        r.stat("d/p");
        r.chmod("d/old", 0o600);
        r.get_acl("d/old");
        r.rename("d/new", "moved");
        r.get_acl("moved");
    })
}

/// Bytes that are no valid ACL are refused and change nothing.
pub fn acl_invalid(b: &mut Builder) -> Steps {
    b.file("low", "text").mode(0o640);
    b.dir("dir");
    b.upper().file("upper", "text").mode(0o640);
    steps(|r| {
        let good = acl::encode("u:6,user:7:4,g:4,m:4,o:0");
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        let mut values = vec![
            with(0, 1),
            with(0, 3),
            good[..3].to_vec(),
            good[..4].to_vec(),
            good[..good.len() - 1].to_vec(),
            [&good[..], &[0]].concat(),
            // An unknown tag, and unknown permissions.
            with(4, 0x40),
            with(6, 8),
        ];
        for text in [
            "u:6",
            "u:6,g:4",
            "g:4,o:0",
            "u:6,user:7:4,g:4,o:0",
            "u:6,user:7:4,user:7:5,g:4,m:4,o:0",
            "u:6,user:8:4,user:7:5,g:4,m:4,o:0",
            "u:6,u:6,g:4,o:0",
            "u:6,g:4,g:4,o:0",
            "u:6,g:4,m:4,m:4,o:0",
            "o:0,g:4,u:6",
            "u:6,g:4,o:0,group:7:4,m:4",
            "u:6,user:4294967295:4,g:4,m:4,o:0",
        ] {
            values.push(acl::encode(text));
        }
        for name in ["low", "dir", "upper"] {
            for value in &values {
                r.setxattr(name, acl::ACCESS, value);
                r.setxattr(name, acl::DEFAULT, value);
                r.stat(name);
            }
            r.get_acl(name);
        }
    })
}

/// ACLs of lower objects have effect before and after copy-up.
pub fn acl_kept(b: &mut Builder) -> Steps {
    b.file("f", "text")
        .mode(0o660)
        .xattr(acl::ACCESS, &acl::encode("u:6,user:1000:6,g:0,m:6,o:0"));
    b.dir("d")
        .mode(0o770)
        .xattr(acl::ACCESS, &acl::encode("u:7,user:1000:7,g:0,m:7,o:0"));
    b.file("d/g", "text");
    steps(|r| {
        r.as_user(1001, 1001, |r| {
            r.cat("f");
            r.ls("d");
        });
        r.as_user(1000, 1000, |r| {
            r.cat("f");
            r.put("f", O_WRONLY, "T");
            r.put("d/new", O_WRONLY | O_CREAT, "x");
            r.unlink("d/g");
        });
        r.get_acl("f");
        r.get_acl("d");
        r.as_user(1001, 1001, |r| {
            r.cat("f");
            r.put("d/new2", O_WRONLY | O_CREAT, "x");
        });
    })
    .in_upper("f")
}

/// Long ACLs are copied up whole; too long ones fail as on the upper layer's file system.
pub fn acl_many_entries(b: &mut Builder) -> Steps {
    b.file("low", "text")
        .mode(0o664)
        .xattr(acl::ACCESS, &long(200));
    b.dir("dir").xattr(acl::DEFAULT, &long(100));
    b.file("plain", "text");
    b.upper().file("upper", "text");
    steps(|r| {
        r.get_acl("low");
        r.chmod("low", 0o604);
        r.get_acl("low");
        r.put("dir/new", O_WRONLY | O_CREAT, "x");
        r.get_acl("dir/new");
        r.get_acl("dir");
        for name in ["plain", "upper"] {
            for count in [300, 500, 600, 5400, 5500, 8190, 8191] {
                r.setxattr(name, acl::ACCESS, long(count));
                let length = sys::getxattr(name, acl::ACCESS).map(|value| value.len());
                r.call(format_args!("its length with {count} users"), length);
            }
        }
        r.as_user(1150, 5, |r| {
            r.put("low", O_RDWR, "");
            r.cat("low");
        });
    })
    .in_upper("low")
}

/// An ACL with `count` named users.
fn long(count: u32) -> Vec<u8> {
    let users: Vec<_> = (0..count).map(|i| format!("user:{}:4", 1000 + i)).collect();
    acl::encode(&format!("u:6,{},g:4,m:6,o:4", users.join(",")))
}

/// An ACL that expresses no more than a mode becomes the mode.
pub fn acl_minimal(b: &mut Builder) -> Steps {
    let acl = acl::encode("u:7,user:1000:6,g:5,m:7,o:0");
    b.file("low", "text").mode(0o644);
    b.file("had", "text").mode(0o770).xattr(acl::ACCESS, &acl);
    b.dir("dir").xattr(acl::DEFAULT, &acl);
    b.upper()
        .file("upper", "text")
        .mode(0o770)
        .xattr(acl::ACCESS, &acl);
    steps(|r| {
        for name in ["low", "had", "dir", "upper"] {
            r.set_acl(name, "u:6,g:4,o:2");
            r.stat(name);
            r.get_acl(name);
            r.listxattr(name);
            // A mask expresses more than a mode.
            r.set_acl(name, "u:6,g:6,m:4,o:2");
            r.stat(name);
            r.get_acl(name);
            r.set_acl(name, "u:1,g:2,o:3");
            r.stat(name);
            r.listxattr(name);
        }
        // A default ACL of three entries is stored as one.
        r.set_default_acl("dir", "u:7,g:0,o:0");
        r.with_umask(0, |r| {
            r.mkdir_mode("dir/sub", 0o777);
        });
        r.get_acl("dir/sub");
        r.stat("dir/sub");
        r.removexattr("dir", acl::DEFAULT);
        r.with_umask(0, |r| {
            r.mkdir_mode("dir/plain", 0o777);
        });
        r.stat("dir/plain");
        r.listxattr("dir");
    })
}

/// The entry that counts is the owner's, a named user's, any group's or everyone's, under the mask.
pub fn acl_permission(b: &mut Builder) -> Steps {
    let acl = acl::encode("u:2,user:1000:7,user:1001:0,g:4,group:50:2,group:51:6,m:6,o:1");
    for layer in ["low", "copied", "upper"] {
        if layer == "upper" {
            b.upper();
        }
        let mode = 0o261;
        b.file(&format!("{layer}-file"), "text")
            .mode(mode)
            .owner(900, 40)
            .xattr(acl::ACCESS, &acl);
        b.dir(&format!("{layer}-dir"))
            .mode(mode)
            .owner(900, 40)
            .xattr(acl::ACCESS, &acl);
    }
    steps(|r| {
        r.utimens("copied-file", (5, 5));
        r.utimens("copied-dir", (5, 5));
        for (uid, gid, groups) in [
            (900, 40, &[][..]),
            (1000, 7, &[]),
            (1001, 51, &[]),
            (1002, 40, &[]),
            (1002, 50, &[]),
            (1002, 7, &[40, 50]),
            (1002, 7, &[51]),
            (1002, 7, &[]),
        ] {
            sys::become_user(uid, gid, groups).expect("root may become anyone");
            for layer in ["low", "copied", "upper"] {
                for kind in ["file", "dir"] {
                    let name = format!("{layer}-{kind}");
                    let mut rights = String::new();
                    for (bit, letter) in [(R_OK, 'r'), (W_OK, 'w'), (X_OK, 'x'), (R_OK | W_OK, 'b')]
                    {
                        rights.push(match sys::access(&name, bit) {
                            Ok(()) => letter,
                            Err(_) => '-',
                        });
                    }
                    r.note(format_args!("{uid}:{gid} {groups:?} on {name} = {rights}"));
                }
                r.open(&format!("{layer}-file"), O_RDONLY);
                r.ls(&format!("{layer}-dir"));
            }
            sys::become_root().expect("the way back to root");
        }
    })
    .absent("low-file")
}

/// Removing an ACL clears set-group-id if the file system does so.
pub fn acl_removed_set_id(b: &mut Builder) -> Steps {
    /// An owner inside and outside of the group, another user, and root.
    const WHO: &[(u32, u32)] = &[(1000, 500), (1000, 1000), (1001, 500), (0, 0)];
    for layer in ["low", "upper"] {
        if layer == "upper" {
            b.upper();
        }
        for (uid, gid) in WHO {
            let acl = acl::encode("u:7,user:7:5,g:5,m:5,o:5");
            for kind in ["file", "dir"] {
                let name = |acl: &str| format!("{layer}-{uid}-{gid}-{kind}-{acl}");
                for name in [name("acl"), name("none")] {
                    let entry = match kind {
                        "dir" => b.dir(&name),
                        _ => b.file(&name, "x"),
                    };
                    entry.owner(1000, 500).mode(0o2755);
                    if name.ends_with("acl") {
                        entry.xattr(acl::ACCESS, &acl);
                    }
                }
            }
        }
    }
    steps(|r| {
        for layer in ["low", "upper"] {
            for (uid, gid) in WHO {
                for kind in ["file", "dir"] {
                    for acl in ["acl", "none"] {
                        let name = format!("{layer}-{uid}-{gid}-{kind}-{acl}");
                        r.as_user(*uid, *gid, |r| {
                            r.removexattr(&name, acl::ACCESS);
                        });
                        r.stat(&name);
                        r.get_acl(&name);
                    }
                }
            }
        }
    })
}

/// ACLs are set on lower files and directories.
pub fn acl_set(b: &mut Builder) -> Steps {
    b.file("f", "text").mode(0o640);
    b.dir("d");
    steps(|r| {
        r.set_acl("f", "u:6,user:1000:4,g:4,m:4,o:0");
        r.stat("f");
        r.get_acl("f");
        r.as_user(1000, 1000, |r| {
            r.cat("f");
            r.put("f", O_WRONLY, "T");
        });
        r.as_user(1001, 1001, |r| {
            r.cat("f");
        });
        r.chmod("f", 0o600);
        r.get_acl("f");
        r.set_default_acl("d", "u:7,user:1000:7,g:5,m:7,o:5");
        r.set_default_acl("f", "u:7,g:5,o:5");
        r.get_acl("d");
        r.removexattr("f", acl::ACCESS);
        r.get_acl("f");
    })
    .in_upper("d")
}

/// The owner sets ACLs and loses set-group-id for a foreign group; others are refused.
pub fn acl_set_by_whom(b: &mut Builder) -> Steps {
    for layer in ["low", "upper"] {
        if layer == "upper" {
            b.upper();
        }
        b.file(&format!("{layer}-own"), "x")
            .owner(1000, 500)
            .mode(0o2755);
        b.dir(&format!("{layer}-dir")).owner(1000, 500).mode(0o2755);
        b.file(&format!("{layer}-other"), "x")
            .owner(1001, 500)
            .mode(0o2777);
    }
    steps(|r| {
        for layer in ["low", "upper"] {
            for kind in ["other", "own", "dir"] {
                let name = format!("{layer}-{kind}");
                // Of the group: the bit stays.
                r.as_user(1000, 500, |r| {
                    r.set_acl(&name, "u:7,user:7:5,g:5,m:5,o:5");
                });
                r.stat(&name);
                r.as_user(1000, 1000, |r| {
                    r.set_default_acl(&name, "u:7,user:7:5,g:5,m:5,o:5");
                    r.stat(&name);
                    r.set_acl(&name, "u:7,user:8:5,g:5,m:5,o:5");
                    r.stat(&name);
                    r.get_acl(&name);
                    r.removexattr(&name, acl::ACCESS);
                    r.removexattr(&name, acl::DEFAULT);
                });
                r.stat(&name);
            }
        }
    })
    .absent("low-other")
}

/// Links have no ACL and only directories a default one, in every layer.
pub fn acl_wrong_kinds(b: &mut Builder) -> Steps {
    every_kind(b, "low");
    b.upper();
    every_kind(b, "upper");
    b.socket("upper/socket");
    steps(|r| {
        let mut paths = vec!["upper/socket".to_owned()];
        paths.extend(
            KINDS
                .iter()
                .flat_map(|k| [format!("low/{k}"), format!("upper/{k}")]),
        );
        for path in paths {
            r.get_acl(&path);
            r.removexattr(&path, acl::ACCESS);
            r.removexattr(&path, acl::DEFAULT);
            r.setxattr(&path, acl::DEFAULT, "");
            r.set_default_acl(&path, "u:7,user:5:4,g:4,m:4,o:0");
            r.set_acl(&path, "u:7,user:5:4,g:4,m:4,o:0");
            r.lstat(&path);
            r.get_acl(&path);
            r.listxattr(&path);
        }
    })
    .absent("low/symlink")
    .in_upper("low/block")
}
