// SPDX-License-Identifier: GPL-2.0-only
//! An upper layer whose file system is frozen.

use std::path::Path;
use std::time::Duration;

use crate::bench::Bench;
use crate::image::{self, Image};
use crate::load;
use crate::process;
use crate::sys;
use crate::walk;

/// While the upper layer is frozen, readers continue and writers wait; the union itself cannot be frozen.
pub fn upper_frozen(b: &mut Bench) -> Result<(), String> {
    let disk = b.looped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let l = b.layout_on(&upper_fs, 1)?;
    b.describe(&l, 0, |b| {
        load::lower(b);
        b.file("quiet/file", "read me");
    })?;
    let (union, lowers) = b.mounted(&l)?;
    let through = b.works("open", sys::open(&l.target, libc::O_RDONLY, 0))?;
    b.fails(
        "FIFREEZE of the union",
        sys::freeze(through),
        libc::EOPNOTSUPP,
    )?;
    b.works("close", sys::close(through))?;

    // The path is in the cache: it does not need the lock of the root.
    b.works("stat", sys::stat(l.target.join("quiet"), 0))?;
    let fd = b.works("open", sys::open(&upper_fs, libc::O_RDONLY, 0))?;
    for round in 0..4 {
        let children = b.load_behind(&l.target, Duration::from_millis(900))?;
        std::thread::sleep(Duration::from_millis(100 + 50 * round));
        b.works("FIFREEZE", sys::freeze(fd))?;
        // A task that waits for the thaw may hold the lock of its directory, but of no other.
        let done = b.base().join("below").join(round.to_string());
        let reader = process::background(|| {
            assert!(std::fs::read(l.target.join("quiet/file")).is_ok());
            assert!(walk::list(&l.target.join("quiet")).is_ok());
            let _ = sys::mkdir(&done, 0o755);
        })?;
        let writer = process::background(|| {
            let _ = sys::chmod(l.target.join("kept"), 0o600 + round as u32);
        })?;
        let read = (0..50).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            sys::stat(&done, 0).is_ok()
        });
        b.works("FITHAW", sys::thaw(fd))?;
        must!(read, "a reader does not wait for the thaw")?;
        b.ended_well(vec![reader])?;
        b.ended_well(children)?;
        b.ended_well(vec![writer])?;
        let mode = b
            .works("stat", sys::stat(l.target.join("kept"), 0))?
            .st_mode;
        must!(
            mode & 7 == round as u32,
            "the change was made after the thaw"
        )?;
    }
    sys::close(fd)?;
    let _ = walk::list(&l.target);
    b.sound(&union, &l, &lowers).map(drop)
}

/// Unmounting, at once or lazily, and sync(2) do not wait for the thaw of a frozen upper layer; the union is sound
/// afterwards.
pub fn upper_frozen_umount(b: &mut Bench) -> Result<(), String> {
    for (number, image) in [&image::EXT4, &image::XFS].into_iter().enumerate() {
        frozen(b, image, number)?;
    }
    Ok(())
}

/// The time limit for calls that must not wait.
const LIMIT: Duration = Duration::from_secs(10);

fn frozen(b: &mut Bench, image: &Image, number: usize) -> Result<(), String> {
    let ground = b.dir(&b.base().join(format!("ground{number}")))?;
    let disk = b.looped(image)?;
    let upper_fs = b.dir(&ground.join("upper_fs"))?;
    disk.mount(&upper_fs, 0, "")?;
    let mut l = b.layout_on(&upper_fs, 2)?;
    l.target = b.dir(&ground.join("target"))?;
    for layer in 0..2 {
        b.describe(&l, layer, |b| {
            for dir in 0..8 {
                b.file(&format!("d{dir}/{layer}"), "x");
            }
        })?;
    }
    let union = b.union(&l);
    let lowers = b.lower_trees(&l)?;
    let fd = b.works("open", sys::open(&upper_fs, libc::O_RDONLY, 0))?;

    // With sets that wait to be recorded; while they are being recorded; lazily.
    for (round, (wait, lazily)) in [(0, false), (2000, false), (300, true), (0, true)]
        .into_iter()
        .enumerate()
    {
        union.mount(&l.target)?;
        // A whiteout, so that there is a shared one, and merged directories, whose sets are recorded.
        let gone = l.target.join(format!("d{round}/1"));
        b.works("unlink", sys::unlink(gone))?;
        for dir in 0..8 {
            walk::list(&l.target.join(format!("d{dir}")))?;
        }
        let open = b.works("open", sys::open(l.target.join("d7"), libc::O_RDONLY, 0))?;
        b.works("FIFREEZE", sys::freeze(fd))?;
        std::thread::sleep(Duration::from_millis(wait));
        let done = unmounted(b, &l.target, open, lazily);
        let sync = || {
            sys::sync();
            Ok(())
        };
        let synced = in_time(b, "sync(2)", sync, || Ok(()));
        b.works("FITHAW", sys::thaw(fd))?;
        done?.wait()?;
        synced?.wait()?;
    }
    sys::close(fd)?;

    union.mount(&l.target)?;
    for round in 0..4 {
        let gone = sys::stat(l.target.join(format!("d{round}/1")), 0);
        b.fails("what was removed", gone, libc::ENOENT)?;
    }
    b.sound(&union, &l, &lowers)?;
    b.umount(&upper_fs)?;
    Ok(())
}

/// A child that has, or has not, finished in time; it has not been waited for.
struct Child {
    pid: i32,
    what: &'static str,
    in_time: bool,
}

impl Child {
    fn wait(self) -> Result<(), String> {
        let end = process::wait(self.pid)?;
        match (self.in_time, end) {
            (true, process::End::Done) => Ok(()),
            (true, end) => Err(format!("{}: ended with {end:?}", self.what)),
            (false, _) => Err(format!("{} waited for the thaw", self.what)),
        }
    }
}

/// Runs `work` in a child, which continues if it exceeds the time limit. `begun` is called meanwhile.
fn in_time(
    b: &Bench,
    what: &'static str,
    work: impl FnOnce() -> sys::Result<()>,
    begun: impl FnOnce() -> sys::Result<()>,
) -> Result<Child, String> {
    let done = b.base().join(format!("done-{what}"));
    let _ = sys::rmdir(&done);
    let pid = process::background(|| {
        work().expect(what);
        sys::mkdir(&done, 0o755).expect("a mark");
    })?;
    b.works(what, begun())?;
    let step = Duration::from_millis(50);
    let in_time = (0..LIMIT.as_millis() / step.as_millis()).any(|_| {
        std::thread::sleep(step);
        sys::stat(&done, 0).is_ok()
    });
    Ok(Child { pid, what, in_time })
}

/// Unmounts after `open` was closed, or before.
fn unmounted(b: &Bench, target: &Path, open: i32, lazily: bool) -> Result<Child, String> {
    if !lazily {
        b.works("close", sys::close(open))?;
        return in_time(b, "umount(2)", || sys::umount(target, 0), || Ok(()));
    }
    b.works("umount", sys::umount(target, libc::MNT_DETACH))?;
    let last = || {
        std::thread::sleep(Duration::from_millis(300));
        sys::close(open)
    };
    in_time(b, "the last close", last, || sys::close(open))
}
