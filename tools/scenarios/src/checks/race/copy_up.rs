// SPDX-License-Identifier: GPL-2.0-only
//! Copy-up while others work on the same names.

use std::collections::HashMap;
use std::hint;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::bench::Bench;
use crate::process::{self, End};
use crate::sound;
use crate::sys::{self, Map};
use crate::walk;

/// The names of a lower file that are copied up at the same time become files of their own, each with its data.
pub fn race_copy_up_links(b: &mut Bench) -> Result<(), String> {
    const FILES: usize = 60;
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for number in 0..FILES {
            let first = format!("0/{number}");
            b.file(&first, vec![b'.'; 5000]);
            for process in 1..4 {
                b.link(&format!("{process}/{number}"), &first);
            }
        }
    })?;
    let (union, lowers) = b.mounted(&l)?;
    b.crowd(4, |process| {
        for number in 0..FILES {
            let path = l.target.join(format!("{process}/{number}"));
            let fd = sys::open(&path, libc::O_WRONLY, 0).expect("open");
            sys::write(fd, &[b'0' + process as u8], None).expect("write");
            sys::close(fd).expect("close");
        }
    })?;
    for process in 0..4 {
        for number in 0..FILES {
            let path = l.target.join(format!("{process}/{number}"));
            let data = std::fs::read(&path).map_err(|error| error.to_string())?;
            let right = data.len() == 5000
                && data[0] == b'0' + process
                && data[1..].iter().all(|byte| *byte == b'.');
            must!(right, "{} has what was written to it", path.display())?;
            let links = b.works("stat", sys::stat(&path, 0))?.st_nlink;
            must!(links == 1, "one link, not {links}")?;
        }
    }
    b.sound(&union, &l, &lowers).map(drop)
}

/// Data written to a file while it is renamed are found under the new name.
pub fn race_copy_up_rename(b: &mut Bench) -> Result<(), String> {
    const FILES: usize = 100;
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for number in 0..FILES {
            b.file(&format!("from/{number}"), vec![b'.'; 5000]);
        }
        b.dir("to");
    })?;
    let (union, lowers) = b.mounted(&l)?;
    let (from, to) = (l.target.join("from"), l.target.join("to"));
    b.crowd(3, |process| {
        for number in 0..FILES {
            let name = number.to_string();
            if process == 0 {
                sys::rename(from.join(&name), to.join(&name), 0).expect("only this one renames");
                continue;
            }
            let mark = [b'0' + process as u8];
            let mut found = sys::open(from.join(&name), libc::O_WRONLY, 0);
            if found.is_err() {
                found = sys::open(to.join(&name), libc::O_WRONLY, 0);
            }
            let fd = found.expect("it is here or there");
            sys::write(fd, &mark, Some(process as i64)).expect("write");
            sys::close(fd).expect("close");
        }
    })?;
    let mut expected = vec![b'.'; 5000];
    expected[1..3].copy_from_slice(b"12");
    for number in 0..FILES {
        let data = std::fs::read(to.join(number.to_string())).map_err(|error| error.to_string())?;
        must!(data == expected, "both writes are in file {number}")?;
    }
    let tree = b.sound(&union, &l, &lowers)?;
    must!(
        !tree.keys().any(|path| path.starts_with("from/")),
        "no old name is left"
    )
}

/// Files that are unlinked while others copy them up stay deleted.
pub fn race_copy_up_unlink(b: &mut Bench) -> Result<(), String> {
    const FILES: usize = 120;
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for number in 0..FILES {
            b.file(&format!("d/{number}"), vec![b'x'; 5000]);
        }
    })?;
    let (union, lowers) = b.mounted(&l)?;
    let dir = l.target.join("d");
    b.crowd(4, |process| {
        for number in 0..FILES {
            let path = dir.join(number.to_string());
            match process {
                0 => drop(sys::chmod(&path, 0o600)),
                1 => drop(sys::truncate(&path, 10)),
                2 => {
                    if let Ok(fd) = sys::open(&path, libc::O_WRONLY, 0) {
                        // The file may be removed, but processes that have it open may go on.
                        assert_eq!(sys::write(fd, b"written", None), Ok(7));
                        sys::close(fd).expect("close");
                    }
                }
                _ => sys::unlink(&path).expect("only this process unlinks"),
            }
        }
    })?;
    let tree = b.sound(&union, &l, &lowers)?;
    let left: Vec<_> = tree.keys().filter(|path| path.starts_with("d/")).collect();
    must!(left.is_empty(), "every file is gone, not {left:?}")
}

/// Files are copied up and get a second name elsewhere while their directory is listed and changed: none is listed with
/// a wrong number.
pub fn race_list_link(b: &mut Bench) -> Result<(), String> {
    const FILES: usize = 600;
    b.union_only("overlayfs keeps numbers only on request")?;
    let l = b.layout(1)?;
    b.describe(&l, 0, |b| {
        b.dir("elsewhere");
        for number in 0..FILES {
            b.file(&format!("d/{number}"), "below");
        }
    })?;
    let (union, lowers) = b.mounted(&l)?;
    let (dir, elsewhere) = (l.target.join("d"), l.target.join("elsewhere"));
    let mut numbers = HashMap::new();
    for number in 0..FILES {
        let name = number.to_string();
        let stat = b.works("stat", sys::stat(dir.join(&name), 0))?;
        numbers.insert(name.into_bytes(), stat.st_ino);
    }
    let over = AtomicBool::new(false);
    let go_on = || !over.load(Ordering::Relaxed);
    let (meanwhile, afterwards) = std::thread::scope(|scope| {
        let lister = scope.spawn(|| {
            let mut found = Vec::new();
            while go_on() {
                found.extend(wrong(&dir, &numbers));
            }
            found
        });
        scope.spawn(|| {
            let name = dir.join("new");
            while go_on() {
                sys::mknod(&name, libc::S_IFIFO | 0o600, 0).expect("mknod");
                sys::unlink(&name).expect("unlink");
            }
        });
        let mut found = Vec::new();
        for number in 0..FILES {
            let name = dir.join(number.to_string());
            sys::chmod(&name, 0o600).expect("chmod");
            sys::link(&name, elsewhere.join(number.to_string()), 0).expect("link");
            found.extend(wrong(&dir, &numbers));
        }
        over.store(true, Ordering::Relaxed);
        (lister.join().expect("the lister ends"), found)
    });
    for (when, wrong) in [("while", meanwhile), ("after", afterwards)] {
        must!(
            wrong.is_empty(),
            "the number that a file has is listed {when} it is linked: {} do not, {:?}",
            wrong.len(),
            wrong.first()
        )?;
    }
    b.sound(&union, &l, &lowers).map(drop)
}

/// The names that are listed with a number that is not theirs.
fn wrong(dir: &Path, numbers: &HashMap<Vec<u8>, u64>) -> Vec<String> {
    let listed = walk::list(dir).expect("reading a directory");
    let wrong = listed.iter().filter(|entry| {
        numbers
            .get(&entry.name)
            .is_some_and(|number| *number != entry.ino)
    });
    wrong
        .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
        .collect()
}

/// A directory is read for the first time while an entry of it is copied up: both have one inode number.
pub fn race_readdir_copy_up(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.describe(&l, 0, |b| {
        for number in 0..DIRS {
            b.dir(&format!("{number}/d"));
            b.file(&format!("{number}/f"), "below");
        }
    })?;
    let (union, lowers) = b.mounted(&l)?;
    let dir = |number: usize| l.target.join(number.to_string());
    for number in 0..DIRS {
        b.works("chmod", sys::chmod(dir(number), 0o700))?;
    }
    let begun = [AtomicUsize::new(0), AtomicUsize::new(0)];
    // The second of the two starts later and later, over the time that a copy takes, and then from the beginning again.
    let meet = |me: usize, number: usize| {
        begun[me].store(number + 1, Ordering::SeqCst);
        while begun[1 - me].load(Ordering::SeqCst) <= number {
            hint::spin_loop();
        }
        for _ in 0..me * (number % 60) * 400 {
            hint::spin_loop();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..DIRS {
                meet(0, number);
                sys::chmod(dir(number).join("d"), 0o700).expect("chmod of a directory");
                sys::chmod(dir(number).join("f"), 0o600).expect("chmod of a file");
            }
        });
        scope.spawn(|| {
            for number in 0..DIRS {
                meet(1, number);
                walk::list(&dir(number)).expect("reading a directory");
            }
        });
    });
    let wrong: Vec<_> = (0..DIRS)
        .filter_map(|number| sound::consistent(&dir(number)).err())
        .collect();
    must!(
        wrong.is_empty(),
        "what is listed has the number that it has: {} do not, {:?}",
        wrong.len(),
        wrong.first()
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}

/// Each of these is one try: the result of the listing is kept.
const DIRS: usize = 900;

/// A mapped file is copied up, truncated and extended: an access to its pages succeeds or causes
/// SIGBUS.
pub fn race_truncate_map(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        b.file("f", vec![b'f'; SIZE]);
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    let file = &l.target.join("f");
    for round in 0..12 {
        union.mount(&l.target)?;
        let children = b.crowd_behind(4, |number| match number {
            0 => {
                for _ in 0..6 {
                    sys::truncate(file, 0).expect("truncate");
                    sys::truncate(file, SIZE as i64).expect("truncate");
                }
            }
            1 => sys::chmod(file, 0o600 + round).expect("chmod"),
            _ => {
                let shared = number == 3;
                let (access, protection) = if shared {
                    (libc::O_RDWR, libc::PROT_READ | libc::PROT_WRITE)
                } else {
                    (libc::O_RDONLY, libc::PROT_READ)
                };
                let fd = sys::open(file, access, 0).expect("open");
                let mut map = Map::new(fd, SIZE, protection, libc::MAP_SHARED).expect("mmap");
                for _ in 0..4 {
                    assert!(
                        map.bytes()
                            .iter()
                            .all(|byte| [0, b'f', b'w'].contains(byte))
                    );
                    if shared {
                        map.store(SIZE / 2, b"w");
                    }
                }
            }
        })?;
        for (number, child) in children.into_iter().enumerate() {
            let end = process::wait(child)?;
            let killed = number >= 2 && end == End::Signal(libc::SIGBUS);
            must!(
                killed || end == End::Done,
                "process {number} ends well, not with {end:?}"
            )?;
        }
        let size = b.works("stat", sys::stat(file, 0))?.st_size;
        must!(size == SIZE as i64, "the last size counts")?;
        b.sound(&union, &l, &lowers)?;
        // The next round starts with the lower file again.
        b.works("unlink behind", sys::unlink(l.upper.join("f")))?;
    }
    Ok(())
}

const SIZE: usize = 64 << 10;
