// SPDX-License-Identifier: GPL-2.0-only
//! Attributes that the union keeps for itself.

use crate::prelude::*;

/// The marks of a union are not visible through it.
pub fn private_xattrs(b: &mut Builder) -> Steps {
    b.lower(0).file("d/f", "below");
    b.upper().opaque("d");
    steps(|r| {
        r.listxattr("d");
        r.getxattr("d", "trusted.overlay.opaque");
        r.listxattr(".");
        r.mkdir("new");
        r.listxattr("new");
        r.put("f", O_WRONLY | O_CREAT, "x");
        r.listxattr("f");
        r.removexattr("d", "trusted.overlay.opaque");
        r.ls("d");
    })
}

/// Marks of a union cannot be forged through it.
pub fn private_xattrs_set(b: &mut Builder) -> Steps {
    b.file("d/f", "below");
    steps(|r| {
        r.setxattr("d", "trusted.overlay.opaque", "y");
        r.ls("d");
        r.cat("d/f");
        r.setxattr("d/f", "trusted.overlay.metacopy", "");
        r.cat("d/f");
    })
}

/// The list of names has the reported size although private names are left out.
pub fn xattr_list_hidden(b: &mut Builder) -> Steps {
    b.lower(0).file("copied", "x").xattr("user.a", b"1");
    b.dir("merged").xattr("user.d", b"1");
    b.file("merged/f", "x");
    b.file("hidden/f", "x");
    b.upper().opaque("hidden");
    steps(|r| {
        // Marks for numbers, moved entries and opaque directories are made.
        r.chmod("copied", 0o600);
        r.chmod("merged/f", 0o600);
        r.rename("merged/f", "hidden/g");
        r.unlink("copied");
        r.mkdir("copied");
        r.setxattr("hidden", "trusted.h", "1");
        for name in [".", "copied", "merged", "hidden", "hidden/g"] {
            let size = sys::listxattr_into(name, 0);
            r.call(format_args!("size of the list of {name}"), size);
            let size = size.unwrap_or(0) as usize;
            for buffer in [size.saturating_sub(1), size, size + 1] {
                let result = sys::listxattr_into(name, buffer);
                r.call(format_args!("{name} into {buffer}"), result);
            }
            r.as_user(1000, 1000, |r| {
                let result = sys::listxattr_into(name, size);
                r.call(format_args!("{name} for anybody"), result);
            });
        }
    })
    .opaque("copied")
    .not_on(&["upper:btrfs"], shape::BTRFS_LISTS_TRUSTED)
}

/// Names that the union uses itself are ordinary names for programs, and have no effect.
pub fn xattr_private_names(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.file("d/x", "x");
    b.upper().file("t", "text");
    steps(|r| {
        for path in ["f", "d", "t"] {
            for name in [
                "trusted.overlay.opaque",
                "trusted.overlay.whiteout",
                "trusted.overlay.metacopy",
                "trusted.overlay.redirect",
                "trusted.overlay.origin",
                "trusted.overlay.impure",
                "trusted.overlay.nlink",
                "trusted.overlay.protattr",
                "trusted.overlay.union.ino",
                "trusted.overlay.overlay.opaque",
                "trusted.overlay.",
                "trusted.overlay",
                "trusted.overlayfs",
                "trusted.union.x",
                "user.overlay.opaque",
                "user.overlay.redirect",
            ] {
                r.getxattr(path, name);
                r.removexattr(path, name);
                r.setxattr_flags(path, name, "y", XATTR_CREATE);
                r.setxattr_flags(path, name, "/d", XATTR_CREATE);
                r.getxattr(path, name);
            }
            r.listxattr(path);
            r.removexattr(path, "trusted.overlay.opaque");
            r.removexattr(path, "trusted.overlay.overlay.opaque");
            // Overlayfs cannot read this one.
            r.removexattr(path, "trusted.overlay.");
            r.listxattr(path);
        }
        r.ls("d");
        r.cat("f");
        r.cat("d/x");
        r.as_user(1000, 1000, |r| {
            r.listxattr("d");
            r.setxattr("d", "trusted.overlay.opaque", "y");
            r.getxattr("d", "trusted.overlay.redirect");
        });
    })
    .not_opaque("d")
    .not_on(&["upper:btrfs"], shape::BTRFS_LISTS_TRUSTED)
}
