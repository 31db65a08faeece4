// SPDX-License-Identifier: GPL-2.0-only
//! Copy-ups that do not complete.

use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::process::{self, End};
use crate::sys;
use crate::walk;

/// A killed copy-up of a whole file leaves no trace.
pub fn killed_copy_up(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let data = "x".repeat(96 << 20);
    b.file(&l.lowers[0].join("big"), &data)?;
    b.whole(b.union(&l)).mount(&l.target)?;
    let mut killed = 0;
    for round in 0..6 {
        let big = l.target.join("big");
        let pid = process::background(|| {
            if let Ok(fd) = sys::open(&big, libc::O_WRONLY, 0) {
                let _ = sys::write(fd, b"y", None);
            }
        })?;
        std::thread::sleep(Duration::from_millis(5 + 10 * round));
        process::kill(pid);
        let start = Instant::now();
        let end = process::wait(pid)?;
        let took = start.elapsed();
        must!(
            took < Duration::from_secs(2),
            "it dies at once, not after {took:?}"
        )?;
        let there = sys::stat(l.upper.join("big"), 0).is_ok();
        // A mounted union may keep a whiteout there, to link it to names.
        let mut left = walk::walk(&l.work.join("work"))?;
        left.retain(|_, line| !line.contains("device=0:0"));
        must!(left.len() == 1, "an empty work directory, not {left:?}")?;
        if there {
            break;
        }
        killed += usize::from(end == End::Signal(libc::SIGKILL));
        must!(
            sys::stat(&big, 0)?.st_size == data.len() as i64,
            "the file is as it was"
        )?;
    }
    b.file(&l.target.join("file"), "changed")?;
    b.umount(&l.target)?;
    must!(
        killed > 0 || !b.is_union(),
        "one copy-up at least was killed"
    )
}

/// A copy-up of a whole file that finds no space leaves no trace.
pub fn no_space(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.file(&l.lowers[0].join("big"), &"x".repeat(3 << 20))?;
    let small = b.target("small")?;
    b.works(
        "mounting a small tmpfs",
        sys::mount("tmpfs", &small, "tmpfs", 0, b"size=1m,mode=755"),
    )?;
    let (upper, work) = (b.dir(&small.join("upper"))?, b.dir(&small.join("work"))?);
    b.whole(b.new_union())
        .lowers(&l.lowers)
        .upper(&upper, &work)
        .mount(&l.target)?;
    let big = l.target.join("big");
    let result = sys::open(&big, libc::O_WRONLY, 0).and_then(|fd| {
        let result = sys::write(fd, b"y", None);
        sys::close(fd).and(result)
    });
    b.fails("writing", result, libc::ENOSPC)?;
    let size = b.works("stat", sys::stat(&big, 0))?.st_size;
    must!(size == 3 << 20, "size 3 MiB, not {size}")?;
    b.file(&l.target.join("tiny"), "there is room for this")?;
    b.umount(&l.target)?;
    let left = walk::walk(&upper)?;
    must!(
        !left.contains_key("big"),
        "nothing of it in the upper layer: {:?}",
        left.keys()
    )?;
    let left = walk::walk(&work)?;
    let left: Vec<_> = left
        .keys()
        .filter(|path| path.starts_with("work/"))
        .collect();
    must!(
        left.is_empty(),
        "nothing left in the work directory: {left:?}"
    )
}
