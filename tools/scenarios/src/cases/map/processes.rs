// SPDX-License-Identifier: GPL-2.0-only
//! Mappings and processes.

use crate::prelude::*;

/// The mappings of another process are read through its memory, and written where it could write itself.
pub fn map_by_others(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; PAGE]);
    b.file("reader", vec![b'.'; PAGE]);
    b.file("private", vec![b'.'; PAGE]);
    steps(|r| {
        let mut maps = Vec::new();
        for (name, open, protection, flags) in [
            ("reader", O_RDONLY, PROT_READ, MAP_SHARED),
            ("private", O_RDONLY, PROT_READ, MAP_PRIVATE),
            ("lower", O_RDWR, PROT_RW, MAP_SHARED),
        ] {
            let fd = r.open(name, open);
            maps.push((name, r.map(fd, PAGE, protection, flags)));
        }
        r.with_peer(
            |_, turns| turns.pass(),
            |r, turns, pid| {
                turns.pass();
                let memory = r.open("/proc/self/mem", O_RDWR);
                for (name, map) in &maps {
                    let at = map.address();
                    let text = sys::process_write(pid, at, b"by another");
                    r.call(format_args!("process_vm_writev to {name}"), text);
                    let text = sys::process_read(pid, at, 10);
                    let text = text.map(|text| text.escape_ascii().to_string());
                    r.call(format_args!("process_vm_readv of {name}"), text);
                    // This ignores the protection of a private page, but not of a shared one.
                    r.pwrite(memory, "forced", at as i64);
                    r.look(*map, 0, 10);
                }
                turns.give();
            },
        );
        for name in ["reader", "private", "lower"] {
            r.cat(name);
        }
    })
    .upper_is(&["lower"])
}

/// A user who may write a file may map it shared: its copy belongs to the old owner, and
/// directories are as before.
pub fn map_by_user(b: &mut Builder) -> Steps {
    b.dir("d").mode(0o555).owner(5, 6);
    b.file("d/f", vec![b'.'; PAGE])
        .mode(0o606)
        .owner(7, 8)
        .xattr("user.a", b"1");
    b.file("d/set", vec![b'.'; PAGE]).mode(0o4707).owner(7, 8);
    b.file("d/g", vec![b'.'; PAGE]).mode(0o604).owner(7, 8);
    steps(|r| {
        r.as_user(1000, 1000, |r| {
            for name in ["d/f", "d/set", "d/g"] {
                let fd = r.open(name, O_RDWR);
                let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
                if map.length() > 0 {
                    r.store(map, 0, "by a user");
                }
                r.fstat(fd);
            }
        });
        r.stat("d");
        r.cat("d/f");
    })
    .in_upper("d/f")
    .absent("d/g")
}

/// A child shares the shared mappings of its parent and has private ones of its own.
pub fn map_inherited(b: &mut Builder) -> Steps {
    b.file("lower", vec![b'.'; PAGE]);
    b.upper().file("upper", vec![b'.'; PAGE]);
    steps(|r| {
        for name in ["lower", "upper"] {
            let fd = r.open(name, O_RDWR);
            let shared = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
            let own = r.map(fd, PAGE, PROT_RW, MAP_PRIVATE);
            r.store(own, 0, "parent");
            r.with_peer(
                |r, turns| {
                    r.look(own, 0, 6);
                    r.store(own, 0, "child");
                    r.store(shared, 0, "child");
                    turns.pass();
                    r.look(shared, 0, 12);
                },
                |r, turns, _| {
                    turns.pass();
                    r.look(own, 0, 6);
                    r.look(shared, 0, 12);
                    r.store(shared, 6, "parent");
                    turns.pass();
                },
            );
            r.pread(fd, 12, 0);
        }
    })
}

/// A mapped file is still open: its lock, its writer and its last close wait for the mapping.
pub fn map_not_open(b: &mut Builder) -> Steps {
    const WHY: &str =
        "a mapping is of the file in the layer: it does not keep the union's own file open";
    b.file("lock", vec![b'.'; PAGE]);
    b.file("prog", elf::exits_with(42)).mode(0o755);
    b.file("watched", vec![b'.'; PAGE]);
    steps(|r| {
        let fd = r.open("lock", O_RDWR);
        r.flock(fd, LOCK_EX | LOCK_NB);
        let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        r.close(fd);
        let other = sys::open("lock", O_RDWR, 0).unwrap_or(-1);
        let result = sys::flock(other, LOCK_EX | LOCK_NB);
        r.done("lock while the file is mapped", result);
        r.done("munmap", map.unmap());
        r.done("lock", sys::flock(other, LOCK_EX | LOCK_NB));

        let fd = r.open("prog", O_RDWR);
        let map = r.map(fd, 100, PROT_READ, MAP_SHARED);
        r.close(fd);
        r.exec("././prog", &[]);
        r.done("munmap", map.unmap());
        r.exec("./prog", &[]);

        let watch = sys::inotify("watched", libc::IN_CLOSE).expect("inotify");
        let fd = r.open("watched", O_RDWR);
        let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        r.close(fd);
        let early = sys::inotify_read(watch).len();
        r.note(format_args!("events while the file is mapped: {early}"));
        r.done("munmap", map.unmap());
        let all = early + sys::inotify_read(watch).len();
        r.note(format_args!("events: {all}"));
    })
    .allow("lock while the file is mapped", WHY)
    .allow("exec(\"././prog\")", WHY)
    .allow("events while the file is mapped", WHY)
}

/// Processes that map one lower file at once map the same copy.
pub fn map_race(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 8 * PAGE]);
    steps(|r| {
        r.parallel(8, |number| {
            let fd = sys::open("f", O_RDWR, 0).expect("open");
            let map = sys::Region::new(fd, 0, 8 * PAGE, PROT_RW, MAP_SHARED).expect("mmap");
            map.store(number * PAGE + number, &[b'0' + number as u8; 10]);
            for other in 0..8 {
                while map.byte(other * PAGE + other) == b'.' {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            }
        });
        r.cat("f");
    })
    .upper_is(&["f"])
}

/// /proc/PID/maps shows path, device and inode of the file as stat shows them, before and after copy-up.
pub fn map_shown_in_proc(b: &mut Builder) -> Steps {
    b.file("d/lower", vec![b'.'; PAGE]);
    b.file("d/changed", vec![b'.'; PAGE]);
    b.file("d/copied", vec![b'.'; PAGE]);
    b.upper().file("upper", vec![b'.'; PAGE]);
    steps(|r| {
        r.chmod("d/copied", 0o600);
        for name in ["d/lower", "d/changed", "d/copied", "upper"] {
            let fd = r.open(name, O_RDONLY);
            let map = r.map(fd, PAGE, PROT_READ, MAP_PRIVATE);
            r.close(fd);
            shown(r, "mapped", map, name);
            if name == "d/changed" {
                r.chmod(name, 0o600);
                shown(r, "after copy-up", map, name);
            }
            r.rename(name, "d/renamed");
            shown(r, "renamed", map, "d/renamed");
            r.unlink("d/renamed");
            shown(r, "unlinked", map, "");
        }
        let fd = r.open("new", O_RDWR | O_CREAT);
        r.write(fd, "new");
        let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
        shown(r, "a new file, shared", map, "new");
    })
    .not_on(
        &["upper:btrfs"],
        "btrfs itself shows another device number there",
    )
}

fn shown(r: &mut Run, what: &str, map: sys::Region, path: &str) {
    let start = format!("{:x}-", map.address());
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let line = maps.lines().find(|line| line.starts_with(&start));
    let mut words = line.unwrap_or_default().split_whitespace().skip(3);
    let (device, inode) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let name = words.collect::<Vec<_>>().join(" ");
    let root = std::env::current_dir().unwrap_or_default();
    let name = name.strip_prefix(&*root.to_string_lossy()).unwrap_or("?");
    r.note(format_args!("{what}: {name}"));
    if !path.is_empty() {
        let (dev, ino) = r.identity(path);
        let dev = format!("{:02x}:{:02x}", libc::major(dev), libc::minor(dev));
        r.expect("device", device == dev);
        r.expect("inode", inode == ino.to_string());
    }
}

/// Processes that open a file separately share memory through it, and wait for each other there.
pub fn map_two_processes(b: &mut Builder) -> Steps {
    b.file("lower", vec![0; PAGE]);
    b.upper().file("upper", vec![0; PAGE]);
    steps(|r| {
        for name in ["lower", "upper"] {
            let before = r.open(name, O_RDWR);
            r.with_peer(
                |r, turns| {
                    let fd = r.open(name, O_RDWR);
                    let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
                    turns.pass();
                    r.look(map, 100, 6);
                    r.store(map, 200, "peer");
                    turns.give();
                    // Waits while the number is 0; a timeout would be reported as an error.
                    let result = match map.wait(0, 0) {
                        Err(Errno(libc::EAGAIN)) => Ok(()),
                        result => result,
                    };
                    r.done("woken by the other", result);
                },
                |r, turns, _| {
                    turns.pass();
                    let map = r.map(before, PAGE, PROT_RW, MAP_SHARED);
                    r.store(map, 100, "parent");
                    turns.pass();
                    r.look(map, 200, 4);
                    std::thread::sleep(std::time::Duration::from_millis(50));
                    map.store(0, &1u32.to_ne_bytes());
                    let _ = map.wake(0);
                    turns.take();
                },
            );
        }
    })
    .in_upper("lower")
}
