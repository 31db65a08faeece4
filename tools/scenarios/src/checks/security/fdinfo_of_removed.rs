// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::process;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "the marks of inotify and fanotify on removed objects are shown in fdinfo, with caches dropped and at unmount",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
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
        b.must(&format!("four watches are shown, not {count}"), count == 4)?;
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
