// SPDX-License-Identifier: GPL-2.0-only
//! Calls on an existing mapping.

use crate::prelude::*;

/// Advice on memory is accepted for files of every layer; MADV_DONTNEED shows the file again.
pub fn map_advice(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 4 * PAGE]);
    b.file("reader", vec![b'.'; 4 * PAGE]);
    b.upper().file("upper", vec![b'.'; 4 * PAGE]);
    steps(|r| {
        for (name, open, protection, flags) in [
            ("reader", O_RDONLY, PROT_READ, MAP_SHARED),
            ("reader", O_RDONLY, PROT_RW, MAP_PRIVATE),
            ("lower", O_RDWR, PROT_RW, MAP_SHARED),
            ("upper", O_RDWR, PROT_RW, MAP_SHARED),
        ] {
            let fd = r.open(name, open);
            let map = r.map(fd, 4 * PAGE, protection, flags);
            for advice in [
                libc::MADV_SEQUENTIAL,
                libc::MADV_RANDOM,
                libc::MADV_NORMAL,
                libc::MADV_WILLNEED,
                libc::MADV_POPULATE_READ,
                libc::MADV_POPULATE_WRITE,
                libc::MADV_COLD,
                libc::MADV_FREE,
                libc::MADV_DONTFORK,
                libc::MADV_HUGEPAGE,
                libc::MADV_NOHUGEPAGE,
                1000,
            ] {
                r.done(format_args!("madvise({advice})"), map.advise(advice));
            }
            if protection == PROT_RW {
                r.store(map, 10, "stored");
            }
            r.look(map, 10, 6);
            r.done("MADV_DONTNEED", map.advise(libc::MADV_DONTNEED));
            r.look(map, 10, 6);
            r.pread(fd, 6, 10);
        }
    })
    .upper_is(&["lower", "upper"])
}

/// read and write, through the page cache or directly, and a shared mapping always show the same bytes.
pub fn map_coherence(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 4 * PAGE]);
    b.upper().file("upper", vec![b'.'; 4 * PAGE]);
    steps(|r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            let map = r.map(fd, 4 * PAGE, PROT_RW, MAP_SHARED);
            let page = PAGE as i64;
            r.store(map, PAGE - 2, "store");
            r.pread(fd, 7, page - 3);
            r.pwrite(fd, "write", 2 * page - 2);
            r.look(map, 2 * PAGE - 3, 7);
            r.put(name, O_WRONLY | O_APPEND, "appended");
            r.truncate(name, 4 * page);
            let direct = r.open(name, O_RDWR | O_DIRECT);
            r.store(map, 2 * PAGE, "before direct");
            r.read_aligned(direct, PAGE, 2 * page);
            r.write_aligned(direct, &[b'd'; PAGE], 3 * page);
            r.look(map, 3 * PAGE - 2, 4);
            r.store(map, 3 * PAGE + 5, "store");
            r.read_aligned(direct, PAGE, 3 * page);
            let other = r.open(name, O_RDONLY);
            let read = r.map(other, 4 * PAGE, PROT_READ, MAP_PRIVATE);
            r.look(read, 0, 4 * PAGE);
        }
    })
}

/// A mapping outlives descriptor and name: stores follow a renamed file and vanish with an unlinked one.
pub fn map_kept(b: &mut Builder) -> Steps {
    for name in ["d/renamed", "d/unlinked", "d/replaced", "d/private"] {
        b.file(name, vec![b'.'; PAGE]);
    }
    b.file("d/over", "over");
    b.upper().file("d/upper", vec![b'.'; PAGE]);
    steps(|r| {
        let map = |r: &mut Run, name: &str, flags: i32| {
            let fd = r.open(name, O_RDWR);
            let map = r.map(fd, PAGE, PROT_RW, flags);
            r.close(fd);
            map
        };
        for name in ["d/renamed", "d/upper"] {
            let region = map(r, name, MAP_SHARED);
            r.rename(name, &format!("{name}2"));
            r.store(region, 0, "moved");
            r.done("msync", region.sync(MS_SYNC));
            r.cat(&format!("{name}2"));
        }
        let region = map(r, "d/unlinked", MAP_SHARED);
        r.unlink("d/unlinked");
        r.store(region, 0, "lost");
        r.look(region, 0, 6);
        r.done("msync", region.sync(MS_SYNC));
        r.put("d/unlinked", O_WRONLY | O_CREAT, "another");
        r.look(region, 0, 8);
        let region = map(r, "d/replaced", MAP_SHARED);
        r.rename("d/over", "d/replaced");
        r.store(region, 0, "lost");
        r.cat("d/replaced");
        let region = map(r, "d/private", MAP_PRIVATE);
        r.store(region, 0, "own");
        r.unlink("d/private");
        r.look(region, 0, 6);
    })
    .whiteout("d/private")
    .whiteout("d/over")
    .whiteout("d/renamed")
    .absent("d/upper")
}

/// msync in all its modes, and the calls that it refuses.
pub fn map_msync(b: &mut Builder) -> Steps {
    b.file("reader", vec![b'.'; 2 * PAGE]);
    b.file("lower", vec![b'.'; 2 * PAGE]);
    b.upper().file("upper", vec![b'.'; 2 * PAGE]);
    steps(|r| {
        let modes = [
            0,
            MS_ASYNC,
            MS_SYNC,
            MS_INVALIDATE,
            MS_SYNC | MS_INVALIDATE,
            MS_SYNC | MS_ASYNC,
            1 << 20,
        ];
        for (name, open) in [("reader", O_RDONLY), ("lower", O_RDWR), ("upper", O_RDWR)] {
            let fd = r.open(name, open);
            let protection = if open == O_RDWR { PROT_RW } else { PROT_READ };
            let map = r.map(fd, 2 * PAGE, protection, MAP_SHARED);
            for mode in modes {
                if open == O_RDWR {
                    r.store(map, PAGE + mode as usize % 1000, "stored");
                }
                r.done(format_args!("msync({mode})"), map.sync(mode));
            }
            r.done("msync between pages", map.part(1, 10).sync(MS_SYNC));
            r.done("unmapping", map.part(PAGE, PAGE).unmap());
            r.done("msync with a hole", map.sync(MS_SYNC));
            r.done("mlock", map.part(0, PAGE).lock());
            r.done(
                "msync of locked memory",
                map.part(0, PAGE).sync(MS_INVALIDATE),
            );
        }
    })
    .upper_is(&["lower", "upper"])
}

/// mprotect allows later what mmap would have allowed: stores into a mapping once made for reading.
pub fn map_protect(b: &mut Builder) -> Steps {
    for name in ["reader", "private", "both"] {
        b.file(name, vec![b'.'; 2 * PAGE]);
    }
    steps(|r| {
        let fd = r.open("reader", O_RDONLY);
        let map = r.map(fd, 2 * PAGE, PROT_READ, MAP_SHARED);
        r.done("mprotect of a reader's", map.protect(PROT_RW));
        r.poke(map, 0, b'x');
        r.done("mprotect to nothing", map.protect(PROT_NONE));
        r.peek(map, 0);
        r.done("mprotect back", map.protect(PROT_READ));
        r.peek(map, 0);

        let fd = r.open("private", O_RDONLY);
        let map = r.map(fd, 2 * PAGE, PROT_READ, MAP_PRIVATE);
        r.done("mprotect of a private one", map.protect(PROT_RW));
        r.store(map, 0, "private");
        r.pread(fd, 7, 0);

        let fd = r.open("both", O_RDWR);
        let map = r.map(fd, 2 * PAGE, PROT_READ, MAP_SHARED);
        r.close(fd);
        r.poke(map, 0, b'x');
        let second = map.part(PAGE, PAGE);
        r.done("mprotect of the second page", second.protect(PROT_RW));
        r.poke(map, 0, b'x');
        r.store(second, 0, "stored");
        r.cat("both");
    })
    .upper_is(&["both"])
}

/// mremap grows, shrinks, moves and duplicates mappings, which still show the same file.
pub fn map_remap(b: &mut Builder) -> Steps {
    let pages: Vec<u8> = (b'a'..=b'd').flat_map(|byte| vec![byte; PAGE]).collect();
    b.file("lower", &pages);
    b.file("read", &pages);
    b.upper().file("upper", &pages);
    steps(|r| {
        for (name, open, flags) in [
            ("read", O_RDONLY, MAP_SHARED),
            ("read", O_RDONLY, MAP_PRIVATE),
            ("lower", O_RDWR, MAP_SHARED),
            ("upper", O_RDWR, MAP_SHARED),
        ] {
            let fd = r.open(name, open);
            let map = r.map(fd, PAGE, PROT_READ, flags);
            let grown = r.region("grow", map.remap(PAGE, 4 * PAGE, MREMAP_MAYMOVE));
            r.look(grown, 3 * PAGE, 2);
            let small = r.region("shrink", grown.remap(4 * PAGE, 2 * PAGE, 0));
            r.peek(small, 2 * PAGE - 1);
            let second = r.region("double", small.remap(0, 2 * PAGE, MREMAP_MAYMOVE));
            if open == O_RDWR {
                r.done("mprotect", second.protect(PROT_RW));
                r.store(second, PAGE, "by the second");
                r.look(small, PAGE, 15);
                r.pread(fd, 15, PAGE as i64);
            }
            let wrong = small.part(PAGE, 2 * PAGE);
            r.region("more than is mapped", wrong.remap(2 * PAGE, 3 * PAGE, 0));
        }
    })
    .upper_is(&["lower", "upper"])
}

/// remap_file_pages exchanges pages of a shared mapping.
pub fn map_remap_pages(b: &mut Builder) -> Steps {
    let pages: Vec<u8> = (b'a'..=b'd').flat_map(|byte| vec![byte; PAGE]).collect();
    b.file("reader", &pages);
    b.file("lower", &pages);
    b.upper().file("upper", &pages);
    steps(|r| {
        for (name, open, flags) in [
            ("reader", O_RDONLY, MAP_PRIVATE),
            ("reader", O_RDONLY, MAP_SHARED),
            ("lower", O_RDWR, MAP_SHARED),
            ("upper", O_RDWR, MAP_SHARED),
        ] {
            let fd = r.open(name, open);
            let protection = if open == O_RDWR { PROT_RW } else { PROT_READ };
            let map = r.map(fd, 4 * PAGE, protection, flags);
            r.done(
                "first from the fourth",
                map.part(0, PAGE).remap_pages(3 * PAGE),
            );
            r.done(
                "fourth from the first",
                map.part(3 * PAGE, PAGE).remap_pages(0),
            );
            for page in 0..4 {
                r.peek(map, page * PAGE);
            }
            if open == O_RDWR {
                r.store(map, 0, "into the fourth");
                r.pread(fd, 16, 3 * PAGE as i64);
            }
        }
    })
    .upper_is(&["lower", "upper"])
}

/// MADV_REMOVE punches a hole into a file that is mapped shared and writable, and into no other.
pub fn map_remove_pages(b: &mut Builder) -> Steps {
    for name in ["reader", "private", "lower"] {
        b.file(name, vec![b'.'; 3 * PAGE]);
    }
    b.upper().file("upper", vec![b'.'; 3 * PAGE]);
    steps(|r| {
        for (name, open, protection, flags) in [
            ("reader", O_RDONLY, PROT_READ, MAP_SHARED),
            ("private", O_RDWR, PROT_RW, MAP_PRIVATE),
            ("lower", O_RDWR, PROT_RW, MAP_SHARED),
            ("upper", O_RDWR, PROT_RW, MAP_SHARED),
        ] {
            let fd = r.open(name, open);
            let map = r.map(fd, 3 * PAGE, protection, flags);
            let middle = map.part(PAGE, PAGE);
            r.done("MADV_REMOVE", middle.advise(libc::MADV_REMOVE));
            r.look(map, PAGE - 2, 4);
            r.pread(fd, 4, 2 * PAGE as i64 - 2);
            r.fstat(fd);
        }
    })
    .upper_is(&["lower", "upper"])
}

/// Mapping changes no time, not even of a file that it copies up. Storing changes the times that it changes on a plain
/// file system.
pub fn map_times(b: &mut Builder) -> Steps {
    b.file("d/looked", vec![b'.'; PAGE]);
    b.file("d/stored", vec![b'.'; PAGE]);
    b.upper().file("upper", vec![b'.'; PAGE]);
    steps(|r| {
        let fd = r.open("d/looked", O_RDWR);
        let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        r.peek(map, 0);
        r.done("msync", map.sync(MS_SYNC));
        r.fstat(fd);
        r.stat("d");
        for name in ["d/stored", "upper"] {
            let fd = r.open(name, O_RDWR);
            let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
            // The first access is the store, so that every file system notices it.
            r.store(map, 0, "stored");
            r.done("msync", map.sync(MS_SYNC));
            r.fstat(fd);
            r.utimens(name, OLD);
            r.stat(name);
        }
    })
    .in_upper("d/looked")
}

/// Truncated bytes are gone from every mapping, private pages included, and come back as zeros.
pub fn map_truncated(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 3 * PAGE]);
    b.upper().file("upper", vec![b'.'; 3 * PAGE]);
    steps(|r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            let shared = r.map(fd, 3 * PAGE, PROT_RW, MAP_SHARED);
            // The file is in the upper layer now, so the mapping shows the same one.
            let own = r.map(fd, 3 * PAGE, PROT_RW, MAP_PRIVATE);
            r.store(shared, 2 * PAGE, "shared");
            r.store(own, PAGE, "own");
            r.store(own, 10, "kept");
            r.truncate(name, 100);
            for map in [shared, own] {
                r.peek(map, 10);
                r.peek(map, 99);
                r.peek(map, 100);
                r.peek(map, PAGE);
                r.poke(map, 2 * PAGE, b'x');
            }
            r.truncate(name, 3 * PAGE as i64);
            for map in [shared, own] {
                r.look(map, 96, 8);
                r.look(map, PAGE, 3);
                r.look(map, 2 * PAGE, 6);
            }
        }
    })
}

/// A lower file without a name any more can be mapped shared and written.
pub fn map_unlinked(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 2 * PAGE]).mode(0o640).owner(3, 4);
    steps(|r| {
        let fd = r.open("f", O_RDWR);
        r.unlink("f");
        let map = r.map(fd, 2 * PAGE, PROT_RW, MAP_SHARED);
        r.store(map, PAGE, "nameless");
        r.pread(fd, 10, PAGE as i64);
        r.fstat(fd);
        let again = r.map(fd, 2 * PAGE, PROT_READ, MAP_SHARED);
        r.look(again, PAGE, 10);
    })
    .upper_is(&["f"])
}

/// A mapping with its middle unmapped is two mappings of the file.
pub fn map_unmap_part(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; 3 * PAGE]);
    b.upper().file("upper", vec![b'.'; 3 * PAGE]);
    steps(|r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            let map = r.map(fd, 3 * PAGE, PROT_RW, MAP_SHARED);
            r.close(fd);
            r.store(map, PAGE, "before");
            r.done("unmapping", map.part(PAGE, PAGE).unmap());
            r.peek(map, PAGE);
            r.store(map, PAGE - 3, "end");
            r.store(map, 2 * PAGE, "begin");
            r.done("unmapping the first", map.part(0, PAGE).unmap());
            r.peek(map, 0);
            r.store(map, 3 * PAGE - 4, "last");
            r.done("unmapping nothing", map.part(0, PAGE).unmap());
            r.done("unmapping at an odd place", map.part(1, PAGE).unmap());
            r.cat(name);
        }
    })
}
