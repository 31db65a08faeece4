// SPDX-License-Identifier: GPL-2.0-only
//! Partial files whose upper layer is frozen.

use std::path::Path;
use std::time::Duration;

use crate::bench::Bench;
use crate::changes::with;
use crate::errno::Errno;
use crate::image::{self, Image};
use crate::mount;
use crate::parts::{self, Parts};
use crate::process::{self, End};
use crate::sys;
use crate::union;

/// While the upper layer is frozen partial files can be read, nobody but who writes or syncs waits, and whoever waits
/// for one that waits can be killed; after the thaw everything goes on.
pub fn partial_frozen(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    for image in [&image::EXT4, &image::XFS] {
        frozen(b, image).map_err(|error| format!("{}: {error}", image.fstype))?;
        let left = mount::unmount_below(b.base());
        must!(left.is_empty(), "all unmounted, but for {left:?}")?;
    }
    Ok(())
}

/// Time for a call to end, or to show that it waits.
const WHILE: Duration = Duration::from_secs(2);

/// A process that makes one call, and says so in a directory of its own.
struct Caller<'a> {
    what: &'a str,
    pid: i32,
    done: std::path::PathBuf,
}

impl<'a> Caller<'a> {
    fn new(
        b: &Bench,
        what: &'a str,
        call: impl FnOnce() -> sys::Result<()>,
    ) -> Result<Self, String> {
        let done = b.base().join("below").join(format!("done {what}"));
        let _ = sys::rmdir(&done);
        let pid = process::background(|| {
            call().expect(what);
            sys::mkdir(&done, 0o755).expect("a mark");
        })?;
        Ok(Self { what, pid, done })
    }

    /// Whether it ends within some time.
    fn ends(&self) -> bool {
        let step = Duration::from_millis(20);
        (0..WHILE.as_millis() / step.as_millis()).any(|_| {
            std::thread::sleep(step);
            sys::stat(&self.done, 0).is_ok()
        })
    }

    fn ended_well(self) -> Result<(), String> {
        let end = process::wait(self.pid)?;
        must!(end == End::Done, "{} ends well: {end:?}", self.what)
    }
}

fn frozen(b: &Bench, image: &Image) -> Result<(), String> {
    let disk = b.looped(image)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let names = ["pending", "written", "first", "settled", "quiet"];
    let mut parts = Parts::mounted(b, b.layout_on(&upper_fs, 1)?, &names)?;
    for name in ["pending", "written", "settled", "quiet"] {
        parts.write(name, 1, 50_001, 100)?;
    }
    let fd = b.works("open", sys::open(&upper_fs, libc::O_RDONLY, 0))?;
    b.works("FIFREEZE", sys::freeze(fd))?;
    let waiting = while_frozen(b, &parts);
    b.works("FITHAW", sys::thaw(fd))?;
    for caller in waiting? {
        caller.ended_well()?;
    }
    for (name, at) in [("written", 150_001), ("first", 150_001)] {
        parts.expect(name, at, b"frozen");
    }
    parts.are_right("thawed")?;

    // Once more, with files of which the disk does not know all, at unmount.
    parts.write("pending", 2, 250_001, 100)?;
    b.works("FIFREEZE", sys::freeze(fd))?;
    let target = parts.layout.target.clone();
    let umount = Caller::new(b, "umount", || sys::umount(&target, 0))?;
    // What it has to write down waits for the thaw; nothing of it may get lost.
    let in_time = umount.ends();
    b.works("FITHAW", sys::thaw(fd))?;
    umount.ended_well()?;
    must!(!in_time, "unmounting waits with what it has to write down")?;
    b.works("close", sys::close(fd))?;
    parts.mount()?;
    parts.are_right("unmounted when frozen")?;
    parts.sound()
}

fn while_frozen<'a>(b: &Bench, parts: &Parts) -> Result<Vec<Caller<'a>>, String> {
    let path = |name: &str| parts.path(name);
    let fsync = |path: &Path| with(path, libc::O_RDWR, sys::fsync);
    parts.are_right("frozen")?;
    // These wait for the thaw.
    let mut waiting = vec![
        Caller::new(b, "a write", || {
            parts::pwrite(&path("written"), 150_001, b"frozen")
        })?,
        Caller::new(b, "a first write", || {
            parts::pwrite(&path("first"), 150_001, b"frozen")
        })?,
        Caller::new(b, "fsync", || fsync(&path("pending")))?,
        Caller::new(b, "settle", || {
            with(&path("settled"), libc::O_RDONLY, union::settle)
        })?,
    ];
    for caller in &waiting {
        must!(!caller.ends(), "{} waits for the thaw", caller.what)?;
    }
    // Who waits for one of them can be killed.
    let killed: [&dyn Fn() -> sys::Result<()>; 3] = [
        &|| parts::pwrite(&path("written"), 200_001, b"never"),
        &|| fsync(&path("pending")),
        &|| with(&path("settled"), libc::O_RDONLY, union::settle),
    ];
    for call in killed {
        let child = process::background(|| {
            let _ = call();
        })?;
        std::thread::sleep(Duration::from_millis(200));
        process::kill(child);
        let ended = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            std::fs::read_to_string(format!("/proc/{child}/stat"))
                .is_ok_and(|stat| stat.contains(") Z "))
        });
        must!(ended, "who waits for one that waits can be killed")?;
        process::wait(child)?;
    }
    // Nobody else waits.
    let reader = Caller::new(b, "a reader", || {
        for (name, expected) in &parts.shows {
            let found = std::fs::read(parts.path(name)).expect("read");
            assert!(found == *expected, "{name}");
        }
        Ok(())
    })?;
    let in_time = reader.ends();
    waiting.push(reader);
    must!(in_time, "a reader does not wait")?;
    // It cannot be told from sync(2), which must not wait.
    let root = b.works("open", sys::open(&parts.layout.target, libc::O_RDONLY, 0))?;
    b.fails("syncfs", sys::syncfs(root), libc::EAGAIN)?;
    b.works("close", sys::close(root))?;
    let sync = Caller::new(b, "sync(2)", || {
        sys::sync();
        Ok(())
    })?;
    let in_time = sync.ends();
    waiting.push(sync);
    must!(in_time, "sync(2) does not wait")?;
    Ok(waiting)
}

/// The upper layer is frozen while a file is being written down: who does that gets an error, or goes on after the
/// thaw, and sync(2) does not wait for it.
pub fn partial_frozen_meanwhile(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    let disk = b.mapped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let mut parts = Parts::mounted(b, b.layout_on(&upper_fs, 1)?, &["pending"])?;
    sys::sync();
    parts.write("pending", 1, 50_001, 100)?;
    let fd = b.works("open", sys::open(&upper_fs, libc::O_RDONLY, 0))?;
    let root = b.works("open", sys::open(&parts.layout.target, libc::O_RDONLY, 0))?;
    disk.hold(true)?;
    let syncfs = Caller::new(b, "syncfs", || {
        let done = sys::syncfs(root);
        assert!(
            done.is_ok() || done == Err(Errno(libc::EAGAIN)),
            "syncfs: {done:?}"
        );
        Ok(())
    });
    let freeze = syncfs.and_then(|syncfs| {
        must!(!syncfs.ends(), "the data are waited for")?;
        let freeze = Caller::new(b, "freeze", || sys::freeze(fd))?;
        must!(!freeze.ends(), "freezing waits for the data")?;
        Ok((syncfs, freeze))
    });
    disk.hold(false)?;
    let (syncfs, freeze) = freeze?;
    freeze.ended_well()?;
    let sync = Caller::new(b, "sync(2)", || {
        sys::sync();
        Ok(())
    })?;
    let in_time = sync.ends();
    b.works("FITHAW", sys::thaw(fd))?;
    sync.ended_well()?;
    syncfs.ended_well()?;
    b.works("close", sys::close(fd))?;
    b.works("close", sys::close(root))?;
    must!(in_time, "sync(2) does not wait")?;
    parts.again("thawed")?;
    parts.sound()?;
    drop(parts);
    b.mapped_done(disk)
}
