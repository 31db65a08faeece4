// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "file systems of the kernel itself as lower layers can be read as far as they are files, or are refused",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let groups = b.target("groups")?;
    b.works(
        "mounting cgroup2",
        sys::mount("cgroup2", &groups, "cgroup2", 0, b""),
    )?;
    let mut mounted = Vec::new();
    for path in [
        Path::new("/proc"),
        Path::new("/proc/sys"),
        Path::new("/proc/self"),
        Path::new("/sys"),
        Path::new("/sys/block"),
        Path::new("/dev"),
        Path::new("/dev/pts"),
        &groups,
    ] {
        let union = b.new_union().lower(path).upper(&l.upper, &l.work);
        let show = path.display();
        match union.mount(&l.target) {
            Err(failure) => {
                b.must(
                    &format!("{show}: EINVAL, not {failure}"),
                    failure.errno.0 == libc::EINVAL,
                )?;
                continue;
            }
            Ok(()) => mounted.push(show.to_string()),
        }
        for entry in walk::list(&l.target)?.iter().take(60) {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            let child = l.target.join(&name);
            let _ = sys::stat(&child, libc::AT_SYMLINK_NOFOLLOW);
            let _ = sys::readlink(&child);
            let _ = sys::listxattr(&child);
            if walk::list(&child).is_ok() || entry.kind != libc::DT_REG {
                continue;
            }
            // Some block when read, and some say they are empty.
            if let Ok(fd) = sys::open(&child, libc::O_RDONLY | libc::O_NONBLOCK, 0) {
                if !["kmsg", "kcore", "kpagecount"].contains(&name.as_str()) {
                    let _ = sys::read(fd, 100, None);
                }
                sys::close(fd)?;
            }
        }
        let _ = sys::mkdir(l.target.join("new"), 0o755);
        let _ = sys::rmdir(l.target.join("new"));
        b.umount(&l.target)?;
    }
    b.must(
        &format!("sysfs and devtmpfs are trees like any other, mounted were {mounted:?}"),
        mounted.iter().any(|path| path == "/sys"),
    )?;
    // Nothing of it got into the kernel: its own files are as they were.
    b.must("no new name in /sys", !Path::new("/sys/new").exists())
}
