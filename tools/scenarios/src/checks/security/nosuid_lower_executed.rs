// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::elf;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "set-id bits and capabilities of a nosuid layer give nobody anything, before and after any copy-up",
    run,
    ..Check::DEFAULT
};

const CAPABILITY: &str = "security.capability";
const SETUID: [u8; 20] = [
    1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];
const USER: u32 = 2000;

/// Programs, and how each ends when it was given something: as root, in root's group, as user 77.
const PROGRAMS: [(&str, u32, fn() -> Vec<u8>); 3] = [
    ("set_uid", 0o4755, elf::exits_with_user),
    ("set_gid", 0o2755, elf::exits_with_group),
    ("capable", 0o755, elf::becomes_user),
];

/// Ways to have a file copied up that take no set-id bits away.
type Way = (&'static str, fn(&Path) -> sys::Result<()>);
const WAYS: [Way; 5] = [
    ("nothing", |_| Ok(())),
    // By anybody who may write the directory.
    ("rename", |path| {
        let away = path.with_extension("away");
        sys::become_user(USER, USER, &[])?;
        let result = sys::rename(path, &away, 0).and_then(|()| sys::rename(&away, path, 0));
        sys::become_root()?;
        result
    }),
    ("times", |path| sys::utimens(path, (5, 5), (5, 5), 0)),
    ("user attribute", |path| {
        sys::setxattr(path, "user.a", b"1", 0)
    }),
    ("link", |path| {
        let link = path.with_extension("link");
        sys::link(path, &link, 0).and_then(|()| sys::unlink(&link))
    }),
];

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs copies them up by design".into());
    }
    for (name, flags) in [("honoured", 0), ("ignored", libc::MS_NOSUID)] {
        let ground = b.tmpfs(name)?;
        let lower = b.dir(&ground.join("lower"))?;
        for (way, _) in WAYS {
            let dir = b.dir(&lower.join(way))?;
            b.works("chmod", sys::chmod(&dir, 0o777))?;
            for (program, mode, code) in PROGRAMS {
                let path = dir.join(program);
                std::fs::write(&path, code()).map_err(|error| error.to_string())?;
                b.works("chmod", sys::chmod(&path, mode))?;
                if program == "capable" {
                    b.works("setcap", sys::setxattr(&path, CAPABILITY, &SETUID, 0))?;
                }
            }
        }
        let top = b.tmpfs(&format!("{name} upper layer"))?;
        let (upper, work) = (b.dir(&top.join("upper"))?, b.dir(&top.join("work"))?);
        let flags = libc::MS_REMOUNT | libc::MS_BIND | flags;
        b.works("remount", sys::mount("", &ground, "", flags, b""))?;
        // By way of another union, too, which is not nosuid itself.
        let inner = b.target(&format!("{name} inner"))?;
        b.new_union().lower(&lower).read_only().mount(&inner)?;
        let target = b.target(&format!("{name} target"))?;
        for lower in [&lower, &inner] {
            let union = b.new_union().lower(lower).upper(&upper, &work);
            union.mount(&target)?;
            judge(b, &target, name == "honoured")?;
            b.umount(&target)?;
            // What is in the upper layer is what it always will be.
            judge(b, &upper, name == "honoured")?;
            std::fs::remove_dir_all(&upper).map_err(|error| error.to_string())?;
            b.dir(&upper)?;
        }
    }
    Ok(())
}

/// Runs every program, copied up in every way if it is not yet.
fn judge(b: &Bench, root: &Path, honoured: bool) -> Result<(), String> {
    for (way, copy_up) in WAYS {
        for (program, _, _) in PROGRAMS {
            let path = root.join(way).join(program);
            if !path.exists() {
                continue;
            }
            b.works(way, copy_up(&path))?;
            let show = path.to_string_lossy().into_owned();
            let end = process::child(|| {
                sys::become_for_good(USER, USER).expect("root may");
                process::exec(&show, &[&show]);
                std::process::exit(99);
            })?;
            // Each ends with 0 when it is root, in root's group, or may become another.
            b.must(
                &format!("{show} has power: {honoured}; it ended with {end:?}"),
                (end == End::Done) == honoured,
            )?;
            b.must(&format!("{show} was run"), end != End::Status(99))?;
        }
    }
    Ok(())
}
