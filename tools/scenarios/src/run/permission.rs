// SPDX-License-Identifier: GPL-2.0-only
//! The caller of the steps: users, groups, capabilities, namespaces; and trees that are the same in every layer.

use super::*;
use crate::tree::{Builder, Kind};
use crate::userns;

/// A user without capabilities.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    /// For transcripts, and for the names of the user's objects.
    pub name: &'static str,
    /// Effective user.
    pub uid: u32,
    /// Effective group.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: &'static [u32],
}

/// Owner of most objects in scenarios of permission: they belong to 1000:500.
pub const OWNER: Who = Who {
    name: "owner",
    uid: 1000,
    gid: 1000,
    groups: &[],
};
/// Member of the group those objects have.
pub const MEMBER: Who = Who {
    name: "member",
    uid: 1001,
    gid: 1001,
    groups: &[501, 500],
};
/// Neither.
pub const OTHER: Who = Who {
    name: "other",
    uid: 1002,
    gid: 1002,
    groups: &[],
};
/// All three.
pub const USERS: [Who; 3] = [OWNER, MEMBER, OTHER];

/// Capabilities by their numbers.
pub mod cap {
    pub const CHOWN: u32 = 0;
    pub const DAC_OVERRIDE: u32 = 1;
    pub const DAC_READ_SEARCH: u32 = 2;
    pub const FOWNER: u32 = 3;
    pub const FSETID: u32 = 4;
    pub const LINUX_IMMUTABLE: u32 = 9;
    pub const SYS_ADMIN: u32 = 21;
    pub const SYS_RESOURCE: u32 = 24;
    pub const MKNOD: u32 = 27;
    pub const LEASE: u32 = 28;
    pub const SETFCAP: u32 = 31;
}

/// The places of [`in_places`]: lower layers, lower layers below directories that the upper layer has as well, and the
/// upper layer.
pub const PLACES: [&str; 3] = ["lower", "merged", "upper"];

/// Describes the same tree in each of [`PLACES`]; `what` gets the directory to put it into.
pub fn in_places(b: &mut Builder, what: impl Fn(&mut Builder, &str)) {
    what(b, "lower");
    let before = b.entries().len();
    what(b, "merged");
    let merged = b.entries()[before..].to_vec();
    b.upper().dir("merged");
    for entry in merged {
        if entry.kind == (Kind::Dir { opaque: false }) {
            let again = b.dir(&entry.path);
            again.mode(entry.mode).owner(entry.uid, entry.gid);
            again.xattrs = entry.xattrs;
        }
    }
    what(b, "upper");
    b.anywhere();
}

impl Run<'_> {
    /// Runs `steps` as a user without capabilities.
    pub fn as_who(&mut self, who: Who, steps: impl FnOnce(&mut Self)) {
        self.with_only(who, &[], steps);
    }

    /// Runs `steps` as the owner, a member of the group, and another user, one after the other.
    pub fn each_user(&mut self, steps: impl Fn(&mut Self, Who)) {
        for who in USERS {
            self.as_who(who, |r| steps(r, who));
        }
    }

    /// Runs `steps` as a user with only these capabilities.
    pub fn with_only(&mut self, who: Who, capabilities: &[u32], steps: impl FnOnce(&mut Self)) {
        self.note(format_args!("-- as {} with {capabilities:?}", who.name));
        sys::become_user(who.uid, who.gid, who.groups).expect("root may become anyone");
        let bits = capabilities.iter().fold(0, |all, one| all | 1u64 << one);
        sys::set_capabilities(bits).expect("they are still permitted");
        steps(self);
        sys::become_root().expect("the way back to root");
        self.note("-- as root");
    }

    /// Runs `steps` as root without these capabilities.
    pub fn without(&mut self, capabilities: &[u32], steps: impl FnOnce(&mut Self)) {
        self.note(format_args!("-- as root without {capabilities:?}"));
        let bits = capabilities.iter().fold(0, |all, one| all | 1u64 << one);
        sys::set_capabilities(!bits).expect("capabilities can be dropped");
        steps(self);
        sys::set_capabilities(u64::MAX).expect("they are still permitted");
        self.note("-- as root");
    }

    /// Runs `steps` with other ids for file systems alone.
    pub fn with_fs_ids(&mut self, uid: u32, gid: u32, steps: impl FnOnce(&mut Self)) {
        self.note(format_args!("-- with fsuid {uid}, fsgid {gid}"));
        sys::set_fs_gid(gid);
        sys::set_fs_uid(uid);
        steps(self);
        sys::set_fs_uid(0);
        sys::set_fs_gid(0);
        self.note("-- as root");
    }

    /// Runs `steps` in a child that is root of a new user namespace; the maps are as in /proc/PID/uid_map.
    pub fn in_userns(&mut self, uids: &str, gids: &str, steps: impl FnOnce(&mut Self)) {
        self.note(format_args!("-- in a user namespace: {uids:?}, {gids:?}"));
        self.out.flush().expect("the transcript can be written");
        let end = userns::child(uids, gids, || steps(self)).expect("a user namespace");
        if end != End::Done {
            self.note(format_args!("-- the child ended with {end:?}"));
        }
        self.note("-- back in the parent");
    }

    /// Runs `steps` in a child whose working directory is the same tree, bound with mount flags of its own.
    pub fn on_bind(&mut self, flags: u64, steps: impl FnOnce(&mut Self)) {
        self.in_child(|r| {
            sys::bind_here(flags).expect("a bind mount");
            steps(r);
        });
    }

    /// Runs `steps` with another value of a file below /proc/sys.
    pub fn with_sysctl(&mut self, name: &str, value: &str, steps: impl FnOnce(&mut Self)) {
        let path = format!("/proc/sys/{name}");
        let before = std::fs::read_to_string(&path).expect("a sysctl");
        std::fs::write(&path, value).expect("root may set it");
        self.note(format_args!("-- with {name} = {value}"));
        steps(self);
        std::fs::write(&path, before.trim()).expect("it was so before");
    }

    /// access(2): by the real ids.
    pub fn access_real(&mut self, path: &str, mode: i32) -> bool {
        let result = sys::access_real(path, mode);
        self.done(format_args!("access_real({path:?}, {mode})"), result)
    }

    /// openat(2) below an open directory.
    pub fn open_at(&mut self, dir: Fd, path: &str, flags: i32) -> Fd {
        let call = format!("openat({dir}, {path:?}, {})", flags_word(flags));
        self.new_fd(call, sys::open_at(dir.raw, path, flags, 0o644))
    }

    /// Sets both times to now, which needs fewer rights than setting them to other times.
    pub fn touch(&mut self, path: &str) -> bool {
        let now = (0, libc::UTIME_NOW);
        let result = sys::utimens(path, now, now, libc::AT_SYMLINK_NOFOLLOW);
        self.done(format_args!("touch({path:?})"), result)
    }

    /// Opens and closes again: one line, for tables.
    pub fn try_open(&mut self, path: &str, flags: i32) -> bool {
        let result = sys::open(path, flags, 0o644).and_then(sys::close);
        self.done(
            format_args!("try_open({path:?}, {})", flags_word(flags)),
            result,
        )
    }
}
