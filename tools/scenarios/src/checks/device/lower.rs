// SPDX-License-Identifier: GPL-2.0-only
//! A lower layer whose disk fails.

use std::path::Path;
use std::time::Duration;

use crate::bench::Bench;
use crate::changes;
use crate::copies::Copies;
use crate::errno::Errno;
use crate::image::{self, Health};
use crate::load;
use crate::make;
use crate::process;
use crate::sys;
use crate::tree::{self, Builder};
use crate::walk;

/// The disk of a lower layer fails and recovers again and again under load: no incomplete copy is left.
pub fn lower_flaps(b: &mut Bench) -> Result<(), String> {
    let disk = b.mapped(&image::EXT4)?;
    let below = b.target("device")?;
    disk.mount(&below, 0, "")?;
    let mut l = b.layout(1)?;
    l.lowers.push(b.dir(&below.join("layer"))?);
    let mut builder = Builder::default();
    load::lower(&mut builder);
    for number in 0..FILES {
        let path = format!("big/{number}");
        builder.file(&path, format!("{number:03}").repeat(20_000));
    }
    make::make(&l.lowers[1], &tree::spread(&builder, 1).lowers[0])?;
    b.umount(&below)?;
    disk.mount(&below, libc::MS_RDONLY, "")?;
    let (union, lowers) = b.mounted(&l)?;
    let mut children = b.load_behind(&l.target, Duration::from_millis(3000))?;
    let big = l.target.join("big");
    children.push(process::background(|| {
        for number in (0..FILES).chain(0..FILES) {
            let path = big.join(number.to_string());
            let _ = std::fs::read(&path);
            // Some get their data later than their attributes.
            if number % 2 == 0 {
                let _ = sys::chmod(&path, 0o600);
            }
            let _ = changes::rewrite(&path, &format!("{number:03}").into_bytes());
        }
    })?);
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(120));
        disk.set(Health::Dead)?;
        std::fs::write("/proc/sys/vm/drop_caches", "3").map_err(|error| error.to_string())?;
        std::thread::sleep(Duration::from_millis(120));
        disk.set(Health::Good)?;
    }
    b.ended_well(children)?;
    b.work_idle(&l)?;
    // Pages that could not be read are read again.
    b.umount(&l.target)?;
    b.umount(&below)?;
    disk.mount(&below, libc::MS_RDONLY, "")?;
    union.mount(&l.target)?;
    let tree = walk::walk(&l.target)?;
    for number in 0..FILES {
        let path = format!("big/{number}");
        let data = |line: &str| line.split(" data=").nth(1).map(str::to_owned);
        let (now, before) = (tree.get(&path), &lowers[1][&path]);
        must!(
            now.is_some_and(|now| data(now) == data(before)),
            "{path} is whole: {now:?}"
        )?;
    }
    b.sound(&union, &l, &lowers)?;
    b.mapped_done(disk)
}

const FILES: usize = 60;

/// When the disk of a lower layer fails, calls that need it fail with EIO, and succeed once it has recovered.
pub fn lower_gone(b: &mut Bench) -> Result<(), String> {
    gone(b, Copies::Whole)
}

/// The same with files that are copied in parts.
pub fn lower_gone_parts(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    gone(b, Copies::Parts)
}

fn gone(b: &Bench, copies: Copies) -> Result<(), String> {
    let disk = b.mapped(&image::EXT4)?;
    let below = b.target("device")?;
    disk.mount(&below, 0, "")?;
    let mut l = b.layout(1)?;
    l.lowers.push(b.dir(&below.join("layer"))?);
    b.dir(&l.lowers[1].join("dir/sub"))?;
    let text = "text ".repeat(100_000);
    b.file(&l.lowers[1].join("dir/big"), &text)?;
    b.file(&l.lowers[1].join("dir/small"), "small")?;
    b.file(&l.lowers[1].join("dir/cut"), &text)?;
    b.umount(&below)?;
    disk.mount(&below, libc::MS_RDONLY, "")?;
    let (union, lowers) = b.mounted_as(&l, copies)?;
    let before = walk::walk(&l.target)?;
    let (dir, big) = (l.target.join("dir"), l.target.join("dir/big"));

    // Names and numbers are cached, data are not.
    forget()?;
    let open = b.works("open", sys::open(&big, libc::O_RDONLY, 0))?;
    let listing = b.works("open", sys::open(&dir, libc::O_RDONLY, 0))?;
    b.works("read", sys::read(open, 1000, Some(0)))?;
    b.works("stat", sys::stat(dir.join("cut"), 0))?;
    disk.set(Health::Dead)?;
    let write = || {
        changes::with(&big, libc::O_WRONLY, |fd| {
            sys::write(fd, b"text", Some(450_000))
        })
    };
    b.fails("read", sys::read(open, 1000, Some(450_000)), libc::EIO)?;
    b.fails("a copy", write(), libc::EIO)?;
    if b.is_union() {
        // Attributes are copied without the data, and stay when those cannot follow.
        b.works("chmod", sys::chmod(&big, 0o600))?;
        b.fails("data", write(), libc::EIO)?;
        b.fails("read", sys::read(open, 1000, Some(450_000)), libc::EIO)?;
        let mode = b.works("stat", sys::stat(&big, 0))?.st_mode & 0o777;
        must!(mode == 0o600, "the mode is the new one, not {mode:o}")?;
        b.marked(&l.upper.join("dir/big"))?;
    }
    let cut_short = sys::truncate(&big, 450_000);
    match copies {
        Copies::Whole => b.fails("truncate", cut_short, libc::EIO)?,
        // Nothing has to be read for that.
        Copies::Parts => b.works("truncate", cut_short)?,
    }
    b.holds(&l.target.join("file"), "below")?;
    b.works("O_TRUNC needs no data", cut(&dir.join("cut")))?;
    b.works("create", sys::mkdir(l.target.join("new"), 0o755))?;
    b.works("close", sys::close(open))?;

    // Nothing is cached.
    forget()?;
    for name in ["dir/small", "dir/sub", "dir/none"] {
        let result = sys::stat(l.target.join(name), 0).map(drop);
        let known = [Ok(()), Err(Errno(libc::EIO))];
        must!(
            known.contains(&result) || name == "dir/none" && result == Err(Errno(libc::ENOENT)),
            "stat of {name} works or fails with EIO, not {result:?}"
        )?;
    }
    let _ = sys::getdents(listing, 4096);
    let _ = sys::unlink(l.target.join("dir/small"));
    let _ = sys::rmdir(l.target.join("dir/sub"));
    let _ = sys::rename(l.target.join("dir/small"), l.target.join("x"), 0);
    let _ = walk::walk(&l.target);
    b.works("close", sys::close(listing))?;
    b.work_idle(&l)?;

    disk.set(Health::Good)?;
    b.umount(&l.target)?;
    restart(b, &disk, &below)?;
    union.mount(&l.target)?;
    let after = walk::walk(&l.target)?;
    must!(after.contains_key("new"), "what was made is there")?;
    must!(
        {
            let known = |path: &&str| before.get(*path) == after.get(*path);
            ["file", "dir/sub"]
                .iter()
                .all(|path| known(path) || !after.contains_key(*path))
        },
        "what was there is not altered"
    )?;
    b.sound(&union, &l, &lowers)?;
    b.mapped_done(disk)
}

fn forget() -> Result<(), String> {
    std::fs::write("/proc/sys/vm/drop_caches", "3").map_err(|error| error.to_string())
}

fn cut(path: &Path) -> sys::Result<()> {
    sys::close(sys::open(path, libc::O_WRONLY | libc::O_TRUNC, 0)?)
}

/// A file system that has seen errors may remember them.
fn restart(b: &Bench, disk: &image::Disk, target: &Path) -> Result<(), String> {
    b.umount(target)?;
    disk.mount(target, libc::MS_RDONLY, "")
}
