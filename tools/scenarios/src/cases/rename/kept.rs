// SPDX-License-Identifier: GPL-2.0-only
//! What a renamed object keeps, and its visibility.

use crate::prelude::*;

/// The directories above a moved file are copied up for it without a trace: times, modes and owners stay.
pub fn rename_ancestors_kept(b: &mut Builder) -> Steps {
    for (base, mode) in [("from", 0o751), ("to", 0o2770)] {
        for (depth, dir) in ["", "/a", "/a/b", "/a/b/c"].iter().enumerate() {
            let dir = format!("{base}{dir}");
            b.dir(&dir)
                .mode(mode)
                .owner(7 + depth as u32, 9)
                .mtime(1000 + depth as i64, 5)
                .xattr("user.d", b"v");
            b.file(&format!("{dir}/beside"), "x");
        }
    }
    b.file("from/a/b/c/f", "text");
    b.file("to/a/b/c/victim", "text");
    steps(|r| {
        r.rename("from/a/b/c/f", "to/a/b/c/victim");
        for base in ["from", "to"] {
            for dir in ["", "/a", "/a/b", "/a/b/c"] {
                let dir = format!("{base}{dir}");
                r.see(&dir);
                r.getxattr(&dir, "user.d");
            }
        }
    })
    .upper_is(&[
        "from",
        "from/a",
        "from/a/b",
        "from/a/b/c",
        "from/a/b/c/f",
        "to",
        "to/a",
        "to/a/b",
        "to/a/b/c",
        "to/a/b/c/victim",
    ])
}

/// Mode, set-id bits, owner, attributes and ACL stay with a moved object; the new parent does not change them.
pub fn rename_attributes_kept(b: &mut Builder) -> Steps {
    b.file("f", "text")
        .mode(0o6755)
        .owner(5, 6)
        .xattr("user.a", b"1")
        .xattr("trusted.t", b"2");
    b.file("g", "text")
        .mode(0o640)
        .xattr(acl::ACCESS, &acl::encode("u:6,user:9:4,g:0,m:4,o:0"));
    b.dir("d")
        .mode(0o2777)
        .owner(0, 500)
        .xattr(acl::DEFAULT, &acl::encode("u:7,g:5,o:0"));
    steps(|r| {
        r.mkdir_mode("new", 0o1700);
        r.chown("new", 3, 4);
        r.setxattr("new", "user.n", "x");
        for name in ["f", "g", "new"] {
            let to = format!("d/{name}");
            r.rename(name, &to);
            r.stat(&to);
            r.listxattr(&to);
            r.get_acl(&to);
        }
        r.getxattr("d/f", "trusted.t");
        r.rename("d/f", "f");
        r.stat("f");
    })
    .in_upper("f")
    .whiteout("g")
}

/// Watches of lower and merged directories report that these move, and what happens in them afterwards.
pub fn rename_dir_events(b: &mut Builder) -> Steps {
    for dir in ["lower", "merged"] {
        b.lower(0).file(&format!("{dir}/sub/f"), "text");
    }
    b.lower(1).file("merged/sub/g", "text");
    b.upper().file("merged/upper", "text");
    b.anywhere().dir("to");
    steps(|r| {
        r.hold();
        use libc::{IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MODIFY, IN_MOVE, IN_MOVE_SELF};
        const EVENTS: u32 =
            IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MODIFY | IN_MOVE | IN_MOVE_SELF;
        let watches = [".", "to", "lower", "lower/sub", "merged", "merged/sub"]
            .map(|path| (path, sys::inotify(path, EVENTS).expect("a watch")));
        r.rename("lower", "to/lower");
        r.rename("merged", "merged2");
        for dir in ["to/lower", "merged2"] {
            r.put(&format!("{dir}/new"), O_WRONLY | O_CREAT, "new");
            r.put(&format!("{dir}/sub/f"), O_WRONLY, "TEXT");
            r.rename(&format!("{dir}/sub"), &format!("{dir}/sub2"));
            r.unlink(&format!("{dir}/sub2/f"));
        }
        r.rename2("to/lower", "merged2", RENAME_EXCHANGE);
        r.rename("merged2/sub2", "to/lower/in");
        r.rmdir("to/lower/in");
        for (path, watch) in watches {
            for (mask, name) in sys::inotify_events(watch) {
                r.note(format_args!("{path}: {mask:#x} {name}"));
            }
        }
    })
}

/// A directory moves with what is mounted within it, which itself does not move.
pub fn rename_dir_with_mounts(b: &mut Builder) -> Steps {
    b.lower(0).file("lower/sub/f", "text");
    b.lower(0).file("merged/sub/f", "text");
    b.lower(1).file("merged/g", "text");
    b.upper().file("merged/upper", "text");
    b.anywhere().dir("to");
    steps(|r| {
        // The union is mounted outside, too.
        r.hold();
        r.with_own_mounts(|r| {
            for dir in ["lower", "merged"] {
                let moved = format!("to/{dir}");
                r.mount_tmpfs(&format!("{dir}/sub"));
                r.put(&format!("{dir}/sub/mounted"), O_WRONLY | O_CREAT, "m");
                r.rename(&format!("{dir}/sub"), "to/sub");
                r.rename2(&format!("{dir}/sub"), "to", RENAME_EXCHANGE);
                r.rename(dir, &moved);
                r.ls(&moved);
                r.cat(&format!("{moved}/sub/mounted"));
                r.rename(&format!("{moved}/sub/mounted"), &format!("{moved}/mounted"));
                r.umount(&format!("{moved}/sub"));
                r.ls(&format!("{moved}/sub"));
                r.rename(&format!("{moved}/sub"), &format!("{dir}-sub"));
                r.cat(&format!("{dir}-sub/f"));
            }
        });
        r.ls(".");
    })
}

/// Watches report that a lower file and a new directory move, and that replaced ones are deleted.
pub fn rename_events(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.file("e/victim", "text");
    b.file("e/gone", "text");
    steps(|r| {
        r.hold();
        use libc::{IN_ATTRIB, IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MOVE, IN_MOVE_SELF};
        const EVENTS: u32 =
            IN_ATTRIB | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE | IN_MOVE_SELF;
        r.unlink("e/gone");
        r.mkdir("new");
        let watches = ["d", "e", "d/f", "e/victim", "new"]
            .map(|path| (path, sys::inotify(path, EVENTS).expect("a watch")));
        r.rename("d/f", "e/gone");
        r.rename("e/gone", "e/victim");
        r.rename("new", "d/f");
        r.rename2("d/f", "e/victim", RENAME_EXCHANGE);
        r.rename("d/none", "e/x");
        r.rename("e/victim", "d");
        for (path, watch) in watches {
            for (mask, name) in sys::inotify_events(watch) {
                r.note(format_args!("{path}: {mask:#x} {name}"));
            }
        }
    })
}

/// Open directories, merged or not, list the result of renames after they are rewound.
pub fn rename_listing_follows(b: &mut Builder) -> Steps {
    b.lower(0).file("merged/a", "x");
    b.file("merged/b", "x");
    b.file("lower/c", "x");
    b.upper().file("merged/upper", "x");
    steps(|r| {
        r.mkdir("new");
        let held = ["merged", "lower", "new"].map(|dir| r.open(dir, O_RDONLY | O_DIRECTORY));
        let look = |r: &mut Run| {
            for fd in held {
                let _ = sys::lseek(fd.raw(), 0, SEEK_SET);
                r.rest(fd);
            }
        };
        look(r);
        for (old, new, flags) in [
            ("merged/a", "new/a", 0),
            ("merged/upper", "merged/a", RENAME_NOREPLACE),
            ("lower/c", "merged/b", 0),
            ("new/a", "lower/c", 0),
            ("lower/c", "merged/b", RENAME_EXCHANGE),
            ("new", "merged/dir", 0),
            ("merged/dir", "new", 0),
        ] {
            r.rename2(old, new, flags);
            look(r);
        }
    })
    .absent("merged/upper")
    .in_upper("merged/a")
}

/// A lower file moves, its old name is hidden.
pub fn rename_lower_file(b: &mut Builder) -> Steps {
    b.file("f", "text")
        .mode(0o640)
        .owner(1, 2)
        .xattr("user.a", b"1");
    b.dir("d");
    steps(|r| {
        r.rename("f", "g");
        r.lstat("f");
        r.stat("g");
        r.cat("g");
        r.rename("g", "d/h");
        r.getxattr("d/h", "user.a");
        r.ls(".");
        r.put("f", O_WRONLY | O_CREAT, "new");
    })
    .absent("g")
    .in_upper("d/h")
}

/// Mappings of a file that is moved or replaced keep showing it, whichever layer it is in.
pub fn rename_mapped(b: &mut Builder) -> Steps {
    b.file("moved", "moved text");
    b.file("replaced", "old text");
    b.file("copied", "copied text");
    b.file("successor", "new text");
    steps(|r| {
        let maps = ["moved", "replaced", "copied"].map(|name| {
            let fd = r.open(name, O_RDWR);
            if name == "copied" {
                r.pwrite(fd, "C", 0);
            }
            let map = r.mmap(fd, 8, PROT_READ, MAP_SHARED);
            (name, fd, map)
        });
        r.rename("moved", "d");
        r.rename("successor", "replaced");
        r.rename("replaced", "copied");
        for (name, fd, map) in &maps {
            r.mapped(name, map);
            r.pread(*fd, 8, 0);
            r.fstat(*fd);
        }
        r.see("d");
        r.see("copied");
    })
    .whiteout("moved")
    .in_upper("d")
}

/// An open file moves and keeps its descriptors.
pub fn rename_open(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        let old = r.open("f", O_RDONLY);
        let writer = r.open("f", O_RDWR);
        r.rename("f", "g");
        r.pread(old, 10, 0);
        r.pwrite(writer, "T", 0);
        r.pread(old, 10, 0);
        r.cat("g");
        r.fchmod(old, 0o600);
        r.stat("g");
    })
}

/// A lower program is replaced and moved while it runs: it continues, and the new one is the one that starts.
pub fn rename_running_program(b: &mut Builder) -> Steps {
    b.file("prog", elf::waits()).mode(0o755);
    b.file("moved", elf::waits()).mode(0o755);
    b.file("next", elf::waits()).mode(0o755);
    steps(|r| {
        let pids = ["prog", "moved"].map(|name| {
            let pid = process::background(|| {
                let _ = process::exec(name, &[name]);
            });
            pid.expect("fork")
        });
        for (pid, name) in pids.iter().zip(["prog\n", "moved\n"]) {
            for _ in 0..200 {
                let running = std::fs::read(format!("/proc/{pid}/comm"));
                if running.is_ok_and(|running| running == name.as_bytes()) {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
        r.rename("next", "prog");
        r.rename("moved", "elsewhere");
        for (pid, program) in pids.iter().zip(["prog (deleted)", "elsewhere"]) {
            let path = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
            r.expect(program, path.to_string_lossy().ends_with(program));
            let alive = std::fs::read(format!("/proc/{pid}/comm")).is_ok();
            r.expect("it runs", alive);
        }
        r.put("prog", O_WRONLY, "x");
        for pid in pids {
            process::kill(pid);
            r.note(format_args!("{:?}", process::wait(pid)));
        }
        r.put("elsewhere", O_WRONLY, "x");
    })
    .whiteout("moved")
    .whiteout("next")
}

/// Renaming one name of a file to another does nothing.
pub fn rename_same_inode(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        r.link("f", "g");
        r.rename("f", "g");
        r.ls(".");
        r.stat("f");
        r.rename2("f", "g", RENAME_NOREPLACE);
    })
}

/// A rename changes the times of both directories and the change time of the object, nothing else; a refused one
/// nothing.
pub fn rename_times(b: &mut Builder) -> Steps {
    for dir in ["from", "to", "still"] {
        b.dir(dir);
    }
    b.file("from/f", "text");
    b.file("to/victim", "text");
    b.file("still/a", "a");
    b.dir("still/d");
    steps(|r| {
        let changed = |path: &str| {
            sys::stat(path, 0)
                .map(|stat| (stat.st_ctime, stat.st_ctime_nsec))
                .ok()
        };
        r.rename("still/none", "to/x");
        r.rename("still/a", "still/d");
        r.rename2("still/a", "to/victim", RENAME_NOREPLACE);
        r.rename("still/a", "still/a");
        for dir in ["from", "to", "still"] {
            r.stat(dir);
        }
        let before = changed("from/f");
        pause();
        r.rename("from/f", "to/g");
        for path in ["from", "to", "to/g"] {
            r.stat(path);
        }
        r.expect("the change time is later", changed("to/g") > before);
        r.utimens("to", OLD);
        r.rename2("to/g", "to/victim", RENAME_EXCHANGE);
        r.stat("to");
        r.utimens("to", OLD);
        r.rename("to/g", "to/victim");
        r.stat("to");
        // Another parent changes the time of a directory itself on some file systems.
        r.mkdir("from/d");
        r.utimens("from/d", OLD);
        r.rename("from/d", "to/d");
        r.stat("to/d");
    })
    .absent("still")
}

/// A rename between two names of one inode does nothing, wherever they are and however they were made.
pub fn rename_two_names(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.file("gone", "old");
    b.upper().file("upper", "upper");
    b.link("linked", "upper");
    steps(|r| {
        r.link("f", "d/g");
        r.unlink("gone");
        r.link("f", "gone");
        r.utimens("d", OLD);
        for flags in [0, RENAME_EXCHANGE, RENAME_WHITEOUT, RENAME_NOREPLACE] {
            r.rename2("f", "d/g", flags);
            r.rename2("d/g", "gone", flags);
            r.rename2("upper", "linked", flags);
        }
        for name in ["f", "d/g", "gone", "upper", "linked"] {
            r.see(name);
        }
        r.stat("d");
        // One of them alone can still be removed.
        r.rename("gone", "else");
        r.rename("f", "else");
        r.unlink("f");
        r.see("else");
    })
    .whiteout("gone")
    .whiteout("f")
}
