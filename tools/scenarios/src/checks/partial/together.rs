// SPDX-License-Identifier: GPL-2.0-only
//! What several processes do with one partial file, or with one union, at the same time.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crate::bench::{Bench, Layout};
use crate::changes::with;
use crate::image;
use crate::parts::{self, pwrite};
use crate::process::{self, End};
use crate::sys;
use crate::union;

fn text(error: std::io::Error) -> String {
    error.to_string()
}

/// Makes a lower file that is one hole, mounts the union, and has some bytes of it written.
fn hole(b: &Bench, l: &Layout, bytes: u64) -> Result<std::path::PathBuf, String> {
    let lower = File::create(l.lowers[0].join("hole")).map_err(text)?;
    lower.set_len(bytes).map_err(text)?;
    b.union(l).option("partial", "on").mount(&l.target)?;
    let path = l.target.join("hole");
    b.works("write", pwrite(&path, 0, b"new"))?;
    must!(
        parts::is_partial(&l.upper.join("hole")),
        "the file is partial"
    )?;
    Ok(path)
}

/// Several processes write to a file whose map is in a sidecar, and sync it: who finds the sidecar in use by another
/// one of them gets no error.
pub fn partial_sidecar_together(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    const LARGE: u64 = 3 << 30;
    const WRITERS: u64 = 3;
    const ROUNDS: u64 = 50;
    let disk = b.looped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let l = b.layout_on(&upper_fs, 1)?;
    let path = hole(b, &l, LARGE)?;
    let place = |writer, round| writer * (LARGE / WRITERS) + round * 131_072 + 5;
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let work = || {
            let written = with(&path, libc::O_WRONLY, |fd| {
                for round in 0..ROUNDS {
                    sys::write(fd, b"written", Some(place(writer, round) as i64))?;
                    sys::fsync(fd)?;
                }
                Ok(())
            });
            written.expect("writing and syncing");
        };
        writers.push(process::background(work)?);
    }
    let ends = writers.into_iter().map(process::wait);
    let ends = ends.collect::<Result<Vec<_>, _>>()?;
    must!(
        ends.iter().all(|end| *end == End::Done),
        "all can write and sync: {ends:?}"
    )?;
    b.umount(&l.target)?;
    b.within(&b.union(&l).option("partial", "on"), &l.target, |_| {
        let file = File::open(&path).map_err(text)?;
        let mut found = [0; 9];
        for (writer, round) in (0..WRITERS).flat_map(|w| (0..ROUNDS).map(move |r| (w, r))) {
            let at = place(writer, round) - 1;
            file.read_exact_at(&mut found, at).map_err(text)?;
            must!(&found == b"\0written\0", "at {at}: {found:?}")?;
        }
        Ok(())
    })
}

/// How many files are open in the whole system.
fn open_files() -> Result<u64, String> {
    let numbers = std::fs::read_to_string("/proc/sys/fs/file-nr").map_err(text)?;
    let first = numbers.split_whitespace().next();
    first
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| format!("file-nr: {numbers}"))
}

/// The most files that are open at once while a process makes a call, beyond those before.
fn most_open(call: impl FnOnce() -> sys::Result<()>) -> Result<u64, String> {
    let before = open_files()?;
    let pid = process::background(|| call().expect("the call"))?;
    let mut most = 0;
    let is_over = || {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    };
    while !is_over() {
        most = most.max(open_files()?.saturating_sub(before));
        std::thread::sleep(Duration::from_millis(2));
    }
    let end = process::wait(pid)?;
    must!(end == End::Done, "the call works: {end:?}")?;
    Ok(most)
}

/// A call that looks at many granules has few files open: what it closes stays open until it ends, and the system has
/// a limit for all.
pub fn partial_files_open(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    const MOST: u64 = 200;
    let l = b.layout(1)?;
    let path = hole(b, &l, 128 << 20)?;
    let most = most_open(|| with(&path, libc::O_RDONLY, |fd| union::settle(fd).map(drop)))?;
    must!(most < MOST, "settling opens {most} files")?;
    b.umount(&l.target)?;

    const GRANULE: usize = 4096;
    const BYTES: usize = 4 << 20;
    let l = b.layout(1)?;
    std::fs::write(l.lowers[0].join("data"), vec![b'o'; BYTES]).map_err(text)?;
    b.union(&l).option("partial", "on").mount(&l.target)?;
    let path = l.target.join("data");
    let written = with(&path, libc::O_WRONLY, |fd| {
        for at in (0..BYTES).step_by(2 * GRANULE) {
            sys::write(fd, b"new", Some(at as i64))?;
        }
        Ok(())
    });
    b.works("write", written)?;
    let most = most_open(|| {
        with(&path, libc::O_RDONLY, |fd| {
            for _ in 0..20 {
                let end = sys::lseek(fd, 0, libc::SEEK_HOLE)?;
                assert!(end == BYTES as i64, "the hole is at {end}");
            }
            Ok(())
        })
    })?;
    must!(most < MOST, "seeking opens {most} files")?;
    b.umount(&l.target)
}

/// While the rest of a file is brought, who writes to it changes its time for good: the time that the copying changes
/// is put back, the writer's is not.
pub fn partial_times_together(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    /// Between the times that the kernel knows.
    const TICK: Duration = Duration::from_millis(20);
    /// On a slow kernel settling takes minutes.
    const ENOUGH: usize = 10;
    let l = b.layout(1)?;
    let path = hole(b, &l, 64 << 20)?;
    let changed = |path: &Path| -> Result<Duration, String> {
        let time = std::fs::metadata(path).and_then(|found| found.modified());
        let time = time.map_err(text)?.duration_since(SystemTime::UNIX_EPOCH);
        time.map_err(|error| error.to_string())
    };
    let settled = process::background(|| {
        with(&path, libc::O_RDONLY, |fd| union::settle(fd).map(drop)).expect("settle");
    })?;
    let mut writes = 0;
    let is_partial = || parts::is_partial(&l.upper.join("hole"));
    while is_partial() && writes < ENOUGH {
        std::thread::sleep(3 * TICK);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_err(|error| error.to_string())?;
        b.works("write", pwrite(&path, 0, b"new"))?;
        writes += 1;
        std::thread::sleep(TICK);
        let time = changed(&path)?;
        must!(
            time + TICK >= now,
            "the {writes}th write at {now:?} leaves the time {time:?}"
        )?;
    }
    let is_stopped = is_partial();
    if is_stopped {
        process::kill(settled);
    }
    let end = process::wait(settled)?;
    must!(is_stopped || end == End::Done, "settling works: {end:?}")?;
    must!(writes > 1, "it takes longer than one write")?;
    b.umount(&l.target)
}

/// A file that becomes partial when it has no name any more needs no guard: nobody finds it, and none is left of it.
pub fn partial_guard_unlinked(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    let l = b.layout(1)?;
    std::fs::write(l.lowers[0].join("file"), parts::old()).map_err(text)?;
    b.union(&l).option("partial", "on").mount(&l.target)?;
    let path = l.target.join("file");
    let fd = b.works("open", sys::open(&path, libc::O_RDWR, 0))?;
    b.works("unlink", sys::unlink(&path))?;
    b.works("write", parts::whole(fd, 50_001, b"new"))?;
    b.works("close", sys::close(fd))?;
    parts::forget()?;
    b.umount(&l.target)?;
    must!(!union::is_guarded(&l.work), "no guard is left")
}

/// A lower layer that does not answer keeps nobody from writing down what has come to the upper layer.
pub fn partial_lower_stalled(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let disk = b.mapped(&image::EXT4)?;
    let done = stalled(b, &disk);
    disk.hold(false)?;
    done?;
    b.mapped_done(disk)
}

fn stalled(b: &Bench, disk: &image::Disk) -> Result<(), String> {
    /// When the rest of a file of which little is missing is being brought.
    const BROUGHT: Duration = Duration::from_secs(45);
    /// When a granule is written down at the latest.
    const WRITTEN_DOWN: Duration = Duration::from_secs(60);
    const AT: usize = 50_001;
    let lower_fs = b.target("lower_fs")?;
    disk.mount(&lower_fs, 0, "")?;
    let mut l = b.layout(1)?;
    std::fs::write(l.lowers[0].join("other"), parts::old()).map_err(text)?;
    l.lowers.insert(0, b.dir(&lower_fs.join("lower"))?);
    std::fs::write(l.lowers[0].join("stalled"), parts::old()).map_err(text)?;
    b.union(&l).option("partial", "on").mount(&l.target)?;
    let other = b.works("open", sys::open(l.target.join("other"), libc::O_WRONLY, 0))?;
    b.works("write", pwrite(&l.target.join("stalled"), AT, b"new"))?;
    sys::sync();
    parts::forget()?;
    disk.hold(true)?;
    std::thread::sleep(BROUGHT);
    b.works("write", parts::whole(other, AT, b"new"))?;
    b.works("close", sys::close(other))?;
    let started = Instant::now();
    let other = l.upper.join("other");
    while parts::is_partial(&other) && parts::granules(&other) == Ok(0) {
        must!(
            started.elapsed() < WRITTEN_DOWN,
            "the granule is not written down"
        )?;
        std::thread::sleep(Duration::from_millis(100));
    }
    must!(
        parts::is_partial(&l.upper.join("stalled")),
        "what the lower layer has did not come"
    )?;
    disk.hold(false)?;
    b.umount(&l.target)
}
