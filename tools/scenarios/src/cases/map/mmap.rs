// SPDX-License-Identifier: GPL-2.0-only
//! mmap(2).

use crate::prelude::*;

/// A file that can only be appended to is not mapped for writing.
pub fn map_append_only(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; PAGE]);
    b.upper().file("upper", vec![b'.'; PAGE]);
    steps(|r| {
        const APPEND: u32 = 0x20;
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDONLY);
            r.set_flags(fd, APPEND, APPEND);
            let writer = r.open(name, O_RDWR | O_APPEND);
            r.map(writer, PAGE, PROT_RW, MAP_SHARED);
            r.map(writer, PAGE, PROT_READ, MAP_SHARED);
            r.map(writer, PAGE, PROT_RW, MAP_PRIVATE);
            r.map(fd, PAGE, PROT_READ, MAP_SHARED);
            r.write(writer, "appended");
            r.set_flags(fd, 0, APPEND);
            r.map(writer, PAGE, PROT_RW, MAP_SHARED);
        }
    })
    .not_on(shape::IMAGES, shape::NO_FLAGS)
}

/// A mapping reaches to the end of the page the file ends in; beyond is SIGBUS until the file grows.
pub fn map_beyond_end(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 5000]);
    b.file("empty", "");
    b.upper().file("upper", vec![b'.'; 5000]);
    steps(|r| {
        let page = sys::page_size();
        let end = 5000usize.next_multiple_of(page);
        for name in ["lower", "upper"] {
            let reader = r.open(name, O_RDONLY);
            let map = r.map(reader, 4 * PAGE, PROT_READ, MAP_SHARED);
            r.look(map, 4990, 20);
            r.peek(map, end - 1);
            r.peek(map, end);
            let fd = r.open(name, O_RDWR);
            let map = r.map(fd, 4 * PAGE, PROT_RW, MAP_SHARED);
            // Zeros behind the end are in the page, not in the file.
            r.store(map, 6000, "lost");
            r.poke(map, end, b'x');
            r.ftruncate(fd, (end + page) as i64);
            r.peek(map, 6000);
            r.store(map, end, "reached");
            r.peek(map, end + page);
            r.pread(fd, 10, end as i64);
            r.pread(fd, 10, 5996);
        }
        let fd = r.open("empty", O_RDWR);
        let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        r.peek(map, 0);
        r.write(fd, "no longer");
        r.peek(map, 0);
    })
    .in_upper("empty")
}

/// MAP_FIXED maps a lower file over a part of the mapping of another one.
pub fn map_fixed(b: &mut Builder) -> Steps {
    b.file("below", vec![b'l'; 3 * PAGE]);
    b.file("reader", vec![b'r'; 3 * PAGE]);
    b.upper().file("above", vec![b'u'; 3 * PAGE]);
    steps(|r| {
        let above = r.open("above", O_RDWR);
        let map = r.map(above, 3 * PAGE, PROT_RW, MAP_SHARED);
        let below = r.open("below", O_RDWR);
        let middle = r.map_over(map.part(PAGE, PAGE), below, 0, PROT_RW, MAP_SHARED);
        r.expect("it is there", middle.address() == map.address() + PAGE);
        r.look(map, PAGE - 2, 4);
        r.look(map, 2 * PAGE - 2, 4);
        r.store(map, PAGE - 3, "across");
        r.pread(above, 6, PAGE as i64 - 5);
        r.pread(below, 6, 0);
        let reader = r.open("reader", O_RDONLY);
        r.map_over(map.part(0, 2 * PAGE), reader, 0, PROT_READ, MAP_SHARED);
        r.look(map, 2 * PAGE - 2, 4);
        r.poke(map, 0, b'x');
        // A refused mapping leaves the old one.
        r.map_over(map.part(0, PAGE), reader, 0, PROT_RW, MAP_SHARED);
        r.peek(map, 0);
    })
    .upper_is(&["above", "below"])
}

/// Memory replaced by MAP_FIXED is always mapped, also for other threads.
pub fn map_fixed_at_once(b: &mut Builder) -> Steps {
    for number in 0..4 {
        b.file(&format!("f{number}"), vec![b'.'; 256 * PAGE]);
    }
    steps(|r| {
        use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
        static DONE: AtomicBool = AtomicBool::new(false);
        let first = r.open("f0", O_RDONLY);
        let map = r.map(first, 256 * PAGE, PROT_READ, MAP_PRIVATE);
        r.in_child(|r| {
            let reader = std::thread::spawn(move || {
                while !DONE.load(Relaxed) {
                    assert_eq!(map.byte(100), b'.');
                }
            });
            for number in 0..4 {
                let fd = r.open(&format!("f{number}"), O_RDWR);
                r.map_over(map, fd, 0, PROT_RW, MAP_SHARED);
            }
            DONE.store(true, Relaxed);
            r.expect("the other thread saw nothing else", reader.join().is_ok());
        });
    })
    .upper_is(&["f0", "f1", "f2", "f3"])
}

/// The permitted mappings of a file follow from how it was opened; a refused mapping copies nothing.
pub fn map_modes(b: &mut Builder) -> Steps {
    for name in ["reader", "writer", "both", "path"] {
        b.file(name, vec![b'.'; 5000]);
    }
    b.upper().file("upper", vec![b'.'; 5000]);
    steps(|r| {
        for (name, flags) in [
            ("reader", O_RDONLY),
            ("writer", O_WRONLY),
            ("path", O_RDONLY | O_PATH),
            ("upper", O_RDONLY),
            ("upper", O_WRONLY),
            ("upper", O_RDWR),
            ("both", O_RDWR),
        ] {
            let fd = r.open(name, flags);
            for protection in [PROT_NONE, PROT_READ, PROT_WRITE, PROT_RW, PROT_EXEC] {
                for flags in [MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE] {
                    r.map(fd, 5000, protection, flags);
                }
            }
            r.close(fd);
        }
    })
    .upper_is(&["upper", "both"])
}

/// Directories and FIFOs cannot be mapped; the mapping of a device is up to the device.
pub fn map_not_files(b: &mut Builder) -> Steps {
    b.dir("lower");
    b.lower(0).file("merged/a", "a");
    b.lower(1).file("merged/b", "b");
    b.anywhere();
    b.fifo("fifo");
    b.char_device("null", 1, 3).mode(0o666);
    b.char_device("zero", 1, 5).mode(0o666);
    b.upper().dir("upper");
    steps(|r| {
        for name in ["lower", "merged", "upper"] {
            let fd = r.open(name, O_RDONLY | O_DIRECTORY);
            r.map(fd, PAGE, PROT_READ, MAP_PRIVATE);
            r.map(fd, PAGE, PROT_READ, MAP_SHARED);
        }
        let fd = r.open("fifo", O_RDWR | libc::O_NONBLOCK);
        r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        let fd = r.open("null", O_RDWR);
        r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        let fd = r.open("zero", O_RDWR);
        let zero = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        r.store(zero, 9, "shared");
        let own = r.map(fd, PAGE, PROT_RW, MAP_PRIVATE);
        r.in_child(|r| {
            r.look(zero, 9, 6);
            r.look(own, 9, 6);
        });
    })
    .upper_is(&["upper"])
}

/// A mapping from the middle of a file shows, and changes, the middle.
pub fn map_offset(b: &mut Builder) -> Steps {
    let pages: Vec<u8> = (b'a'..=b'e').flat_map(|byte| vec![byte; PAGE]).collect();
    b.file("lower", &pages);
    b.file("copied", &pages);
    b.upper().file("upper", &pages);
    steps(|r| {
        r.chmod("copied", 0o600);
        for name in ["lower", "copied", "upper"] {
            let fd = r.open(name, O_RDWR);
            let own = r.map_at(fd, 3 * PAGE as i64, 2 * PAGE, PROT_RW, MAP_PRIVATE);
            r.look(own, PAGE - 2, 4);
            let map = r.map_at(fd, PAGE as i64, 2 * PAGE, PROT_RW, MAP_SHARED);
            r.look(map, PAGE - 2, 4);
            r.store(map, PAGE - 2, "over");
            r.pread(fd, 8, 2 * PAGE as i64 - 4);
            // From the last page on, beyond the end.
            let last = r.map_at(fd, 4 * PAGE as i64, 2 * PAGE, PROT_RW, MAP_SHARED);
            r.peek(last, 0);
            r.peek(last, PAGE);
            let outside = r.map_at(fd, 100 * PAGE as i64, PAGE, PROT_RW, MAP_SHARED);
            r.peek(outside, 0);
        }
    })
}

/// MAP_POPULATE and MAP_LOCKED bring a file into memory, whichever layer it comes from.
pub fn map_populate(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 4 * PAGE]);
    b.file("shared", vec![b'.'; 4 * PAGE]);
    b.upper().file("upper", vec![b'.'; 4 * PAGE]);
    steps(|r| {
        for (name, flags) in [
            ("lower", MAP_PRIVATE),
            ("shared", MAP_SHARED),
            ("upper", MAP_SHARED),
        ] {
            let fd = r.open(name, O_RDWR);
            for extra in [MAP_POPULATE, MAP_LOCKED] {
                let map = r.map(fd, 4 * PAGE, PROT_RW, flags | extra);
                let resident = map.resident().is_ok_and(|pages| !pages.contains(&false));
                r.expect("every page is in memory", resident);
                r.look(map, 3 * PAGE, 3);
            }
            let map = r.map(fd, 4 * PAGE, PROT_READ, flags);
            r.done("mlock", map.lock());
            // Beyond the end there are no pages; only mlock reports that.
            let map = r.map(fd, 6 * PAGE, PROT_RW, flags | MAP_POPULATE | MAP_LOCKED);
            r.done("mlock beyond the end", map.lock());
        }
    })
    .upper_is(&["upper", "shared"])
}

/// Caught signals do not interrupt mmap, however long it takes.
pub fn map_signals(b: &mut Builder) -> Steps {
    for number in 0..4 {
        b.file(&format!("f{number}"), vec![b'.'; 1 << 20]);
    }
    steps(|r| {
        let result = sys::alarm_every(std::time::Duration::from_millis(2));
        r.done("an alarm every 2 ms", result);
        for number in 0..4 {
            let fd = loop {
                // An open may be interrupted on any file system.
                match sys::open(format!("f{number}"), O_RDWR, 0) {
                    Err(Errno(libc::EINTR)) => {}
                    fd => break fd.unwrap_or(-1),
                }
            };
            let map = sys::Region::new(fd, 0, 1 << 20, PROT_RW, MAP_SHARED);
            let map = r.region("mmap", map);
            r.store(map, 1 << 19, "half-way");
        }
        r.await_until("alarms have come", || sys::alarms() > 4);
        r.done(
            "no more alarms",
            sys::alarm_every(std::time::Duration::ZERO),
        );
        r.cat("f0");
    })
    .upper_is(&["f0", "f1", "f2", "f3"])
}

/// MAP_SYNC needs persistent memory; with MAP_SHARED_VALIDATE it is refused without a copy.
pub fn map_sync_flag(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 5000]);
    b.upper().file("upper", vec![b'.'; 5000]);
    steps(|r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            r.map(fd, PAGE, PROT_RW, MAP_SHARED_VALIDATE | MAP_SYNC);
            r.map(fd, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC);
        }
        // MAP_SHARED alone leaves the answer to the file system.
        let fd = r.open("upper", O_RDWR);
        r.map(fd, PAGE, PROT_RW, MAP_SHARED | MAP_SYNC);
    })
    .upper_is(&["upper"])
}

/// Invalid requests for mappings are refused, and a lower file is not copied up for them.
pub fn map_wrong_arguments(b: &mut Builder) -> Steps {
    for number in 0..8 {
        b.file(&format!("f{number}"), vec![b'.'; 5000]);
    }
    steps(|r| {
        let huge = libc::MAP_HUGETLB | MAP_SHARED;
        // Unlike MAP_SHARED, this one checks every flag.
        let unknown = MAP_SHARED_VALIDATE | 1 << 25;
        for (number, (offset, length, flags)) in [
            (0, 0, MAP_SHARED),
            (100, PAGE, MAP_SHARED),
            (i64::MAX & -(PAGE as i64), 2 * PAGE, MAP_SHARED),
            (0, PAGE, 0),
            (0, PAGE, huge),
            (0, PAGE, unknown),
            (0, PAGE.wrapping_neg(), MAP_SHARED),
        ]
        .into_iter()
        .enumerate()
        {
            let fd = r.open(&format!("f{number}"), O_RDWR);
            r.map_at(fd, offset, length, PROT_RW, flags);
        }
        let fd = r.open("f7", O_RDWR);
        let taken = r.map(fd, PAGE, PROT_READ, MAP_PRIVATE);
        let (at, flags) = (taken.address(), MAP_SHARED | MAP_FIXED_NOREPLACE);
        let again = sys::Region::at(at, fd.raw(), 0, PAGE, PROT_RW, flags);
        r.region("a mapping where one is", again);
    })
    .upper_is(&[])
}

/// A mapping made before the first write shows what is written.
pub fn mmap_before_write(b: &mut Builder) -> Steps {
    b.file("f", vec![b'a'; 100]);
    steps(|r| {
        let fd = r.open("f", O_RDONLY);
        let map = r.mmap(fd, 100, PROT_READ, MAP_SHARED);
        r.mapped("mapping", &map);
        r.put("f", O_WRONLY, "changed");
        r.mapped("the old mapping", &map);
        r.pread(fd, 10, 0);
    })
    .allow(
        "the old mapping",
        "a mapping made before the copy-up still shows the lower file",
    )
}

/// Stores through a private mapping stay private, nothing is copied.
pub fn mmap_private_write(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 5000]);
    steps(|r| {
        let fd = r.open("f", O_RDONLY);
        r.mmap(fd, 5000, PROT_READ | PROT_WRITE, MAP_SHARED);
        let mut map = r.mmap(fd, 5000, PROT_READ | PROT_WRITE, MAP_PRIVATE);
        if let Some(map) = &mut map {
            map.store(10, b"private");
        }
        r.mapped("mapping", &map);
        r.pread(fd, 30, 0);
        r.close(fd);
    })
    .upper_is(&[])
}

/// A shared mapping for reading shows the file.
pub fn mmap_shared_read(b: &mut Builder) -> Steps {
    b.file("f", vec![b'a'; 100]);
    steps(|r| {
        let fd = r.open("f", O_RDONLY);
        let map = r.mmap(fd, 100, PROT_READ, MAP_SHARED);
        r.mapped("mapping", &map);
        drop(map);
        r.put("f", O_WRONLY, "changed");
        let map = r.mmap(fd, 100, PROT_READ, MAP_SHARED);
        r.mapped("mapping made after the write", &map);
        r.close(fd);
    })
}

/// Stores through a shared mapping reach the file.
pub fn mmap_shared_write(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 5000]);
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        let mut map = r.mmap(fd, 5000, PROT_READ | PROT_WRITE, MAP_SHARED);
        if let Some(map) = &mut map {
            map.store(4990, b"mapped");
            map.store(0, b"start");
            r.done("msync", map.sync());
        }
        r.pread(fd, 5, 0);
        r.pread(fd, 10, 4990);
        drop(map);
        r.close(fd);
        r.cat("f");
    })
    .in_upper("f")
}

/// Mappings of several descriptors and writes show one file.
pub fn mmap_writers(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 8192]);
    steps(|r| {
        let one = r.open("f", O_RDWR);
        let two = r.open("f", O_RDWR);
        r.pwrite(one, "first", 0);
        let mut map = r.mmap(two, 8192, PROT_READ | PROT_WRITE, MAP_SHARED);
        r.pwrite(one, "second", 5000);
        r.mapped("mapping", &map);
        if let Some(map) = &mut map {
            map.store(100, b"mapped");
        }
        r.pread(one, 6, 100);
        let other = r.mmap(one, 8192, PROT_READ, MAP_SHARED);
        r.mapped("another mapping", &other);
        r.ftruncate(one, 4096);
        r.fstat(two);
    })
}
