// SPDX-License-Identifier: GPL-2.0-only
//! Information leaks.

use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::crash::kmsg::Kmsg;
use crate::process;
use crate::sys;
use crate::userns;

/// Ten lines in five seconds, and the loop may take some time.
const LINES: usize = 200;

/// The marks of inotify and fanotify on removed objects are shown in fdinfo, with caches dropped and at unmount.
pub fn fdinfo_of_removed(b: &mut Bench) -> Result<(), String> {
    /// Of fanotify_init(2) and fanotify_mark(2); FAN_DELETE_SELF needs identifiers.
    const FAN_REPORT_FID: u32 = 0x200;
    const FAN_MARK_ADD: u32 = 1;
    const FAN_DELETE_SELF: u64 = 0x400;
    let l = b.layout(1)?;
    let names = ["lower", "copied", "new", "empty"];
    for round in 0..20 {
        for name in ["lower", "copied"] {
            b.file(&l.lowers[0].join(name), "text")?;
        }
        b.dir(&l.lowers[0].join("empty"))?;
        b.union(&l).mount(&l.target)?;
        b.file(&l.target.join("new"), "text")?;
        b.works("chmod", sys::chmod(l.target.join("copied"), 0o600))?;
        let inotify = b.works("inotify_init", sys::inotify_init())?;
        let fanotify = b.works("fanotify_init", sys::fanotify_init(FAN_REPORT_FID))?;
        for name in names {
            let path = l.target.join(name);
            b.works(
                "watch",
                sys::inotify_add(inotify, &path, libc::IN_ALL_EVENTS),
            )?;
            b.works(
                "mark",
                sys::fanotify_mark(fanotify, FAN_MARK_ADD, FAN_DELETE_SELF, &path),
            )?;
        }
        // Held open, the inodes outlive their names.
        let held = names.map(|name| sys::open(l.target.join(name), libc::O_RDONLY, 0));
        let show = || {
            let read = |fd| std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}"));
            (read(inotify), read(fanotify))
        };
        let (before, _) = show();
        let count = before.unwrap_or_default().matches("inotify wd").count();
        must!(count == 4, "four watches are shown, not {count}")?;
        for name in names {
            let path = l.target.join(name);
            b.works(
                "removing",
                sys::unlink(&path).or_else(|_| sys::rmdir(&path)),
            )?;
            let _ = show();
        }
        let _ = std::fs::write("/proc/sys/vm/drop_caches", "3");
        let _ = show();
        for fd in held {
            sys::close(fd?)?;
            let _ = show();
        }
        let reader = process::background(|| {
            for _ in 0..200 {
                let _ = show();
            }
        })?;
        // Marks keep no file system mounted.
        let flags = if round % 2 == 0 { 0 } else { libc::MNT_DETACH };
        b.works("umount", sys::umount(&l.target, flags))?;
        let _ = show();
        b.ended_well(vec![reader])?;
        sys::close(inotify)?;
        sys::close(fanotify)?;
        for name in names {
            let _ = sys::unlink(l.upper.join(name));
        }
    }
    Ok(())
}

/// name_to_handle_at writes no byte beyond the buffer, whatever its size, and returns the size it needs.
pub fn handle_sizes(b: &mut Bench) -> Result<(), String> {
    const AT_HANDLE_FID: i32 = 0x200;
    const LARGEST: u32 = 128;
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    b.file(&l.target.join("new"), "text")?;
    for name in ["", "file", "dir", "new"] {
        let path = l.target.join(name);
        for flags in [0, AT_HANDLE_FID] {
            let mut needed = None;
            for size in 0..=LARGEST + 8 {
                let what = format!("{name:?}, flags {flags:#x}, {size} bytes");
                let (result, bytes, rest_kept) = sys::name_to_handle_sized(&path, size, flags);
                must!(rest_kept, "{what}: nothing behind it")?;
                match result {
                    Ok(()) => {
                        must!(bytes <= size, "{what}: {bytes} fit")?;
                        must!(
                            needed.is_none_or(|needed| needed == bytes),
                            "{what}: the size asked for before, {needed:?}"
                        )?;
                    }
                    Err(error) if size > LARGEST && flags != 0 => {
                        must!(error.0 == libc::EINVAL, "{what}: {error}")?;
                    }
                    Err(error) if error.0 == libc::EOVERFLOW => {
                        must!(bytes > size, "{what}: {bytes} are more")?;
                        needed = Some(bytes);
                    }
                    Err(error) => {
                        must!(
                            [libc::EOPNOTSUPP, libc::EINVAL].contains(&error.0) && flags == 0,
                            "{what}: no handle to open by, not {error}"
                        )?;
                    }
                }
            }
            must!(
                flags == 0 || needed.is_some(),
                "{name:?}: identifiers are given, in {needed:?} bytes"
            )?;
        }
    }
    b.umount(&l.target)
}

/// Garbage in private attributes does not fill the kernel log.
pub fn log_flood(b: &mut Bench) -> Result<(), String> {
    /// More lines than are allowed in the time this takes.
    const NAMES: usize = 2000;
    let l = b.layout(1)?;
    for number in 0..NAMES {
        let dir = l.upper.join(number.to_string());
        b.dir(&dir)?;
        b.works(
            "setxattr",
            sys::setxattr(&dir, "user.overlay.opaque", b"garbage", 0),
        )?;
    }
    let union = b.union(&l).flag("userxattr");
    // Earlier lines count for five seconds.
    std::thread::sleep(Duration::from_secs(6));
    let mut log = Kmsg::open()?;
    union.mount(&l.target)?;
    for number in 0..NAMES {
        let result = sys::stat(l.target.join(number.to_string()), 0);
        b.fails("stat of a corrupt directory", result, libc::EIO)?;
    }
    b.umount(&l.target)?;
    let news = log.news();
    let lines = news
        .iter()
        .filter(|line| line.contains("is corrupt"))
        .count();
    must!(
        (1..LINES).contains(&lines),
        "it is said, but not {NAMES} times: {lines}"
    )
}

/// Failing mounts in a user namespace do not fill the kernel log.
pub fn log_flood_mounts(b: &mut Bench) -> Result<(), String> {
    let l = userns::Layers::new(b)?;
    // Earlier lines count for five seconds.
    std::thread::sleep(Duration::from_secs(6));
    let mut log = Kmsg::open()?;
    userns::check("0 1000 1", "0 1000 1", || {
        for _ in 0..MOUNTS {
            let union = b.new_union().lower(&l.lower).lower(&l.lower);
            b.refused(&union.flag("userxattr"), &l.target, &[libc::ELOOP])?;
        }
        Ok(())
    })?;
    let lines = log
        .news()
        .iter()
        .filter(|line| line.contains("is also given as another layer"))
        .count();
    must!(
        (1..LINES).contains(&lines),
        "it is said, but not {MOUNTS} times: {lines}"
    )?;
    if !b.is_union() {
        return Ok(());
    }
    // A mount that succeeds with a message: an invalid UUID.
    std::thread::sleep(Duration::from_secs(6));
    log.news();
    let odd = sys::setxattr(&l.upper, "user.overlay.uuid", b"none", 0);
    b.works("setxattr", odd)?;
    userns::check("0 1000 1", "0 1000 1", || {
        for _ in 0..LINES {
            l.union(b).mount(&l.target)?;
            b.umount(&l.target)?;
        }
        Ok(())
    })?;
    let news = log.news();
    let lines = news.iter().filter(|line| line.contains("UUID")).count();
    must!(
        (1..LINES / 2).contains(&lines),
        "it is said, but not {LINES} times: {lines}"
    )
}

/// More lines than are allowed in the time this takes.
const MOUNTS: usize = 1000;

/// Names are renamed, linked and unlinked while they disappear and return in the upper layer behind the union.
pub fn rename_removed_behind(b: &mut Bench) -> Result<(), String> {
    const NAMES: [&str; 4] = ["a", "b", "dir/a", "dir/b"];
    let l = b.layout(1)?;
    for name in NAMES {
        b.file(&l.lowers[0].join(name), "below")?;
    }
    b.union(&l).mount(&l.target)?;
    let end = Instant::now() + Duration::from_secs(3);
    let mut children = Vec::new();
    for number in 0..4 {
        let (target, upper) = (l.target.clone(), l.upper.clone());
        children.push(process::background(move || {
            let mut round = number;
            while Instant::now() < end {
                round += 1;
                let (one, two) = (NAMES[round % 4], NAMES[(round / 4) % 4]);
                let _ = match number {
                    0 => sys::rename(target.join(one), target.join(two), 0),
                    1 => sys::link(target.join(one), target.join(two), 0)
                        .or_else(|_| sys::rename(target.join(two), target.join(one), 2)),
                    2 => std::fs::write(target.join(one), "new")
                        .map_err(Into::into)
                        .and_then(|()| sys::unlink(target.join(two))),
                    _ => sys::unlink(upper.join(one))
                        .and_then(|()| sys::rename(upper.join(two), upper.join(one), 0)),
                };
            }
        })?);
    }
    b.ended_well(children)?;
    b.umount(&l.target)?;
    // Whatever the upper layer holds now must be a tree.
    b.union(&l).mount(&l.target)?;
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&l.target)
}
