// SPDX-License-Identifier: GPL-2.0-only
//! The rights that root of a user namespace gets through a union.

use std::path::Path;

use crate::acl;
use crate::bench::Bench;
use crate::elf;
use crate::mount::Api;
use crate::process;
use crate::sys;
use crate::userns::{self, Layers};
use crate::walk;

/// A user namespace cannot see through a union the names that a mount hides in a layer.
pub fn userns_locked_mounts(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.dir(b, "covered", 0o755, (1000, 1000))?;
    l.file(b, "covered/secret", 0o644, (1000, 1000))?;
    l.file(b, "file", 0o644, (1000, 1000))?;
    b.works(
        "mounting over it",
        sys::mount("tmpfs", l.lower.join("covered"), "tmpfs", 0, b"mode=755"),
    )?;
    let ground = l.lower.parent().ok_or("a parent")?.to_owned();
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        // The mount is locked: it cannot be removed.
        let covered = l.lower.join("covered");
        must!(sys::umount(&covered, 0).is_err(), "umount fails")?;
        for api in [Api::Strings, Api::Fds, Api::Mount] {
            for union in [
                l.union(b),
                b.new_union().lower(&ground).read_only(),
                b.new_union().lower(&l.lower).lower(&l.upper).read_only(),
            ] {
                let union = union.api(api);
                b.refused(&union, &l.target, &[libc::EINVAL, libc::EPERM])?;
            }
        }
        // Beside the mount there is nothing to hide.
        b.works("mkdir", sys::mkdir(l.upper.join("other"), 0o755))?;
        let union = b.new_union().lower(l.upper.join("other")).read_only();
        union.mount(&l.target)?;
        b.umount(&l.target)
    })
}

/// A private directory of root shows nothing where a user namespace merges it with one of its own, at any depth.
pub fn userns_merged_private(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    for dir in ["open", "open/a", "open/a/b"] {
        l.dir(b, dir, 0o755, (0, 0))?;
    }
    for (dirs, mode) in [(&PRIVATE[..], 0o700), (&UNLISTED, 0o711)] {
        for dir in dirs {
            l.dir(b, dir, mode, (0, 0))?;
            l.file(b, &format!("{dir}/roots"), 0o666, (0, 0))?;
            l.dir(b, &format!("{dir}/below"), 0o777, (0, 0))?;
            l.file(b, &format!("{dir}/below/roots"), 0o666, (0, 0))?;
            // The same name in the upper layer, readable for all, with an entry.
            for dir in [(*dir).to_owned(), format!("{dir}/below")] {
                let own = b.dir(&l.upper.join(dir))?;
                b.file(&own.join("his"), "own")?;
            }
        }
    }
    give(b, &l.upper)?;
    let before = walk::walk(&l.lower)?;
    userns::check("0 1000 2\n", "0 1000 2\n", || {
        l.union(b).mount(&l.target)?;
        look("the mounter", &l.target)?;
        sys::become_user(1, 1, &[])?;
        let seen = look("another", &l.target);
        sys::become_root()?;
        seen?;
        b.umount(&l.target)
    })?;
    b.same("the lower layer", &before, &walk::walk(&l.lower)?)
}

/// Directories that only root may read, and those that all users may search but not list.
const PRIVATE: [&str; 3] = ["private", "open/private", "open/a/b/private"];
const UNLISTED: [&str; 2] = ["unlisted", "open/a/unlisted"];

/// Makes all of it the user's.
fn give(b: &Bench, path: &Path) -> Result<(), String> {
    b.works("chown", sys::lchown(path, 1000, 1000))?;
    for entry in walk::list(path).unwrap_or_default() {
        give(b, &path.join(String::from_utf8_lossy(&entry.name).as_ref()))?;
    }
    Ok(())
}

/// Names are not listed, nor can their objects be reached, where the caller may not search the lower directory.
fn look(who: &str, root: &Path) -> Result<(), String> {
    for dir in PRIVATE.iter().chain(&UNLISTED) {
        let at = root.join(dir);
        if let Ok(entries) = walk::list(&at) {
            let roots = entries.iter().any(|entry| entry.name == b"roots");
            must!(!roots, "{who} sees no name of root's in {dir}")?;
        }
    }
    for dir in PRIVATE {
        for name in ["roots", "below/roots"] {
            let path = root.join(dir).join(name);
            let refused = |what: &str, result: sys::Result<()>| {
                let clean = [libc::EACCES, libc::EPERM, libc::ENOENT];
                must!(
                    result.is_err_and(|error| clean.contains(&error.0)),
                    "{who}: {what} of {dir}/{name} is refused: {result:?}"
                )
            };
            refused("stat", sys::stat(&path, 0).map(drop))?;
            refused(
                "read",
                sys::open(&path, libc::O_RDONLY, 0).and_then(sys::close),
            )?;
            refused("chmod", sys::chmod(&path, 0o600))?;
            refused("unlink", sys::unlink(&path))?;
            refused("rename", sys::rename(&path, root.join("taken"), 0))?;
        }
    }
    Ok(())
}

/// File capabilities set or copied up through a union that a user namespace mounted have effect only in that namespace.
pub fn userns_mount_capabilities(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    let files = ["set", "copied", "his", "foreign", "roots"];
    for name in files {
        let path = l.lower.join(name);
        std::fs::write(&path, elf::becomes_user()).map_err(|error| error.to_string())?;
        let owner = if name == "roots" { 0 } else { 1000 };
        b.works("chown", sys::lchown(&path, owner, owner))?;
        b.works("chmod", sys::chmod(&path, 0o777))?;
    }
    for (name, value) in [
        ("copied", EVERYWHERE.to_vec()),
        ("his", scoped(1000)),
        ("foreign", scoped(2000)),
    ] {
        let path = l.lower.join(name);
        b.works("setcap", sys::setxattr(path, CAPABILITY, &value, 0))?;
    }
    userns::check("0 1000 2\n77 3000 1\n", "0 1000 2\n", || {
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        b.works(
            "setcap",
            sys::setxattr(at("set"), CAPABILITY, &EVERYWHERE, 0),
        )?;
        let roots = sys::setxattr(at("roots"), CAPABILITY, &EVERYWHERE, 0);
        b.fails("setcap of root's file", roots, libc::EPERM)?;
        b.works("copy-up of his", sys::chmod(at("his"), 0o755))?;
        // Refusing is as good as not copying the capability.
        for name in ["copied", "foreign"] {
            let _ = sys::chmod(at(name), 0o755);
        }
        b.umount(&l.target)
    })?;
    for name in files {
        let stored = sys::getxattr(l.upper.join(name), CAPABILITY);
        let fine = match &stored {
            Ok(value) => *value == scoped(1000),
            Err(_) => !["set", "his"].contains(&name),
        };
        must!(fine, "{name} in the upper layer: {stored:?}")?;
        // It has no effect outside either.
        let path = l.upper.join(name).to_string_lossy().into_owned();
        let end = process::child(|| {
            sys::become_for_good(2000, 2000).expect("root may");
            process::exec(&path, &[&path]);
            std::process::exit(99);
        })?;
        must!(
            end != process::End::Done,
            "{name} gives nobody anything: {end:?}"
        )?;
    }
    Ok(())
}

const CAPABILITY: &str = "security.capability";

/// cap_setuid=ep, version 2: valid everywhere.
const EVERYWHERE: [u8; 20] = [
    1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// The same in version 3: for user namespaces whose root this user is.
fn scoped(root: u32) -> Vec<u8> {
    let mut value = EVERYWHERE.to_vec();
    value[3] = 3;
    value.extend(root.to_le_bytes());
    value
}

/// Root of a user namespace changes no attribute of root's files, and leaves no copy of one in the upper or the work
/// directory.
pub fn userns_setattr_roots(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    // Programs that only root executes, and files that all users may write.
    l.file(b, "su", 0o755, (0, 0))?;
    l.file(b, "open", 0o666, (0, 0))?;
    l.dir(b, "dir", 0o755, (0, 0))?;
    l.dir(b, "tmp", 0o777, (0, 0))?;
    let before = walk::walk(&l.lower)?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        l.union(b).mount(&l.target)?;
        for name in ["su", "open"] {
            by_descriptor(b, &l.target.join(name))?;
        }
        for name in ["su", "open", "dir", "tmp"] {
            let path = l.target.join(name);
            let list = acl::encode("u:7,user:1000:7,g:7,m:7,o:7");
            let attempts = [
                ("chmod u+s", sys::chmod(&path, 0o4777)),
                ("chmod", sys::chmod(&path, 0o777)),
                ("chown", sys::lchown(&path, 0, 0)),
                ("times", sys::utimens(&path, (1, 1), (2, 2), 0)),
                ("ACL", sys::setxattr(&path, acl::ACCESS, &list, 0)),
                (
                    "capability",
                    sys::setxattr(&path, "security.capability", &[1, 0, 0, 2], 0),
                ),
                ("trusted", sys::setxattr(&path, "trusted.a", b"1", 0)),
                // Two of them permit it, but a copy cannot get their owner.
                ("user", sys::setxattr(&path, "user.a", b"1", 0)),
                ("truncate", sys::truncate(&path, 1)),
                (
                    "O_TRUNC",
                    sys::open(&path, libc::O_WRONLY | libc::O_TRUNC, 0).and_then(sys::close),
                ),
            ];
            let refusals = [
                libc::EPERM,
                libc::EACCES,
                libc::EOVERFLOW,
                libc::EINVAL,
                libc::EISDIR,
            ];
            for (what, result) in attempts {
                let refused = result.is_err_and(|error| refusals.contains(&error.0));
                must!(refused, "{what} of {name} is refused: {result:?}")?;
            }
        }
        b.umount(&l.target)
    })?;
    b.same("the lower layer", &before, &walk::walk(&l.lower)?)?;
    l.upper_is(&[])?;
    let left = b.works("listing", walk::list(&l.work.join("work")))?;
    must!(left.is_empty(), "an empty work directory, not {left:?}")
}

/// A descriptor for reading gives no other right to the lower file.
fn by_descriptor(b: &Bench, path: &Path) -> Result<(), String> {
    const IMMUTABLE: u32 = 0x10;
    let show = path.display();
    let fd = b.works("open", sys::open(path, libc::O_RDONLY, 0))?;
    let realtime = sys::FileAttr {
        xflags: 1,
        ..sys::FileAttr::default()
    };
    let attempts = [
        ("write", sys::write(fd, b"W", Some(0)).map(drop)),
        ("ftruncate", sys::ftruncate(fd, 0)),
        ("fallocate", sys::fallocate(fd, 0, 0, 9000)),
        ("FS_IOC_SETFLAGS", sys::set_flags(fd, IMMUTABLE)),
        ("FS_IOC_FSSETXATTR", sys::fssetxattr(fd, realtime)),
        ("fchmod", sys::fchmod(fd, 0o4777)),
        ("fchown", sys::fchown(fd, 0, 0)),
        (
            "fsetxattr",
            sys::fsetxattr(fd, "security.capability", &[1], 0),
        ),
    ];
    for (what, result) in attempts {
        must!(result.is_err(), "{what} of {show} is refused: {result:?}")?;
    }
    Ok(sys::close(fd)?)
}

/// A union that a user namespace mounted makes nothing in directories of root, whatever layer they are in.
pub fn userns_upper_of_root(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    let dirs = ["below", "merged", "upper", "merged/deep"];
    for name in dirs.into_iter().filter(|name| *name != "upper") {
        l.dir(b, name, 0o755, (0, 0))?;
    }
    l.file(b, "own", 0o644, (1000, 1000))?;
    for name in ["merged", "upper"] {
        // Owned by root, and writable only by root.
        b.dir(&l.upper.join(name))?;
    }
    let before = walk::walk(&l.upper)?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        // The UUID is left out: root of the namespace could store it.
        l.union(b).option("uuid", "null").mount(&l.target)?;
        let own = l.target.join("own");
        for dir in dirs {
            let new = l.target.join(dir).join("new");
            let open = |flags| sys::open(&new, flags, 0o644).and_then(sys::close);
            let made = [
                ("create", open(libc::O_CREAT | libc::O_WRONLY)),
                ("mkdir", sys::mkdir(&new, 0o755)),
                ("mkfifo", sys::mknod(&new, libc::S_IFIFO | 0o644, 0)),
                ("symlink", sys::symlink("own", &new)),
                ("link", sys::link(&own, &new, 0)),
                ("rename", sys::rename(&own, &new, 0)),
            ];
            for (what, result) in made {
                b.fails(&format!("{what} in {dir}"), result, libc::EACCES)?;
            }
        }
        b.umount(&l.target)
    })?;
    b.same("the upper layer", &before, &walk::walk(&l.upper)?)?;
    // The same at the root of a union whose upper layer belongs to root as a whole.
    b.works("chown", sys::lchown(&l.upper, 0, 0))?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        l.union(b).option("uuid", "null").mount(&l.target)?;
        let new = sys::mkdir(l.target.join("new"), 0o755);
        b.fails("mkdir at the root", new, libc::EACCES)?;
        let gone = sys::unlink(l.target.join("own"));
        b.fails("unlink at the root", gone, libc::EACCES)?;
        let copied = sys::chmod(l.target.join("own"), 0o600);
        must!(copied.is_err(), "no copy: {copied:?}")?;
        b.umount(&l.target)
    })?;
    b.works("chown", sys::lchown(&l.upper, 1000, 1000))?;
    b.same("the upper layer", &before, &walk::walk(&l.upper)?)?;
    // And a work directory that is not writable is useless.
    let work = b.dir(&l.work.with_file_name("roots"))?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        let union = b.new_union().lower(&l.lower).upper(&l.upper, &work);
        let refusals = [libc::EACCES, libc::EPERM];
        b.refused(&union.flag("userxattr"), &l.target, &refusals)
            .map(drop)
    })
}
