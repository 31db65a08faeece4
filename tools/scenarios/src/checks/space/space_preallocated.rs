// SPDX-License-Identifier: GPL-2.0-only
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::process::{self, End};
use crate::scenario::Check;
use crate::shape::Fs;
use crate::sys::{self, Map};
use crate::walk;

pub const CHECK: Check = Check {
    about: "the copy of a file that has all of its blocks has all of them, though many were never written to",
    run,
    ..Check::DEFAULT
};

const SIZE: usize = 4 << 20;

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs takes them for holes".into());
    }
    let mut places = vec![b.tmpfs("memory")?];
    for fs in [Fs::Ext4, Fs::Xfs, Fs::Btrfs] {
        places.push(b.disk(fs)?.join("space_preallocated"));
    }
    for lower in &places {
        for top in &places {
            let l = Layout {
                lowers: vec![b.dir(&lower.join("lower"))?],
                upper: b.dir(&top.join("upper"))?,
                work: b.dir(&top.join("work"))?,
                target: b.target("target")?,
            };
            let result = copies(b, &l);
            result.map_err(|error| format!("{} to {}: {error}", lower.display(), top.display()))?;
            for path in [&l.lowers[0], &l.upper, &l.work] {
                std::fs::remove_dir_all(path).map_err(|error| error.to_string())?;
            }
        }
    }
    // The disks are shared with other cases.
    for place in &places[1..] {
        std::fs::remove_dir_all(place).map_err(|error| error.to_string())?;
    }
    no_room(b)
}

/// Makes a file: blocks for all of it or for nothing, then some data.
fn make(path: &Path, size: usize, blocks: bool, data: &[usize]) -> Result<(), String> {
    let io = |error: std::io::Error| error.to_string();
    let file = std::fs::File::create(path).map_err(io)?;
    file.set_len(size as u64).map_err(io)?;
    if blocks {
        let fd = std::os::fd::AsRawFd::as_raw_fd(&file);
        sys::fallocate(fd, 0, 0, size as i64)?;
    }
    for at in data {
        file.write_all_at(&[b'd'; 5000], *at as u64).map_err(io)?;
    }
    file.sync_all().map_err(io)
}

const KINDS: [(&str, usize, bool, &[usize]); 5] = [
    ("untouched", SIZE, true, &[]),
    ("begun", SIZE, true, &[0]),
    ("here-and-there", SIZE, true, &[70_000, SIZE / 2]),
    ("odd-size", SIZE - 1, true, &[9000]),
    ("holes", SIZE, false, &[70_000, SIZE / 2]),
];

fn copies(b: &Bench, l: &Layout) -> Result<(), String> {
    for (name, size, blocks, data) in KINDS {
        make(&l.lowers[0].join(name), size, blocks, data)?;
    }
    b.union(l).mount(&l.target)?;
    for limited in [false, true] {
        for (name, size, blocks, _) in KINDS {
            let target = l.target.join(name);
            let before = std::fs::read(&target).map_err(|error| error.to_string())?;
            changed(b, &target, limited)?;
            let upper = b.works("stat", sys::stat(l.upper.join(name), 0))?;
            let has = upper.st_blocks as usize * 512;
            let right = if blocks { has >= size } else { has < size / 4 };
            b.must(
                &format!("{name} (limited: {limited}) has the blocks it had: {has} bytes in them"),
                right,
            )?;
            let after = std::fs::read(&target).map_err(|error| error.to_string())?;
            b.must(&format!("{name} has its data"), before == after)?;
        }
        // The other round copies them anew.
        b.umount(&l.target)?;
        for (name, ..) in KINDS {
            b.works("unlink", sys::unlink(l.upper.join(name)))?;
        }
        b.union(l).mount(&l.target)?;
    }
    b.umount(&l.target)
}

fn changed(b: &Bench, target: &Path, limited: bool) -> Result<(), String> {
    let end = process::child(|| {
        if limited {
            sys::limit_file_size(10_000).expect("setrlimit");
        }
        sys::chmod(target, 0o600).expect("chmod");
    })?;
    b.must(
        &format!("{} is copied, not {end:?}", target.display()),
        end == End::Done,
    )
}

/// On a disk that is full a file has what it was promised, or is not copied.
fn no_room(b: &Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let l = b.layout_on(&top, 1)?;
    let file: PathBuf = l.lowers[0].join("begun");
    make(&file, SIZE, true, &[0])?;
    b.union(&l).mount(&l.target)?;
    let resize = |options: &str| sys::mount("", &top, "", libc::MS_REMOUNT, options.as_bytes());
    b.works("a small upper layer", resize("size=2m"))?;
    let before = walk::walk(&l.target)?;
    let target = l.target.join("begun");
    b.fails("chmod", sys::chmod(&target, 0o600), libc::ENOSPC)?;
    b.same("after no room", &before, &walk::walk(&l.target)?)?;
    b.work_idle(&l)?;
    b.works("an upper layer with room", resize("size=5m"))?;
    b.works("chmod", sys::chmod(&target, 0o600))?;
    let ballast = [b'b'; 4096].repeat(1 << 10);
    let _ = std::fs::write(top.join("ballast"), ballast);
    let end = process::child(|| {
        let fd = sys::open(&target, libc::O_RDWR, 0).expect("open");
        let both = libc::PROT_READ | libc::PROT_WRITE;
        let mut map = Map::new(fd, SIZE, both, libc::MAP_SHARED).expect("mmap");
        for page in 0..SIZE >> 12 {
            map.store(page << 12, b"w");
        }
    })?;
    b.must(
        &format!("every page finds its block, not {end:?}"),
        end == End::Done,
    )?;
    b.umount(&l.target)
}
