// SPDX-License-Identifier: GPL-2.0-only
//! chown(2) and owners.

use crate::prelude::*;

/// Which set-id bits chown leaves depends on type, mode and caller, not on the layer.
pub fn attr_chown_bits(b: &mut Builder) -> Steps {
    const MODES: [(&str, u32); 4] = [
        ("both", 0o6755),
        ("user", 0o4711),
        ("group", 0o2755),
        // Without execute permission for the group the bit does not mean another identity.
        ("lock", 0o2745),
    ];
    for layer in ["low", "upper"] {
        if layer == "upper" {
            b.upper();
        }
        for (name, mode) in MODES {
            b.file(&format!("{layer}/{name}"), "x")
                .mode(mode)
                .owner(1000, 1000);
        }
        b.dir(&format!("{layer}/dir"))
            .mode(0o6755)
            .owner(1000, 1000);
        b.fifo(&format!("{layer}/fifo"))
            .mode(0o6755)
            .owner(1000, 1000);
    }
    steps(|r| {
        let names = MODES.map(|(name, _)| name);
        let all = names.iter().chain(&["dir", "fifo"]);
        for path in all.flat_map(|name| [format!("low/{name}"), format!("upper/{name}")]) {
            r.as_user(1000, 1000, |r| {
                r.chown(&path, u32::MAX, 1000);
            });
            r.lstat(&path);
            r.chmod(&path, 0o6755);
            r.chown(&path, u32::MAX, u32::MAX);
            r.lstat(&path);
            r.chmod(&path, 0o2644);
            r.chown(&path, 1001, u32::MAX);
            r.lstat(&path);
        }
    })
}

/// chown follows a link to its target in another layer, lchown stays with the link.
pub fn attr_chown_links(b: &mut Builder) -> Steps {
    b.lower(1).file("target", "text");
    b.file("kept", "text");
    b.lower(0).symlink("link", "target");
    b.symlink("chain", "link");
    b.symlink("loop", "loop");
    b.symlink("dangling", "gone");
    b.symlink("stays", "kept");
    b.upper().whiteout("gone");
    steps(|r| {
        r.chown_follow("chain", 1000, 1001);
        r.lstat("target");
        r.lstat("chain");
        r.chown_follow("loop", 1, 1);
        r.chown_follow("dangling", 1, 1);
        r.chown("dangling", 5, 6);
        r.lstat("dangling");
        r.chown("stays", 7, 8);
        r.lstat("stays");
        r.stat("stays");
        let fd = r.open("loop", O_PATH | O_NOFOLLOW);
        let result = sys::fchownat(fd.raw(), "", 9, 10, libc::AT_EMPTY_PATH);
        r.done("fchownat of a link's descriptor", result);
        r.lstat("loop");
        let result = sys::fchownat(sys::HERE, "link", 9, 10, 1 << 30);
        r.done("fchownat with an unknown flag", result);
    })
    .upper_is(&["dangling", "gone", "loop", "stays", "target"])
}

/// chown leaves an id given as -1 unchanged, and needs the right to change the other.
pub fn attr_chown_minus_one(b: &mut Builder) -> Steps {
    b.file("root", "text");
    b.file("mine", "text").owner(1000, 1000);
    b.file("others", "text").owner(1001, 1001);
    steps(|r| {
        const SAME: u32 = u32::MAX;
        r.chown("root", 5, SAME);
        r.chown("root", SAME, 6);
        r.chown("root", SAME, SAME);
        r.stat("root");
        sys::become_user(1000, 1000, &[600]).expect("root may become anyone");
        for name in ["mine", "others"] {
            r.chown(name, SAME, 600);
            r.chown(name, SAME, 601);
            r.chown(name, 1000, SAME);
            r.chown(name, 1000, 600);
            r.chown(name, 1001, SAME);
            r.chown(name, SAME, 1000);
            r.stat(name);
        }
        sys::become_root().expect("the way back to root");
    })
    .in_upper("mine")
    .absent("others")
}

/// Owners beyond 16 and 31 bits survive copy-up, in ACLs too.
pub fn attr_ids_large(b: &mut Builder) -> Steps {
    b.file("low", "text")
        .owner(70_000, 2_000_000)
        // The bits of the group are those of the ACL's mask.
        .mode(0o660)
        .xattr(
            acl::ACCESS,
            &acl::encode("u:6,user:4294967294:4,g:4,group:3000000000:2,m:6,o:0"),
        );
    b.dir("dir").owner(65_535, 65_536);
    b.symlink("link", "low").owner(65_534, 2_000_000);
    b.file("plain", "text");
    steps(|r| {
        r.chmod("low", 0o660);
        r.chmod("dir", 0o700);
        r.utimens("link", (5, 5));
        for name in ["low", "dir", "link"] {
            r.lstat(name);
        }
        r.get_acl("low");
        for (uid, gid) in [
            (65_535, 65_535),
            (1 << 31, 1 << 31),
            (u32::MAX - 1, u32::MAX - 1),
        ] {
            r.chown("plain", uid, gid);
            r.stat("plain");
            r.as_user(uid, gid, |r| {
                r.chmod("plain", 0o600);
                r.put("plain", O_WRONLY, "T");
            });
        }
        r.as_user(u32::MAX - 1, 5, |r| {
            r.cat("low");
        });
    })
}

/// chown drops set-user-id bits and capabilities.
pub fn chown_clears_set_id(b: &mut Builder) -> Steps {
    b.file("f", "text").mode(0o6755);
    b.file("g", "text").mode(0o2745);
    steps(|r| {
        r.chown("f", 1000, 1000);
        r.stat("f");
        r.as_user(1000, 1000, |r| {
            r.chown("f", u32::MAX, 1000);
        });
        r.chown("g", 1000, 1000);
        r.stat("g");
    })
}

/// chown of lower files of every type.
pub fn chown_lower(b: &mut Builder) -> Steps {
    b.file("f", "text").mode(0o755);
    b.dir("d");
    b.symlink("l", "f");
    b.fifo("p");
    b.char_device("c", 1, 3);
    b.block_device("b", 7, 200);
    steps(|r| {
        for name in ["f", "d", "l", "p", "c", "b"] {
            r.chown(name, 1000, 1001);
            r.lstat(name);
        }
        r.chown("f", u32::MAX, 5);
        r.stat("f");
        r.readlink("l");
    })
    .upper_is(&["b", "c", "d", "f", "l", "p"])
}
