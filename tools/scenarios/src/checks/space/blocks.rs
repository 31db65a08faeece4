// SPDX-License-Identifier: GPL-2.0-only
//! The blocks that copies take and give back.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::changes;
use crate::copies::Copies;
use crate::image;
use crate::mount;
use crate::process::{self, End};
use crate::shape::Fs;
use crate::space::Ballast;
use crate::sys::{self, Map};
use crate::walk;

/// Four processes append until the disk is full: data that a write reported as written are in the file, and deleting
/// frees all blocks.
pub fn space_append(b: &mut Bench) -> Result<(), String> {
    let disk = b.looped(&image::EXT4)?;
    let ext4 = b.target("ext4")?;
    disk.mount(&ext4, 0, "")?;
    let tmpfs = b.target("tmpfs")?;
    b.works(
        "mount",
        sys::mount("tmpfs", &tmpfs, "tmpfs", 0, b"size=8m,mode=755"),
    )?;
    for upper_fs in [&ext4, &tmpfs] {
        append(b, upper_fs).map_err(|error| format!("{}: {error}", upper_fs.display()))?;
    }
    Ok(())
}

const PIECE: usize = 40_000;

fn append(b: &Bench, upper_fs: &Path) -> Result<(), String> {
    let l = b.layout_on(upper_fs, 1)?;
    b.describe(&l, 0, |b| {
        for process in 0..4 {
            b.file(&format!("f{process}"), vec![b'.'; 10_000]);
        }
    })?;
    let lowers = b.lower_trees(&l)?;
    let counts = l.lowers[0].parent().ok_or("a parent")?.to_owned();
    let union = b.union(&l);
    union.mount(&l.target)?;
    let free = b.works("statfs", sys::statfs(upper_fs))?.f_bfree;
    b.crowd(4, |process| {
        let path = l.target.join(format!("f{process}"));
        let fd = sys::open(&path, libc::O_WRONLY | libc::O_APPEND, 0).expect("open");
        let mut taken = 0;
        loop {
            match sys::write(fd, &[b'0' + process as u8; PIECE], None) {
                Ok(count) => taken += count,
                Err(error) => {
                    assert_eq!(error.0, libc::ENOSPC);
                    break;
                }
            }
        }
        sys::close(fd).expect("close");
        std::fs::write(counts.join(format!("taken{process}")), taken.to_string()).expect("write");
    })?;
    for process in 0..4u8 {
        let text = std::fs::read_to_string(counts.join(format!("taken{process}")));
        let taken: usize = text
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or("a number")?;
        let path = l.target.join(format!("f{process}"));
        let data = std::fs::read(&path).map_err(|error| error.to_string())?;
        let right = data.len() == 10_000 + taken
            && data[..10_000].iter().all(|byte| *byte == b'.')
            && data[10_000..].iter().all(|byte| *byte == b'0' + process);
        must!(
            right,
            "{}: {} bytes, {taken} of them new",
            path.display(),
            data.len()
        )?;
    }
    for process in 0..4 {
        b.works("unlink", sys::unlink(l.target.join(format!("f{process}"))))?;
    }
    let now = b.works("statfs", sys::statfs(upper_fs))?.f_bfree;
    must!(
        now + 8 >= free,
        "free blocks: {free} before, {now} afterwards"
    )?;
    b.file(&l.target.join("new"), "there is room")?;
    b.sound(&union, &l, &lowers)?;
    std::fs::remove_dir_all(counts.join("0")).map_err(|error| error.to_string())?;
    b.umount(&counts)
}

/// Copies that failed or were deleted give every block and every inode back at once.
pub fn space_given_back(b: &mut Bench) -> Result<(), String> {
    given_back(b, Copies::Whole)
}

/// The same of files that are copied in parts, though those that are not written down yet are kept in memory.
pub fn space_given_back_parts(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    given_back(b, Copies::Parts)
}

fn given_back(b: &Bench, copies: Copies) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 1)?;
    b.describe(&l, 0, |b| {
        changes::lower(b, 0);
        for number in 0..40 {
            b.file(&format!("dir/{number}"), vec![b'x'; 100_000]);
        }
    })?;
    let (union, lowers) = b.mounted_as(&l, copies)?;
    b.works("preparing", changes::prepare(&l.target, 0))?;
    b.works(
        "copying the directory",
        sys::chmod(l.target.join("dir"), 0o700),
    )?;
    b.works("a whiteout", sys::unlink(l.target.join("dir/0")))?;
    let used = || {
        let stat = sys::statfs(&upper_fs)?;
        Ok::<_, crate::errno::Errno>((stat.f_blocks - stat.f_bfree, stat.f_files - stat.f_ffree))
    };

    let size = format!("size={}", (used()?.0 + 3) * sys::page_size() as u64);
    let resize =
        |options: &str| sys::mount("", &upper_fs, "", libc::MS_REMOUNT, options.as_bytes());
    b.works("a small upper layer", resize(&size))?;
    let empty = used()?;
    // Some are there without data, which take no block; overlayfs copies those, too.
    for number in (1..40).step_by(2).filter(|_| b.is_union()) {
        let path = l.target.join(format!("dir/{number}"));
        b.works("chmod without room for data", sys::chmod(&path, 0o640))?;
        b.marked(&l.upper.join(format!("dir/{number}")))?;
    }
    let before = used()?;
    must!(
        before.0 == empty.0,
        "attributes take no blocks: {empty:?}, then {before:?}"
    )?;
    // Of each file one piece is written, for which there may be room.
    let rounds = if copies == Copies::Whole { 10 } else { 0 };
    for round in 0..rounds {
        for number in 1..40 {
            let result = changes::rewrite(&l.target.join(format!("dir/{number}")), b"x");
            b.fails(&format!("copy, round {round}"), result, libc::ENOSPC)?;
        }
    }
    let after = used()?;
    must!(
        after == before,
        "after failed copies: {after:?}, before: {before:?}"
    )?;

    b.works("a large upper layer", resize("size=100m"))?;
    for number in 1..40 {
        let path = l.target.join(format!("dir/{number}"));
        b.works("copy", changes::rewrite(&path, b"x"))?;
        let fd = b.works("open", sys::open(&path, libc::O_RDWR, 0))?;
        b.works("unlink", sys::unlink(&path))?;
        b.works(
            "write to what has no name",
            sys::write(fd, b"x", Some(200_000)),
        )?;
        b.works("close", sys::close(fd))?;
    }
    // Whiteouts are links of one inode, and names are not counted.
    let blocks = used()?.0;
    must!(
        blocks == before.0,
        "blocks after copies that were deleted: {blocks}, {before:?}"
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}

/// Mapping a lower file for writing fails with ENOSPC if there is no space; writing to holes of a copy without space is
/// SIGBUS.
pub fn space_map(b: &mut Bench) -> Result<(), String> {
    let page = sys::page_size();
    let length = 40 * page;
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 1)?;
    b.describe(&l, 0, |b| {
        b.file("full", vec![b'x'; length]);
        b.sparse("holes", length as u64, &[(0, b"x")]);
    })?;
    let (union, lowers) = b.mounted(&l)?;
    let stat = b.works("statfs", sys::statfs(&upper_fs))?;
    let size = format!("size={}", (stat.f_blocks - stat.f_bfree + 6) * page as u64);
    let resize =
        |options: &str| sys::mount("", &upper_fs, "", libc::MS_REMOUNT, options.as_bytes());
    b.works("a small upper layer", resize(&size))?;
    let both = libc::PROT_READ | libc::PROT_WRITE;

    let before = walk::walk(&l.target)?;
    let full = b.works("open", sys::open(l.target.join("full"), libc::O_RDWR, 0))?;
    b.fails(
        "mmap",
        Map::new(full, length, both, libc::MAP_SHARED).map(drop),
        libc::ENOSPC,
    )?;
    b.same("after mmap failed", &before, &walk::walk(&l.target)?)?;
    let private = b.works(
        "private mmap",
        Map::new(full, length, both, libc::MAP_PRIVATE),
    )?;
    must!(private.bytes() == vec![b'x'; length], "it shows the file")?;
    drop(private);
    b.works("close", sys::close(full))?;

    let child = process::background(|| {
        let fd = sys::open(l.target.join("holes"), libc::O_RDWR, 0).expect("open");
        let mut map = Map::new(fd, length, both, libc::MAP_SHARED).expect("mmap");
        for number in 1..40 {
            map.store(number * page, b"w");
        }
    })?;
    let end = process::wait(child)?;
    must!(end == End::Signal(libc::SIGBUS), "SIGBUS, not {end:?}")?;
    b.works("a large upper layer", resize("size=100m"))?;
    let data = std::fs::read(l.target.join("holes")).map_err(|error| error.to_string())?;
    let written = data.iter().filter(|byte| **byte == b'w').count();
    must!(
        (1..6).contains(&written),
        "what found room is there: {written}"
    )?;
    let full = b.works("open", sys::open(l.target.join("full"), libc::O_RDWR, 0))?;
    let mut map = b.works(
        "mmap with room",
        Map::new(full, length, both, libc::MAP_SHARED),
    )?;
    map.store(5, b"mapped");
    drop(map);
    b.works("close", sys::close(full))?;
    b.sound(&union, &l, &lowers).map(drop)
}

/// The copy of a file with all of its blocks allocated has them as well, once all of it is copied, though many were never
/// written.
pub fn space_preallocated(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs takes them for holes")?;
    let mut places = vec![b.tmpfs("memory")?];
    for fs in [Fs::Ext4, Fs::Xfs, Fs::Btrfs] {
        places.push(b.disk(fs)?.join("space_preallocated"));
    }
    for lower in &places {
        for upper_fs in &places {
            let l = Layout {
                lowers: vec![b.dir(&lower.join("lower"))?],
                upper: b.dir(&upper_fs.join("upper"))?,
                work: b.dir(&upper_fs.join("work"))?,
                target: b.target("target")?,
            };
            // Copying in parts takes longer; each file system is on either side once.
            let ways: &[_] = match [lower, upper_fs].contains(&&places[0]) {
                true => &[Copies::Parts, Copies::Whole],
                false => &[Copies::Whole],
            };
            for way in ways {
                for path in [&l.lowers[0], &l.upper, &l.work] {
                    b.dir(path)?;
                }
                preallocated(b, &l, *way).map_err(|error| {
                    let (lower, upper_fs) = (lower.display(), upper_fs.display());
                    format!("{lower} to {upper_fs}, {way:?}: {error}")
                })?;
                for path in [&l.lowers[0], &l.upper, &l.work] {
                    std::fs::remove_dir_all(path).map_err(|error| error.to_string())?;
                }
            }
        }
    }
    // The disks are shared with other cases.
    for place in &places[1..] {
        std::fs::remove_dir_all(place).map_err(|error| error.to_string())?;
    }
    no_room(b)
}

const SIZE: usize = 4 << 20;

/// Makes a file: allocates blocks for all of it or for nothing, then writes some data.
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

fn preallocated(b: &Bench, l: &Layout, copies: Copies) -> Result<(), String> {
    for (name, size, blocks, data) in KINDS {
        make(&l.lowers[0].join(name), size, blocks, data)?;
    }
    let union = copies.of(b, b.union(l));
    union.mount(&l.target)?;
    for limited in [false, true] {
        for (name, size, blocks, _) in KINDS {
            let target = l.target.join(name);
            let before = std::fs::read(&target).map_err(|error| error.to_string())?;
            changed(&target, limited, &before[..1])?;
            b.settle(&target)?;
            let upper = b.works("stat", sys::stat(l.upper.join(name), 0))?;
            let has = upper.st_blocks as usize * 512;
            let right = if blocks { has >= size } else { has < size / 4 };
            must!(
                right,
                "{name} (limited: {limited}) has the blocks it had: {has} bytes in them"
            )?;
            let after = std::fs::read(&target).map_err(|error| error.to_string())?;
            must!(before == after, "{name} has its data")?;
        }
        // The other round copies them anew.
        b.umount(&l.target)?;
        for (name, ..) in KINDS {
            b.works("unlink", sys::unlink(l.upper.join(name)))?;
        }
        union.mount(&l.target)?;
    }
    b.umount(&l.target)
}

fn changed(target: &Path, limited: bool, begins: &[u8]) -> Result<(), String> {
    let end = process::child(|| {
        if limited {
            sys::limit_file_size(10_000).expect("setrlimit");
        }
        changes::rewrite(target, begins).expect("a write");
    })?;
    must!(
        end == End::Done,
        "{} is copied, not {end:?}",
        target.display()
    )
}

/// On a full disk a file that is copied as a whole keeps its allocated space, or is not copied.
fn no_room(b: &Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 1)?;
    let file: PathBuf = l.lowers[0].join("begun");
    make(&file, SIZE, true, &[0])?;
    b.whole(b.union(&l)).mount(&l.target)?;
    let resize =
        |options: &str| sys::mount("", &upper_fs, "", libc::MS_REMOUNT, options.as_bytes());
    b.works("a small upper layer", resize("size=2m"))?;
    let before = walk::walk(&l.target)?;
    let target = l.target.join("begun");
    let copy = || changes::rewrite(&target, b"d");
    b.fails("a write", copy(), libc::ENOSPC)?;
    b.same("after no room", &before, &walk::walk(&l.target)?)?;
    b.work_idle(&l)?;
    // Attributes need none. The file keeps them, whatever becomes of its data.
    b.works("chmod", sys::chmod(&target, 0o600))?;
    let before = walk::walk(&l.target)?;
    b.fails("a write after chmod", copy(), libc::ENOSPC)?;
    b.same("after no room for data", &before, &walk::walk(&l.target)?)?;
    b.marked(&l.upper.join("begun"))?;
    b.works("an upper layer with room", resize("size=5m"))?;
    b.works("a write", copy())?;
    let ballast = [b'b'; 4096].repeat(1 << 10);
    let _ = std::fs::write(upper_fs.join("ballast"), ballast);
    let end = process::child(|| {
        let fd = sys::open(&target, libc::O_RDWR, 0).expect("open");
        let both = libc::PROT_READ | libc::PROT_WRITE;
        let mut map = Map::new(fd, SIZE, both, libc::MAP_SHARED).expect("mmap");
        for page in 0..SIZE >> 12 {
            map.store(page << 12, b"w");
        }
    })?;
    must!(end == End::Done, "every page finds its block, not {end:?}")?;
    b.umount(&l.target)
}

/// Copies may use the blocks that ext4 reserves for root, the mounter of the union.
pub fn space_reserved(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.disk(Fs::Ext4)?.join("space_reserved");
    b.dir(&upper_fs)?;
    let result = fill(b, &upper_fs);
    // The disk is shared with other cases.
    let _ = mount::unmount_below(b.base());
    std::fs::remove_dir_all(&upper_fs).map_err(|error| error.to_string())?;
    result
}

fn fill(b: &Bench, upper_fs: &Path) -> Result<(), String> {
    let l = b.layout_on(upper_fs, 1)?;
    b.describe(&l, 0, |b| {
        b.file("file", [b'x'; 20_000]);
    })?;
    b.union(&l).mount(&l.target)?;
    let before = walk::walk(&l.target)?;
    b.works("chmod", sys::chmod(upper_fs, 0o777))?;
    sys::become_user(1000, 1000, &[])?;
    let mut ballast = Ballast::new(upper_fs)?;
    ballast.fill();
    sys::become_root()?;
    let stat = b.works("statfs", sys::statfs(upper_fs))?;
    must!(stat.f_bfree > 100, "there is room for root alone")?;
    let file = l.target.join("file");
    b.works("a write", changes::rewrite(&file, b"x"))?;
    b.same("after the copy-up", &before, &walk::walk(&l.target)?)?;
    b.umount(&l.target)
}
