// SPDX-License-Identifier: GPL-2.0-only
//! Unions that root of a user namespace mounts.

use crate::bench::Bench;
use crate::elf;
use crate::mount::Api;
use crate::process::{self, End};
use crate::sys;
use crate::userns::{self, Layers};
use crate::walk;

/// An unprivileged user has no more rights than the mount allows.
pub fn user_namespace(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    let target = b.target("mine")?;
    sys::become_user(1000, 1000, &[])?;
    let refused = b.union(&l).api(Api::Mount).mount(&target);
    let write = sys::open(l.target.join("file"), libc::O_WRONLY, 0);
    sys::become_root()?;
    must!(
        refused.is_err_and(|failure| failure.errno.0 == libc::EPERM),
        "an unprivileged mount is refused"
    )?;
    b.fails("writing to a file of root", write, libc::EACCES)?;
    b.umount(&l.target)
}

/// Root of a user namespace mounts a union of own layers, with marks in user.overlay.*.
pub fn userns_mount(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    for name in ["file", "gone", "dir/f", "dir/g"] {
        l.dir(b, "dir", 0o755, (1000, 1000))?;
        l.file(b, name, 0o644, (1000, 1000))?;
    }
    for round in 0..2 {
        userns::check("0 1000 1\n", "0 1000 1\n", || {
            l.union(b).mount(&l.target)?;
            let at = |name: &str| l.target.join(name);
            if round == 0 {
                b.file(&at("file"), "above")?;
                b.works("unlink", sys::unlink(at("gone")))?;
                b.works("unlink", sys::unlink(at("dir/f")))?;
                b.works("unlink", sys::unlink(at("dir/g")))?;
                b.works("rmdir", sys::rmdir(at("dir")))?;
                b.works("mkdir", sys::mkdir(at("dir"), 0o755))?;
                b.works("setxattr", sys::setxattr(at("file"), "user.a", b"1", 0))?;
                // A mark forged through the union has no effect.
                b.works(
                    "setxattr",
                    sys::setxattr(at("file"), "user.overlay.metacopy", b"", 0),
                )?;
            }
            b.holds(&at("file"), "above")?;
            b.fails("gone", sys::stat(at("gone"), 0), libc::ENOENT)?;
            b.fails("dir/f", sys::stat(at("dir/f"), 0), libc::ENOENT)?;
            let names = b.works("listxattr", sys::listxattr(at("file")))?;
            must!(
                names == ["user.a", "user.overlay.metacopy"],
                "only what was set shows: {names:?}"
            )?;
            let names = b.works("listxattr", sys::listxattr(at("dir")))?;
            must!(names.is_empty(), "no marks show: {names:?}")?;
            b.umount(&l.target)
        })?;
        l.upper_is(&["dir", "file", "gone"])?;
    }
    let opaque = sys::getxattr(l.upper.join("dir"), "user.overlay.opaque");
    must!(
        opaque.is_ok_and(|value| value == b"y"),
        "user.overlay.opaque is y"
    )?;
    let stat = b.works("stat", sys::stat(l.upper.join("file"), 0))?;
    must!(
        (stat.st_uid, stat.st_gid) == (1000, 1000),
        "the copy is the user's"
    )?;
    let whiteout = b.works("stat", sys::stat(l.upper.join("gone"), 0))?;
    must!(
        whiteout.st_mode & libc::S_IFMT == libc::S_IFCHR,
        "gone is a whiteout"
    )
}

/// With userxattr redirects are ignored, and marks in trusted.overlay.* have no effect.
pub fn userns_mount_redirect(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    for dir in ["secret", "plain", "opaque", "trusted"] {
        l.dir(b, dir, 0o755, (1000, 1000))?;
        l.file(b, &format!("{dir}/f"), 0o644, (1000, 1000))?;
    }
    for (dir, name, value) in [
        ("moved", "user.overlay.redirect", "/secret"),
        ("plain", "user.overlay.redirect", "secret"),
        ("opaque", "user.overlay.opaque", "y"),
        ("trusted", "trusted.overlay.opaque", "y"),
    ] {
        let path = b.dir(&l.upper.join(dir))?;
        b.works("chown", sys::lchown(&path, 1000, 1000))?;
        b.works("setxattr", sys::setxattr(&path, name, value.as_bytes(), 0))?;
    }
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        b.fails("moved/f", sys::stat(at("moved/f"), 0), libc::ENOENT)?;
        b.fails("opaque/f", sys::stat(at("opaque/f"), 0), libc::ENOENT)?;
        b.holds(&at("plain/f"), "below")?;
        b.holds(&at("trusted/f"), "below")?;
        b.umount(&l.target)
    })
}

/// If the upper layer's file system denies the mounter in a user namespace a change, nothing is copied up.
pub fn userns_mount_refused(b: &mut Bench) -> Result<(), String> {
    const IMMUTABLE: u32 = 0x10;
    let l = Layers::new(b)?;
    l.file(b, "file", 0o644, (1000, 1000))?;
    l.dir(b, "dir", 0o755, (1000, 1000))?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        for name in ["trusted.a", "security.a"] {
            let result = sys::setxattr(at("file"), name, b"1", 0);
            b.fails(name, result, libc::EPERM)?;
        }
        let device = sys::mknod(at("dir/null"), libc::S_IFCHR | 0o600, sys::makedev(1, 3));
        b.fails("a device", device, libc::EPERM)?;
        let whiteout = sys::mknod(at("dir/white"), libc::S_IFCHR | 0o600, 0);
        b.fails("a whiteout", whiteout, libc::EPERM)?;
        let fd = b.works("open", sys::open(at("file"), libc::O_RDONLY, 0))?;
        b.fails("immutable", sys::set_flags(fd, IMMUTABLE), libc::EPERM)?;
        b.works("close", sys::close(fd))?;
        b.fails("chown", sys::lchown(at("file"), 5, 5), libc::EINVAL)?;
        b.umount(&l.target)
    })?;
    l.upper_is(&[])
}

/// A union mounted in a user namespace gives no access that its mounter does not have.
pub fn userns_mount_rights(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "secret", 0o600, (0, 0))?;
    l.dir(b, "private", 0o700, (0, 0))?;
    l.file(b, "private/f", 0o666, (0, 0))?;
    // Its group has fewer rights than others, and the mounter is in the group.
    l.file(b, "not_group", 0o604, (0, 1000))?;
    l.file(b, "all", 0o644, (0, 0))?;
    let try_all = |who: &str, first: bool| -> Result<(), String> {
        let at = |name: &str| l.target.join(name);
        let read = |name: &str| sys::open(at(name), libc::O_RDONLY, 0).and_then(sys::close);
        for name in ["secret", "private/f", "not_group", "private"] {
            b.fails(&format!("{who} reading {name}"), read(name), libc::EACCES)?;
        }
        b.works("reading all", read("all"))?;
        b.fails(
            &format!("{who}: stat"),
            sys::stat(at("private/f"), 0),
            libc::EACCES,
        )?;
        b.fails(
            &format!("{who}: truncate"),
            sys::truncate(at("all"), 0),
            libc::EACCES,
        )?;
        let made = sys::mkdir(at("new"), 0o755);
        if first {
            b.works("mkdir in his own", made)
        } else {
            b.fails("mkdir in another's", made, libc::EEXIST)
        }
    };
    userns::check("0 1000 2\n", "0 1000 2\n", || {
        l.union(b).mount(&l.target)?;
        try_all("the mounter", true)?;
        userns_user(|| try_all("another", false))?;
        b.umount(&l.target)
    })?;
    l.upper_is(&["new"])
}

/// Runs `work` as the second user of the namespace, who is "other" for all files.
fn userns_user(work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    sys::become_user(1, 1, &[])?;
    let result = work();
    sys::become_root()?;
    result
}

/// A union mounted in a user namespace opens no devices and gives no process an unmapped user id.
pub fn userns_mount_special(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    let null = l.lower.join("null");
    b.works(
        "mknod",
        sys::mknod(&null, libc::S_IFCHR | 0o666, sys::makedev(1, 3)),
    )?;
    b.works("chmod", sys::chmod(&null, 0o666))?;
    b.works("chown", sys::lchown(&null, 1000, 1000))?;
    for (name, uid) in [("roots", 0), ("seconds", 1001)] {
        std::fs::write(l.lower.join(name), elf::exits_with_user()).map_err(|e| e.to_string())?;
        b.works("chown", sys::lchown(l.lower.join(name), uid, 1000))?;
        b.works("chmod", sys::chmod(l.lower.join(name), 0o4755))?;
    }
    userns::check("0 1000 2\n", "0 1000 2\n", || {
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        b.fails(
            "opening",
            sys::open(at("null"), libc::O_WRONLY, 0),
            libc::EACCES,
        )?;
        // It continues as the user who ran it, who is 0 here: neither root nor the overflow user.
        for (name, status) in [("roots", End::Done), ("seconds", End::Status(1))] {
            let path = at(name).to_string_lossy().into_owned();
            let end = process::child(|| {
                process::exec(&path, &[&path]);
                std::process::exit(99);
            })?;
            must!(end == status, "{name} ends with {status:?}, not {end:?}")?;
        }
        b.umount(&l.target)
    })
}

/// Without userxattr a user namespace cannot write marks: the mount is refused, and makes nothing.
pub fn userns_mount_trusted(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "file", 0o644, (1000, 1000))?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        let union = b.new_union().lower(&l.lower).upper(&l.upper, &l.work);
        b.refused(&union, &l.target, &[libc::EPERM, libc::EINVAL])?;
        // Nothing needs a mark where nothing is written.
        let union = b.new_union().lower(&l.lower).lower(&l.upper).read_only();
        union.mount(&l.target)?;
        b.holds(&l.target.join("file"), "below")?;
        b.fails(
            "writing",
            sys::open(l.target.join("file"), libc::O_WRONLY, 0),
            libc::EROFS,
        )?;
        b.umount(&l.target)
    })?;
    l.upper_is(&[])
}

/// In a user namespace nothing of an unmapped owner is copied up, and nothing is left behind.
pub fn userns_mount_unmapped(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "roots", 0o666, (0, 0))?;
    l.file(b, "half", 0o666, (1000, 7))?;
    l.dir(b, "open", 0o777, (0, 0))?;
    l.file(b, "open/own", 0o644, (1000, 1000))?;
    l.file(b, "own", 0o644, (1000, 1000))?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        let write = |name: &str, flags: i32| {
            let fd = sys::open(at(name), libc::O_WRONLY | flags, 0o644)?;
            let result = sys::write(fd, b"x", None);
            sys::close(fd).and(result)
        };
        for name in ["roots", "half", "open/own"] {
            b.fails(name, write(name, 0), libc::EOVERFLOW)?;
            b.fails(name, write(name, libc::O_TRUNC), libc::EOVERFLOW)?;
            b.fails(name, sys::truncate(at(name), 2), libc::EOVERFLOW)?;
            b.holds(&at(name), "below")?;
        }
        b.fails("create", write("open/new", libc::O_CREAT), libc::EOVERFLOW)?;
        b.fails("unlink", sys::unlink(at("open/own")), libc::EOVERFLOW)?;
        b.fails(
            "rename",
            sys::rename(at("roots"), at("r"), 0),
            libc::EOVERFLOW,
        )?;
        b.fails("chmod", sys::chmod(at("roots"), 0o600), libc::EPERM)?;
        // A deletion copies nothing.
        b.works("unlink", sys::unlink(at("half")))?;
        b.works("write", write("own", 0))?;
        b.umount(&l.target)
    })?;
    l.upper_is(&["half", "own"])?;
    let left = b.works("listing", crate::walk::list(&l.work.join("work")))?;
    must!(left.is_empty(), "an empty work directory")
}

/// With userxattr a file that the mounter cannot read is visible: listed, and deletable.
pub fn userns_mount_unreadable(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "secret", 0o600, (0, 0))?;
    l.file(b, "gone", 0o600, (0, 0))?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        b.works("stat", sys::stat(at("secret"), 0))?;
        b.fails(
            "open",
            sys::open(at("secret"), libc::O_RDONLY, 0),
            libc::EACCES,
        )?;
        b.fails("chmod", sys::chmod(at("secret"), 0o644), libc::EPERM)?;
        b.works("unlink", sys::unlink(at("gone")))?;
        let names = b.works("listing", walk::list(&l.target))?;
        must!(names.len() == 1, "one name is left")?;
        b.umount(&l.target)
    })?;
    l.upper_is(&["gone"])
}
