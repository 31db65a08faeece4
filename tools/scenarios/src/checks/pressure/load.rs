// SPDX-License-Identifier: GPL-2.0-only
//! Loads on names and memory.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::{Bench, Layout};
use crate::changes;
use crate::copies::Copies;
use crate::image;
use crate::load;
use crate::mount::{self, Union};
use crate::process::{self, End};
use crate::shape::Fs;
use crate::sys;
use crate::walk;

/// The pages that a copy-up reads and writes are charged to the control group of the caller, and limited by it.
pub fn press_charged(b: &mut Bench) -> Result<(), String> {
    let groups = b.target("group")?;
    b.works(
        "mounting cgroup2",
        sys::mount("cgroup2", &groups, "cgroup2", 0, b""),
    )?;
    if std::fs::write(groups.join("cgroup.subtree_control"), "+memory +io").is_err() {
        return Err(b.skip("no controllers of memory and io for cgroup2"));
    }
    let disk = b.dir(&b.disk(Fs::Ext4)?.join("press_charged"))?;
    let result = [false, true]
        .into_iter()
        .try_for_each(|limited| charged(b, &groups, &disk, limited));
    // The disk is shared with other cases.
    let _ = mount::unmount_below(&b.base().join("target"));
    std::fs::remove_dir_all(&disk).map_err(|error| error.to_string())?;
    result
}

const SIZE: usize = 48 << 20;

/// Half of the file; copied data must be written out to make room for more.
const MAX: usize = 24 << 20;

fn charged(b: &Bench, groups: &Path, disk: &Path, limited: bool) -> Result<(), String> {
    if limited && !b.is_union() {
        // overlayfs obeys the limit, and copies nothing.
        return Ok(());
    }
    let io = |error: std::io::Error| error.to_string();
    let l = Layout {
        lowers: vec![b.dir(&disk.join("lower"))?],
        upper: b.dir(&disk.join("upper"))?,
        work: b.dir(&disk.join("work"))?,
        target: b.target("target")?,
    };
    let name = format!("limited-{limited}");
    std::fs::write(l.lowers[0].join(&name), vec![b'x'; SIZE]).map_err(io)?;
    sys::sync();
    std::fs::write("/proc/sys/vm/drop_caches", "3").map_err(io)?;
    b.whole(b.union(&l)).mount(&l.target)?;
    let group = b.dir(&groups.join(&name))?;
    std::fs::write(group.join("memory.max"), MAX.to_string()).map_err(io)?;
    let target = l.target.join(&name);
    let end = process::child(|| {
        std::fs::write(group.join("cgroup.procs"), "0").expect("root may move itself");
        if limited {
            sys::limit_file_size(1 << 20).expect("setrlimit");
        }
        changes::rewrite(&target, b"x").expect("a write");
    })?;
    let peak: usize = number(&std::fs::read_to_string(group.join("memory.peak")).map_err(io)?);
    let stat = std::fs::read_to_string(group.join("io.stat")).map_err(io)?;
    let read: usize = stat.split("rbytes=").skip(1).map(number).sum();
    b.umount(&l.target)?;
    std::fs::remove_dir(&group).map_err(|error| format!("removing the cgroup: {error}"))?;
    must!(end == End::Done, "a write, not {end:?}")?;
    must!(
        (MAX / 2..=MAX).contains(&peak),
        "{name}: a peak of {peak} bytes of memory is most of what is allowed"
    )?;
    must!(read >= SIZE, "{name}: {read} bytes read are the file")
}

/// The number a text begins with.
fn number(text: &str) -> usize {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text[..end.unwrap_or(text.len())].parse().unwrap_or(0)
}

/// Under load, pages, names and inodes are dropped all the time.
pub fn press_drop_caches(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 2)?;
    b.describe(&l, 1, load::lower)?;
    let (union, lowers) = b.mounted(&l)?;
    let kept = l.target.join("kept");
    let number = b.works("stat", sys::stat(&kept, 0))?.st_ino;
    let time = Duration::from_millis(4000);
    let mut children = b.load_behind(&l.target, time)?;
    let end = Instant::now() + time;
    children.push(process::background(|| {
        for what in ["1", "2", "3"].iter().cycle() {
            std::fs::write("/proc/sys/vm/drop_caches", what).expect("root may");
            let stat = sys::stat(&kept, 0).expect("it is there");
            assert_eq!(stat.st_ino, number);
            if Instant::now() > end {
                break;
            }
        }
    })?);
    b.ended_well(children)?;
    b.sound(&union, &l, &lowers).map(drop)
}

/// Four processes empty a large lower directory that others list; each name disappears once and does not return.
pub fn press_large_dir(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let below = b.dir(&l.lowers[1].join("d"))?;
    let source = below.join("0");
    b.file(&source, "x")?;
    for number in 1..NAMES {
        b.works(
            "link",
            sys::link(&source, below.join(number.to_string()), 0),
        )?;
    }
    let (union, lowers) = b.mounted(&l)?;
    let dir = l.target.join("d");
    b.crowd(6, |process| {
        if process < 4 {
            for number in (process..NAMES).step_by(4) {
                sys::unlink(dir.join(number.to_string())).expect("unlink");
            }
            return;
        }
        let mut last = NAMES;
        while last > 0 {
            let names = walk::list(&dir).expect("list");
            let twice = names.windows(2).any(|pair| pair[0].name == pair[1].name);
            assert!(!twice, "no name is listed twice");
            assert!(names.len() <= last, "no name comes back");
            last = names.len();
        }
    })?;
    b.works("rmdir", sys::rmdir(&dir))?;
    b.works("mkdir", sys::mkdir(&dir, 0o755))?;
    must!(walk::list(&dir)?.is_empty(), "it is empty")?;
    b.sound(&union, &l, &lowers).map(drop)
}

const NAMES: usize = 2400;

/// A load with little memory, beside a process that takes all of it.
pub fn press_memory(b: &mut Bench) -> Result<(), String> {
    memory(b, Copies::Parts)
}

/// The same with copies of a large file.
pub fn press_memory_whole(b: &mut Bench) -> Result<(), String> {
    memory(b, Copies::Whole)
}

fn memory(b: &Bench, copies: Copies) -> Result<(), String> {
    let groups = b.target("group")?;
    b.works(
        "mounting cgroup2",
        sys::mount("cgroup2", &groups, "cgroup2", 0, b""),
    )?;
    let set = |file: &Path, value: &str| std::fs::write(file, value);
    if set(&groups.join("cgroup.subtree_control"), "+memory").is_err() {
        return Err(b.skip("no memory controller for cgroup2"));
    }
    let limited = b.dir(&b.base().join(GROUP))?;
    let result = limit(b, &limited, copies);
    // Its processes have all been waited for.
    std::fs::remove_dir(&limited).map_err(|error| format!("removing the cgroup: {error}"))?;
    result
}

const GROUP: &str = "group/limited";

fn limit(b: &Bench, group: &Path, copies: Copies) -> Result<(), String> {
    std::fs::write(group.join("memory.max"), "12M").map_err(|error| error.to_string())?;
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 1)?;
    b.describe(&l, 0, |b| {
        load::lower(b);
        b.file("large", vec![b'l'; 6 << 20]);
    })?;
    let (union, lowers) = b.mounted_as(&l, copies)?;
    let end = Instant::now() + Duration::from_millis(4000);
    let children = b.crowd_behind(8, |number| {
        let (root, procs) = (&l.target, group.join("cgroup.procs"));
        std::fs::write(procs, "0").expect("root may move itself");
        match number {
            0 => {
                // Copies and listings that must fail without memory, again and again.
                let large = root.join("large");
                while Instant::now() < end {
                    let _ = changes::rewrite(&large, b"l");
                    let _ = sys::unlink(&large);
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            1 => {
                let mut hog = Vec::new();
                while Instant::now() < end {
                    hog.push(vec![1u8; 1 << 20]);
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
            _ => load::calls(root, number, end),
        }
    })?;
    for child in children {
        let end = process::wait(child)?;
        must!(
            [End::Done, End::Signal(libc::SIGKILL)].contains(&end),
            "a process ends well or for want of memory, not with {end:?}"
        )?;
    }
    b.sound(&union, &l, &lowers).map(drop)
}

/// Eight processes make every kind of call on the same names, and the union is consistent afterwards.
pub fn press_names(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 3)?;
    // Every layer has a part of each directory, the lowest one also names that those above hide.
    b.describe(&l, 2, load::lower)?;
    b.describe(&l, 1, |b| {
        b.file("d/a", "hides");
        b.symlink("m", "hides a directory");
    })?;
    b.describe(&l, 0, |b| {
        b.file("b", "above");
        b.dir("d/e").xattr("user.d", b"e");
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    for _ in 0..3 {
        union.mount(&l.target)?;
        b.load(&l.target, Duration::from_millis(1500))?;
        let tree = b.sound(&union, &l, &lowers)?;
        must!(tree.contains_key("kept"), "what nobody touched is there")?;
    }
    Ok(())
}

/// A load on the same names with the upper layer on a disk: inode numbers are used again, files without a name are
/// linked.
pub fn press_names_disk(b: &mut Bench) -> Result<(), String> {
    for image in [&image::EXT4, &image::XFS] {
        let disk = b.looped(image)?;
        let upper_fs = b.target(image.name)?;
        disk.mount(&upper_fs, 0, "")?;
        let l = b.layout_on(&upper_fs, 1)?;
        b.describe(&l, 0, load::lower)?;
        let (union, lowers) = b.mounted(&l)?;
        b.load(&l.target, Duration::from_millis(2000))?;
        b.sound(&union, &l, &lowers)?;
        b.umount(&upper_fs)?;
        b.umount(l.lowers[0].parent().ok_or("a parent")?)?;
    }
    Ok(())
}

/// A union over a union, and one over overlayfs, under load with caches that are dropped.
pub fn press_stacked(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    for inner in [b.fstype, "overlay"] {
        let mut l = b.layout_on(&upper_fs, 2)?;
        let below = l.lowers[0].parent().ok_or("a parent")?.to_owned();
        b.describe(&l, 1, load::lower)?;
        b.dir(&l.lowers[0].join("d"))?;
        let whiteout = sys::mknod(l.lowers[0].join("d/a"), libc::S_IFCHR, 0);
        b.works("a whiteout", whiteout)?;
        let stacked = b.target("inner")?;
        Union::new(inner).lowers(&l.lowers).mount(&stacked)?;
        l.lowers = vec![stacked.clone()];
        let (union, lowers) = b.mounted(&l)?;
        let children = b.load_behind(&l.target, Duration::from_millis(1800))?;
        for _ in 0..8 {
            std::thread::sleep(Duration::from_millis(200));
            std::fs::write("/proc/sys/vm/drop_caches", "2").map_err(|error| error.to_string())?;
        }
        b.ended_well(children)?;
        b.sound(&union, &l, &lowers)?;
        b.umount(&stacked)?;
        b.umount(&below)?;
        for dir in [&l.upper, &l.work] {
            std::fs::remove_dir_all(dir).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Three unions with the same lower layers, whose upper layers share a file system, are under load at once.
pub fn press_two_unions(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let first = b.layout_on(&upper_fs, 2)?;
    b.describe(&first, 1, load::lower)?;
    let lowers = b.lower_trees(&first)?;
    let mut layouts = Vec::new();
    for number in 0..3 {
        let own = upper_fs.join(number.to_string());
        layouts.push(Layout {
            lowers: first.lowers.clone(),
            upper: b.dir(&own.join("upper"))?,
            work: b.dir(&own.join("work"))?,
            target: b.target(&format!("target{number}"))?,
        });
    }
    for layout in &layouts {
        b.union(layout).mount(&layout.target)?;
    }
    let end = Instant::now() + Duration::from_millis(3000);
    b.crowd(9, |number| {
        load::calls(&layouts[number % 3].target, number, end)
    })?;
    for layout in &layouts {
        b.sound(&b.union(layout), layout, &lowers)?;
    }
    Ok(())
}
