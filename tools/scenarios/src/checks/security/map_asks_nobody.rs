// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;
use std::time::Duration;

use crate::bench::Bench;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a mapping of a file that was opened before its copy-up does not wait, with the address space \
        locked, for a listener of fanotify that looks at the process",
    run,
    ..Check::DEFAULT
};

const LIMIT: Duration = Duration::from_secs(15);
const SIZE: usize = 8192;

/// What is opened, mapped, and whether at a fixed address; and whether the copy is made by the mapping itself.
const CASES: [(&str, i32, i32, i32, bool); 7] = [
    (
        "private",
        libc::O_RDONLY,
        libc::PROT_READ,
        libc::MAP_PRIVATE,
        true,
    ),
    (
        "private and writable",
        libc::O_RDONLY,
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE,
        true,
    ),
    (
        "shared",
        libc::O_RDONLY,
        libc::PROT_READ,
        libc::MAP_SHARED,
        true,
    ),
    (
        "shared and writable",
        libc::O_RDWR,
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_SHARED,
        true,
    ),
    (
        "shared and writable, of a lower file",
        libc::O_RDWR,
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_SHARED,
        false,
    ),
    (
        "shared, opened for writing, of a lower file",
        libc::O_RDWR,
        libc::PROT_READ,
        libc::MAP_SHARED,
        false,
    ),
    (
        "executable",
        libc::O_RDONLY,
        libc::PROT_READ | libc::PROT_EXEC,
        libc::MAP_PRIVATE,
        true,
    ),
];

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let old = "o".repeat(SIZE);
    b.file(&l.lowers[0].join("f"), &old)?;
    for option in [None, Some("volatile")] {
        for fixed in [false, true] {
            for (what, open, prot, map, copied) in CASES {
                let upper = b.dir(&l.upper.join("u"))?;
                let work = b.dir(&l.work.join("w"))?;
                let union = b.new_union().lowers(&l.lowers).upper(&upper, &work);
                let union = match option {
                    Some(option) => union.flag(option),
                    None => union,
                };
                union.mount(&l.target)?;
                let file = l.target.join("f");
                let result = mapped(b, &file, &l.upper, (open, prot, map, fixed), copied);
                b.umount(&l.target)?;
                for dir in [upper, work] {
                    std::fs::remove_dir_all(dir).map_err(|e| e.to_string())?;
                }
                result.map_err(|why| format!("{what}, fixed: {fixed}, {option:?}: {why}"))?;
            }
        }
    }
    Ok(())
}

fn mapped(
    b: &Bench,
    file: &Path,
    top: &Path,
    (open, prot, map, fixed): (i32, i32, i32, bool),
    copied: bool,
) -> Result<(), String> {
    let fd = b.works("open", sys::open(file, open, 0))?;
    if copied {
        // Another descriptor copies it up, and writes what is then to be seen.
        let other = b.works("open", sys::open(file, libc::O_WRONLY, 0))?;
        b.works("write", sys::write(other, b"new", None))?;
        b.works("close", sys::close(other))?;
    }
    let fanotify = b.works("fanotify_init", sys::fanotify_init(libc::FAN_CLASS_CONTENT))?;
    b.works(
        "fanotify_mark",
        sys::fanotify_mark(
            fanotify,
            libc::FAN_MARK_ADD | libc::FAN_MARK_FILESYSTEM,
            libc::FAN_OPEN_PERM,
            top,
        ),
    )?;
    let done = b.base().join("below").join("done");
    let _ = sys::rmdir(&done);
    let expected: &[u8] = if copied { b"new" } else { b"ooo" };
    let victim = process::background(|| {
        let _ = sys::close(fanotify);
        let make = if fixed { sys::Map::over } else { sys::Map::new };
        let found = make(fd, SIZE, prot, map).expect("a mapping").bytes();
        assert_eq!(&found[..expected.len()], expected);
        sys::mkdir(&done, 0o755).expect("a mark");
    })?;
    // What a security daemon does: it asks who it is that opens something.
    let listener = process::servant(|| {
        loop {
            for event in sys::fanotify_read(fanotify) {
                let _ = std::fs::read(format!("/proc/{}/cmdline", event.pid));
                let _ = sys::fanotify_answer(fanotify, event.fd, libc::FAN_ALLOW);
                let _ = sys::close(event.fd);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    })?;
    let step = Duration::from_millis(10);
    let in_time = (0..LIMIT.as_millis() / step.as_millis()).any(|_| {
        std::thread::sleep(step);
        sys::stat(&done, 0).is_ok()
    });
    for pid in [victim, listener] {
        if !in_time || pid == listener {
            process::kill(pid);
        }
    }
    let end = process::wait(victim)?;
    process::wait(listener)?;
    b.works("close", sys::close(fanotify))?;
    b.works("close", sys::close(fd))?;
    b.must("the mapping waits for nobody", in_time)?;
    b.must(&format!("the file is mapped: {end:?}"), end == End::Done)
}
