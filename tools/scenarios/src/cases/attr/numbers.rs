// SPDX-License-Identifier: GPL-2.0-only
//! Device and inode numbers, and counts of links.

use crate::prelude::*;

/// d_ino is st_ino after copied-up files moved.
pub fn copied_up_numbers(b: &mut Builder) -> Steps {
    b.file("a/f", "text");
    b.dir("b");
    steps(|r| {
        let check = |r: &mut Run, dir: &str| {
            let fd = sys::open(dir, O_RDONLY | O_DIRECTORY, 0).expect("open");
            let mut wrong = 0;
            for entry in sys::getdents(fd, 32768).unwrap_or_default() {
                let name = String::from_utf8_lossy(&entry.name).into_owned();
                if name != ".." && r.identity(&format!("{dir}/{name}")).1 != entry.ino {
                    wrong += 1;
                }
            }
            let _ = sys::close(fd);
            r.note(format_args!("{wrong} wrong numbers in {dir}"));
        };
        r.chmod("a/f", 0o600);
        check(r, "a");
        r.rename("a/f", "b/g");
        check(r, "b");
        r.link("b/g", "a/h");
        check(r, "a");
        r.mkdir("c");
        r.rename("b/g", "c/i");
        check(r, "c");
        check(r, "b");
    })
}

/// The link count of a directory is right, or 1 for unknown.
pub fn dir_link_counts(b: &mut Builder) -> Steps {
    b.dir("lower/one");
    b.dir("lower/two");
    b.dir("gone/one");
    b.lower(1).dir("merged/below");
    b.lower(0).dir("merged/above");
    steps(|r| {
        let check = |r: &mut Run, dir: &str| {
            let subdirs = r
                .names(dir)
                .iter()
                .filter(|name| {
                    sys::stat(format!("{dir}/{name}"), libc::AT_SYMLINK_NOFOLLOW)
                        .is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFDIR)
                })
                .count() as u64;
            let links = sys::stat(dir, 0).map_or(0, |stat| sys::links(&stat));
            // With a wrong 2, find(1) and others would skip the subdirectories.
            r.expect(
                format!("link count of {dir}"),
                links == 1 || links == 2 + subdirs,
            );
        };
        for dir in [".", "lower", "gone", "merged"] {
            check(r, dir);
        }
        r.mkdir("new");
        r.mkdir("new/a");
        r.mkdir("new/b");
        check(r, "new");
        r.rename("new/a", "new/b/a");
        check(r, "new");
        check(r, "new/b");
        r.rmdir("new/b/a");
        check(r, "new/b");
        r.mkdir("lower/three");
        check(r, "lower");
        r.rmdir("lower/one");
        check(r, "lower");
        r.rmdir("gone/one");
        check(r, "gone");
        r.chmod("merged", 0o700);
        r.mkdir("merged/upper");
        check(r, "merged");
        r.rename("new", "merged/new");
        check(r, "merged");
        check(r, ".");
    })
}

/// Different files have different numbers.
pub fn identity_distinct(b: &mut Builder) -> Steps {
    b.lower(1).file("a", "a");
    b.file("b", "b");
    b.dir("c");
    b.lower(0).file("d", "d");
    b.dir("e");
    b.upper().file("f", "f");
    steps(|r| {
        r.put("g", O_WRONLY | O_CREAT, "g");
        let mut seen = Vec::new();
        for name in ["a", "b", "c", "d", "e", "f", "g", "."] {
            seen.push(r.identity(name));
        }
        let device = seen[0].0;
        r.expect(
            "all on one device",
            seen.iter().all(|(dev, _)| *dev == device),
        );
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        r.expect("all different", seen.len() == count);
    })
}

/// A file keeps its numbers over copy-up and rename.
pub fn identity_kept(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.dir("d");
    b.file("d/g", "text");
    steps(|r| {
        let file = r.identity("f");
        let dir = r.identity("d");
        let fd = r.open("f", O_RDWR);
        r.write(fd, "T");
        let now = r.identity("f");
        r.expect("the file has the same number after copy-up", file == now);
        let now = r.fd_identity(fd);
        r.expect("its descriptor says the same", file == now);
        r.rename("f", "moved");
        let now = r.identity("moved");
        r.expect("and after a rename", file == now);
        r.chmod("d", 0o700);
        let now = r.identity("d");
        r.expect("the directory has the same number", dir == now);
        r.expect("files and directories are on one device", file.0 == dir.0);
    })
}

/// The link count goes down to zero and up again, as far as descriptors can show it.
pub fn stat_deleted(b: &mut Builder) -> Steps {
    b.file("copied", "text");
    b.upper().file("upper", "text");
    b.fifo("fifo");
    b.dir("dir");
    steps(|r| {
        r.chmod("copied", 0o600);
        for name in ["copied", "upper", "fifo"] {
            let fd = r.open(name, O_PATH);
            r.link(name, "second");
            r.fstat(fd);
            r.unlink(name);
            r.fstat(fd);
            r.rename("second", name);
            r.fstat(fd);
            r.put("over", O_WRONLY | O_CREAT, "x");
            r.rename("over", name);
            r.fstat(fd);
            let proc = format!("/proc/self/fd/{}", fd.raw());
            r.done(
                "a link to what is gone",
                sys::link(proc, "back", AT_SYMLINK_FOLLOW),
            );
        }
        let fd = r.open("dir", O_RDONLY | O_DIRECTORY);
        r.rmdir("dir");
        let links = sys::fstat(fd.raw()).map(|stat| stat.st_nlink);
        r.call("link count of a removed directory", links);
        let fd = r.open_mode(".", O_RDWR | O_TMPFILE, 0o600);
        r.fstat(fd);
        r.link_fd(fd, "named");
        r.fstat(fd);
    })
}

/// A listing has the numbers and types that stat tells, its own and its parent's included.
pub fn stat_directory_numbers(b: &mut Builder) -> Steps {
    every_kind(b, "low");
    every_kind(b, "deep/er/est");
    b.lower(1).dir("merged");
    b.file("merged/below", "x");
    b.dir("merged/both");
    b.lower(0).file("merged/above", "x");
    b.dir("merged/both");
    b.upper().file("merged/upper", "x");
    b.whiteout("low/fifo");
    b.opaque("opaque");
    b.file("opaque/f", "x");
    steps(|r| {
        fn check(r: &mut Run, dir: &str) {
            let fd = sys::open(dir, O_RDONLY | O_DIRECTORY, 0).expect("open");
            let mut wrong = Vec::new();
            let mut count = 0;
            while let Ok(entries) = sys::getdents(fd, 512) {
                if entries.is_empty() {
                    break;
                }
                for entry in entries {
                    let name = String::from_utf8_lossy(&entry.name).into_owned();
                    let path = format!("{dir}/{name}");
                    let stat = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW).expect("it is listed");
                    // The parent of the root is not part of the tree.
                    let outside = dir == "." && name == "..";
                    let same = stat.st_ino == entry.ino || outside;
                    if !same || (stat.st_mode >> 12) as u8 != entry.kind {
                        wrong.push(name);
                    }
                    count += 1;
                }
            }
            sys::close(fd).expect("close");
            r.note(format_args!("{dir}: {count} names, wrong {wrong:?}"));
        }
        let dirs = [
            ".",
            "low",
            "low/dir",
            "deep/er",
            "deep/er/est",
            "merged",
            "merged/both",
            "opaque",
        ];
        let changes: [fn(&mut Run); 4] = [
            |_| {},
            |r| {
                for path in [
                    "low/file",
                    "low/symlink",
                    "deep/er/est/fifo",
                    "merged/below",
                ] {
                    r.chown(path, 1, 1);
                }
            },
            |r| {
                r.rename("low/file", "merged/moved");
                r.rename("merged/above", "opaque/moved");
                r.link("merged/upper", "deep/er/linked");
                r.mkdir("merged/both/new");
                r.unlink("low/char");
            },
            |r| {
                r.chmod("deep/er", 0o700);
                r.rmdir("low/dir");
                r.mkdir("low/dir");
                r.put("low/char", O_WRONLY | O_CREAT, "x");
            },
        ];
        for change in changes {
            change(r);
            for dir in dirs {
                check(r, dir);
            }
        }
    })
}

/// Maps, locks and descriptor information name a file by the numbers that stat tells.
pub fn stat_numbers_elsewhere(b: &mut Builder) -> Steps {
    b.file("low", "text");
    b.upper().file("upper", "text");
    steps(|r| {
        for name in ["low", "upper"] {
            for round in ["before", "after"] {
                let stat = sys::stat(name, 0).expect("it is there");
                let fd = r.open(name, O_RDWR);
                let map = r.mmap(fd, 4, PROT_READ, MAP_SHARED);
                let maps = std::fs::read_to_string("/proc/self/maps").expect("/proc is mounted");
                let number = stat.st_ino.to_string();
                let (major, minor) = (libc::major(stat.st_dev), libc::minor(stat.st_dev));
                let device = format!("{major:02x}:{minor:02x}");
                let line = maps
                    .lines()
                    .find(|line| line.ends_with(&format!("/{name}")));
                let fields: Vec<_> = line.unwrap_or_default().split_whitespace().collect();
                r.expect(
                    format_args!("the mapping of {name}, {round}"),
                    fields.len() > 5 && fields[3] == device && fields[4] == number,
                );
                r.mapped("it", &map);
                let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.raw()));
                r.expect(
                    format_args!("the descriptor of {name}, {round}"),
                    info.expect("/proc is mounted")
                        .lines()
                        .any(|line| line == format!("ino:\t{number}")),
                );
                r.done("flock", sys::flock(fd.raw(), LOCK_EX));
                let locks = std::fs::read_to_string("/proc/locks").expect("/proc is mounted");
                let file = format!("{device}:{number}");
                r.expect(
                    format_args!("the lock of {name}, {round}"),
                    locks
                        .lines()
                        .any(|line| line.split_whitespace().any(|word| word == file)),
                );
                drop(map);
                r.close(fd);
                r.chmod(name, 0o600);
            }
        }
    })
    .not_on(&["chroot"], shape::NO_PROC)
    .not_on(
        &["upper:btrfs"],
        "btrfs itself shows another device number there",
    )
}

/// Objects of every type keep their numbers over copy-up, forgetting, rename and link.
pub fn stat_numbers_kept(b: &mut Builder) -> Steps {
    every_kind(b, "low");
    b.upper();
    every_kind(b, "upper");
    b.dir("to");
    steps(|r| {
        let forget = || {
            let fd = sys::open("/proc/sys/vm/drop_caches", O_WRONLY, 0).expect("root may");
            sys::write(fd, b"2", None).expect("a number it takes");
            sys::close(fd).expect("close");
        };
        for path in KINDS
            .iter()
            .flat_map(|k| [format!("low/{k}"), format!("upper/{k}")])
        {
            let kept = r.identity(&path);
            r.chown(&path, 1, 1);
            let copied = r.identity(&path);
            r.expect(
                format_args!("{path} has its numbers after chown"),
                kept == copied,
            );
            let held = r.open(&path, O_PATH | O_NOFOLLOW);
            forget();
            let seen = (r.identity(&path), r.fd_identity(held));
            r.expect("when found again", seen == (kept, kept));
            r.close(held);
            forget();
            let again = r.identity(&path);
            r.expect("when nobody held it", again == kept);
            if path.ends_with("dir") {
                continue;
            }
            r.rename(&path, "to/moved");
            forget();
            r.link("to/moved", "to/linked");
            let seen = (r.identity("to/moved"), r.identity("to/linked"));
            r.expect("under its new names", seen == (kept, kept));
            r.unlink("to/moved");
            forget();
            let last = r.identity("to/linked");
            r.expect("under the last of them", last == kept);
            r.unlink("to/linked");
        }
    })
    .not_on(shape::ROTATE, shape::NUMBERS_IN_TOP)
    .not_on(&["chroot"], shape::NO_PROC)
}
