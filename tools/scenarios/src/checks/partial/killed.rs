// SPDX-License-Identifier: GPL-2.0-only
//! Processes that are killed while they bring parts of a file to the upper layer.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::changes::with;
use crate::image;
use crate::partial;
use crate::parts::{self, Parts};
use crate::process::{self, End};
use crate::sys::{self, Map};
use crate::union;

/// A process ends so soon after it was killed.
const SOON: Duration = Duration::from_secs(10);

/// What a process does, by name of the file.
const CALLS: &[(&str, fn(&Path) -> sys::Result<()>)] = &[
    ("first", |path| parts::pwrite(path, 50_001, b"killed")),
    ("later", |path| parts::pwrite(path, 100_001, b"killed")),
    ("synced", |path| {
        with(path, libc::O_WRONLY | libc::O_SYNC, |fd| {
            parts::whole(fd, 150_001, b"killed")
        })
    }),
    ("settled", |path| with(path, libc::O_RDONLY, union::settle)),
    ("mapped", |path| {
        with(path, libc::O_RDWR, |fd| {
            let both = libc::PROT_READ | libc::PROT_WRITE;
            Map::new(fd, parts::SIZE, both, libc::MAP_SHARED).map(drop)
        })
    }),
    ("allocated", |path| {
        with(path, libc::O_WRONLY, |fd| {
            sys::fallocate(fd, 0, 0, parts::SIZE as i64)
        })
    }),
    ("limited", |path| {
        sys::limit_file_size(20_000)?;
        with(path, libc::O_RDONLY, union::settle)
    }),
];

/// A process that waits for the disk of the lower layer, at each stage of bringing data, can be killed: nothing of
/// what it did is seen, nothing keeps the next one from doing it, and others that wait for it can be killed as well.
pub fn partial_killed(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    let disk = b.mapped(&image::EXT4)?;
    let below = b.target("device")?;
    disk.mount(&below, 0, "")?;
    let mut layout = b.layout_on(&b.tmpfs("upper_fs")?, 0)?;
    layout.lowers.push(b.dir(&below.join("layer"))?);
    let names: Vec<&str> = CALLS.iter().map(|(name, _)| *name).collect();
    let mut parts = Parts::large(b, layout, &names)?;
    b.umount(&below)?;
    disk.mount(&below, libc::MS_RDONLY, "")?;
    parts.mount()?;
    for name in &names[1..] {
        parts.write(name, 1, 280_001, 100)?;
    }
    b.syncfs(&parts.layout.target)?;
    for (number, (name, call)) in CALLS.iter().enumerate() {
        let path = parts.path(name);
        for cached in [0, 4096, 40_960] {
            stop(b, &disk, &parts, name, cached, || {
                let _ = call(&path);
            })
            .map_err(|error| format!("{name}, {cached} bytes are cached: {error}"))?;
        }
        parts.write(name, 2 + number as u64, 50_001, 100)?;
    }
    b.work_idle(&parts.layout)?;
    parts.sound()?;
    b.mapped_done(disk)
}

/// Kills one process that waits for the disk, and two that wait for the first.
fn stop(
    b: &Bench,
    disk: &image::Disk,
    parts: &Parts,
    name: &str,
    cached: usize,
    call: impl Fn(),
) -> Result<(), String> {
    b.works("stat", sys::stat(parts.path(name), 0))?;
    parts::forget()?;
    let fd = b.works("open", sys::open(parts.lower(name), libc::O_RDONLY, 0))?;
    b.works("fadvise", sys::fadvise(fd, libc::POSIX_FADV_RANDOM))?;
    b.works("read", sys::read(fd, cached, Some(0)))?;
    b.works("close", sys::close(fd))?;
    b.works("stat", sys::stat(parts.path(name), 0))?;
    disk.hold(true)?;
    let children: Vec<i32> = (0..3)
        .map(|_| process::background(&call))
        .collect::<Result<_, _>>()?;
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    // Those that wait for the first one go first.
    for child in children.iter().rev() {
        process::kill(*child);
    }
    while !children.iter().all(|child| has_ended(*child)) && begun.elapsed() < SOON {
        std::thread::sleep(Duration::from_millis(10));
    }
    let took = begun.elapsed();
    disk.hold(false)?;
    let ends: Vec<End> = children
        .into_iter()
        .map(process::wait)
        .collect::<Result<_, _>>()?;
    must!(
        ends.iter().all(|end| *end == End::Signal(libc::SIGKILL)),
        "they waited until they were killed: {ends:?}"
    )?;
    must!(took < SOON, "they end at once, not after {took:?}")?;
    parts.is_right("killed", name)
}

fn has_ended(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

/// A process that writes, completes and syncs a file is killed at any moment: each granule is the old one or the new
/// one, and the next process does all of it.
pub fn partial_killed_anytime(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    const COUNT: usize = 20;
    let disk = b.looped(&image::VERITY)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let names: Vec<String> = (0..COUNT).map(|number| format!("f{number}")).collect();
    let slices: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut parts = Parts::mounted(b, b.layout_on(&upper_fs, 1)?, &slices)?;
    let mut killed = 0;
    for (number, name) in names.iter().enumerate() {
        let path = parts.path(name);
        let child = process::background(|| {
            let fd = sys::open(&path, libc::O_RDWR, 0).expect("open");
            for at in (1000..parts::SIZE - 2000).step_by(partial::GRANULE) {
                let _ = parts::whole(fd, at, &parts::new(1, at, 2000));
                if at % 7 == 0 {
                    let _ = sys::fsync(fd);
                }
            }
            let _ = union::settle(fd);
        })?;
        std::thread::sleep(Duration::from_millis(3 * number as u64));
        process::kill(child);
        killed += usize::from(process::wait(child)? != End::Done);
        // A write that a signal ends may be short, but ends at a byte.
        let found = std::fs::read(&path).map_err(|error| error.to_string())?;
        let (old, mut new) = (parts::old(), parts::old());
        for at in (1000..parts::SIZE - 2000).step_by(partial::GRANULE) {
            parts::put(&mut new, at, &parts::new(1, at, 2000));
        }
        for at in (0..parts::SIZE).step_by(partial::GRANULE) {
            let bytes = at..(at + partial::GRANULE).min(parts::SIZE);
            let is = |whole: &[u8]| found[bytes.clone()] == whole[bytes.clone()];
            if !is(&old) && !is(&new) {
                let what = format!("{name}, the granule at {at}");
                return parts::differ(&what, &found[bytes.clone()], &new[bytes]);
            }
        }
        parts.shows.insert(name.clone(), found);
    }
    must!(killed > COUNT / 4, "{killed} of {COUNT} were killed")?;
    b.work_idle(&parts.layout)?;
    parts.again("killed")?;
    for name in &names {
        parts.write(name, 2, 123_456, 100)?;
    }
    parts.sound()
}
