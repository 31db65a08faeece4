// SPDX-License-Identifier: GPL-2.0-only
use std::os::fd::RawFd;
use std::path::Path;

use crate::bench::Bench;
use crate::elf;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};

pub const CHECK: Check = Check {
    about: "set-id bits, capabilities and devices of a file system that a user namespace has mounted count in no other",
    run,
    ..Check::DEFAULT
};

const SETUID: [u8; 20] = [
    1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs takes them as they are".into());
    }
    let l = Layers::new(b)?;
    let (ready, tell_ready) = b.works("pipe", sys::pipe())?;
    let (done, tell_done) = b.works("pipe", sys::pipe())?;
    let pid = userns::start("0 1000 1\n", "0 1000 1\n", || {
        let _ = sys::close(tell_done);
        sys::mount("tmpfs", &l.lower, "tmpfs", 0, b"mode=777").expect("tmpfs is for users");
        for (name, mode, code) in [
            ("set_uid", 0o4777, elf::exits_with_user()),
            ("set_gid", 0o2777, elf::exits_with_group()),
            ("capable", 0o777, elf::becomes_user()),
        ] {
            let path = l.lower.join(name);
            std::fs::write(&path, code).expect("it is his");
            sys::chmod(&path, mode).expect("it is his");
        }
        // Root of the namespace that mounted it may write any version.
        let capable = l.lower.join("capable");
        sys::setxattr(capable, "security.capability", &SETUID, 0).expect("it is his");
        let _ = sys::write(tell_ready, b"1", None);
        let _ = sys::read(done, 1, None);
    })?;
    sys::close(tell_ready)?;
    sys::read(ready, 1, None)?;
    let namespace = sys::open(format!("/proc/{pid}/ns/mnt"), libc::O_RDONLY, 0)?;
    let result = inside(b, &l, namespace);
    sys::close(tell_done)?;
    process::wait(pid)?;
    result
}

/// Root goes there, as nsenter(1) does it, and mounts a union of what he finds.
fn inside(b: &Bench, l: &Layers, namespace: RawFd) -> Result<(), String> {
    let (said, tell) = b.works("pipe", sys::pipe())?;
    let end = process::child(|| {
        let result = sys::set_namespace(namespace, libc::CLONE_NEWNS)
            .map_err(String::from)
            .and_then(|()| use_union(b, l));
        if let Err(why) = result {
            let _ = sys::write(tell, why.as_bytes(), None);
        }
    })?;
    sys::close(tell)?;
    let said = sys::read(said, 4096, None)?;
    b.must(&String::from_utf8_lossy(&said), said.is_empty())?;
    b.must(&format!("it ended with {end:?}"), end == End::Done)
}

fn use_union(b: &Bench, l: &Layers) -> Result<(), String> {
    // The namespace cannot make a device, but one may be there: of an owner that it can name.
    let null = l.lower.join("null");
    sys::set_fs_gid(1000);
    sys::set_fs_uid(1000);
    b.works("capabilities", sys::set_capabilities(u64::MAX))?;
    let number = sys::makedev(1, 3);
    b.works("mknod", sys::mknod(&null, libc::S_IFCHR | 0o666, number))?;
    sys::set_fs_uid(0);
    sys::set_fs_gid(0);
    b.works("chmod", sys::chmod(&null, 0o666))?;
    // The kernel's own rule, which is to hold for the union as well.
    powerless(b, &l.lower)?;
    let union = b.new_union().lower(&l.lower).upper(&l.upper, &l.work);
    union.mount(&l.target)?;
    powerless(b, &l.target)?;
    for name in ["set_uid", "set_gid", "capable"] {
        let path = l.target.join(name);
        b.works("copy-up", sys::utimens(&path, (5, 5), (5, 5), 0))?;
    }
    powerless(b, &l.target)?;
    b.umount(&l.target)?;
    for name in ["set_uid", "set_gid"] {
        let mode = b.works("stat", sys::stat(l.upper.join(name), 0))?.st_mode & 0o7777;
        b.must(
            &format!("{name} is 0777 in the upper layer, not {mode:o}"),
            mode == 0o777,
        )?;
    }
    Ok(())
}

/// Nobody gets anything by the programs and the device below `root`.
fn powerless(b: &Bench, root: &Path) -> Result<(), String> {
    for (name, status) in [("set_uid", 208), ("set_gid", 208), ("capable", 255)] {
        let show = root.join(name).to_string_lossy().into_owned();
        let end = process::child(|| {
            sys::become_for_good(2000, 2000).expect("root may");
            process::exec(&show, &[&show]);
            std::process::exit(99);
        })?;
        b.must(
            &format!("{show} runs as whoever runs it: {end:?}"),
            end == End::Status(status),
        )?;
    }
    let open = sys::open(root.join("null"), libc::O_WRONLY, 0);
    b.fails("opening a device", open, libc::EACCES)
}
