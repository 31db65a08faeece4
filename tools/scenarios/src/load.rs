// SPDX-License-Identifier: GPL-2.0-only
//! Calls of every kind on a few names, by many processes at once.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::changes;
use crate::image::{Disk, Health, Image};
use crate::sys;
use crate::tree::Builder;
use crate::walk;

/// Names of the load, half of which a lower layer has.
const NAMES: &[&str] = &[
    "a", "b", "c", "d/a", "d/b", "d/c", "d/e/a", "d/e/b", "m/a", "m/b",
];

/// The tree for the load.
pub fn lower(b: &mut Builder) {
    for (index, name) in NAMES.iter().enumerate().filter(|(index, _)| index % 2 == 0) {
        b.file(name, vec![b'a' + index as u8; 5000])
            .xattr("user.a", b"1");
    }
    b.dir("d/sub");
    b.link("d/link", "d/b");
    b.symlink("d/symlink", "a");
    b.file("kept", "kept");
}

/// Calls of one process until `end`; their results are ignored.
pub fn calls(root: &Path, process: usize, end: Instant) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(process as u64 + 1);
    let mut number = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below
    };
    while Instant::now() < end {
        let one = root.join(NAMES[number(NAMES.len())]);
        let other = root.join(NAMES[number(NAMES.len())]);
        call(root, number(20), &one, &other);
    }
}

fn call(root: &Path, which: usize, one: &Path, other: &Path) {
    let _ = match which {
        0 | 1 => {
            let flags = libc::O_CREAT | libc::O_RDWR;
            sys::open(one, flags, 0o644).and_then(|fd| {
                let _ = sys::write(fd, b"written", Some(3));
                sys::close(fd)
            })
        }
        2 => sys::open(one, libc::O_CREAT | libc::O_EXCL | libc::O_WRONLY, 0o600)
            .and_then(sys::close),
        3 => sys::open(one, libc::O_WRONLY | libc::O_TRUNC, 0).and_then(sys::close),
        4 | 5 => sys::unlink(one),
        6 => sys::rename(one, other, 0),
        7 => sys::rename(one, other, libc::RENAME_NOREPLACE),
        8 => sys::rename(one, other, libc::RENAME_EXCHANGE),
        9 => sys::link(one, other, 0),
        10 => sys::chmod(one, 0o640),
        11 => sys::setxattr(one, "user.b", b"2", 0),
        12 => sys::removexattr(one, "user.a"),
        13 => sys::truncate(one, 100),
        14 => sys::mkdir(one, 0o755),
        15 => sys::rmdir(one),
        16 => sys::symlink("target", one),
        17 => sys::utimens(one, (1, 1), (2, 2), 0),
        18 => walk::list(&root.join("d")).map(drop),
        _ => walk::list(root).map(drop),
    };
}

impl Bench<'_> {
    /// Eight processes make calls for `time`; each must end well.
    pub fn load(&self, root: &Path, time: Duration) -> Result<(), String> {
        let end = Instant::now() + time;
        self.crowd(8, |process| calls(root, process, end))
    }

    /// The load runs in the background; the ids are for [`Bench::ended_well`].
    pub fn load_behind(&self, root: &Path, time: Duration) -> Result<Vec<i32>, String> {
        let end = Instant::now() + time;
        self.crowd_behind(8, |process| calls(root, process, end))
    }

    /// Shuts the upper layer's file system down under load, and checks the tree after it is mounted again.
    pub fn shut_down_under_load(&self, image: &Image) -> Result<(), String> {
        let disk = self.looped(image)?;
        self.end_under_load(&disk, |upper_fs| {
            let fd = self.works("open", sys::open(upper_fs, libc::O_RDONLY, 0))?;
            self.works("shutdown", sys::shutdown(fd))?;
            Ok(sys::close(fd)?)
        })
    }

    /// The same with a disk that fails.
    pub fn disk_dies_under_load(&self, image: &Image) -> Result<(), String> {
        let disk = self.mapped(image)?;
        self.end_under_load(&disk, |_| disk.set(Health::Dead))?;
        self.mapped_done(disk)
    }

    fn end_under_load(
        &self,
        disk: &Disk,
        end: impl Fn(&Path) -> Result<(), String>,
    ) -> Result<(), String> {
        let upper_fs = self.target("upper_fs")?;
        disk.mount(&upper_fs, 0, "")?;
        let l = self.layout_on(&upper_fs, 1)?;
        self.describe(&l, 0, lower)?;
        let lowers = self.lower_trees(&l)?;
        let union = self.union(&l);
        // The load may end before it has written anything out.
        self.syncfs(&upper_fs)?;
        for round in 0..3 {
            union.mount(&l.target)?;
            let children = self.load_behind(&l.target, Duration::from_millis(1200))?;
            std::thread::sleep(Duration::from_millis(300 + 200 * round));
            end(&upper_fs)?;
            self.ended_well(children)?;
            // A copy must reach the disk. Changes that need not may still be made in memory, and are lost.
            let kept = l.target.join("kept");
            let result = changes::rewrite(&kept, b"kept");
            must!(result.is_err(), "a copy fails when the disk has gone")?;
            let _ = sys::chmod(&kept, 0o600);
            let _ = sys::mkdir(l.target.join("new"), 0o755);
            self.umount(&l.target)?;
            self.umount(&upper_fs)?;
            disk.heal()?;
            disk.mount(&upper_fs, 0, "")?;
            union.mount(&l.target)?;
            self.holds(&l.target.join("kept"), "kept")?;
            self.sound(&union, &l, &lowers)?;
        }
        Ok(())
    }
}
