// SPDX-License-Identifier: GPL-2.0-only
//! Unions that are in use while they are unmounted, remounted or unloaded.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::{Bench, MODULE};
use crate::image;
use crate::load;
use crate::mountinfo;
use crate::process;
use crate::sys::{self, Map};
use crate::walk;

/// An open file keeps a union mounted, a detached one lives until it is closed.
pub fn busy(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    let fd = b.works("open", sys::open(l.target.join("file"), libc::O_RDWR, 0))?;
    b.fails("umount", sys::umount(&l.target, 0), libc::EBUSY)?;
    b.works("umount -l", sys::umount(&l.target, libc::MNT_DETACH))?;
    b.works("write", sys::write(fd, b"BELOW", Some(0)))?;
    let data = b.works("read", sys::read(fd, 10, Some(0)))?;
    must!(data == b"BELOW", "the file written to")?;
    b.works("close", sys::close(fd))?;
    b.holds(&l.upper.join("file"), "BELOW")
}

/// A process with open files in a detached union can go on using them.
pub fn busy_lazy(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        b.file("d/lower", "lower text");
        b.file("d/mapped", "mapped text");
        b.file("d/unlinked", "unlinked text");
    })?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let dir = b.works("open", sys::open(l.target.join("d"), libc::O_RDONLY, 0))?;
    let lower = b.works("open", sys::open(l.target.join("d/lower"), libc::O_RDWR, 0))?;
    let gone = b.works(
        "open",
        sys::open(l.target.join("d/unlinked"), libc::O_RDWR, 0),
    )?;
    let mapped = b.works(
        "open",
        sys::open(l.target.join("d/mapped"), libc::O_RDWR, 0),
    )?;
    let map = b.works(
        "mmap",
        Map::new(
            mapped,
            11,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
        ),
    )?;
    b.works("close", sys::close(mapped))?;
    b.works("unlink", sys::unlink(l.target.join("d/unlinked")))?;
    b.works("umount -l", sys::umount(&l.target, libc::MNT_DETACH))?;

    let mut map = map;
    map.store(0, b"M");
    must!(map.bytes() == b"Mapped text", "the mapping works")?;
    b.works("a write that copies", sys::write(lower, b"LOWER", None))?;
    b.works(
        "a write to what has no name",
        sys::write(gone, b"GONE", None),
    )?;
    must!(sys::read(lower, 20, Some(0))? == b"LOWER text", "read")?;
    b.works("fchdir", sys::fchdir(dir))?;
    b.works("mkdir", sys::mkdir("new", 0o755))?;
    b.works("rename", sys::rename("lower", "renamed", 0))?;
    let names = b.works("getdents", sys::getdents(dir, 4096))?.len();
    must!(names == 5, "`.`, `..` and three names, not {names}")?;

    b.refused(&union, &l.target, &[libc::EBUSY])?;
    if b.is_module() {
        b.fails("unloading", sys::delete_module("union"), libc::EAGAIN)?;
    }
    b.works("chdir", sys::chdir("/"))?;
    drop(map);
    for fd in [dir, lower, gone] {
        b.works("close", sys::close(fd))?;
    }
    union.mount(&l.target)?;
    b.holds(&l.target.join("d/renamed"), "LOWER text")?;
    b.holds(&l.target.join("d/mapped"), "Mapped text")?;
    b.sound(&union, &l, &[]).map(drop)
}

/// An image in a lower layer is mounted through the union and written to, and the copy has all of it.
pub fn busy_loop_image(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let copy = b.copy(&image::EXT4)?;
    std::fs::copy(format!("/proc/self/fd/{copy}"), l.lowers[1].join("image"))
        .map_err(|error| format!("copying the image: {error}"))?;
    b.works("close", sys::close(copy))?;
    let (union, lowers) = b.mounted(&l)?;
    let inside = b.target("inside")?;
    for (round, text) in ["first", "second"].into_iter().enumerate() {
        let path = l.target.join("image");
        let file = b.works("open", sys::open(&path, libc::O_RDWR, 0))?;
        let (device, node) = b.works("a loop device", sys::loop_device(file))?;
        b.works("close", sys::close(file))?;
        let node = node.to_string_lossy().into_owned();
        b.works("mount", sys::mount(&node, &inside, "ext4", 0, b""))?;
        b.works("close", sys::close(device))?;
        if round > 0 {
            b.holds(&inside.join("file"), "first")?;
        }
        b.file(&inside.join("file"), text)?;
        b.fails(
            "umount of the union",
            sys::umount(&l.target, 0),
            libc::EBUSY,
        )?;
        b.umount(&inside)?;
        // The loop device releases the file a moment later.
        let free = (0..100).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            sys::umount(&l.target, 0).is_ok()
        });
        must!(free, "the union can be unmounted")?;
        must!(
            sys::stat(l.upper.join("image"), 0).is_ok(),
            "the image was copied up"
        )?;
        union.mount(&l.target)?;
    }
    b.sound(&union, &l, &lowers).map(drop)
}

/// Six processes mount and unmount, four of them with one upper layer: only one union has it at a time, and it is never
/// lost.
pub fn busy_mounts(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let upper_fs = l.upper.parent().ok_or("a parent")?.to_owned();
    let mut targets = Vec::new();
    for number in 0..6 {
        b.dir(&upper_fs.join(format!("upper{number}")))?;
        b.dir(&upper_fs.join(format!("work{number}")))?;
        targets.push(b.target(&format!("target{number}"))?);
    }
    b.crowd(6, |process| {
        let target = &targets[process];
        let mut mounted = 0;
        for round in 0..40 {
            let union = if process < 4 {
                b.union(&l)
            } else {
                let own = |what: &str| upper_fs.join(format!("{what}{process}"));
                b.new_union()
                    .lowers(&l.lowers)
                    .upper(own("upper"), own("work"))
            };
            match union.mount(target) {
                Ok(()) => {
                    mounted += 1;
                    let text = format!("{process} {round}");
                    std::fs::write(target.join("file"), &text).expect("write");
                    let read = std::fs::read_to_string(target.join("file")).expect("read");
                    assert_eq!(read, text, "nobody else writes here");
                    sys::umount(target, 0).expect("umount");
                }
                Err(failure) => {
                    assert!(process < 4, "{failure}");
                    assert_eq!(failure.errno.0, libc::EBUSY, "{failure}");
                }
            }
        }
        // The four of one upper layer may starve each other.
        assert!(process < 4 || mounted == 40, "nobody is in the way");
    })?;
    b.union(&l).mount(&l.target)?;
    b.sound(&b.union(&l), &l, &[]).map(drop)
}

/// A union is made read-only and writable again and again under load.
pub fn busy_remount(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 2)?;
    b.describe(&l, 1, load::lower)?;
    let (union, lowers) = b.mounted(&l)?;
    let remount = |flags| sys::mount("union", &l.target, "", libc::MS_REMOUNT | flags, b"");
    let end = Instant::now() + Duration::from_millis(3500);
    // With pauses: a file open for writing prevents a read-only remount.
    let children = b.crowd_behind(3, |number| {
        while Instant::now() < end {
            load::calls(
                &l.target,
                number,
                Instant::now() + Duration::from_millis(20),
            );
            std::thread::sleep(Duration::from_millis(40));
        }
    })?;
    let (mut read_only, mut busy) = (0, 0);
    while Instant::now() < end {
        match remount(libc::MS_RDONLY) {
            Ok(()) => {
                read_only += 1;
                b.fails("mkdir", sys::mkdir(l.target.join("x"), 0o755), libc::EROFS)?;
                let chmod = sys::chmod(l.target.join("kept"), 0o600);
                b.fails("chmod", chmod, libc::EROFS)?;
                b.work_idle(&l)?;
                b.works("remount rw", remount(0))?;
            }
            // A file is open for writing.
            Err(error) => {
                must!(error.0 == libc::EBUSY, "EBUSY, not {error}")?;
                busy += 1;
            }
        }
    }
    b.ended_well(children)?;
    must!(read_only > 0, "read-only at times, busy {busy} times")?;
    b.works("remount ro without a load", remount(libc::MS_RDONLY))?;
    b.works("remount rw", remount(0))?;
    b.sound(&union, &l, &lowers).map(drop)
}

/// With share, a union that remains in another mount namespace or was unmounted lazily is mounted again, as the very
/// same; without it, or with other layers or options, it is in use.
pub fn busy_shared(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Ok(());
    }
    let l = b.layout(2)?;
    let second = b.target("second")?;
    let device = |target| Ok(mountinfo::listed_at(target).ok_or("not mounted")?.device);
    let shared = |b: &Bench| b.union(&l).flag("share");

    // The first one is new.
    shared(b).mount(&l.target)?;
    let first: Result<_, String> = device(&l.target);
    let first = first?;

    // A process in its own mount namespace keeps it.
    let (told, tell) = b.works("pipe", sys::pipe())?;
    let (waits, wake) = b.works("pipe", sys::pipe())?;
    let pid = process::background(|| {
        let _ = sys::close(wake);
        sys::unshare_mounts().expect("a mount namespace is to be had");
        sys::write(tell, b"1", None).expect("the parent waits");
        let _ = sys::read(waits, 1, None);
    })
    .map_err(|e| e.to_string())?;
    b.works("close", sys::close(tell))?;
    b.works("the namespace", sys::read(told, 1, None))?;
    b.umount(&l.target)?;

    b.refused(&b.union(&l), &second, &[libc::EBUSY])?;
    for other in [
        shared(b).option("fsync", "strict"),
        shared(b).read_only(),
        b.new_union()
            .lower(&l.lowers[1])
            .lower(&l.lowers[0])
            .upper(&l.upper, &l.work)
            .flag("share"),
        b.new_union()
            .lower(&l.lowers[0])
            .upper(&l.upper, &l.work)
            .flag("share"),
    ] {
        b.refused(&other, &second, &[libc::EBUSY])?;
    }
    shared(b).mount(&second)?;
    must!(device(&second)? == first, "the same union")?;
    b.file(&second.join("file"), "changed")?;
    b.works("close", sys::close(wake))?;
    b.works("wait", process::wait(pid))?;

    // Now this is its only mount; unmounted lazily it stays because of an open file.
    let fd = b.works("open", sys::open(second.join("file"), libc::O_RDWR, 0))?;
    b.works("umount -l", sys::umount(&second, libc::MNT_DETACH))?;
    b.refused(&b.union(&l), &second, &[libc::EBUSY])?;
    shared(b).mount(&second)?;
    must!(device(&second)? == first, "the same union")?;
    b.works("write", sys::write(fd, b"CHANGED", Some(0)))?;
    b.holds(&second.join("file"), "CHANGED")?;
    b.works("close", sys::close(fd))?;
    b.umount(&second)?;

    // When it is no longer used, it is mounted again.
    shared(b).mount(&second)?;
    b.holds(&second.join("file"), "CHANGED")?;
    b.umount(&second)
}

/// A file of a union is refused as swap space, whichever layer it is in.
pub fn busy_swap(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    // The head of a swap area: version 1, the last page, then its signature at the end of the page.
    let page = sys::page_size();
    let mut area = vec![0; 64 * page];
    area[1024] = 1;
    area[1028] = 63;
    area[page - 10..page].copy_from_slice(b"SWAPSPACE2");
    for path in [l.lowers[0].join("lower"), l.upper.join("upper")] {
        std::fs::write(path, &area).map_err(|error| error.to_string())?;
    }
    b.union(&l).mount(&l.target)?;
    for name in ["lower", "upper"] {
        b.works("chmod", sys::chmod(l.target.join("upper"), 0o600))?;
        b.fails("swapon", sys::swapon(l.target.join(name)), libc::EINVAL)?;
        // It can still be written.
        b.file(&l.target.join(name), "not a swap area")?;
    }
    b.umount(&l.target)
}

/// The module is unloaded and loaded while others mount: a mount finds it or not, and keeps it.
pub fn busy_unload(b: &mut Bench) -> Result<(), String> {
    if !b.is_module() {
        return Err(b.skip("there is no module under test"));
    }
    let l = b.layout(1)?;
    let end = Instant::now() + Duration::from_millis(4000);
    let mut children = Vec::new();
    for number in 0..3 {
        let target = b.target(&format!("target{number}"))?;
        let union = b.new_union().lowers(&l.lowers);
        children.push(process::background(move || {
            while Instant::now() < end {
                let start = Instant::now();
                match union.mount(&target) {
                    Ok(()) => {
                        let text = std::fs::read_to_string(target.join("file"));
                        assert_eq!(text.expect("read"), "below");
                        sys::umount(&target, 0).expect("umount");
                        // Also on a slow kernel there must be times when it is not in use.
                        std::thread::sleep(start.elapsed());
                    }
                    Err(failure) => assert_eq!(failure.errno.0, libc::ENODEV, "{failure}"),
                }
            }
        })?);
    }
    let (mut unloaded, mut held) = (0, 0);
    while Instant::now() < end {
        match sys::delete_module("union") {
            Ok(()) => {
                unloaded += 1;
                b.works("loading", load())?;
            }
            Err(error) => {
                must!(error.0 == libc::EAGAIN, "EAGAIN, not {error}")?;
                held += 1;
            }
        }
    }
    b.ended_well(children)?;
    must!(
        unloaded > 0 && held > 0,
        "unloaded {unloaded} times, held {held} times"
    )?;
    b.union(&l).mount(&l.target)?;
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&l.target)
}

fn load() -> sys::Result<()> {
    let fd = sys::open(Path::new(MODULE), libc::O_RDONLY, 0)?;
    let result = sys::finit_module(fd);
    sys::close(fd)?;
    result
}

/// A union is unmounted and mounted while others walk through it, change it and look at its mount.
pub fn busy_walkers(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 2)?;
    b.describe(&l, 1, load::lower)?;
    let (union, lowers) = b.mounted(&l)?;
    let target = &l.target;
    let begun = Instant::now();
    // The walkers stay until it is done; on a slow kernel, too, it must be mounted a few times.
    let done = upper_fs.join("done");
    let children = b.crowd_behind(4, |number| {
        while !done.exists() && begun.elapsed() < Duration::from_secs(60) {
            match number {
                0 => drop(walk::walk(target)),
                1 => drop(std::fs::read_to_string("/proc/self/mountinfo")),
                2 => drop(sys::statfs(target)),
                // It uses names of its own, and below the unmounted directory it makes nothing.
                _ => drop(sys::chmod(target.join("d/a"), 0o604)),
            }
        }
    })?;
    let mut rounds = 0;
    while begun.elapsed() < Duration::from_millis(3500) || rounds < 4 {
        if let Err(error) = sys::umount(&l.target, 0) {
            must!(error.0 == libc::EBUSY, "EBUSY, not {error}")?;
            b.works("umount -l", sys::umount(&l.target, libc::MNT_DETACH))?;
        }
        rounds += 1;
        // The layers of a detached union are in use as long as a process is inside.
        while let Err(failure) = union.mount(&l.target) {
            must!(failure.errno.0 == libc::EBUSY, "EBUSY, not {failure}")?;
        }
    }
    b.works("mkdir", sys::mkdir(&done, 0o755))?;
    b.ended_well(children)?;
    b.sound(&union, &l, &lowers).map(drop)
}
