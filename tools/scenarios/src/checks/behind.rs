// SPDX-License-Identifier: GPL-2.0-only
//! Changes of the upper layer behind the union.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::acl;
use crate::bench::{Bench, Layout};
use crate::figures;
use crate::sys;
use crate::walk;

/// Names of the upper layer that vanish behind the union cause errors only.
pub fn changed_behind(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    b.file(&l.target.join("new"), "x")?;
    b.file(&l.target.join("file"), "changed")?;
    b.works("mkdir", sys::mkdir(l.target.join("made"), 0o755))?;
    for name in ["new", "file"] {
        b.works("unlink behind", sys::unlink(l.upper.join(name)))?;
    }
    b.works("rmdir behind", sys::rmdir(l.upper.join("made")))?;
    for name in ["new", "file", "made"] {
        let path = l.target.join(name);
        let _ = sys::stat(&path, 0);
        let _ = sys::rename(&path, l.target.join("renamed"), 0);
        let _ = sys::unlink(&path);
        let _ = sys::rmdir(&path);
        let _ = sys::link(&path, l.target.join("linked"), 0);
        let _ = sys::mkdir(path.join("sub"), 0o755);
        let _ = std::fs::write(&path, "again");
    }
    let _ = walk::list(&l.target);
    b.umount(&l.target)
}

/// A file with a second name made in the upper layer directly keeps one when the other is removed or replaced, and can
/// be linked.
pub fn linked_behind(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    for (first, second, way) in [("a", "b", "unlink"), ("c", "d", "rename")] {
        b.file(&at(first), "text")?;
        b.works(
            "link behind the mount",
            sys::link(l.upper.join(first), l.upper.join(second), 0),
        )?;
        b.works("stat", sys::stat(at(second), 0))?;
        if way == "unlink" {
            b.works("unlink", sys::unlink(at(first)))?;
        } else {
            b.file(&at("new"), "new")?;
            b.works("rename", sys::rename(at("new"), at(first), 0))?;
        }
        let open = b.works("open", sys::open(at(second), libc::O_RDONLY, 0))?;
        let count = b.works("fstat", sys::fstat(open))?.st_nlink;
        must!(count == 1, "{way}: one name, not {count}")?;
        let third = at(&format!("{second}-again"));
        b.works(way, sys::link(at(second), &third, 0))?;
        let count = b.works("fstat", sys::fstat(open))?.st_nlink;
        must!(count == 2, "{way}: two names, not {count}")?;
        b.works("unlink", sys::unlink(at(second)))?;
        b.works("unlink", sys::unlink(&third))?;
        let count = b.works("fstat", sys::fstat(open))?.st_nlink;
        must!(count == 0, "{way}: no name, not {count}")?;
        b.works("close", sys::close(open))?;
    }
    b.umount(&l.target)
}

/// The union's private files are in a separate directory beside the work directory, and nothing that another user has
/// put there is written, opened or trusted.
pub fn private_directory(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs keeps nothing there")?;
    let l = b.layout(2)?;
    for (number, lower) in l.lowers.iter().enumerate() {
        b.dir(&lower.join("d"))?;
        for name in 0..20 {
            b.file(&lower.join(format!("d/{number}-{name}")), "x")?;
        }
    }
    let private = l.work.join("union");
    let file = private.join("fallthru");
    let outside = l.work.parent().ok_or("it has one")?.join("outside");
    b.file(&outside, TEXT)?;

    // A name that was used in an earlier version, and one that is not used.
    b.works("link", sys::link(&outside, l.work.join("fallthru"), 0))?;
    let used = recorded(b, &l)?;
    b.holds(&outside, TEXT)
        .map_err(|e| format!("fallthru: {e}"))?;
    must!(used, "sets are recorded")?;
    let stat = b.works("stat", sys::stat(&private, libc::AT_SYMLINK_NOFOLLOW))?;
    must!(
        stat.st_mode == libc::S_IFDIR | 0o700 && stat.st_uid == 0,
        "a directory of root's with mode 0700, not {:o}",
        stat.st_mode
    )?;
    let stat = b.works("stat", sys::stat(&file, libc::AT_SYMLINK_NOFOLLOW))?;
    must!(
        stat.st_mode == libc::S_IFREG | 0o600 && stat.st_nlink == 1,
        "a file with mode 0600, not {:o}",
        stat.st_mode
    )?;
    let whole = std::fs::read(&file).map_err(|error| error.to_string())?;

    let files: [(&str, &dyn Fn() -> sys::Result<()>); 9] = [
        ("a symbolic link", &|| sys::symlink(&outside, &file)),
        ("a link of a file outside", &|| {
            sys::link(&outside, &file, 0)
        }),
        ("a pipe", &|| sys::mknod(&file, libc::S_IFIFO | 0o600, 0)),
        ("a directory", &|| sys::mkdir(&file, 0o700)),
        ("another user's", &|| {
            put(&file, TEXT.as_bytes(), 0o600)?;
            sys::lchown(&file, 1000, 1000)
        }),
        ("another user's records", &|| {
            put(&file, &whole, 0o600)?;
            sys::lchown(&file, 1000, 1000)
        }),
        ("open to others", &|| put(&file, &whole, 0o620)),
        ("no records", &|| put(&file, TEXT.as_bytes(), 0o600)),
        ("no records yet, or any more", &|| {
            put(&file, b"union", 0o600)
        }),
    ];
    for (what, make) in files {
        remove(&file)?;
        b.works(what, make())?;
        let before = describe(&l.work)?;
        let used = recorded(b, &l).map_err(|e| format!("{what}: {e}"))?;
        must!(!used, "{what}: nothing is recorded")?;
        must!(describe(&l.work)? == before, "{what}: left alone")?;
        b.holds(&outside, TEXT)
            .map_err(|e| format!("{what}: {e}"))?;
    }

    // What a power cut can leave where a record was being written.
    remove(&file)?;
    b.works("zeros", put(&file, &[0; 4096], 0o600))?;
    must!(recorded(b, &l)?, "sets are recorded in a file of zeros")?;

    // Open for writing, perhaps since before it belonged to the mounter.
    remove(&file)?;
    b.works("records", put(&file, &whole, 0o600))?;
    let open = b.works("open", sys::open(&file, libc::O_WRONLY, 0))?;
    let used = recorded(b, &l)?;
    must!(!used, "nothing is recorded in a file open elsewhere")?;
    b.works("close", sys::close(open))?;
    must!(recorded(b, &l)?, "nor is anything wrong with it")?;

    // Another name while it is in use.
    let link = l.work.join("link");
    b.union(&l).mount(&l.target)?;
    names(&l)?;
    b.works("link", sys::link(&file, &link, 0))?;
    b.works("unlink", sys::unlink(&file))?;
    b.works("link", sys::link(&outside, &file, 0))?;
    names(&l)?;
    b.umount(&l.target)?;
    b.holds(&outside, TEXT)?;
    b.works("unlink", sys::unlink(&file))?;
    b.works("unlink", sys::unlink(&link))?;

    let target = b.dir(&l.work.join("elsewhere"))?;
    b.works("chmod", sys::chmod(&target, 0o700))?;
    let directories: [(&str, &dyn Fn() -> Result<(), String>); 8] = [
        ("a symbolic link", &|| Ok(sys::symlink(&target, &private)?)),
        ("a file", &|| b.file(&private, TEXT)),
        ("a link", &|| Ok(sys::link(&outside, &private, 0)?)),
        ("a pipe", &|| {
            Ok(sys::mknod(&private, libc::S_IFIFO | 0o600, 0)?)
        }),
        ("another user's", &|| {
            sys::mkdir(&private, 0o700)?;
            Ok(sys::lchown(&private, 1000, 1000)?)
        }),
        ("open to others", &|| Ok(sys::mkdir(&private, 0o755)?)),
        ("sticky", &|| {
            sys::mkdir(&private, 0o700)?;
            Ok(sys::chmod(&private, 0o1700)?)
        }),
        ("with a default ACL", &|| {
            sys::mkdir(&private, 0o700)?;
            let acl = acl::encode("u:7,user:1000:7,g:7,m:7,o:0");
            Ok(sys::setxattr(
                &private,
                "system.posix_acl_default",
                &acl,
                0,
            )?)
        }),
    ];
    for (what, make) in directories {
        remove(&private)?;
        make().map_err(|e| format!("{what}: {e}"))?;
        let before = describe(&l.work)?;
        let used = recorded(b, &l).map_err(|e| format!("{what}: {e}"))?;
        must!(!used, "directory, {what}: nothing is recorded")?;
        let now = describe(&l.work)?;
        must!(
            now == before,
            "directory, {what}: left alone: {before:?}, now {now:?}"
        )?;
    }

    // Removed while it is in use.
    remove(&private)?;
    b.union(&l).mount(&l.target)?;
    b.works("rename", sys::rename(&private, l.work.join("away"), 0))?;
    b.works("symlink", sys::symlink(&target, &private))?;
    names(&l)?;
    b.works("chmod", sys::chmod(l.target.join("d/0-1"), 0o600))?;
    let renamed = sys::rename(l.target.join("d/0-1"), l.target.join("moved"), 0);
    b.works("rename", renamed)?;
    b.umount(&l.target)?;
    let found: Vec<_> = walk::list(&target)?.into_iter().map(|e| e.name).collect();
    must!(found.is_empty(), "nothing elsewhere: {found:?}")?;
    remove(&private)?;
    remove(&l.work.join("away"))?;
    must!(recorded(b, &l)?, "all is well again")
}

/// The objects that must not be touched.
const TEXT: &str = "somebody's own";

/// Whether the union could read or write records, in two mounts.
fn recorded(b: &Bench, l: &Layout) -> Result<bool, String> {
    let mut used = 0;
    for _ in 0..2 {
        b.union(l).mount(&l.target)?;
        names(l)?;
        used += figures::of(&l.target)?.loaded;
        b.umount(&l.target)?;
    }
    Ok(used > 0)
}

fn names(l: &Layout) -> Result<(), String> {
    let listed = walk::list(&l.target.join("d"))?;
    let names: BTreeSet<_> = listed.into_iter().map(|entry| entry.name).collect();
    must!((39..=40).contains(&names.len()), "the names: {names:?}")
}

fn put(file: &Path, bytes: &[u8], mode: u32) -> sys::Result<()> {
    std::fs::write(file, bytes)
        .map_err(|error| crate::errno::Errno(error.raw_os_error().unwrap_or(libc::EIO)))?;
    sys::chmod(file, mode)
}

fn remove(path: &Path) -> Result<(), String> {
    match sys::stat(path, libc::AT_SYMLINK_NOFOLLOW) {
        Err(_) => Ok(()),
        Ok(stat) if walk::kind(&stat) == libc::S_IFDIR => {
            std::fs::remove_dir_all(path).map_err(|error| error.to_string())
        }
        Ok(_) => Ok(sys::unlink(path)?),
    }
}

/// Everything in a directory but the work directory: times, modes, contents.
fn describe(dir: &Path) -> Result<Vec<(PathBuf, String)>, String> {
    let mut found = Vec::new();
    for entry in walk::list(dir)? {
        let path = dir.join(String::from_utf8_lossy(&entry.name).as_ref());
        if entry.name == b"work" {
            continue;
        }
        let stat = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW)?;
        let contents = match walk::kind(&stat) {
            libc::S_IFREG => std::fs::read(&path).map_err(|error| error.to_string())?,
            _ => Vec::new(),
        };
        let is_dir = walk::kind(&stat) == libc::S_IFDIR;
        let line = format!(
            "{} {}.{} {}",
            walk::describe(&stat),
            stat.st_ctime,
            stat.st_ctime_nsec,
            walk::show(&contents)
        );
        found.push((path.clone(), line));
        if is_dir {
            found.extend(describe(&path)?);
        }
    }
    found.sort();
    Ok(found)
}
