// SPDX-License-Identifier: GPL-2.0-only
//! Extended attributes.

use crate::prelude::*;

/// security.* attributes are read by all, changed by CAP_SYS_ADMIN, capabilities by CAP_SETFCAP.
pub fn perm_security_xattrs(b: &mut Builder) -> Steps {
    const CAPABILITY: &str = "security.capability";
    /// cap_net_raw=ep, version 2.
    const NET_RAW: [u8; 20] = [
        1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    in_places(b, |b, place| {
        b.file(&format!("{place}/f"), "text")
            .mode(0o777)
            .owner(1000, 500)
            .xattr("security.a", b"1");
    });
    steps(|r| {
        let try_all = |r: &mut Run, place: &str| {
            let path = format!("{place}/f");
            r.getxattr(&path, "security.a");
            r.getxattr(&path, CAPABILITY);
            r.listxattr(&path);
            r.setxattr(&path, "security.a", "2");
            r.setxattr(&path, CAPABILITY, NET_RAW);
            // Without capabilities: even a process that may set some cannot set this one.
            r.setxattr(&path, CAPABILITY, "junk");
            r.removexattr(&path, "security.none");
        };
        for place in PLACES {
            r.as_who(OWNER, |r| try_all(r, place));
            r.without(&[cap::SYS_ADMIN, cap::SETFCAP], |r| try_all(r, place));
        }
        r.with_only(OTHER, &[cap::SYS_ADMIN], |r| try_all(r, "upper"));
        r.with_only(OTHER, &[cap::SETFCAP], |r| try_all(r, "merged"));
        r.removexattr("upper/f", "security.a");
        r.removexattr("upper/f", CAPABILITY);
    })
    .upper_gained(&["merged/f"])
}

/// trusted.* attributes do not exist for processes without CAP_SYS_ADMIN.
pub fn perm_trusted_xattrs(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        b.file(&format!("{place}/f"), "text")
            .mode(0o666)
            .owner(1000, 500)
            .xattr("trusted.a", b"1")
            .xattr("user.a", b"1");
    });
    steps(|r| {
        let try_all = |r: &mut Run| {
            for place in PLACES {
                let path = format!("{place}/f");
                r.getxattr(&path, "trusted.a");
                r.listxattr(&path);
                r.setxattr(&path, "trusted.a", "2");
                r.setxattr(&path, "trusted.b", "2");
                r.removexattr(&path, "trusted.a");
                // Nor do the private attributes of the union.
                r.setxattr(&path, "trusted.overlay.opaque", "y");
                r.removexattr(&path, "trusted.overlay.union.ino");
            }
        };
        r.as_who(OWNER, try_all);
        r.without(&[cap::SYS_ADMIN], try_all);
        for place in PLACES {
            r.getxattr(&format!("{place}/f"), "trusted.a");
        }
    })
    .upper_gained(&[])
    .not_on(&["upper:btrfs"], shape::BTRFS_LISTS_TRUSTED)
}

/// user.* attributes require read and write permission for the object.
pub fn perm_user_xattrs(b: &mut Builder) -> Steps {
    in_places(b, |b, place| {
        for (name, mode) in [("file", 0o660), ("read", 0o444), ("write", 0o020)] {
            b.file(&format!("{place}/{name}"), "text")
                .mode(mode)
                .owner(1000, 500)
                .xattr("user.a", b"1");
        }
        for (name, mode) in [("dir", 0o770), ("tmp", 0o1777)] {
            b.dir(&format!("{place}/{name}"))
                .mode(mode)
                .owner(1000, 500)
                .xattr("user.a", b"1");
        }
        b.symlink(&format!("{place}/link"), "file").owner(1000, 500);
        b.fifo(&format!("{place}/fifo"))
            .mode(0o666)
            .owner(1000, 500);
    });
    steps(|r| {
        r.each_user(|r, who| {
            let own = format!("user.{}", who.name);
            for place in PLACES {
                for name in ["file", "read", "write", "dir", "tmp", "link", "fifo"] {
                    let path = format!("{place}/{name}");
                    r.getxattr(&path, "user.a");
                    r.listxattr(&path);
                    if name != "write" || who.name == "member" {
                        r.setxattr(&path, &own, "new");
                        r.setxattr_flags(&path, "user.a", "2", XATTR_REPLACE);
                        r.removexattr(&path, &own);
                        r.removexattr(&path, "user.none");
                    }
                }
            }
        });
    })
    .layers(|l| {
        for name in ["read", "link", "fifo"] {
            l.absent(&format!("lower/{name}"))?;
            l.absent(&format!("merged/{name}"))?;
        }
        l.in_upper("lower/tmp")?;
        l.in_upper("merged/write")
    })
}
