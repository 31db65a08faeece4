// SPDX-License-Identifier: GPL-2.0-only
//! Extended attributes.

use crate::prelude::*;

/// The calls on attributes relative to a directory work in every layer.
pub fn xattr_at_calls(b: &mut Builder) -> Steps {
    b.file("d/low", "text").xattr("user.a", b"123");
    b.symlink("d/link", "low");
    b.upper().file("d/upper", "text").xattr("user.a", b"123");
    steps(|r| {
        let dir = r.open("d", O_PATH | O_DIRECTORY).raw();
        let nofollow = libc::AT_SYMLINK_NOFOLLOW;
        for (name, flags) in [
            ("low", 0),
            ("upper", 0),
            ("link", 0),
            ("link", nofollow),
            ("no", 0),
        ] {
            for attribute in ["user.a", "trusted.a", acl::ACCESS] {
                let what = format!("{name} {flags:#x} {attribute}");
                let result = sys::getxattrat(dir, name, flags, attribute, 100);
                r.call(format_args!("getxattrat {what}"), result);
                let result = sys::getxattrat(dir, name, flags, attribute, 2);
                r.call(format_args!("getxattrat {what} into 2"), result);
                let value = match attribute {
                    acl::ACCESS => acl::encode("u:6,user:7:4,g:4,m:4,o:0"),
                    _ => b"new".to_vec(),
                };
                let result = sys::setxattrat(dir, name, flags, attribute, &value, 0);
                r.done(format_args!("setxattrat {what}"), result);
                let result =
                    sys::setxattrat(dir, name, flags, attribute, &value, XATTR_CREATE as u32);
                r.done(format_args!("setxattrat {what} create"), result);
                let result = sys::listxattrat(dir, name, flags);
                r.call(format_args!("listxattrat {what}"), result);
                let result = sys::removexattrat(dir, name, flags, attribute);
                r.done(format_args!("removexattrat {what}"), result);
                let result = sys::removexattrat(dir, name, flags | 1, attribute);
                r.done(format_args!("removexattrat {what} unknown flag"), result);
            }
        }
        // An empty path means the descriptor itself, even one that permits nothing else.
        for (path, flags) in [("d/low", 0), ("d/link", O_NOFOLLOW)] {
            let fd = r.open(path, O_PATH | flags).raw();
            let empty = libc::AT_EMPTY_PATH;
            let result = sys::setxattrat(fd, "", empty, "trusted.e", b"1", 0);
            r.done(format_args!("setxattrat of {path}"), result);
            let result = sys::getxattrat(fd, "", empty, "trusted.e", 10);
            r.call(format_args!("getxattrat of {path}"), result);
            let result = sys::listxattrat(fd, "", empty);
            r.call(format_args!("listxattrat of {path}"), result);
            let result = sys::listxattrat(fd, "", 0);
            r.call(format_args!("listxattrat of {path}, no flag"), result);
        }
    })
}

/// Attributes through descriptors opened before the copy-up are those of the copy.
pub fn xattr_descriptors(b: &mut Builder) -> Steps {
    b.file("f", "text").xattr("user.a", b"1");
    b.dir("d").xattr("user.a", b"1");
    b.fifo("p").xattr("trusted.a", b"1");
    b.upper().file("t", "text").xattr("user.a", b"1");
    steps(|r| {
        for (name, flags, attribute) in [
            ("f", O_RDONLY, "user."),
            ("f", O_RDWR, "user."),
            ("d", O_RDONLY | O_DIRECTORY, "user."),
            ("p", O_RDWR, "trusted."),
            ("t", O_WRONLY, "user."),
            ("t", O_RDONLY, "security."),
        ] {
            let old = r.open(name, flags);
            let (a, b) = (format!("{attribute}a"), format!("{attribute}b"));
            r.fgetxattr(old, &a);
            r.setxattr(name, &b, "by path");
            r.fgetxattr(old, &b);
            r.flistxattr(old);
            r.fsetxattr(old, &a, "by descriptor");
            r.getxattr(name, &a);
            r.fremovexattr(old, &b);
            r.fremovexattr(old, &b);
            r.listxattr(name);
            r.fsetxattr(old, "nonesuch.x", "1");
            r.fgetxattr(old, "");
        }
        let none = r.open("none", O_RDONLY);
        r.fsetxattr(none, "user.a", "1");
        r.flistxattr(none);
    })
    .upper_is(&["d", "f", "p", "t"])
}

/// A change that fails leaves no copy.
pub fn xattr_failed(b: &mut Builder) -> Steps {
    b.file("f", "text").xattr("user.a", b"1");
    steps(|r| {
        r.removexattr("f", "user.none");
        r.setxattr_flags("f", "user.a", "x", XATTR_CREATE);
        r.setxattr_flags("f", "user.none", "x", XATTR_REPLACE);
        r.setxattr("f", "nonesuch.x", "x");
        r.as_user(1000, 1000, |r| {
            r.setxattr("f", "user.a", "x");
            r.removexattr("f", "user.a");
        });
        r.listxattr("f");
    })
}

/// A file with a hundred attributes is copied up with all of them.
pub fn xattr_many(b: &mut Builder) -> Steps {
    let file = b.file("f", "text");
    for number in 0..100 {
        let name = format!("user.{number:03}");
        file.xattr(&name, format!("value {}", number * 7).as_bytes());
    }
    let dir = b.dir("d");
    for number in 0..40 {
        dir.xattr(&format!("trusted.{number:03}"), b"x");
    }
    steps(|r| {
        r.listxattr("f");
        r.removexattr("f", "user.050");
        r.setxattr("f", "user.051", "");
        r.setxattr("f", "user.new", "x");
        r.listxattr("f");
        for number in [0, 49, 51, 99] {
            r.getxattr("f", &format!("user.{number:03}"));
        }
        r.chmod("d", 0o700);
        r.listxattr("d");
        for number in 0..40 {
            if number != 17 {
                r.removexattr("d", &format!("trusted.{number:03}"));
            }
        }
        r.listxattr("d");
    })
    .layers(|l| {
        let names = sys::listxattr(l.upper.join("f")).map_err(|error| error.to_string())?;
        let kept = names
            .iter()
            .filter(|name| name.starts_with("user."))
            .count();
        if kept == 100 {
            Ok(())
        } else {
            Err(format!(
                "100 attributes must be in the copy, there are {kept}"
            ))
        }
    })
}

/// Names of attributes may have 255 bytes of any value.
pub fn xattr_name_lengths(b: &mut Builder) -> Steps {
    b.file("low", "text");
    b.dir("dir");
    b.upper().file("upper", "text");
    steps(|r| {
        for path in ["low", "dir", "upper"] {
            for prefix in ["user.", "trusted."] {
                for length in [254, 255, 256, 300] {
                    let name = format!("{prefix}{}", "n".repeat(length - prefix.len()));
                    r.setxattr(path, &name, "v");
                    r.getxattr(path, &name);
                    r.removexattr(path, &name);
                    r.setxattr(path, &name, "again");
                }
            }
            for name in [
                "user.a b",
                "user.\u{e4}\n",
                "user.=,:",
                "user..",
                "user.trusted.x",
            ] {
                r.setxattr(path, name, "v");
                r.getxattr(path, name);
            }
            r.listxattr(path);
        }
    })
    .in_upper("dir")
}

/// Every namespace on objects of every type works as on the upper layer's file system.
pub fn xattr_namespaces(b: &mut Builder) -> Steps {
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
            for name in [
                "user.x",
                "trusted.x",
                "security.x",
                "system.x",
                "nonesuch.x",
                "btrfs.x",
                "plain",
                "user",
                "user.",
                "trusted.",
                "security.",
                "USER.x",
                ".x",
                "",
            ] {
                r.getxattr(&path, name);
                r.removexattr(&path, name);
                r.setxattr(&path, name, "value");
                r.getxattr(&path, name);
            }
            r.listxattr(&path);
            r.removexattr(&path, "trusted.x");
            r.listxattr(&path);
        }
    })
}

/// Reading attributes copies nothing.
pub fn xattr_nothing_copied(b: &mut Builder) -> Steps {
    b.file("f", "text").xattr("user.a", b"1");
    b.dir("d").xattr("user.d", b"1");
    steps(|r| {
        r.listxattr("f");
        r.getxattr("f", "user.a");
        r.getxattr("d", "user.d");
        r.get_acl("f");
        r.stat("f");
        r.cat("f");
        r.ls("d");
        r.access("f", W_OK);
        r.readlink("f");
    })
    .upper_is(&[])
}

/// Requests that can be refused without asking the upper layer are refused before anything is copied.
pub fn xattr_refused(b: &mut Builder) -> Steps {
    for name in ["f", "g", "h"] {
        b.file(name, "text").xattr("user.a", b"1");
    }
    b.symlink("l", "f");
    b.fifo("p");
    b.dir("d");
    steps(|r| {
        r.setxattr("f", "user.big", vec![0; 65537]);
        r.setxattr("f", &format!("user.{}", "n".repeat(251)), "1");
        r.setxattr("f", "", "1");
        r.setxattr_flags("f", "user.b", "1", 8);
        r.setxattr_flags("g", "user.a", "1", XATTR_CREATE);
        r.setxattr_flags("g", "user.b", "1", XATTR_REPLACE);
        r.removexattr("g", "user.b");
        r.setxattr("l", "user.a", "1");
        r.setxattr("p", "user.a", "1");
        r.removexattr("l", "user.a");
        r.removexattr("d", "trusted.none");
        r.setxattr("h", acl::ACCESS, "not an ACL");
        r.setxattr("h", acl::DEFAULT, acl::encode("u:7,g:7,o:7"));
        r.setxattr("l", acl::ACCESS, acl::encode("u:7,g:7,o:7"));
        r.removexattr("h", acl::ACCESS);
        r.removexattr("h", acl::DEFAULT);
        r.removexattr("d", acl::DEFAULT);
        r.as_user(1000, 1000, |r| {
            r.setxattr("f", "trusted.x", "1");
            r.removexattr("f", "user.a");
            r.setxattr("d", acl::DEFAULT, acl::encode("u:7,g:7,o:7"));
            r.removexattr("d", acl::DEFAULT);
        });
    })
    .upper_is(&[])
}

/// Labels of absent security modules are kept like any attribute of root's.
pub fn xattr_security_names(b: &mut Builder) -> Steps {
    b.file("f", "text")
        .xattr("security.selinux", b"system_u:object_r:etc_t:s0\0");
    b.dir("d").xattr("security.selinux", b"dir_t\0");
    b.symlink("l", "f").xattr("security.selinux", b"link_t\0");
    b.fifo("p").xattr("security.SMACK64", b"_");
    b.upper()
        .file("t", "text")
        .xattr("security.selinux", b"upper_t\0");
    steps(|r| {
        for path in ["f", "d", "l", "p", "t"] {
            r.chown(path, 1000, 1000);
            for name in ["security.selinux", "security.SMACK64", "security.apparmor"] {
                r.getxattr(path, name);
                r.as_user(1000, 1000, |r| {
                    r.getxattr(path, name);
                    r.setxattr(path, name, "mine");
                    r.removexattr(path, name);
                });
                r.setxattr(path, name, "changed\0");
                r.getxattr(path, name);
            }
            r.removexattr(path, "security.selinux");
            r.listxattr(path);
        }
        // A new object has no label of its own.
        r.put("d/new", O_WRONLY | O_CREAT, "x");
        r.listxattr("d/new");
    })
}

/// create, replace, both and unknown flags on objects of every layer and type.
pub fn xattr_set_flags(b: &mut Builder) -> Steps {
    every_kind(b, "low");
    b.upper();
    every_kind(b, "upper");
    steps(|r| {
        for path in KINDS
            .iter()
            .flat_map(|k| [format!("low/{k}"), format!("upper/{k}")])
        {
            for (flags, value) in [
                (XATTR_REPLACE, "1"),
                (XATTR_CREATE | XATTR_REPLACE, "2"),
                (4, "3"),
                (-1, "4"),
                (XATTR_CREATE, "5"),
                (XATTR_CREATE, "6"),
                (XATTR_CREATE | XATTR_REPLACE, "7"),
                (XATTR_REPLACE, "8"),
                (0, "9"),
            ] {
                r.setxattr_flags(&path, "trusted.t", value, flags);
                r.getxattr(&path, "trusted.t");
            }
        }
    })
}

/// Buffers of size zero, too small and exact.
pub fn xattr_sizes(b: &mut Builder) -> Steps {
    b.file("f", "text")
        .xattr("user.a", b"0123456789")
        .xattr("user.bb", b"");
    steps(|r| {
        for round in 0..2 {
            for size in [0, 1, 9, 10, 100] {
                let result = sys::getxattr_into("f", "user.a", size);
                r.call(format_args!("getxattr into {size}"), result);
                let result = sys::getxattr_into("f", "user.bb", size);
                r.call(format_args!("getxattr of an empty one into {size}"), result);
            }
            for size in [0, 1, 14, 15, 100] {
                let result = sys::listxattr_into("f", size);
                r.call(format_args!("listxattr into {size}"), result);
            }
            if round == 0 {
                r.chmod("f", 0o600);
            }
        }
    })
}

/// The calls that follow links change the target, in its own layer, and not the link.
pub fn xattr_through_links(b: &mut Builder) -> Steps {
    b.lower(1).file("target", "text").xattr("user.a", b"123");
    b.lower(0).symlink("link", "target");
    b.symlink("loop", "loop");
    b.symlink("dangling", "none");
    b.upper().symlink("upper", "link");
    steps(|r| {
        for path in ["upper", "link", "loop", "dangling", "none"] {
            let result = sys::getxattr_follow(path, "user.a");
            r.call(format_args!("getxattr of {path}, followed"), result);
            let result = sys::setxattr_follow(path, "user.b", path.as_bytes());
            r.done(format_args!("setxattr of {path}, followed"), result);
            let result = sys::removexattr_follow(path, "user.c");
            r.done(format_args!("removexattr of {path}, followed"), result);
            r.getxattr(path, "user.b");
            r.listxattr(path);
        }
        r.listxattr("target");
        r.setxattr("dangling", "trusted.l", "of the link");
        r.getxattr("dangling", "trusted.l");
        r.readlink("dangling");
    })
    .upper_is(&["dangling", "target", "upper"])
}

/// Attributes of users follow the mode of the file, and the owner in sticky directories.
pub fn xattr_user_rights(b: &mut Builder) -> Steps {
    b.file("readable", "x").mode(0o604).xattr("user.a", b"1");
    b.file("writable", "x").mode(0o602).xattr("user.a", b"1");
    b.file("closed", "x").mode(0o600).xattr("user.a", b"1");
    b.file("own", "x")
        .mode(0o400)
        .owner(1000, 1000)
        .xattr("user.a", b"1");
    b.dir("sticky").mode(0o1777).xattr("user.a", b"1");
    b.dir("open").mode(0o777).xattr("user.a", b"1");
    b.fifo("fifo").mode(0o666);
    b.symlink("link", "writable");
    b.upper()
        .file("upper", "x")
        .mode(0o604)
        .xattr("user.a", b"1");
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            for name in [
                "readable", "writable", "closed", "own", "sticky", "open", "fifo", "link", "upper",
            ] {
                r.getxattr(name, "user.a");
                r.setxattr(name, "user.b", "2");
                r.removexattr(name, "user.a");
                r.removexattr(name, "user.none");
                r.listxattr(name);
            }
        });
    })
    .upper_is(&["open", "upper", "writable"])
}

/// Empty values, of 64 KiB and of more: those that the upper layer can store are stored.
pub fn xattr_value_sizes(b: &mut Builder) -> Steps {
    const SIZES: [usize; 8] = [0, 1, 255, 2000, 4000, 65535, 65536, 65537];
    for size in SIZES {
        b.file(&format!("low-{size}"), "text");
    }
    b.upper().file("upper", "text");
    steps(|r| {
        for size in SIZES {
            let value: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            for path in [&format!("low-{size}"), "upper"] {
                r.setxattr(path, "user.v", &value);
                r.getxattr(path, "user.v");
                let probed = sys::getxattr_into(path, "user.v", 0);
                r.call(format_args!("{size}: size asked for"), probed);
                let short = sys::getxattr_into(path, "user.v", size.max(1) - 1);
                r.call(format_args!("{size}: one byte short"), short);
                r.setxattr_flags(path, "user.v", "x", XATTR_REPLACE);
            }
        }
        let result = sys::getxattr_into("upper", "user.v", 1 << 20);
        r.call("a buffer larger than any value", result);
        let result = sys::listxattr_into("upper", 1 << 20);
        r.call("a buffer larger than any list", result);
    })
}

/// Attributes of directories, links and special files.
pub fn xattrs_kinds(b: &mut Builder) -> Steps {
    b.dir("d");
    b.symlink("l", "d");
    b.fifo("p");
    steps(|r| {
        for name in ["d", "l", "p"] {
            r.setxattr(name, "user.x", "v");
            r.setxattr(name, "trusted.x", "v");
            r.setxattr(name, "security.x", "v");
            r.listxattr(name);
        }
        r.as_user(1000, 1000, |r| {
            // A user sees no trusted attributes, except those that btrfs shows to everyone.
            r.getxattr("d", "user.x");
            r.getxattr("d", "trusted.x");
            r.setxattr("d", "user.y", "v");
            r.setxattr("d", "trusted.y", "v");
        });
    })
}

/// Attributes of lower files are read, changed and removed.
pub fn xattrs_lower(b: &mut Builder) -> Steps {
    b.file("f", "text")
        .xattr("user.a", b"1")
        .xattr("user.b", b"2")
        .xattr("trusted.t", b"3");
    b.dir("d").xattr("user.d", b"dir");
    steps(|r| {
        r.listxattr("f");
        r.getxattr("f", "user.a");
        r.getxattr("f", "user.none");
        r.setxattr_flags("f", "user.a", "x", XATTR_CREATE);
        r.setxattr_flags("f", "user.none", "x", XATTR_REPLACE);
        r.removexattr("f", "user.none");
        r.setxattr_flags("f", "user.a", "new", XATTR_REPLACE);
        r.setxattr_flags("f", "user.c", "created", XATTR_CREATE);
        r.removexattr("f", "user.b");
        r.listxattr("f");
        r.setxattr("f", "user.big", vec![b'v'; 2000]);
        r.getxattr("f", "user.big");
        r.setxattr("f", "nonesuch.x", "v");
        r.setxattr("f", "user.", "v");
        r.getxattr("f", "user.");
        r.removexattr("d", "user.d");
        r.listxattr("d");
    })
    .in_upper("f")
}
