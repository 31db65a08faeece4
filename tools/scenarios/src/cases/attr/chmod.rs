// SPDX-License-Identifier: GPL-2.0-only
//! chmod(2) and what it does to modes.

use crate::prelude::*;

/// chmod changes objects of every type, in lower layers, in the upper layer and copied up, also through links.
pub fn attr_chmod_every_kind(b: &mut Builder) -> Steps {
    every_kind(b, "low");
    every_kind(b, "copied");
    b.upper();
    every_kind(b, "upper");
    steps(|r| {
        for kind in KINDS {
            r.chown(&format!("copied/{kind}"), 7, 8);
        }
        for dir in ["low", "copied", "upper"] {
            for (number, kind) in (1..).zip(KINDS) {
                let path = format!("{dir}/{kind}");
                r.chmod(&path, 0o111 * number);
                r.lstat(&path);
                r.chmod(&path, 0);
                r.chmod(&path, 0o7777);
                // Bits beyond the twelve are ignored.
                r.chmod(&path, 0o170640 + number);
                r.lstat(&path);
            }
            r.stat(&format!("{dir}/file"));
        }
    })
    .absent("low/symlink")
    .in_upper("copied/symlink")
}

/// fchmodat2 that does not follow links changes everything but links, in every layer.
pub fn attr_fchmodat2(b: &mut Builder) -> Steps {
    every_kind(b, "low");
    b.upper();
    every_kind(b, "upper");
    steps(|r| {
        for dir in ["low", "upper"] {
            for kind in KINDS {
                let path = format!("{dir}/{kind}");
                r.fchmodat2(&path, 0o5710, libc::AT_SYMLINK_NOFOLLOW);
                r.lstat(&path);
            }
        }
        // A descriptor that permits nothing else names the object as well.
        let fd = r.open("low/file", O_PATH);
        let result = sys::fchmodat2(fd.raw(), "", 0o600, libc::AT_EMPTY_PATH);
        r.done("fchmodat2 of an O_PATH descriptor", result);
        let link = r.open("low/symlink", O_PATH | O_NOFOLLOW);
        let result = sys::fchmodat2(link.raw(), "", 0o600, libc::AT_EMPTY_PATH);
        r.done("of a symbolic link's", result);
        r.fchmodat2("", 0o600, 0);
        r.fchmodat2("low/dir", 0o700, libc::AT_REMOVEDIR);
        r.fchmodat2("low/none", 0o700, libc::AT_SYMLINK_NOFOLLOW);
        r.stat("low/file");
    })
    .absent("low/symlink")
    .in_upper("low/block")
}

/// An owner outside the group of a file cannot make it set-group-id.
pub fn attr_setgid_not_member(b: &mut Builder) -> Steps {
    for name in ["low", "copied", "dir/in"] {
        b.file(name, "text").owner(1000, 500);
    }
    b.dir("dir").owner(1000, 500);
    b.upper().file("upper", "text").owner(1000, 500);
    steps(|r| {
        r.utimens("copied", (5, 5));
        for name in ["low", "copied", "upper", "dir", "dir/in"] {
            r.as_user(1000, 1000, |r| {
                r.chmod(name, 0o6755);
                r.stat(name);
                r.chmod(name, 0o1755);
                r.stat(name);
            });
            sys::become_user(1000, 1000, &[7, 500]).expect("root may become anyone");
            r.chmod(name, 0o6755);
            sys::become_root().expect("the way back to root");
            r.stat(name);
            // A later change of another bit drops this one, too.
            r.as_user(1000, 1000, |r| {
                r.chmod(name, 0o6711);
            });
            r.stat(name);
        }
    })
}

/// chmod of a lower file changes its mode and nothing else.
pub fn chmod_lower(b: &mut Builder) -> Steps {
    b.file("f", "text").owner(7, 8).xattr("user.a", b"1");
    steps(|r| {
        r.chmod("f", 0o600);
        r.stat("f");
        r.cat("f");
        r.getxattr("f", "user.a");
    })
    .in_upper("f")
}

/// chmod of a lower directory copies the directory alone.
pub fn chmod_lower_dir(b: &mut Builder) -> Steps {
    b.dir("d").mode(0o750).owner(3, 4).xattr("user.d", b"x");
    b.file("d/f", "text");
    steps(|r| {
        r.chmod("d", 0o711);
        r.stat("d");
        r.ls("d");
        r.getxattr("d", "user.d");
    })
    .upper_is(&["d"])
}
