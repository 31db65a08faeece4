// SPDX-License-Identifier: GPL-2.0-only
//! Several users of a file whose data overlayfs left in a lower layer, and copies of the data that fail.

use crate::bench::Bench;
use crate::copies::Copies;
use crate::metacopy::{self, At, CAPABILITY, NET_RAW};
use crate::process::{self, End};
use crate::sys::{self, Map};
use crate::tree::OLD;

/// Descriptors from before a change, and other names of the file, show it.
pub fn metacopy_open_before(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    let l = b.layout_in(&base, 1)?;
    for name in ["f", "linked", "cut"] {
        metacopy::make(&l.lowers[0].join(name), "odd", name)?;
    }
    b.in_overlayfs(&l, |root| {
        for name in ["f", "linked", "cut"] {
            b.works("chmod", sys::chmod(root.join(name), 0o666))?;
        }
        b.works(
            "link",
            sys::link(root.join("linked"), root.join("second"), 0),
        )
    })?;
    let union = b.follows(&l);
    b.within(&union, &l.target, |root| {
        for (opened, written) in [("f", "f"), ("linked", "second"), ("second", "linked")] {
            let flags = libc::O_RDONLY;
            let reader = b.works("open", sys::open(root.join(opened), flags, 0))?;
            let early = b.works("open", sys::open(root.join(written), libc::O_WRONLY, 0))?;
            let private = b.works(
                "mmap",
                Map::new(reader, 70_000, libc::PROT_READ, libc::MAP_PRIVATE),
            )?;
            let before = b.works("read", sys::read(reader, 100, Some(60_000)))?;
            must!(
                private.bytes()[60_000..60_100] == before,
                "{opened}: the mapping"
            )?;
            let text = format!("to {written}");
            b.works("write", sys::write(early, text.as_bytes(), Some(60_000)))?;
            let read = |at| sys::read(reader, text.len(), Some(at));
            must!(
                read(60_000)? == text.as_bytes(),
                "{opened} shows what {written} got"
            )?;
            must!(read(50_000)?.len() == text.len(), "and the rest")?;
            let late = b.works("open", sys::open(root.join(opened), libc::O_RDWR, 0))?;
            b.works("write", sys::write(late, b"late", Some(69_999)))?;
            must!(sys::fstat(reader)?.st_size == 70_003, "{opened}: the size")?;
            must!(read(69_999)? == b"late", "{opened} shows what comes late")?;
            // Back, for the next round.
            b.works("truncate", sys::ftruncate(late, 70_000))?;
            for fd in [reader, early, late] {
                b.works("close", sys::close(fd))?;
            }
            b.settle(&root.join(opened))?;
            b.unmarked(&l.upper.join(opened))?;
        }
        let reader = b.works("open", sys::open(root.join("cut"), libc::O_RDONLY, 0))?;
        b.works("truncate", sys::truncate(root.join("cut"), 10))?;
        must!(
            sys::read(reader, 100, Some(0))?.len() == 10,
            "ten bytes are left"
        )?;
        b.works("close", sys::close(reader))
    })?;
    b.within(&union, &l.target, |root| {
        let linked = std::fs::read(root.join("linked")).map_err(|error| error.to_string())?;
        must!(
            &linked[60_000..60_009] == b"to linked",
            "what was written last"
        )?;
        b.has(&root.join("second"), &linked)
    })
}

/// Processes that write to a file without data at the same time lose nothing.
pub fn metacopy_write_together(b: &mut Bench) -> Result<(), String> {
    Copies::all(b)
        .iter()
        .try_for_each(|copies| write_together(b, *copies))
}

fn write_together(b: &Bench, copies: Copies) -> Result<(), String> {
    const PROCESSES: usize = 8;
    let base = b.tmpfs(&format!("layers-{copies:?}"))?;
    let mut l = b.layout_in(&base, 1)?;
    let rounds = crate::pace::many(12);
    let names: Vec<_> = (0..rounds).map(|round| format!("f{round}")).collect();
    for name in &names {
        metacopy::make(&l.lowers[0].join(name), "holes", name)?;
    }
    b.in_overlayfs(&l, |root| {
        for name in &names {
            b.works("chmod", sys::chmod(root.join(name), 0o666))?;
        }
        Ok(())
    })?;
    for at in [At::Upper, At::Lower] {
        let marked = match at {
            At::Upper => &names[..rounds / 2],
            At::Lower => &names[rounds / 2..],
        };
        b.within(&copies.of(b, b.follows(&l)), &l.target, |root| {
            for name in marked {
                let path = root.join(name);
                let before = std::fs::read(&path).map_err(|error| error.to_string())?;
                b.crowd(PROCESSES, |number| {
                    let fd = sys::open(&path, libc::O_RDWR, 0).expect("open");
                    let at = 99_990 + number;
                    match number % 4 {
                        1 => sys::fchmod(fd, 0o660).expect("chmod"),
                        2 => assert_eq!(sys::read(fd, 10, Some(200_000)).expect("read"), [0; 10]),
                        _ => {}
                    }
                    let byte = [b'0' + number as u8];
                    assert_eq!(sys::write(fd, &byte, Some(at as i64)).expect("write"), 1);
                })?;
                let mut expected = before;
                expected[99_990..99_990 + PROCESSES].copy_from_slice(b"01234567");
                b.has(&path, &expected)?;
                b.settle(&path)?;
                b.has(&path, &expected)?;
                b.unmarked(&l.upper.join(name))?;
            }
            Ok(())
        })?;
        l = b.lay_on(&l, "next")?;
    }
    Ok(())
}

/// Without space for all of the data a write that copies them fails, and the file is as it was.
pub fn metacopy_no_space(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies the data when a file is opened")?;
    let base = b.tmpfs("layers")?;
    let mut l = b.layout_in(&base, 1)?;
    let small = b.target("small")?;
    b.works(
        "a small tmpfs",
        sys::mount("tmpfs", &small, "tmpfs", 0, b"size=1m,mode=755"),
    )?;
    l.upper = b.dir(&small.join("upper"))?;
    l.work = b.dir(&small.join("work"))?;
    let lower = l.lowers[0].join("big");
    metacopy::make(&lower, "big", "big")?;
    b.works("setcap", sys::setxattr(&lower, CAPABILITY, &NET_RAW, 0))?;
    b.in_overlayfs(&l, |root| {
        b.works(
            "setxattr",
            sys::setxattr(root.join("big"), "user.a", b"1", 0),
        )
    })?;
    let data = metacopy::text("big", 3 << 20);
    let union = b.whole(b.follows(&l));
    b.within(&union, &l.target, |root| {
        let big = root.join("big");
        let fd = b.works("open", sys::open(&big, libc::O_RDWR, 0))?;
        for round in 0..3 {
            let shared = Map::new(
                fd,
                4096,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
            );
            b.fails("mmap", shared.map(drop), libc::ENOSPC)?;
            let there = sys::getxattr(&big, CAPABILITY);
            must!(
                there == Ok(NET_RAW.to_vec()),
                "round {round}: the capability: {there:?}"
            )?;
            let stat = b.works("stat", sys::stat(&big, 0))?;
            let is_old = (stat.st_mtime, stat.st_mtime_nsec) == OLD;
            must!(
                is_old,
                "round {round}: the time is kept, not {}",
                stat.st_mtime
            )?;
        }
        for _ in 0..3 {
            b.fails("write", sys::write(fd, b"new", Some(5)), libc::ENOSPC)?;
            let cut = sys::ftruncate(fd, (3 << 20) - 1);
            b.fails("truncate", cut, libc::ENOSPC)?;
        }
        b.works("close", sys::close(fd))?;
        b.has(&big, &data)?;
        b.works("chmod", sys::chmod(&big, 0o640))?;
        b.marked(&l.upper.join("big"))
    })?;
    b.within(&b.overlayfs(&l), &l.target, |root| {
        b.has(&root.join("big"), &data)
    })?;
    b.within(&union, &l.target, |root| {
        let free = || {
            b.works("statfs", sys::statfs(&small))
                .map(|stat| stat.f_bfree)
        };
        let before = free()?;
        let fd = b.works("open", sys::open(root.join("big"), libc::O_WRONLY, 0))?;
        b.fails("write", sys::write(fd, b"new", Some(5)), libc::ENOSPC)?;
        b.works("close", sys::close(fd))?;
        let after = free()?;
        must!(
            before == after,
            "what has been copied is freed: {before}, {after} blocks"
        )?;
        b.file(&root.join("other"), "there is room for this")?;
        b.works("unlink", sys::unlink(root.join("big")))
    })
}

/// A process that is killed while all data are copied leaves the old data, or all of the new.
pub fn metacopy_killed(b: &mut Bench) -> Result<(), String> {
    let base = b.tmpfs("layers")?;
    let l = b.layout_in(&base, 1)?;
    let data = metacopy::text("big", 96 << 20);
    std::fs::write(l.lowers[0].join("big"), &data).map_err(|error| error.to_string())?;
    b.in_overlayfs(&l, |root| {
        b.works("chmod", sys::chmod(root.join("big"), 0o600))
    })?;
    let mut killed = 0;
    b.within(&b.whole(b.follows(&l)), &l.target, |root| {
        let big = root.join("big");
        for round in 0..6 {
            let pid = process::background(|| {
                if let Ok(fd) = sys::open(&big, libc::O_WRONLY, 0) {
                    let _ = sys::write(fd, b"#", None);
                }
            })?;
            std::thread::sleep(std::time::Duration::from_millis(5 + 10 * round));
            process::kill(pid);
            let end = process::wait(pid)?;
            if sys::getxattr(l.upper.join("big"), metacopy::MARK).is_err() {
                break;
            }
            killed += usize::from(end == End::Signal(libc::SIGKILL));
            let stat = b.works("stat", sys::stat(&big, 0))?;
            must!(
                stat.st_size == data.len() as i64,
                "the size, not {}",
                stat.st_size
            )?;
            let fd = b.works("open", sys::open(&big, libc::O_RDONLY, 0))?;
            for at in [0, 1 << 20, (96 << 20) - 100] {
                let found = b.works("read", sys::read(fd, 100, Some(at as i64)))?;
                must!(found == data[at..at + 100], "the old data at {at}")?;
            }
            b.works("close", sys::close(fd))?;
        }
        let fd = b.works("open", sys::open(&big, libc::O_WRONLY, 0))?;
        b.works("write", sys::write(fd, b"#", None))?;
        b.works("close", sys::close(fd))?;
        let found = std::fs::read(&big).map_err(|error| error.to_string())?;
        must!(
            found[0] == b'#' && found[1..] == data[1..],
            "the new byte and the old data"
        )
    })?;
    must!(killed > 0 || !b.is_union(), "one copy at least was killed")
}
