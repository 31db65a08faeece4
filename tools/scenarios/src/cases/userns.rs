// SPDX-License-Identifier: GPL-2.0-only
//! User namespaces.

use crate::prelude::*;

/// ACLs set in a user namespace name its ids, which must be mapped.
pub fn userns_acl(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/mapped"), "text").owner(1000, 1000);
        b.file(&format!("{place}/foreign"), "text").mode(0o666);
        b.dir(&format!("{place}/dir")).owner(1000, 500);
    });
    steps(|r| {
        r.in_userns("0 1000 4\n", "0 1000 1\n5 500 1\n", |r| {
            for place in PLACES {
                for name in ["mapped", "foreign", "dir"] {
                    let path = format!("{place}/{name}");
                    r.set_acl(&path, "u:6,user:9:4,g:4,m:4,o:4");
                    r.set_acl(&path, "u:6,user:2:6,g:4,group:5:6,m:6,o:0");
                    r.get_acl(&path);
                }
                r.set_default_acl(&format!("{place}/dir"), "u:7,user:3:7,g:5,m:7,o:0");
                r.put(&format!("{place}/dir/new"), O_WRONLY | O_CREAT, "x");
            }
        });
        for place in PLACES {
            r.get_acl(&format!("{place}/mapped"));
            r.get_acl(&format!("{place}/dir/new"));
            r.as_who(OTHER, |r| {
                r.put(&format!("{place}/mapped"), O_WRONLY, "T");
            });
        }
    })
    .absent("lower/foreign")
    .in_upper("lower/mapped")
    .not_on(&["chroot"], shape::NO_USERNS)
}

/// Root of a user namespace gives mapped files to mapped ids.
pub fn userns_chown(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/mapped"), "text")
            .mode(0o6755)
            .owner(1001, 500);
        b.file(&format!("{place}/half"), "text")
            .mode(0o777)
            .owner(1001, 7);
        b.file(&format!("{place}/foreign"), "text").mode(0o777);
        b.symlink(&format!("{place}/link"), "x").owner(1001, 500);
        b.dir(&format!("{place}/dir")).owner(1001, 500);
    });
    steps(|r| {
        const SAME: u32 = u32::MAX;
        r.in_userns("0 1000 4\n", "0 1000 1\n5 500 1\n", |r| {
            for place in PLACES {
                for name in ["mapped", "half", "foreign", "link", "dir"] {
                    let path = format!("{place}/{name}");
                    r.chown(&path, 2, SAME);
                    r.chown(&path, 9, SAME);
                    r.chown(&path, SAME, 9);
                    r.chown(&path, 3, 0);
                    r.lstat(&path);
                }
            }
        });
        for place in PLACES {
            for name in ["mapped", "half", "foreign", "link", "dir"] {
                r.lstat(&format!("{place}/{name}"));
            }
        }
    })
    .in_upper("lower/mapped")
    .absent("lower/half")
    .absent("lower/foreign")
    .not_on(&["chroot"], shape::NO_USERNS)
}

/// A change made in a user namespace copies directories of owners it does not know, unchanged.
pub fn userns_copy_up(b: &mut Builder) -> Steps {
    b.dir("a").mode(0o711).owner(2000, 7);
    b.dir("a/b").mode(0o711).owner(7, 2000);
    b.file("a/b/mine", "text")
        .mode(0o644)
        .owner(1000, 1000)
        .xattr("trusted.a", b"1")
        .xattr("security.a", b"1");
    b.file("a/b/open", "text").mode(0o606).owner(2000, 2000);
    b.file("a/b/passed", "text").mode(0o600);
    steps(|r| {
        let passed = r.open("a/b/passed", O_RDWR);
        r.in_userns("0 1000 1\n", "0 1000 1\n", |r| {
            r.chmod("a/b/mine", 0o600);
            r.put("a/b/open", O_WRONLY, "T");
            r.write(passed, "T");
            r.fchmod(passed, 0o666);
            r.ls("a/b");
            r.unlink("a/b/mine");
        });
        for path in ["a", "a/b", "a/b/mine", "a/b/open", "a/b/passed"] {
            r.stat(path);
            r.listxattr(path);
        }
    })
    .upper_is(&["a", "a/b", "a/b/mine", "a/b/open", "a/b/passed"])
    .not_on(&["chroot"], shape::NO_USERNS)
}

/// Objects made in a user namespace belong to the outer ids; directories decide as outside.
pub fn userns_create(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/all")).mode(0o777);
        b.dir(&format!("{place}/team")).mode(0o2777).owner(7, 7);
        b.dir(&format!("{place}/mapped"))
            .mode(0o500)
            .owner(1001, 1001);
        b.dir(&format!("{place}/closed"));
    });
    b.lower(0).file("white/f", "old");
    b.upper().dir("white").mode(0o755).owner(1001, 1001);
    b.whiteout("white/f");
    steps(|r| {
        r.in_userns("0 1000 4\n", "0 1000 4\n", |r| {
            for place in PLACES {
                for dir in ["all", "team", "mapped", "closed"] {
                    let path = |name: &str| format!("{place}/{dir}/{name}");
                    r.put(&path("f"), O_WRONLY | O_CREAT, "x");
                    r.mkdir_mode(&path("d"), 0o700);
                    r.symlink("x", &path("l"));
                    r.open_mode(&format!("{place}/{dir}"), O_RDWR | O_TMPFILE, 0o2770);
                    r.lstat(&path("f"));
                    r.lstat(&path("d"));
                }
            }
            r.put("white/f", O_WRONLY | O_CREAT, "new");
        });
        for place in PLACES {
            r.lstat(&format!("{place}/team/d"));
            r.lstat(&format!("{place}/mapped/l"));
        }
        r.stat("white/f");
    })
    .absent("lower/closed")
    .not_on(&["chroot"], shape::NO_USERNS)
}

/// Set-user-id programs become their owner in a user namespace that maps the owner and group.
pub fn userns_exec_set_id(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        for (name, uid, gid) in [("mapped", 1002, 500), ("half", 1002, 7), ("root", 0, 0)] {
            b.file(&format!("{place}/{name}"), elf::exits_with_user())
                .mode(0o4755)
                .owner(uid, gid);
        }
    });
    steps(|r| {
        for round in 0..2 {
            r.in_userns("0 1000 4\n", "0 1000 1\n5 500 1\n", |r| {
                for place in PLACES {
                    for name in ["mapped", "half", "root"] {
                        r.exec(&format!("{place}/{name}"), &[]);
                    }
                }
            });
            if round == 0 {
                for name in ["mapped", "half", "root"] {
                    r.utimens(&format!("lower/{name}"), (5, 5));
                }
            }
        }
    })
    .in_upper("lower/mapped")
    .not_on(&["chroot"], shape::NO_USERNS)
}

/// File capabilities set in a user namespace belong to its root, also after copy-up.
pub fn userns_file_capabilities(b: &mut Builder) -> Steps {
    const CAPABILITY: &str = "security.capability";
    const NAMES: [&str; 4] = ["plain", "scoped", "foreign", "roots"];
    in_places(b, |b, place| {
        b.file(&format!("{place}/plain"), elf::becomes_user())
            .mode(0o755)
            .owner(1000, 1000);
        b.file(&format!("{place}/scoped"), elf::becomes_user())
            .mode(0o755)
            .owner(1000, 1000)
            .xattr(CAPABILITY, &scoped(1000));
        b.file(&format!("{place}/foreign"), elf::becomes_user())
            .mode(0o755)
            .owner(1000, 1000)
            .xattr(CAPABILITY, &scoped(2000));
        b.file(&format!("{place}/roots"), elf::becomes_user())
            .mode(0o777);
    });
    steps(|r| {
        for _ in 0..2 {
            r.in_userns("0 1000 4\n77 3000 1\n", "0 1000 4\n", |r| {
                for place in PLACES {
                    r.setxattr(&format!("{place}/plain"), CAPABILITY, SETUID);
                    r.setxattr(&format!("{place}/roots"), CAPABILITY, SETUID);
                    for name in NAMES {
                        let path = format!("{place}/{name}");
                        r.getxattr(&path, CAPABILITY);
                        r.in_child(|r| {
                            sys::become_for_good(1, 1).expect("he is mapped");
                            r.exec(&path, &[]);
                        });
                    }
                }
            });
            for place in PLACES {
                for name in NAMES {
                    let path = format!("{place}/{name}");
                    r.getxattr(&path, CAPABILITY);
                    r.utimens(&path, (5, 5));
                }
            }
        }
    })
    .in_upper("lower/scoped")
    .not_on(&["chroot"], shape::NO_USERNS)
}

/// cap_setuid=ep, version 2.
const SETUID: [u8; 20] = [
    1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// The same in version 3: for user namespaces whose root this user is.
fn scoped(root: u32) -> Vec<u8> {
    let mut value = SETUID.to_vec();
    value[3] = 3;
    value.extend(root.to_le_bytes());
    value
}

/// In a user namespace the immutable flag cannot be set, others can by the owner.
pub fn userns_flags(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/mapped"), "text").owner(1001, 1001);
        b.file(&format!("{place}/foreign"), "text").mode(0o666);
    });
    steps(|r| {
        const NODUMP: u32 = 0x40;
        const IMMUTABLE: u32 = 0x10;
        r.in_userns("0 1000 4\n", "0 1000 4\n", |r| {
            for place in ["lower", "upper"] {
                for name in ["mapped", "foreign"] {
                    let fd = r.open(&format!("{place}/{name}"), O_RDONLY);
                    r.set_flags(fd, IMMUTABLE, IMMUTABLE | NODUMP);
                    if place == "upper" || name == "foreign" {
                        r.set_flags(fd, NODUMP, NODUMP);
                    }
                    r.get_flags(fd, IMMUTABLE | NODUMP);
                }
            }
        });
    })
    .upper_gained(&[])
    .not_on(&["chroot"], shape::NO_USERNS)
    .not_on(shape::IMAGES, shape::NO_FLAGS)
}

/// In a user namespace owners show as it maps them, others as the overflow ids.
pub fn userns_ids_shown(b: &mut Builder) -> Steps {
    const UIDS: &str = "0 1000 4\n";
    const GIDS: &str = "0 1000 1\n5 500 1\n";
    const OWNERS: [(u32, u32); 5] = [(0, 0), (1000, 1000), (1001, 500), (1001, 7), (2000, 7)];
    in_places(b, |b, place| {
        for (uid, gid) in OWNERS {
            b.file(&format!("{place}/{uid}.{gid}"), "text")
                .mode(0o666)
                .owner(uid, gid)
                .xattr(
                    acl::ACCESS,
                    &acl::encode("u:6,user:1002:6,user:3000:4,g:6,group:500:4,m:6,o:6"),
                );
        }
        b.symlink(&format!("{place}/link"), "x").owner(2000, 500);
    });
    steps(|r| {
        let look = |r: &mut Run| {
            for place in PLACES {
                for (uid, gid) in OWNERS {
                    let path = format!("{place}/{uid}.{gid}");
                    r.stat(&path);
                    r.get_acl(&path);
                }
                r.lstat(&format!("{place}/link"));
            }
        };
        r.in_userns(UIDS, GIDS, look);
        for (uid, gid) in OWNERS {
            r.utimens(&format!("merged/{uid}.{gid}"), (5, 5));
        }
        r.in_userns(UIDS, GIDS, look);
    })
    .absent("lower")
    .in_upper("merged/2000.7")
    .not_on(&["chroot"], shape::NO_USERNS)
}

/// Root of a user namespace has no rights to devices, trusted.* and security.* attributes.
pub fn userns_refused(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text")
            .owner(1000, 1000)
            .xattr("trusted.a", b"1")
            .xattr("security.a", b"1");
        b.dir(&format!("{place}/dir")).owner(1000, 1000);
        b.dir(&format!("{place}/shut"));
        b.file(&format!("{place}/shut/f"), "text").owner(1000, 1000);
    });
    steps(|r| {
        r.in_userns("0 1000 4\n", "0 1000 4\n", |r| {
            for place in PLACES {
                let path = format!("{place}/file");
                r.getxattr(&path, "trusted.a");
                r.listxattr(&path);
                r.setxattr(&path, "trusted.a", "2");
                r.setxattr(&path, "security.a", "2");
                r.removexattr(&path, "security.a");
                r.mknod(&format!("{place}/dir/char"), libc::S_IFCHR, 0o600, 1, 3);
                r.mknod(&format!("{place}/dir/block"), libc::S_IFBLK, 0o600, 1, 3);
                let fd = r.open(&path, O_RDONLY);
                r.link_empty(fd, &format!("{place}/shut/link"));
                r.unlink(&format!("{place}/shut/f"));
                r.rename(&path, &format!("{place}/shut/f"));
            }
        });
    })
    .upper_gained(&[])
    .not_on(&["chroot"], shape::NO_USERNS)
    .not_on(&["upper:btrfs"], shape::BTRFS_LISTS_TRUSTED)
}

/// Root of a user namespace has capabilities over mapped objects: owner and group for data, owner for attributes.
pub fn userns_root_rights(b: &mut Builder) -> Steps {
    const OWNERS: [(u32, u32); 5] = [(0, 0), (1000, 7), (1001, 500), (1001, 7), (2000, 500)];
    in_places(b, |b, place| {
        for (uid, gid) in OWNERS {
            let path = format!("{place}/{uid}.{gid}");
            b.file(&path, "text").mode(0o200).owner(uid, gid);
            b.dir(&format!("{path}.dir")).mode(0o500).owner(uid, gid);
            b.file(&format!("{path}.dir/f"), "text").owner(uid, gid);
        }
    });
    steps(|r| {
        r.in_userns("0 1000 4\n", "0 1000 1\n5 500 1\n", |r| {
            for place in PLACES {
                for (uid, gid) in OWNERS {
                    let path = format!("{place}/{uid}.{gid}");
                    r.cat(&path);
                    r.put(&path, O_WRONLY, "T");
                    r.truncate(&path, 2);
                    r.try_open(&path, O_RDONLY | libc::O_NOATIME);
                    r.chmod(&path, 0o640);
                    r.utimens(&path, (5, 5));
                    r.touch(&path);
                    r.setxattr(&path, "user.a", "1");
                    r.exec(&path, &[]);
                    let dir = format!("{path}.dir");
                    r.ls(&dir);
                    r.mkdir(&format!("{dir}/new"));
                    r.unlink(&format!("{dir}/f"));
                }
            }
        });
    })
    .layers(|l| {
        for unmapped in ["0.0", "2000.500"] {
            l.absent(&format!("lower/{unmapped}"))?;
            l.absent(&format!("merged/{unmapped}"))?;
            l.absent(&format!("lower/{unmapped}.dir"))?;
        }
        l.in_upper("lower/1001.500")
    })
    .not_on(&["chroot"], shape::NO_USERNS)
}

/// Root of a user namespace keeps set-group-id where the group is mapped.
pub fn userns_set_id(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        for (name, gid) in [("mapped", 500), ("half", 7)] {
            b.file(&format!("{place}/{name}"), "text").owner(1000, gid);
            b.dir(&format!("{place}/dir_{name}")).owner(1000, gid);
        }
    });
    steps(|r| {
        r.in_userns("0 1000 4\n", "0 1000 1\n5 500 1\n", |r| {
            for place in PLACES {
                for name in ["mapped", "half", "dir_mapped", "dir_half"] {
                    let path = format!("{place}/{name}");
                    r.chmod(&path, 0o6775);
                    r.stat(&path);
                    if !name.starts_with("dir") {
                        r.put(&path, O_WRONLY, "T");
                        r.stat(&path);
                    }
                }
            }
        });
    })
    .in_upper("lower/dir_half")
    .not_on(&["chroot"], shape::NO_USERNS)
}

/// In a sticky directory root of a user namespace deletes objects of mapped owners.
pub fn userns_sticky(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/tmp")).mode(0o1777);
        for (name, uid, gid) in [
            ("own", 1000, 1000),
            ("mapped", 1001, 1001),
            ("half", 1001, 7),
            ("foreign", 7, 7),
        ] {
            for suffix in ["", ".2", ".4"] {
                b.file(&format!("{place}/tmp/{name}{suffix}"), "text")
                    .owner(uid, gid);
            }
        }
    });
    steps(|r| {
        r.in_userns("0 1000 4\n", "0 1000 4\n", |r| {
            for place in PLACES {
                for name in ["own", "mapped", "half", "foreign"] {
                    r.unlink(&format!("{place}/tmp/{name}"));
                    r.rename(
                        &format!("{place}/tmp/{name}.2"),
                        &format!("{place}/tmp/{name}.3"),
                    );
                    r.link(
                        &format!("{place}/tmp/{name}.4"),
                        &format!("{place}/tmp/{name}.5"),
                    );
                }
            }
        });
        for place in PLACES {
            r.ls(&format!("{place}/tmp"));
        }
    })
    .whiteout("lower/tmp/mapped")
    .absent("lower/tmp/half")
    .absent("lower/tmp/foreign.2")
    .absent("lower/tmp/foreign.4")
    .not_on(&["chroot"], shape::NO_USERNS)
}
