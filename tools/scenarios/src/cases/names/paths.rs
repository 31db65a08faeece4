// SPDX-License-Identifier: GPL-2.0-only
//! Paths.

use crate::prelude::*;

/// A lower directory bound to another place is one directory in both; the mount point is busy, and links between the
/// mounts are refused.
pub fn path_bind_directory(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.file("d/g", "text");
    b.file("mnt/covered", "text");
    b.upper().dir("u");
    steps(|r| {
        r.hold();
        r.with_own_mounts(|r| {
            r.mount_bind("d", "mnt");
            let (there, here) = (r.identity("d"), r.identity("mnt"));
            r.expect("the same directory", there == here);
            r.put("mnt/f", O_WRONLY, "T");
            r.cat("d/f");
            r.unlink("mnt/g");
            r.mkdir("d/new");
            r.rename("mnt/new", "mnt/newer");
            r.ls("mnt");
            r.rename("mnt/f", "d/f2");
            r.link("mnt/f", "d/f2");
            r.rename("d/f", "u/f");
            r.ls("mnt");
            r.rmdir("mnt");
            r.unlink("mnt");
            r.rename("mnt", "u/mnt");
            r.rename("u", "mnt");
            r.rename2("u", "mnt", RENAME_EXCHANGE);
            r.rmdir("d");
            r.umount("mnt");
            r.ls("mnt");
        });
        r.ls("d");
    })
    .absent("mnt")
    .whiteout("d/g")
}

/// A lower file bound over another shows there, also after copy-up; the covered name can be neither moved nor deleted.
pub fn path_bind_file(b: &mut Builder) -> Steps {
    b.file("f", "from below");
    b.file("g", "covered");
    steps(|r| {
        r.hold();
        r.with_own_mounts(|r| {
            r.mount_bind("f", "g");
            r.cat("g");
            r.put("f", O_WRONLY, "FROM");
            r.cat("g");
            r.put("g", O_WRONLY | O_TRUNC, "through the mount");
            r.cat("f");
            r.chmod("g", 0o600);
            r.stat("f");
            r.unlink("g");
            r.rename("g", "h");
            r.rename("f", "g");
            r.link("g", "h");
            r.rename("f", "moved");
            r.unlink("moved");
            r.cat("g");
            r.put("g", O_WRONLY | O_APPEND, ", still");
            r.cat("g");
            r.umount("g");
            r.cat("g");
        });
        r.ls(".");
    })
    .whiteout("f")
    .absent("g")
}

/// A process with a directory of the tree as its root uses absolute paths in it, and cannot leave it.
pub fn path_chroot(b: &mut Builder) -> Steps {
    b.file("outside", "no");
    b.lower(1).file("jail/etc/motd", "1");
    b.symlink("jail/link", "/etc/motd");
    b.lower(0).file("jail/etc/hosts", "0");
    b.symlink("jail/etc/up", "../../outside");
    b.upper().file("jail/tmp/f", "upper");
    steps(|r| {
        r.hold();
        r.in_child(|r| {
            r.chroot("jail");
            r.chdir("/");
            r.cat("/link");
            r.cat("/etc/up");
            r.cat("/../../etc/hosts");
            r.put("/etc/motd", O_WRONLY, "one");
            r.put("/etc/new", O_WRONLY | O_CREAT, "new");
            r.rename("/etc/hosts", "/tmp/hosts");
            r.unlink("/tmp/f");
            r.symlink("/etc/new", "/tmp/abs");
            r.cat("/tmp/abs");
            r.chdir("/tmp");
            let here = sys::getcwd().map(|path| path.escape_ascii().to_string());
            r.call("getcwd", here);
            r.rmdir("/");
            r.rename("/etc", "/");
            r.stat("/proc/self");
            r.ls("/");
        });
        r.ls("jail/tmp");
    })
    .whiteout("jail/etc/hosts")
    .absent("outside")
}

/// /proc names an open file by its path in the union, before and after copy-up, renaming and deletion.
pub fn path_fd_names(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.file("d/g", "text");
    b.upper().dir("u");
    steps(|r| {
        let root = r.root();
        let lower = r.open("d/f", O_RDONLY);
        let path = r.open("d/g", O_PATH);
        let dir = r.open("u", O_RDONLY);
        let nameless = r.open("u", O_RDWR | O_TMPFILE);
        for fd in [lower, path, dir] {
            r.fd_name(fd, &root);
        }
        let named = sys::descriptor_path(nameless.raw());
        let deleted = named.is_ok_and(|name| name.to_string_lossy().ends_with(" (deleted)"));
        r.expect("a file without a name is shown as deleted", deleted);
        let map = sys::Map::new(lower.raw(), 4, PROT_READ, MAP_PRIVATE);
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
        r.expect(
            "maps name it so",
            maps.lines().any(|line| line.ends_with("/d/f")),
        );
        drop(map);
        r.chmod("d/f", 0o600);
        r.fd_name(lower, &root);
        r.rename("d/f", "u/f");
        r.fd_name(lower, &root);
        r.rename("u", "v");
        r.fd_name(lower, &root);
        r.fd_name(dir, &root);
        r.unlink("v/f");
        r.unlink("d/g");
        r.put("d/g", O_WRONLY | O_CREAT, "another");
        r.fd_name(lower, &root);
        r.fd_name(path, &root);
        r.rmdir("v");
        r.fd_name(dir, &root);
    })
    .whiteout("d/f")
}

/// getcwd names the current directory after renames above it, and reports that it has no name after its removal.
pub fn path_getcwd(b: &mut Builder) -> Steps {
    b.file("lower/sub/f", "text");
    b.upper().dir("upper/sub");
    steps(|r| {
        let root = r.root();
        let start = r.open(".", O_PATH);
        r.chdir("upper/sub");
        r.getcwd(&root);
        r.rename("../../upper", "../../moved");
        r.getcwd(&root);
        r.chdir("..");
        r.getcwd(&root);
        r.rmdir("sub");
        r.rmdir("../moved");
        r.getcwd(&root);
        r.chdir("..");
        r.getcwd(&root);
        r.fchdir(start);
        r.chdir("lower/sub");
        r.chmod(".", 0o700);
        r.getcwd(&root);
        r.unlink("f");
        r.rmdir("../sub");
        r.getcwd(&root);
        r.mkdir("../sub");
        r.getcwd(&root);
        r.ls(".");
        r.chdir(".");
        r.stat("../sub");
    })
    .opaque("lower/sub")
}

/// name_to_handle_at gives an identifier that copy-up and renaming keep, and that no other file has.
pub fn path_handles(b: &mut Builder) -> Steps {
    /// Not in libc: a handle that distinguishes files but need not serve to open them.
    const AT_HANDLE_FID: i32 = 0x200;
    b.file("f", "text");
    b.file("g", "text");
    b.dir("d");
    b.symlink("l", "f");
    b.upper().file("u", "text");
    steps(|r| {
        let id = |path: &str| sys::name_to_handle(path, AT_HANDLE_FID);
        let all = ["f", "g", "d", "l", "u", "."].map(id);
        for one in &all {
            r.expect("an identifier", one.is_ok());
            r.expect(
                "its own",
                all.iter().filter(|other| *other == one).count() == 1,
            );
        }
        r.chmod("f", 0o600);
        r.rename("f", "f2");
        r.chmod("d", 0o700);
        r.expect("kept by copy-up and renaming", id("f2") == all[0]);
        r.expect("kept by the copy-up of a directory", id("d") == all[2]);
        let handle = sys::name_to_handle("g", 0).and_then(|handle| {
            let root = sys::open(".", O_RDONLY, 0)?;
            sys::open_by_handle(root, &handle, O_RDONLY)
        });
        r.done("opened by its handle", handle.map(drop));
    })
    .allow(
        "opened by its handle",
        "a union has no handles that could be opened",
    )
    .not_on(shape::ROTATE, shape::NUMBERS_IN_TOP)
}

/// Paths of 4095 bytes are valid, of 4096 ENAMETOOLONG, for every call.
pub fn path_max(b: &mut Builder) -> Steps {
    b.lower(1).file("f", "0123456789");
    b.file("d/x", "1");
    b.lower(0).file("d/y", "0");
    steps(|r| {
        // Its links would become separate files.
        r.hold();
        for length in [4095, 4096] {
            let path = |name: &str| long(length, name);
            assert_eq!(path("f").len(), length);
            r.note(format_args!("paths of {length} bytes"));
            r.done("stat", sys::stat(path("f"), 0).map(drop));
            r.done("open", sys::open(path("f"), O_RDWR, 0).and_then(sys::close));
            r.done(
                "create",
                sys::open(path("c"), O_RDWR | O_CREAT, 0o644).and_then(sys::close),
            );
            r.done("truncate", sys::truncate(path("f"), 4));
            r.done("chmod", sys::chmod(path("f"), 0o600));
            r.done("chown", sys::lchown(path("f"), 7, 8));
            r.done("setxattr", sys::setxattr(path("f"), "user.a", b"1", 0));
            r.done("access", sys::access(path("f"), W_OK));
            r.done("mkdir", sys::mkdir(path("m"), 0o755));
            r.done("rmdir", sys::rmdir(path("m")));
            r.done("symlink", sys::symlink("f", path("s")));
            r.done("readlink", sys::readlink(path("s")).map(drop));
            r.done("link from", sys::link(path("f"), format!("h{length}"), 0));
            r.done("link to", sys::link("f", path("k"), 0));
            r.done("rename from", sys::rename(path("k"), "k2", 0));
            r.done("rename to", sys::rename("k2", path("k3"), 0));
            r.done("mknod", sys::mknod(path("p"), libc::S_IFIFO | 0o600, 0));
            r.done("unlink", sys::unlink(path("p")));
            r.done("statfs", sys::statfs(path("d")).map(drop));
            r.done("chdir", sys::chdir(path(".")));
        }
        r.ls(".");
    })
}

/// A path of `length` bytes to `name`, through a directory and out of it again.
fn long(length: usize, name: &str) -> String {
    let mut path = "d/../".repeat((length - name.len()) / 5);
    path += &"/".repeat(length - name.len() - path.len());
    path + name
}

/// A name that was looked up without success is found once it exists, and no longer once it is deleted.
pub fn path_missing_first(b: &mut Builder) -> Steps {
    b.dir("d");
    b.lower(1).file("d/hidden", "x");
    b.lower(0).whiteout("d/hidden");
    b.anywhere().file("d/deleted", "x");
    b.file("f", "text");
    steps(|r| {
        r.unlink("d/deleted");
        for name in ["d/hidden", "d/deleted", "d/never"] {
            let missing = |r: &mut Run| {
                r.stat(name);
                r.stat(&format!("{name}/x"));
            };
            missing(r);
            r.put(name, O_WRONLY | O_CREAT, "made");
            r.stat(name);
            r.unlink(name);
            missing(r);
            r.mkdir(name);
            r.put(&format!("{name}/x"), O_WRONLY | O_CREAT, "x");
            r.stat(&format!("{name}/x"));
            r.unlink(&format!("{name}/x"));
            r.rmdir(name);
            missing(r);
            r.link("f", name);
            r.cat(name);
            r.rename(name, "moved");
            missing(r);
            r.rename("moved", name);
            r.cat(name);
            r.unlink(name);
            missing(r);
            r.symlink("../f", name);
            r.cat(name);
            r.unlink(name);
        }
        r.ls("d");
    })
    .layers(|l| {
        // Nothing shows beneath it.
        l.absent("d/hidden")?;
        l.whiteout("d/deleted")?;
        l.absent("d/never")
    })
}

/// A mount over a lower directory hides it and receives its writes, until a process that does not see the mount removes
/// the directory.
pub fn path_mounted_over(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.dir("e");
    steps(|r| {
        r.hold();
        r.with_own_mounts(|r| {
            r.mount_tmpfs("d");
            r.ls("d");
            r.put("d/on-tmpfs", O_WRONLY | O_CREAT, "x");
            r.rename("d/on-tmpfs", "out");
            r.link("d/on-tmpfs", "out");
            r.rmdir("d");
            r.umount("d");
            r.ls("d");
            r.mount_tmpfs("e");
            r.put("e/on-tmpfs", O_WRONLY | O_CREAT, "x");
            r.rmdir("e");
            r.with_own_mounts(|r| {
                r.umount("e");
                r.rmdir("e");
                r.stat("e");
            });
            r.stat("e");
            r.mkdir("e");
            r.ls("e");
        });
        r.ls(".");
    })
    .absent("d")
    .opaque("e")
}

/// On a mount that follows no links, links of all layers are shown and not followed.
pub fn path_no_symfollow(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.symlink("d/l", "f");
    b.symlink("d/sub", "../d");
    b.upper().symlink("d/u", "f");
    b.anywhere().dir("mnt");
    steps(|r| {
        r.hold();
        r.with_own_mounts(|r| {
            r.mount_bind("d", "mnt");
            r.mount_flags("mnt", libc::MS_NOSYMFOLLOW);
            for link in ["mnt/l", "mnt/u", "mnt/sub/f", "d/l"] {
                r.cat(link);
                r.lstat(link);
                r.readlink(link);
                r.truncate(link, 2);
            }
            r.unlink("mnt/l");
            r.umount("mnt");
        });
        r.cat("d/u");
    })
    .whiteout("d/l")
    .absent("mnt")
}

/// Forty links may be followed in a path, whatever layers they are in, and no more.
pub fn path_symlink_forty(b: &mut Builder) -> Steps {
    b.file("d/l0", "the end");
    for n in 1..=41 {
        // Links of two lower layers and the upper layer in turn.
        match n % 3 {
            0 => b.upper(),
            lower => b.lower(lower - 1),
        };
        b.symlink(&format!("d/l{n}"), &format!("l{}", n - 1));
    }
    steps(|r| {
        r.cat("d/l40");
        r.cat("d/l41");
        r.stat("d/l41");
        r.lstat("d/l41");
        r.put("d/l40", O_WRONLY, "THE");
        r.truncate("d/l41", 0);
        r.put("d/l41", O_WRONLY | O_CREAT, "x");
        r.cat("d/l1");
        // With one link less in the middle, the last can be reached.
        r.unlink("d/l20");
        r.cat("d/l41");
        r.link("d/l0", "d/l20");
        r.cat("d/l41");
    })
    .in_upper("d/l20")
    .absent("d/l40")
}

/// Targets of links may be as long as the upper layer allows, and are copied up whole.
pub fn path_symlink_longest(b: &mut Builder) -> Steps {
    b.file("f", "text");
    for length in [60, 255, 1000, 1023] {
        b.symlink(&format!("below{length}"), &target(length));
    }
    b.symlink("dangling", &"x".repeat(700));
    steps(|r| {
        for length in [60, 255, 1000, 1023] {
            let name = format!("below{length}");
            r.readlink(&name);
            r.cat(&name);
            r.chown(&name, 7, 8);
            r.readlink(&name);
            r.rename(&name, &format!("moved{length}"));
            r.cat(&format!("moved{length}"));
        }
        for length in [59, 60, 1023, 1024, 4094, 4095, 4096] {
            let name = format!("new{length}");
            r.done(
                format_args!("symlink of {length}"),
                sys::symlink(target(length), &name),
            );
            r.readlink(&name);
            r.cat(&name);
        }
        r.symlink("", "empty");
        r.chmod("dangling", 0o600);
    })
    .in_upper("moved1023")
}

/// A target of `length` bytes that leads to the file.
fn target(length: usize) -> String {
    format!(".{}f", "/".repeat(length - 2))
}

/// The object at the end of a path changes with the link: copied up, replaced by another, by a file or a directory.
pub fn path_symlink_replaced(b: &mut Builder) -> Steps {
    b.file("one/f", "1");
    b.file("two/f", "2");
    b.symlink("l", "one");
    b.symlink("m", "one");
    b.upper().file("two/g", "2");
    steps(|r| {
        r.cat("l/f");
        r.chown("l", 7, 8);
        r.cat("l/f");
        r.lstat("l");
        r.symlink("two", "new");
        r.rename("new", "l");
        r.cat("l/f");
        r.put("l/made", O_WRONLY | O_CREAT, "in two");
        r.unlink("m");
        r.cat("m/f");
        r.mkdir("m");
        r.put("m/f", O_WRONLY | O_CREAT, "m");
        r.cat("m/f");
        r.rename2("l", "m", RENAME_EXCHANGE);
        r.cat("l/f");
        r.cat("m/f");
        r.unlink("m");
        r.put("m", O_WRONLY | O_CREAT, "a file");
        r.cat("m/f");
        r.cat("m");
        r.ls("two");
    })
    .absent("one")
    .in_upper("m")
}

/// Names made, moved and removed through linked directories change the directory, and copy no link.
pub fn path_through_links(b: &mut Builder) -> Steps {
    b.lower(1).file("real/sub/f", "text");
    b.file("real/g", "text");
    b.lower(0).symlink("link", "real");
    b.symlink("real/inner", "sub");
    b.upper().symlink("far", "link/inner");
    steps(|r| {
        r.put("far/new", O_WRONLY | O_CREAT, "x");
        r.mkdir("link/inner/made");
        r.rename("far/f", "link/moved");
        r.rename("link/g", "far/g");
        r.link("far/g", "link/h");
        r.symlink("f", "far/l");
        r.unlink("far/new");
        r.rmdir("far/made/../made");
        r.chmod("far/g", 0o600);
        r.stat("link/inner/../moved");
        r.rmdir("far");
        r.rmdir("link");
        r.unlink("link");
        r.stat("far");
        r.ls("real");
        r.ls("real/sub");
    })
    .whiteout("link")
    .absent("real/inner")
    .whiteout("real/sub/f")
}
