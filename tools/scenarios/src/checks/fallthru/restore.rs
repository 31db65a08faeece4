// SPDX-License-Identifier: GPL-2.0-only
//! The calls that restore a deleted name and return a fallthru set.

use std::path::Path;
use std::time::Duration;

use crate::bench::Bench;
use crate::changes::as_user;
use crate::process;
use crate::sys;
use crate::union::{FALLTHRUS, RESTORE, fallthrus, fallthrus_to, restore};
use crate::userns;
use crate::walk;

/// The calls that restore a deleted name and return a fallthru set refuse invalid requests, and restore what they may.
pub fn restore_refused(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such calls")?;
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for name in ["d/gone", "d/again", "d/stays", "quiet/f"] {
            b.file(name, "below");
        }
    })?;
    b.union(&l).mount(&l.target)?;
    let path = l.target.join("d");
    b.file(&path.join("new"), "x")?;
    for name in ["gone", "again", "new"] {
        b.works("unlink", sys::unlink(path.join(name)))?;
    }
    b.file(&path.join("again"), "made again")?;
    let open = |dir: &Path| b.works("open", sys::open(dir, libc::O_RDONLY, 0));
    let (dir, quiet) = (open(&path)?, open(&l.target.join("quiet"))?);

    for (name, errno) in [
        ("stays", libc::EEXIST),
        ("again", libc::EEXIST),
        ("never", libc::ENOENT),
        // Deleted, but there is nothing below.
        ("new", libc::ENOENT),
        ("", libc::EINVAL),
        (".", libc::EINVAL),
        ("..", libc::EINVAL),
        ("d/gone", libc::EINVAL),
    ] {
        b.fails(&format!("restore of {name:?}"), restore(dir, name), errno)?;
    }
    b.fails(
        "where nothing was deleted",
        restore(quiet, "f"),
        libc::EEXIST,
    )?;
    b.fails(
        "where nothing was deleted",
        restore(quiet, "g"),
        libc::ENOENT,
    )?;
    b.fails(
        "a name without an end",
        sys::ioctl_bytes(dir, RESTORE, &mut [b'n'; 256]),
        libc::EINVAL,
    )?;
    for call in [RESTORE, FALLTHRUS] {
        b.fails("no memory", sys::ioctl_nowhere(dir, call), libc::EFAULT)?;
    }
    b.fails(
        "another call",
        sys::ioctl_bytes(dir, RESTORE + 2, &mut [0; 256]),
        libc::ENOTTY,
    )?;
    let file = b.works("open", sys::open(path.join("again"), libc::O_RDONLY, 0))?;
    b.fails("on a file", restore(file, "gone"), libc::ENOTTY)?;

    let refused = as_user(1000, || (restore(dir, "gone"), fallthrus(dir, 4096)))?;
    b.fails("restore by a user", refused.0, libc::EPERM)?;
    b.fails("a set for a user", refused.1, libc::EPERM)?;
    userns::check("0 1000 1", "0 1000 1", || {
        let dir = sys::open(&path, libc::O_RDONLY, 0).map_err(|e| e.to_string())?;
        b.fails("root of a namespace", restore(dir, "gone"), libc::EPERM)?;
        b.fails("root of a namespace", fallthrus(dir, 4096), libc::EPERM)
    })?;
    let remount = |flags| sys::mount("none", &l.target, "union", libc::MS_REMOUNT | flags, b"");
    b.works("read-only", remount(libc::MS_RDONLY))?;
    b.fails("read-only", restore(dir, "gone"), libc::EROFS)?;
    b.works("writable", remount(0))?;

    let needed = match fallthrus(dir, 3) {
        Err(error) if error.0 == libc::ERANGE => 3,
        other => return Err(format!("a set in three bytes: {other:?}")),
    };
    must!(
        fallthrus(dir, 4096).is_ok_and(|size| size > needed),
        "more is needed"
    )?;
    b.fails(
        "no memory for it",
        fallthrus_to(dir, 0xff8, 4096),
        libc::EFAULT,
    )?;

    b.works("chmod", sys::chmod(&path, 0o777))?;
    b.fails("stat", sys::stat(path.join("gone"), 0), libc::ENOENT)?;
    let refused = as_user(1000, || restore(dir, "gone"))?;
    b.fails(
        "restore by a user who may write there",
        refused,
        libc::EPERM,
    )?;
    b.works("restore", restore(dir, "gone"))?;
    b.holds(&path.join("gone"), "below")?;
    b.fails("restore once more", restore(dir, "gone"), libc::EEXIST)?;
    let names = walk::list(&path)?.len();
    must!(names == 3, "gone, again and stays are listed, not {names}")?;
    for fd in [dir, quiet, file] {
        b.works("close", sys::close(fd))?;
    }
    b.umount(&l.target)
}

/// Restoring a deleted name requires CAP_SYS_ADMIN for the mount, the right to make names there,
/// and ownership of the object or CAP_FOWNER; watchers of the directory are notified.
pub fn restore_rights(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such call")?;
    let l = b.layout(1)?;
    b.describe(&l, 0, |b| {
        b.dir("his").owner(1000, 1000);
        b.file("his/su", "root's").mode(0o4755);
        b.file("his/own", "his own").owner(1000, 1000);
        b.dir("tmp").mode(0o1777);
        b.file("tmp/other", "another's").owner(1001, 1001);
        b.dir("tmp/dir/sub").owner(1001, 1001);
        b.dir("closed").owner(1001, 1001).mode(0o700);
        b.file("closed/own", "his own").owner(1000, 1000);
    })?;
    b.union(&l).mount(&l.target)?;
    let open = |dir: &str| b.works("open", sys::open(l.target.join(dir), libc::O_RDONLY, 0));
    let (his, tmp, closed) = (open("his")?, open("tmp")?, open("closed")?);
    // The administrator clears the bit, then the program.
    b.works("chmod", sys::chmod(l.target.join("his/su"), 0o755))?;
    for name in ["his/su", "his/own", "tmp/other", "closed/own"] {
        b.works("unlink", sys::unlink(l.target.join(name)))?;
    }
    b.works("rmdir", sys::rmdir(l.target.join("tmp/dir/sub")))?;
    b.works("rmdir", sys::rmdir(l.target.join("tmp/dir")))?;

    // The owner of the directory does not matter.
    for (dir, name) in [(his, "su"), (his, "own"), (tmp, "other"), (closed, "own")] {
        let refused = as_user(1000, || (restore(dir, name), fallthrus(dir, 4096)))?;
        b.fails(&format!("{name} by a user"), refused.0, libc::EPERM)?;
        b.fails("a set for a user", refused.1, libc::EPERM)?;
    }
    userns::check("0 1000 1", "0 1000 1", || {
        let result = restore(his, "own");
        b.fails("root of another namespace", result, libc::EPERM)
    })?;

    // With the mount's capability, and with others or without: as user 1000, who has no right to `closed`.
    let with = |capabilities: u64, dir, name: &str| limited(b, capabilities, || restore(dir, name));
    with(FOWNER | DAC_OVERRIDE, his, "own").refused(libc::EPERM)?;
    with(ADMIN, his, "su").refused(libc::EPERM)?;
    with(ADMIN, tmp, "other").refused(libc::EPERM)?;
    with(ADMIN, tmp, "dir").refused(libc::EPERM)?;
    with(ADMIN, closed, "own").refused(libc::EACCES)?;
    with(ADMIN | FOWNER, closed, "own").refused(libc::EACCES)?;
    for gone in ["his/su", "his/own", "tmp/other", "tmp/dir", "closed/own"] {
        let found = sys::stat(l.target.join(gone), 0);
        b.fails(&format!("{gone} after refusals"), found, libc::ENOENT)?;
    }
    confined(tmp)?;

    let watcher = b.works("inotify_init", sys::inotify_init())?;
    for dir in ["his", "tmp", "closed"] {
        let path = l.target.join(dir);
        b.works(
            "watch",
            sys::inotify_add(watcher, path, libc::IN_ALL_EVENTS),
        )?;
    }
    with(ADMIN, his, "own").worked()?;
    with(ADMIN | FOWNER, tmp, "other").worked()?;
    with(ADMIN | FOWNER, tmp, "dir").worked()?;
    with(ADMIN | DAC_OVERRIDE, closed, "own").worked()?;
    b.works("the administrator restores it all", restore(his, "su"))?;
    let told: Vec<_> = sys::inotify_read(watcher)
        .into_iter()
        .filter(|event| event.mask & libc::IN_CREATE != 0)
        .map(|event| (event.name, event.mask & libc::IN_ISDIR != 0))
        .collect();
    let expected = [
        ("own", false),
        ("other", false),
        ("dir", true),
        ("own", false),
        ("su", false),
    ];
    must!(
        told.iter()
            .map(|(name, is_dir)| (name.as_str(), *is_dir))
            .eq(expected),
        "{expected:?} are told of, not {told:?}"
    )?;
    for (path, mode) in [("his/su", 0o104755), ("tmp/dir/sub", 0o40755)] {
        let stat = b.works("stat", sys::stat(l.target.join(path), 0))?;
        must!(
            stat.st_mode == mode,
            "{path} has the mode {mode:o}, not {:o}",
            stat.st_mode
        )?;
    }
    for fd in [his, tmp, closed, watcher] {
        b.works("close", sys::close(fd))?;
    }
    b.umount(&l.target)
}

/// A bit for each capability.
const DAC_OVERRIDE: u64 = 1 << 1;
const FOWNER: u64 = 1 << 3;
const ADMIN: u64 = 1 << 21;

/// The result of a call by a process with few capabilities.
struct Outcome<'a> {
    b: &'a Bench<'a>,
    what: String,
    result: Result<sys::Result<()>, String>,
}

impl Outcome<'_> {
    fn refused(self, errno: i32) -> Result<(), String> {
        self.b.fails(&self.what, self.result?, errno)
    }

    fn worked(self) -> Result<(), String> {
        self.b.works(&self.what, self.result?)
    }
}

/// Makes a call as user 1000 with these capabilities.
fn limited<'a>(
    b: &'a Bench<'a>,
    capabilities: u64,
    call: impl FnOnce() -> sys::Result<()>,
) -> Outcome<'a> {
    let (said, end) = match process::run(Duration::from_secs(20), |pipe| {
        // The ids for file systems only, as seteuid(2) would set them; the capabilities stay with the thread.
        sys::set_fs_gid(1000);
        sys::set_fs_uid(1000);
        let result = sys::set_capabilities(capabilities).and_then(|()| call());
        let errno = result.err().map_or(0, |error| error.0);
        let _ = pipe.write_all(&errno.to_ne_bytes());
    }) {
        Ok(outcome) => outcome,
        Err(error) => {
            return Outcome {
                b,
                what: "fork".into(),
                result: Err(error.to_string()),
            };
        }
    };
    let result = match <[u8; 4]>::try_from(said).map(i32::from_ne_bytes) {
        Ok(0) => Ok(Ok(())),
        Ok(errno) => Ok(Err(crate::errno::Errno(errno))),
        Err(_) => Err(format!("the child ended with {end:?}")),
    };
    Outcome {
        b,
        what: format!("restore with the capabilities {capabilities:#x}"),
        result,
    }
}

/// With a security module that forbids making files, to the administrator, too: Landlock.
fn confined(dir: i32) -> Result<(), String> {
    let (said, end) = process::run(Duration::from_secs(20), |pipe| {
        let said = match sys::landlock_no_new_files() {
            Ok(()) => match restore(dir, "other") {
                Err(crate::errno::Errno(libc::EACCES)) => String::new(),
                other => format!("EACCES by Landlock, not {other:?}"),
            },
            // It is not in this kernel, or not switched on.
            Err(crate::errno::Errno(libc::ENOSYS | libc::EOPNOTSUPP)) => String::new(),
            Err(error) => format!("Landlock: {error}"),
        };
        let _ = pipe.write_all(said.as_bytes());
    })?;
    let said = String::from_utf8_lossy(&said);
    must!(
        said.is_empty() && end == process::End::Done,
        "{said}, {end:?}"
    )
}
