// SPDX-License-Identifier: GPL-2.0-only
//! Which call changes which time.

use crate::prelude::*;

/// What changes the time of a lower file, and what does not.
pub fn file_times(b: &mut Builder) -> Steps {
    for name in [
        "chmod", "write", "nothing", "truncate", "same", "link", "rename", "empty",
    ] {
        b.file(name, "text").mtime(1_000_000_007, 7);
    }
    steps(|r| {
        r.chmod("chmod", 0o600);
        r.put("write", O_WRONLY, "T");
        r.put("nothing", O_RDWR, "");
        r.truncate("truncate", 2);
        r.truncate("same", 4);
        r.link("link", "link2");
        r.rename("rename", "renamed");
        let fd = r.open("empty", O_WRONLY | O_TRUNC);
        r.close(fd);
        for name in [
            "chmod", "write", "nothing", "truncate", "same", "link", "renamed", "empty",
        ] {
            r.stat(name);
        }
    })
}

/// Making and deleting names changes the time of their directory.
pub fn parent_times(b: &mut Builder) -> Steps {
    for dir in ["create", "unlink", "rename", "link", "chmod", "write"] {
        b.dir(dir).mtime(1_000_000_007, 7);
        b.file(&format!("{dir}/f"), "text");
    }
    steps(|r| {
        r.put("create/new", O_WRONLY | O_CREAT, "x");
        r.unlink("unlink/f");
        r.rename("rename/f", "rename/g");
        r.link("link/f", "link/g");
        r.chmod("chmod/f", 0o600);
        r.put("write/f", O_WRONLY, "T");
        for dir in ["create", "unlink", "rename", "link", "chmod", "write"] {
            r.stat(dir);
        }
    })
}

/// The birth time is reported where the upper layer's file system knows it, and never changes.
pub fn time_of_birth(b: &mut Builder) -> Steps {
    b.file("low", "text");
    b.upper().dir("d");
    steps(|r| {
        fn birth(path: &str) -> Option<(i64, u32)> {
            let flags = libc::AT_SYMLINK_NOFOLLOW;
            let stat = sys::statx(sys::HERE, path, flags, libc::STATX_BTIME).ok()?;
            let known = stat.stx_mask & libc::STATX_BTIME != 0;
            known.then_some((stat.stx_btime.tv_sec, stat.stx_btime.tv_nsec))
        }
        r.put("file", O_WRONLY | O_CREAT, "x");
        r.mkdir("d/sub");
        r.symlink("x", "link");
        r.mkfifo("fifo", 0o600);
        // A copy is born when it is made.
        r.chmod("low", 0o600);
        let names = ["file", "d/sub", "link", "fifo", "low", "d"];
        let before = names.map(birth);
        for (name, birth) in names.iter().zip(before) {
            r.note(format_args!(
                "{name} has a time of birth = {}",
                birth.is_some()
            ));
            let recent = birth.is_none_or(|(seconds, _)| seconds > 1_500_000_000);
            r.expect("it is not made up", recent);
        }
        pause();
        for name in names {
            r.utimens(name, (5, 5));
            r.chown(name, 1, 1);
        }
        r.put("file", O_WRONLY, "longer");
        r.rename("file", "d/moved");
        r.rename("d/moved", "file");
        r.link("file", "d/second");
        r.expect("they are what they were", before == names.map(birth));
        r.expect("under another name, too", before[0] == birth("d/second"));
    })
    .not_on(&["read-only-erofs"], "erofs tells no time of birth")
    .not_on(shape::ROTATE, "a copy is born when it is made")
}

/// Which call changes which time of the directories it works in, in the upper layer.
pub fn time_of_directory(b: &mut Builder) -> Steps {
    const CALLS: [fn(&mut Run); 24] = [
        |r| {
            r.put("a/new", O_WRONLY | O_CREAT, "x");
        },
        |r| {
            r.put("a/new", O_WRONLY | O_CREAT, "y");
        },
        |r| {
            r.open("a/new", O_WRONLY | O_CREAT | O_EXCL);
        },
        |r| {
            r.mkdir("a/sub");
        },
        |r| {
            r.mkdir("a/sub");
        },
        |r| {
            r.mkdir("a/sub/sub");
        },
        |r| {
            r.symlink("x", "a/link");
        },
        |r| {
            r.mkfifo("a/fifo", 0o600);
        },
        |r| {
            r.link("a/f", "b/f");
        },
        |r| {
            r.link("a/f", "b/f");
        },
        |r| {
            r.rename("a/f", "a/g");
        },
        |r| {
            r.rename("a/g", "b/g");
        },
        |r| {
            r.rename("b/g", "b/f");
        },
        |r| {
            r.rename2("a/new", "b/g", RENAME_EXCHANGE);
        },
        |r| {
            r.rename2("a/new", "b/f", RENAME_NOREPLACE);
        },
        |r| {
            r.rename("a/sub", "b/sub");
        },
        |r| {
            r.rmdir("b/sub");
        },
        |r| {
            r.rmdir("b/sub/sub");
        },
        |r| {
            r.rmdir("b/sub");
        },
        |r| {
            r.unlink("a/none");
        },
        |r| {
            r.unlink("a/link");
        },
        |r| {
            r.chmod("a/fifo", 0o666);
        },
        |r| {
            r.put("a/new", O_WRONLY, "z");
        },
        |r| {
            let fd = r.open_mode("b", O_RDWR | O_TMPFILE, 0o600);
            r.touched(&["b"], |r| {
                r.link_fd(fd, "b/named");
            });
        },
    ];
    b.upper();
    b.file("a/f", "text");
    b.dir("b");
    steps(|r| {
        for call in CALLS {
            r.touched(&["a", "b"], call);
        }
    })
    .not_on(shape::ROTATE, "a copy has a change time of its own")
}

/// Renaming and linking objects of every type changes their change time alone.
pub fn time_of_exchanged(b: &mut Builder) -> Steps {
    every_kind(b, "low");
    b.upper();
    every_kind(b, "upper");
    b.dir("to");
    steps(|r| {
        for dir in ["low", "upper"] {
            for kind in KINDS {
                if (dir, kind) == ("low", "dir") {
                    // Lower directories are not renamed by this version.
                    continue;
                }
                let (old, new) = (format!("{dir}/{kind}"), format!("to/{kind}"));
                let before = r.identity(&old);
                let fd = r.open(&old, O_PATH | O_NOFOLLOW);
                let then = sys::fstat(fd.raw()).expect("fstat");
                pause();
                r.rename(&old, &new);
                let now = sys::fstat(fd.raw()).expect("fstat");
                let time = |s: &libc::stat| (s.st_mtime, s.st_mtime_nsec);
                let ctime = |s: &libc::stat| (s.st_ctime, s.st_ctime_nsec);
                r.expect("the modification time is kept", time(&then) == time(&now));
                r.note(format_args!(
                    "the change time = {:?}",
                    ctime(&now).cmp(&ctime(&then))
                ));
                let after = r.identity(&new);
                r.expect("it is the same object", before == after);
                r.unlink(&new);
                r.rmdir(&new);
            }
        }
    })
}

/// Which call changes which time of a file of the upper layer.
pub fn time_of_file(b: &mut Builder) -> Steps {
    const CALLS: [(&str, fn(&mut Run)); 21] = [
        ("chmod", |r| {
            r.chmod("f", 0o600);
        }),
        ("chmod to the same", |r| {
            r.chmod("f", 0o600);
        }),
        ("chown", |r| {
            r.chown("f", 1, 1);
        }),
        ("chown to nobody", |r| {
            r.chown("f", u32::MAX, u32::MAX);
        }),
        ("chown of the link", |r| {
            r.chown("l", 1, 1);
        }),
        ("setxattr", |r| {
            r.setxattr("f", "user.b", "2");
        }),
        ("the same value", |r| {
            r.setxattr("f", "user.b", "2");
        }),
        ("removexattr", |r| {
            r.removexattr("f", "user.b");
        }),
        ("removexattr of none", |r| {
            r.removexattr("f", "user.b");
        }),
        ("link", |r| {
            r.link("f", "g");
        }),
        ("unlink of a name", |r| {
            r.unlink("g");
        }),
        ("rename", |r| {
            r.rename("f", "h");
            r.rename("h", "f");
        }),
        ("rename of the link", |r| {
            r.rename("l", "m");
            r.rename("m", "l");
        }),
        ("write", |r| {
            r.put("f", O_WRONLY, "T");
        }),
        ("write nothing", |r| {
            r.put("f", O_WRONLY, "");
        }),
        ("append", |r| {
            r.put("f", O_WRONLY | O_APPEND, "x");
        }),
        ("truncate", |r| {
            r.truncate("f", 2);
        }),
        ("truncate to the same size", |r| {
            r.truncate("f", 2);
        }),
        ("truncate refused", |r| {
            r.truncate("f", -1);
        }),
        ("ACL", |r| {
            r.set_acl("f", "u:6,user:5:4,g:4,m:4,o:4");
        }),
        ("looking", |r| {
            r.stat("f");
            r.getxattr("f", "user.a");
            r.access("f", R_OK);
        }),
    ];
    b.upper().file("f", "text").xattr("user.a", b"1");
    b.symlink("l", "f");
    steps(|r| {
        let both = ["f", "l"];
        for (_, call) in CALLS {
            r.touched(&both, |r| call(r));
        }
    })
    .not_on(shape::ROTATE, "a copy has a change time of its own")
}

/// A lower or merged directory keeps its times when it is copied up, and gets new ones by names.
pub fn time_of_lower_directory(b: &mut Builder) -> Steps {
    const CALLS: [(&str, fn(&mut Run, &str)); 12] = [
        ("quiet-chmod", |r, d| {
            r.chmod(&format!("{d}/f"), 0o600);
        }),
        ("quiet-write", |r, d| {
            r.put(&format!("{d}/g"), O_WRONLY, "T");
        }),
        ("quiet-below", |r, d| {
            r.mkdir(&format!("{d}/sub/new"));
        }),
        ("quiet-links", |r, d| {
            r.link(&format!("{d}/f"), "linked");
            r.unlink("linked");
        }),
        ("nothing", |r, d| {
            r.rmdir(d);
        }),
        ("refused", |r, d| {
            r.mkdir(&format!("{d}/f"));
        }),
        ("create", |r, d| {
            r.mkdir(&format!("{d}/new"));
        }),
        ("unlink", |r, d| {
            r.unlink(&format!("{d}/f"));
        }),
        ("rmdir", |r, d| {
            r.rmdir(&format!("{d}/sub"));
        }),
        ("rename", |r, d| {
            r.rename(&format!("{d}/f"), &format!("{d}/h"));
        }),
        ("over", |r, d| {
            r.rename(&format!("{d}/f"), &format!("{d}/g"));
        }),
        ("chmod", |r, d| {
            r.chmod(d, 0o700);
        }),
    ];
    for (dir, _) in CALLS {
        b.lower(1).dir(dir);
        b.file(&format!("{dir}/f"), "text");
        b.dir(&format!("{dir}/sub"));
        b.lower(0).dir(dir);
        b.file(&format!("{dir}/g"), "text");
    }
    steps(|r| {
        for (dir, call) in CALLS {
            r.touched(&[dir], |r| call(r, dir));
        }
    })
    .allow(
        "ctime of quiet",
        "the change time of a directory is that of its copy-up",
    )
}

/// The first change of a lower file updates the times that every change of its kind updates.
pub fn time_of_lower_file(b: &mut Builder) -> Steps {
    const CALLS: [(&str, fn(&mut Run, &str)); 15] = [
        ("chmod", |r, f| {
            r.chmod(f, 0o600);
        }),
        ("chmod-same", |r, f| {
            r.chmod(f, 0o644);
        }),
        ("chown", |r, f| {
            r.chown(f, 1, 1);
        }),
        ("chown-nobody", |r, f| {
            r.chown(f, u32::MAX, u32::MAX);
        }),
        ("setxattr", |r, f| {
            r.setxattr(f, "user.b", "2");
        }),
        ("removexattr", |r, f| {
            r.removexattr(f, "user.a");
        }),
        ("removexattr-none", |r, f| {
            r.removexattr(f, "user.c");
        }),
        ("link", |r, f| {
            r.link(f, "second");
        }),
        ("append", |r, f| {
            r.put(f, O_WRONLY | O_APPEND, "x");
        }),
        ("longer", |r, f| {
            r.truncate(f, 100);
        }),
        ("same-size", |r, f| {
            r.truncate(f, 4);
        }),
        ("open-write", |r, f| {
            let fd = r.open(f, O_RDWR);
            r.close(fd);
        }),
        ("open-truncate", |r, f| {
            let fd = r.open(f, O_WRONLY | O_TRUNC);
            r.close(fd);
        }),
        ("allocate", |r, f| {
            let fd = r.open(f, O_WRONLY);
            r.fallocate(fd, 0, 0, 4096);
        }),
        ("acl", |r, f| {
            r.set_acl(f, "u:6,user:5:4,g:4,m:4,o:4");
        }),
    ];
    for (name, _) in CALLS {
        b.file(name, "text").xattr("user.a", b"1");
    }
    steps(|r| {
        for (name, call) in CALLS {
            r.touched(&[name], |r| call(r, name));
        }
    })
    .allow(
        "ctime of same-size",
        "a truncation that changes nothing copies the file, whose change time is that of the copy",
    )
}

/// A write through a mapping updates the times of the file when a write to its file system would.
pub fn time_of_mapped_write(b: &mut Builder) -> Steps {
    b.file("low", vec![b'x'; 4096]);
    b.upper().file("upper", vec![b'x'; 4096]);
    steps(|r| {
        for name in ["low", "upper"] {
            let fd = r.open(name, O_RDWR);
            let mut map = r.mmap(fd, 4096, PROT_READ | PROT_WRITE, MAP_SHARED);
            r.utimens(name, (1_000_000_000, 5));
            r.touched(&[name], |r| {
                if let Some(map) = &mut map {
                    map.store(10, b"mapped");
                }
                r.fsync(fd);
            });
            drop(map);
            r.stat(name);
        }
    })
}

/// Making names over whiteouts and deleting them again updates the times of their directory.
pub fn time_of_whiteout_parent(b: &mut Builder) -> Steps {
    b.lower(0).file("d/f", "text");
    b.file("d/g", "text");
    b.dir("d/sub");
    b.file("o/f", "text");
    b.upper().whiteout("d/f");
    b.whiteout("d/sub");
    b.opaque("o");
    steps(|r| {
        let calls: [fn(&mut Run); 10] = [
            |r| {
                r.unlink("d/f");
            },
            |r| {
                r.unlink("d/g");
            },
            |r| {
                r.put("d/f", O_WRONLY | O_CREAT, "x");
            },
            |r| {
                r.link("d/f", "d/g");
            },
            |r| {
                r.mkdir("d/sub");
            },
            |r| {
                r.rmdir("d/sub");
            },
            |r| {
                r.symlink("x", "d/sub");
            },
            |r| {
                r.rename("d/sub", "o/f");
            },
            |r| {
                r.unlink("o/f");
            },
            |r| {
                r.rename("d/g", "d/f");
            },
        ];
        for call in calls {
            r.touched(&["d", "o"], call);
        }
    })
    .whiteout("d/sub")
    .absent("o/f")
}
