// SPDX-License-Identifier: GPL-2.0-only
//! Positions in a directory, and directories that change while they are read.

use crate::prelude::*;

/// A buffer too small for the next entry is refused and loses nothing; one of exactly its size takes it.
pub fn dir_buffer_small(b: &mut Builder) -> Steps {
    for number in 0..6 {
        let name = format!("{}{number}", "n".repeat(254));
        b.lower(number % 2).file(&format!("lower/{name}"), "x");
        b.file(&format!("merged/{name}"), "x");
        b.upper().file(&format!("upper/{name}"), "x");
    }
    b.file("merged/up", "x");
    b.dir("empty");
    steps(|r| {
        for dir in ["lower", "merged", "upper", "empty"] {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            for size in [0, 1, 19, 23] {
                r.getdents(fd, size);
            }
            // 19 bytes, the name, its end, and padding to a multiple of 8.
            let (mut names, mut refused) = (Vec::new(), 0);
            loop {
                match sys::getdents(fd.raw(), 24) {
                    Err(Errno(libc::EINVAL)) => {
                        refused += 1;
                        let slightly_less = sys::getdents(fd.raw(), 279);
                        r.expect("not into 279", slightly_less == Err(Errno(libc::EINVAL)));
                        let just = piece(fd, 280);
                        r.expect("one into 280", just.len() == 1);
                        names.extend(just);
                    }
                    Ok(some) if !some.is_empty() => names.extend(some),
                    end => {
                        r.note(format_args!("{end:?}, refused {refused} times"));
                        break;
                    }
                }
            }
            let names = shown(&names).join(" ").replace(&"n".repeat(254), "N");
            r.note(names);
            // At the end any buffer is large enough.
            r.getdents(fd, 1);
        }
    })
}

/// Names that stay while a directory is read are listed once, whatever else is made, removed or renamed meanwhile;
/// after a rewind the listing is exact.
pub fn dir_changed_half_read(b: &mut Builder) -> Steps {
    every_dir(b, 60);
    steps(|r| {
        for dir in DIRS {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let mut seen = Vec::new();
            for number in 0..60 {
                seen.extend(piece(fd, 64));
                let path = format!("{dir}/{number:02}");
                // Every fourth stays; of the others some have been listed by now, and some not.
                let number = 59 - number;
                let other = format!("{dir}/{number:02}");
                let _ = match number % 4 {
                    0 => sys::chmod(&other, 0o600),
                    1 => sys::unlink(&other),
                    2 => sys::rename(&other, format!("{path}-renamed"), 0),
                    _ => sys::unlink(&other).and_then(|()| sys::mkdir(&other, 0o755)),
                };
                let new = format!("{dir}/new{number}");
                let made = sys::open(new, O_WRONLY | O_CREAT, 0o644).and_then(sys::close);
                if made.is_err() {
                    r.done(format_args!("new {number}"), made);
                }
            }
            seen.extend(pieces(fd, 64));
            let names = shown(&seen);
            let stay = (0..60).step_by(4).map(|number| format!("{number:02}"));
            let dots = [".".to_owned(), "..".to_owned()];
            let wrong: Vec<_> = stay
                .chain(dots)
                .filter(|stays| names.iter().filter(|name| *name == stays).count() != 1)
                .collect();
            r.note(format_args!("not listed once: {wrong:?}"));
            r.again(fd);
            r.ls(dir);
        }
    })
    .layers(|l| {
        // Number 0 was changed and stays, number 1 is gone.
        l.in_upper("lower/00")?;
        l.whiteout("lower/01")?;
        l.whiteout("merged/01")?;
        l.absent("opaque/01")?;
        l.opaque("lower/03")?;
        l.not_opaque("upper/03")
    })
}

/// Four processes list a directory while two make and remove names: each listing has every name that stays, once.
pub fn dir_crowd(b: &mut Builder) -> Steps {
    every_dir(b, STABLE);
    steps(|r| {
        for dir in ["lower", "merged"] {
            r.parallel(6, |process| {
                if process < 4 {
                    listen(dir, process);
                } else {
                    disturb(dir, process);
                }
            });
            r.ls(dir);
        }
    })
    .absent("lower/00")
}

const STABLE: usize = 40;

/// Lists again and again, half of the processes with one descriptor for all listings.
fn listen(dir: &str, process: usize) {
    let kept = sys::open(dir, O_RDONLY | O_DIRECTORY, 0).expect("open");
    let mut wanted: Vec<_> = (0..STABLE)
        .map(|n| format!("{n:02}").into_bytes())
        .collect();
    wanted.extend([b".".to_vec(), b"..".to_vec()]);
    for round in 0..20 {
        let fd = if process.is_multiple_of(2) {
            sys::lseek(kept, 0, SEEK_SET).expect("rewind");
            kept
        } else {
            sys::open(dir, O_RDONLY | O_DIRECTORY, 0).expect("open")
        };
        let mut names = Vec::new();
        loop {
            let some = sys::getdents(fd, 100 + 40 * process).expect("getdents");
            if some.is_empty() {
                break;
            }
            names.extend(some.into_iter().map(|entry| entry.name));
        }
        for name in &wanted {
            let count = names.iter().filter(|seen| *seen == name).count();
            let name = name.escape_ascii();
            assert_eq!(count, 1, "{name} in round {round} of {process}");
        }
        if fd != kept {
            sys::close(fd).expect("close");
        }
    }
}

/// Makes and removes names; in the end none is left.
fn disturb(dir: &str, process: usize) {
    for round in 0..60 {
        let name = format!("{dir}/x{process}-{}", round % 9);
        let fd = sys::open(&name, O_WRONLY | O_CREAT | O_EXCL, 0o600).expect("create");
        sys::close(fd).expect("close");
        let moved = format!("{name}-moved");
        sys::rename(&name, &moved, 0).expect("rename");
        sys::mkdir(&name, 0o755).expect("mkdir");
        sys::unlink(&moved).expect("unlink");
        sys::rmdir(&name).expect("rmdir");
    }
}

/// From the position behind any entry a listing goes on with the next, in any order and after its end.
pub fn dir_every_position(b: &mut Builder) -> Steps {
    /// Bytes for one entry of the tree, and not for two.
    const ONE: usize = 32;
    every_dir(b, 24);
    steps(|r| {
        for dir in DIRS.into_iter().chain(["."]) {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let all = pieces(fd, ONE);
            r.note(format_args!("{:?}", shown(&all)));
            let mut wrong = Vec::new();
            let count = all.len();
            // Backwards, then in leaps.
            let order = (0..count).rev().chain((0..count).map(|n| n * 7 % count));
            for at in order {
                let next = all[at].next;
                if sys::lseek(fd.raw(), next, SEEK_SET) != Ok(next) {
                    wrong.push(format!("seek to {at}"));
                }
                if piece(fd, ONE).first() != all.get(at + 1) {
                    wrong.push(format!("one behind {at}"));
                }
                let _ = sys::lseek(fd.raw(), next, SEEK_SET);
                let rest = shown(&pieces(fd, 4096));
                if rest != shown(&all[at + 1..]) {
                    wrong.push(format!("rest behind {at}"));
                }
            }
            r.note(format_args!("wrong: {wrong:?}"));
            r.again(fd);
        }
    })
}

/// A directory of a hundred thousand names in the upper layer and some below is listed completely, once and again.
pub fn dir_hundred_thousand(b: &mut Builder) -> Steps {
    /// Each of these files gets so many more names (fewer on a slow kernel): ext4 and btrfs limit the links of a file.
    const FILES: usize = 4;
    const LINKS: usize = 25_000;
    for number in 0..40 {
        b.lower(number % 2).file(&format!("d/below{number}"), "x");
    }
    b.upper().whiteout("d/below7");
    for file in 0..FILES {
        b.file(&format!("d/upper{file}"), "x");
    }
    steps(|r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let links = many(LINKS);
        let all = || (0..FILES).flat_map(|file| (0..links).map(move |link| (file, link)));
        let made = all().filter(|(file, link)| {
            sys::link(format!("d/upper{file}"), format!("d/{file}-{link:05}"), 0).is_ok()
        });
        r.note(format_args!("{} made", made.count()));
        count(r, fd);
        // Some are removed while the listing is half read; the others are all listed.
        r.lseek(fd, 0, SEEK_SET);
        let mut seen = pieces_until(fd, FILES * links / 2);
        for link in (0..links).step_by(100) {
            sys::unlink(format!("d/0-{link:05}")).expect("unlink");
        }
        seen.extend(pieces(fd, 32_768));
        let mut names = shown(&seen);
        names.retain(|name| !(name.starts_with("0-") && name.ends_with("00")));
        let listed = names.len();
        names.dedup();
        r.note(format_args!("{listed} that stay, {} names", names.len()));
        count(r, fd);
        let left = all().filter(|(file, link)| sys::unlink(format!("d/{file}-{link:05}")).is_ok());
        r.note(format_args!("{} removed", left.count()));
        r.ls("d");
        r.lstat("d/upper0");
    })
    .absent("d/0-00001")
    .absent("d/below0")
    .not_on(
        &["upper:btrfs"],
        "the plain file system alone needs more than two minutes for so many links",
    )
}

/// At least so many entries, or all.
fn pieces_until(fd: Fd, enough: usize) -> Vec<sys::Dirent> {
    let mut seen = Vec::new();
    while seen.len() < enough {
        let some = piece(fd, 32_768);
        if some.is_empty() {
            break;
        }
        seen.extend(some);
    }
    seen
}

fn count(r: &mut Run, fd: Fd) {
    r.lseek(fd, 0, SEEK_SET);
    let mut names = shown(&pieces(fd, 32_768));
    let listed = names.len();
    names.dedup();
    r.note(format_args!("{listed} entries, {} names", names.len()));
}

/// A directory that is moved while it is read, or whose parent is, is listed to its end, and `..` is its new parent.
pub fn dir_moved_half_read(b: &mut Builder) -> Steps {
    b.lower(0).dir("target");
    b.upper().dir("up/per/d");
    for number in 0..20 {
        b.file(&format!("up/per/d/{number:02}"), "x");
    }
    b.dir("target");
    b.file("other", "x");
    steps(|r| {
        let fd = r.open("up/per/d", O_RDONLY | O_DIRECTORY);
        r.hold();
        for (old, new, own, parent) in [
            ("up/per", "up/moved", "up/moved/d", "up/moved"),
            ("up", "target/up", "target/up/moved/d", "target/up/moved"),
            ("target/up/moved/d", "target/d", "target/d", "target"),
            ("target/d", "d", "d", "."),
        ] {
            r.lseek(fd, 0, SEEK_SET);
            let mut all = piece(fd, 100);
            r.rename(old, new);
            all.extend(pieces(fd, 100));
            r.note(format_args!("{:?}", shown(&all)));
            r.again(fd);
            r.dots(fd, own, parent);
        }
        r.mkdir("aside");
        let aside = r.open("aside", O_RDONLY | O_DIRECTORY);
        r.rename2("aside", "d", RENAME_EXCHANGE);
        r.again(fd);
        r.again(aside);
        r.dots(fd, "aside", ".");
        r.dots(aside, "d", ".");
    })
    .in_upper("aside/00")
    .absent("up")
}

/// A directory opened while it was lower lists, once rewound, what was made and removed in its copy in the upper layer.
pub fn dir_open_before_copy_up(b: &mut Builder) -> Steps {
    b.file("a/b/c/old", "x");
    b.file("a/b/c/gone", "x");
    b.file("a/b/file", "x");
    b.lower(1).file("m/n/below", "x");
    b.lower(0).file("m/n/above", "x");
    b.upper().file("m/upper", "x");
    steps(|r| {
        // One that was never read, one half read, and one read to its end.
        for (dir, old) in [("a/b/c", "old"), ("m/n", "below")] {
            let unread = r.open(dir, O_RDONLY | O_DIRECTORY);
            let half = r.open(dir, O_RDONLY | O_DIRECTORY);
            let read = r.open(dir, O_RDONLY | O_DIRECTORY);
            let path = r.open(dir, O_PATH);
            // Room for any one entry.
            r.getdents(half, 40);
            r.rest(read);
            r.put(&format!("{dir}/new"), O_WRONLY | O_CREAT, "x");
            r.rename(&format!("{dir}/{old}"), &format!("{dir}/moved"));
            r.rest(unread);
            r.again(half);
            r.again(read);
            r.mkdir_at(path, "made");
            r.unlink(&format!("{dir}/new"));
            for fd in [unread, half, read] {
                r.again(fd);
                r.getdents(fd, 4096);
            }
            let late = r.open_at(path, ".", O_RDONLY | O_DIRECTORY);
            r.types(late);
        }
        r.unlink("a/b/c/gone");
        let outer = r.open("a/b", O_RDONLY | O_DIRECTORY);
        r.types(outer);
    })
    .whiteout("a/b/c/gone")
    .in_upper("m/n/moved")
    .absent("m/n/above")
    .not_on(
        &["upper:btrfs"],
        "btrfs shows an open directory as it was when it was opened",
    )
}

/// The position of an entry stays valid as long as the entry exists, whatever is made and removed around it, also when
/// the directory was closed meanwhile.
pub fn dir_positions_kept(b: &mut Builder) -> Steps {
    every_dir(b, 60);
    steps(|r| {
        let mut all = Vec::new();
        for dir in DIRS {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            all.push(places(&pieces(fd, 4096)));
            r.close(fd);
        }
        for dir in DIRS {
            for number in 0..60 {
                let path = format!("{dir}/{number:02}");
                // Every fourth stays as it is, and every fourth is changed.
                let _ = match number % 4 {
                    0 => Ok(()),
                    1 => sys::chmod(&path, 0o600),
                    2 => sys::unlink(&path),
                    _ => sys::rename(&path, format!("{path}-renamed"), 0),
                };
                let new = format!("{dir}/new{number}");
                let made = sys::open(new, O_WRONLY | O_CREAT, 0o644).and_then(sys::close);
                if made.is_err() {
                    r.done(format_args!("new {number}"), made);
                }
            }
        }
        for (dir, before) in DIRS.into_iter().zip(all) {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let now = shown(&pieces(fd, 4096));
            let stay: Places = before
                .into_iter()
                .filter(|(name, _)| now.contains(name))
                .collect();
            let mut wrong = Vec::new();
            for (at, (name, place)) in stay.iter().enumerate() {
                let _ = sys::lseek(fd.raw(), *place, SEEK_SET);
                let mut rest = shown(&pieces(fd, 4096));
                rest.retain(|name| stay.iter().any(|(stays, _)| stays == name));
                let mut expected: Vec<_> = stay[at..].iter().map(|(name, _)| name).collect();
                expected.sort();
                if rest.iter().ne(expected) {
                    wrong.push(name);
                }
            }
            r.note(format_args!("{} stay; wrong from {wrong:?}", stay.len()));
            r.close(fd);
            r.ls(dir);
        }
    })
    .not_on(shape::ROTATE, "positions are those of the same layers")
}

/// Names with the position of each.
type Places = Vec<(String, i64)>;

fn places(dir: &[sys::Dirent]) -> Places {
    let name = |entry: &sys::Dirent| String::from_utf8_lossy(&entry.name).into_owned();
    let before = std::iter::once(0).chain(dir.iter().map(|entry| entry.next));
    dir.iter().map(name).zip(before).collect()
}

/// A directory removed or replaced while it is read has no more entries, wherever it is sought to, and is not the one
/// made later under its name.
pub fn dir_removed_half_read(b: &mut Builder) -> Steps {
    every_dir(b, 9);
    b.upper().file("new/inside", "x");
    steps(|r| {
        for dir in DIRS {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let begun = pieces(fd, 24);
            r.lseek(fd, 0, SEEK_SET);
            r.getdents(fd, 24);
            for name in r.names(dir) {
                r.unlink(&format!("{dir}/{name}"));
            }
            if dir == "upper" {
                r.rename("new", dir);
            } else {
                r.rmdir(dir);
            }
            r.getdents(fd, 4096);
            let _ = sys::lseek(fd.raw(), begun[4].next, SEEK_SET);
            r.getdents(fd, 4096);
            r.again(fd);
            if dir != "upper" {
                r.mkdir(dir);
            }
            r.put(&format!("{dir}/00"), O_WRONLY | O_CREAT, "again");
            r.rest(fd);
            r.again(fd);
            r.ls(dir);
        }
    })
    .opaque("lower")
    .opaque("merged")
    .absent("new")
}

/// A directory refuses a position before its beginning and stays where it was; from any position, it lists no name
/// twice and none that does not exist.
pub fn dir_seek_refused(b: &mut Builder) -> Steps {
    every_dir(b, 12);
    steps(|r| {
        for dir in DIRS {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let whole = shown(&pieces(fd, 4096));
            r.lseek(fd, 0, SEEK_SET);
            let first = piece(fd, 100);
            for (offset, whence) in [(-1, SEEK_SET), (i64::MIN, SEEK_SET), (0, 9), (0, -1)] {
                r.lseek(fd, offset, whence);
            }
            let mut rest = pieces(fd, 100);
            rest.extend(first);
            r.expect("all came", shown(&rest) == whole);
            // File systems differ in what they make of the following, but not in this.
            for (offset, whence) in [
                (0, SEEK_END),
                (1, SEEK_END),
                (-1, SEEK_END),
                (7, SEEK_SET),
                (1 << 31, SEEK_SET),
                (1 << 40, SEEK_SET),
                (i64::MAX, SEEK_SET),
                (i64::MAX, SEEK_CUR),
                (0, SEEK_DATA),
                (0, SEEK_HOLE),
            ] {
                let _ = sys::lseek(fd.raw(), offset, whence);
                let some = shown(&pieces(fd, 4096));
                let sane = some.windows(2).all(|two| two[0] != two[1])
                    && some.iter().all(|name| whole.contains(name));
                r.expect(format_args!("from {offset}, {whence}"), sane);
                r.lseek(fd, 0, SEEK_SET);
                r.expect("all is there", shown(&pieces(fd, 4096)) == whole);
            }
        }
    })
}

/// A duplicate of a descriptor, and a child's, continue where the other has stopped, and rewind it.
pub fn dir_shared_position(b: &mut Builder) -> Steps {
    every_dir(b, 20);
    steps(|r| {
        for dir in DIRS {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let twin = r.dup(fd);
            let mut all = piece(fd, 24);
            loop {
                let some = [piece(twin, 48), piece(fd, 24)].concat();
                if some.is_empty() {
                    break;
                }
                all.extend(some);
            }
            r.note(format_args!("{:?}", shown(&all)));
            r.lseek(twin, 0, SEEK_SET);
            let first = piece(fd, 24);
            r.expect("the first comes again", first == all[..1]);
            r.in_child(|r| r.expect("the second", piece(twin, 24) == all[1..2]));
            r.expect("the third", piece(fd, 24) == all[2..3]);
            r.close(fd);
            r.expect("the fourth", piece(twin, 24) == all[3..4]);
            r.in_child(|r| r.again(twin));
            r.getdents(twin, 4096);
            // A descriptor opened anew by way of the other one does not.
            let anew = r.reopen(twin, O_RDONLY | O_DIRECTORY);
            r.again(anew);
            r.getdents(twin, 4096);
        }
    })
}

/// Descriptors opened one by one have positions of their own, and those opened or rewound later list what exists by
/// then.
pub fn dir_two_readers(b: &mut Builder) -> Steps {
    every_dir(b, 20);
    steps(|r| {
        for dir in DIRS {
            let slow = r.open(dir, O_RDONLY | O_DIRECTORY);
            let fast = r.open(dir, O_RDONLY | O_DIRECTORY);
            let (mut by_slow, mut by_fast) = (piece(slow, 24), piece(fast, 200));
            loop {
                let (one, more) = (piece(slow, 32), piece(fast, 90));
                if one.is_empty() {
                    break;
                }
                by_slow.extend(one);
                by_fast.extend(more);
            }
            r.expect("both see the same", shown(&by_slow) == shown(&by_fast));
            r.note(format_args!("{:?}", shown(&by_fast)));
            r.lseek(slow, 0, SEEK_SET);
            r.expect("one is rewound", piece(slow, 24) == by_slow[..1]);
            r.expect("the other is not", piece(fast, 4096).is_empty());
            r.unlink(&format!("{dir}/05"));
            r.put(&format!("{dir}/new"), O_WRONLY | O_CREAT, "x");
            let late = r.open(dir, O_RDONLY | O_DIRECTORY);
            r.again(late);
            r.expect("still at the end", piece(fast, 4096).is_empty());
            r.close(slow);
            r.again(fast);
            r.close(late);
            r.again(fast);
        }
    })
    .whiteout("lower/05")
    .absent("upper/05")
}
