// SPDX-License-Identifier: GPL-2.0-only
//! Permission to execute programs, and the resulting credentials.

use crate::prelude::*;

/// File capabilities work through the union, before and after copy-up, until a write.
pub fn perm_exec_capabilities(b: &mut Builder) -> Steps {
    /// cap_setuid=ep, version 2.
    const SETUID: [u8; 20] = [
        1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    in_places(b, |b, place| {
        b.file(&format!("{place}/capable"), elf::becomes_user())
            .mode(0o777)
            .owner(1000, 500)
            .xattr("security.capability", &SETUID);
        b.file(&format!("{place}/plain"), elf::becomes_user())
            .mode(0o777);
    });
    steps(|r| {
        let run = |r: &mut Run| {
            r.in_child(|r| {
                // Not a process whose real user is root: it would get all capabilities back.
                sys::become_for_good(1002, 1002).expect("root may become anyone");
                for place in PLACES {
                    r.exec(&format!("{place}/capable"), &[]);
                    r.exec(&format!("{place}/plain"), &[]);
                }
            });
        };
        run(r);
        for place in PLACES {
            r.utimens(&format!("{place}/capable"), (5, 5));
            r.setxattr(&format!("{place}/plain"), "security.capability", SETUID);
        }
        run(r);
        r.as_who(OWNER, |r| {
            for place in PLACES {
                r.put(&format!("{place}/capable"), O_WRONLY | O_APPEND, "x");
            }
        });
        run(r);
        for place in PLACES {
            r.getxattr(&format!("{place}/capable"), "security.capability");
            r.chown(&format!("{place}/plain"), 1000, 500);
        }
        run(r);
    })
    .in_upper("lower/capable")
}

/// A program runs for users with execute permission, readable or not; root needs one bit as well.
pub fn perm_exec_modes(b: &mut Builder) -> Steps {
    const MODES: [u32; 7] = [0o100, 0o010, 0o001, 0o111, 0o755, 0o666, 0o677];
    in_places(b, |b, place| {
        for mode in MODES {
            b.file(&format!("{place}/{mode:03o}"), elf::exits_with(42))
                .mode(mode)
                .owner(1000, 500);
        }
        b.file(&format!("{place}/acl"), elf::exits_with(42))
            .mode(0o611)
            .owner(1000, 500)
            .xattr(
                acl::ACCESS,
                &acl::encode("u:6,user:1002:0,g:0,group:501:1,m:1,o:1"),
            );
        b.file(&format!("{place}/script"), format!("#!{place}/111\n"))
            .mode(0o311)
            .owner(1000, 500);
    });
    steps(|r| {
        let run = |r: &mut Run| {
            for place in PLACES {
                for mode in MODES {
                    let path = format!("{place}/{mode:03o}");
                    r.access(&path, X_OK);
                    r.exec(&path, &[]);
                }
                r.exec(&format!("{place}/acl"), &[]);
                // The interpreter reads it, which the kernel does not check.
                r.exec(&format!("{place}/script"), &[]);
                r.exec(place, &[]);
            }
        };
        r.each_user(|r, _| run(r));
        run(r);
    })
    .upper_gained(&[])
}

/// Set-id programs run as their owner and group, until a change of the data.
pub fn perm_exec_set_id(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        for (name, program) in [
            ("user", elf::exits_with_user()),
            ("group", elf::exits_with_group()),
        ] {
            b.file(&format!("{place}/{name}"), program)
                .mode(0o6777)
                .owner(1000, 500);
        }
        // Without execute permission for the group, this bit has no meaning.
        b.file(&format!("{place}/odd"), elf::exits_with_group())
            .mode(0o2705)
            .owner(1003, 500);
    });
    steps(|r| {
        let run = |r: &mut Run| {
            r.as_who(OTHER, |r| {
                for place in PLACES {
                    for name in ["user", "group", "odd"] {
                        r.exec(&format!("{place}/{name}"), &[]);
                    }
                }
            });
        };
        run(r);
        for place in PLACES {
            for name in ["user", "group", "odd"] {
                r.utimens(&format!("{place}/{name}"), (5, 5));
            }
        }
        run(r);
        r.as_who(OTHER, |r| {
            for place in PLACES {
                for name in ["user", "group"] {
                    r.put(&format!("{place}/{name}"), O_WRONLY | O_APPEND, "x");
                }
            }
        });
        run(r);
    })
    .in_upper("lower/odd")
}

/// On a noexec mount nothing runs and nothing is mapped as a program.
pub fn perm_noexec_mount(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/program"), elf::exits_with(42))
            .mode(0o755);
    });
    steps(|r| {
        r.on_bind(libc::MS_NOEXEC, |r| {
            for place in PLACES {
                let path = format!("{place}/program");
                r.exec(&path, &[]);
                r.access(&path, X_OK);
                r.access(place, X_OK);
                let fd = r.open(&path, O_RDONLY);
                for sharing in [MAP_PRIVATE, MAP_SHARED] {
                    let result = sys::Map::new(fd.raw(), 16, PROT_READ | libc::PROT_EXEC, sharing);
                    r.done(format_args!("mmap({path}) to execute"), result.map(drop));
                }
                let result = sys::Map::new(fd.raw(), 16, PROT_READ, MAP_PRIVATE);
                r.done(format_args!("mmap({path}) to read"), result.map(drop));
            }
        });
        for place in PLACES {
            r.exec(&format!("{place}/program"), &[]);
        }
    })
    .upper_gained(&[])
}

/// Set-id bits, file capabilities and devices are kept but have no effect on a nosuid, nodev mount.
pub fn perm_nosuid_nodev_mount(b: &mut Builder) -> Steps {
    /// cap_setuid=ep, version 2.
    const SETUID: [u8; 20] = [
        1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    in_places(b, |b, place| {
        b.file(&format!("{place}/suid"), elf::exits_with_user())
            .mode(0o4755)
            .owner(1000, 500);
        b.file(&format!("{place}/capable"), elf::becomes_user())
            .mode(0o755)
            .xattr("security.capability", &SETUID);
        b.char_device(&format!("{place}/null"), 1, 3).mode(0o666);
    });
    steps(|r| {
        let run = |r: &mut Run| {
            for place in PLACES {
                r.stat(&format!("{place}/suid"));
                r.getxattr(&format!("{place}/capable"), "security.capability");
                r.try_open(&format!("{place}/null"), O_WRONLY);
                r.in_child(|r| {
                    sys::become_for_good(1002, 1002).expect("root may become anyone");
                    r.exec(&format!("{place}/suid"), &[]);
                    r.exec(&format!("{place}/capable"), &[]);
                });
            }
        };
        r.on_bind(libc::MS_NOSUID | libc::MS_NODEV, run);
        run(r);
    })
    .upper_gained(&[])
}

/// A write by its owner drops set-user-id and capabilities.
pub fn set_id_dropped_by_write(b: &mut Builder) -> Steps {
    /// cap_net_raw=ep, version 2.
    const CAPABILITY: [u8; 20] = [
        1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    b.file("f", "text").mode(0o6755).owner(1000, 1000);
    b.file("c", "text")
        .mode(0o755)
        .owner(1000, 1000)
        .xattr("security.capability", &CAPABILITY);
    b.dir("d").mode(0o777);
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            r.put("f", O_WRONLY, "T");
            r.stat("f");
            r.put("c", O_WRONLY, "T");
        });
        r.getxattr("c", "security.capability");
    })
}
