// SPDX-License-Identifier: GPL-2.0-only
//! Many tasks make, move and remove the same names.

use std::path::Path;

use crate::bench::Bench;
use crate::errno::Errno;
use crate::sys;
use crate::walk;

/// Names that are exchanged all the time always exist, and nothing is lost or duplicated.
pub fn race_exchange(b: &mut Bench) -> Result<(), String> {
    const NAMES: [&str; 4] = ["a", "b", "d/c", "d/d"];
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for name in NAMES {
            b.file(name, name);
        }
    })?;
    let (union, lowers) = b.mounted(&l)?;
    b.crowd(5, |process| {
        for round in 0..60 {
            let one = l.target.join(NAMES[(round + process) % 4]);
            let other = l.target.join(NAMES[(round * 3 + process + 1) % 4]);
            if process == 0 {
                std::fs::read(&one).expect("it is always there");
            } else if one != other {
                sys::rename(&one, &other, libc::RENAME_EXCHANGE).expect("exchange");
            }
        }
    })?;
    b.sound(&union, &l, &lowers)?;
    union.mount(&l.target)?;
    let mut found = Vec::new();
    for name in NAMES {
        let text = std::fs::read_to_string(l.target.join(name));
        found.push(text.map_err(|error| error.to_string())?);
    }
    found.sort();
    must!(found == NAMES, "each file is there once: {found:?}")?;
    b.umount(&l.target)
}

/// Many processes make and remove one name as a directory: the lower layer's entries never show.
pub fn race_mkdir_rmdir(b: &mut Bench) -> Result<(), String> {
    const ROUNDS: usize = 120;
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        b.file("d/old", "below");
        b.dir("d/older");
    })?;
    let (union, lowers) = b.mounted(&l)?;
    let dir = l.target.join("d");
    b.works("unlink", sys::unlink(dir.join("old")))?;
    b.works("rmdir", sys::rmdir(dir.join("older")))?;
    let counts = l.lowers[0].parent().ok_or("a parent")?;
    b.crowd(4, |process| {
        let mut balance = 0;
        for _ in 0..ROUNDS {
            match sys::mkdir(&dir, 0o755) {
                Ok(()) => balance += 1,
                Err(error) => assert_eq!(error.0, libc::EEXIST),
            }
            if let Ok(names) = walk::list(&dir) {
                assert!(names.is_empty(), "{names:?}");
            }
            match sys::rmdir(&dir) {
                Ok(()) => balance -= 1,
                Err(error) => assert_eq!(error.0, libc::ENOENT),
            }
        }
        let count = counts.join(format!("balance{process}"));
        std::fs::write(count, balance.to_string()).expect("write");
    })?;
    let mut balance = 1;
    for process in 0..4 {
        let text = std::fs::read_to_string(counts.join(format!("balance{process}")));
        balance += text
            .ok()
            .and_then(|text| text.parse::<i32>().ok())
            .ok_or("a number")?;
    }
    let there = sys::stat(&dir, 0).is_ok();
    must!(
        balance == i32::from(there),
        "made and removed in turn: {balance}, there: {there}"
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}

/// Of many that unlink, make, rename or link one name at the same time, one succeeds.
pub fn race_one_wins(b: &mut Bench) -> Result<(), String> {
    const NAMES: usize = 40;
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        b.file("d/source", "source");
        for name in 0..NAMES {
            b.file(&format!("d/{name}"), "below");
        }
    })?;
    let (union, lowers) = b.mounted(&l)?;
    let dir = l.target.join("d");
    let scores = l.lowers[0].parent().ok_or("a parent")?;
    let score = |process: usize| scores.join(format!("score{process}"));
    for (what, call, lost) in CONTESTS {
        b.crowd(PROCESSES, |process| {
            let mut won = 0;
            for name in 0..NAMES {
                match call(&dir, name, process) {
                    Ok(()) => won += 1,
                    Err(error) => assert_eq!(error, Errno(*lost), "{what}"),
                }
            }
            std::fs::write(score(process), won.to_string()).expect("write");
        })?;
        let mut won = 0;
        for process in 0..PROCESSES {
            let text = std::fs::read_to_string(score(process));
            won += text
                .ok()
                .and_then(|text| text.parse::<usize>().ok())
                .ok_or("a number")?;
        }
        must!(won == NAMES, "{what}: {NAMES} successes, not {won}")?;
    }
    let links = b.works("stat", sys::stat(dir.join("source"), 0))?.st_nlink;
    must!(
        links as usize == NAMES + 1,
        "a name for each link, not {links}"
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}

const PROCESSES: usize = 4;

/// A call in which only one process can succeed for a name, and the error that the others get.
type Contest = (
    &'static str,
    fn(&Path, usize, usize) -> sys::Result<()>,
    i32,
);

const CONTESTS: &[Contest] = &[
    (
        "unlink",
        |dir, name, _| sys::unlink(dir.join(name.to_string())),
        libc::ENOENT,
    ),
    (
        "create over a whiteout",
        |dir, name, _| {
            let flags = libc::O_CREAT | libc::O_EXCL | libc::O_WRONLY;
            sys::open(dir.join(name.to_string()), flags, 0o600).and_then(sys::close)
        },
        libc::EEXIST,
    ),
    (
        "rename away",
        |dir, name, me| {
            sys::rename(
                dir.join(name.to_string()),
                dir.join(format!("{name}-{me}")),
                0,
            )
        },
        libc::ENOENT,
    ),
    (
        "mkdir over a whiteout",
        |dir, name, _| sys::mkdir(dir.join(name.to_string()), 0o755),
        libc::EEXIST,
    ),
    (
        "rmdir",
        |dir, name, _| sys::rmdir(dir.join(name.to_string())),
        libc::ENOENT,
    ),
    (
        "link over a whiteout",
        |dir, name, _| sys::link(dir.join("source"), dir.join(name.to_string()), 0),
        libc::EEXIST,
    ),
];

/// Directories are read while their names, and they themselves, are removed and made again.
pub fn race_readdir_rmdir(b: &mut Bench) -> Result<(), String> {
    const ROUNDS: usize = 60;
    const NAMES: usize = 12;
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for number in 0..NAMES {
            b.file(&format!("d/{number}"), "below");
        }
    })?;
    let (union, lowers) = b.mounted(&l)?;
    let dir = l.target.join("d");
    b.crowd(4, |process| {
        for _ in 0..ROUNDS {
            if process == 0 {
                for number in 0..NAMES {
                    sys::unlink(dir.join(number.to_string())).expect("unlink");
                }
                sys::rmdir(&dir).expect("it is empty");
                sys::mkdir(&dir, 0o755).expect("mkdir");
                for number in 0..NAMES {
                    sys::symlink("x", dir.join(number.to_string())).expect("symlink");
                }
                continue;
            }
            let Ok(fd) = sys::open(&dir, libc::O_RDONLY | libc::O_DIRECTORY, 0) else {
                continue;
            };
            let mut names = Vec::new();
            loop {
                // Small pieces, so that the directory changes between them.
                match sys::getdents(fd, 100) {
                    Ok(entries) if entries.is_empty() => break,
                    Ok(entries) => names.extend(entries.into_iter().map(|entry| entry.name)),
                    // It has been removed.
                    Err(error) => {
                        assert_eq!(error.0, libc::ENOENT);
                        break;
                    }
                }
            }
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count, "no name is listed twice");
            sys::close(fd).expect("close");
        }
    })?;
    let tree = b.sound(&union, &l, &lowers)?;
    let new = tree
        .values()
        .filter(|line| line.contains("-> \"x\""))
        .count();
    must!(new == NAMES, "the new names and no old ones: {new}")
}

/// A file that is replaced by rename always exists and is always whole.
pub fn race_rename_over(b: &mut Bench) -> Result<(), String> {
    const ROUNDS: usize = 80;
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        b.file("f", vec![b'a'; 5000]);
    })?;
    let (union, lowers) = b.mounted(&l)?;
    let file = l.target.join("f");
    b.crowd(4, |process| {
        for round in 0..ROUNDS {
            if process < 2 {
                let new = l.target.join(format!("new{process}"));
                std::fs::write(&new, vec![b'b' + (round % 20) as u8; 5000]).expect("write");
                sys::rename(&new, &file, 0).expect("rename");
            } else {
                let data = std::fs::read(&file).expect("it is always there");
                assert_eq!(data.len(), 5000);
                assert!(data.iter().all(|byte| *byte == data[0]));
                sys::stat(&file, 0).expect("stat");
                sys::access(&file, libc::R_OK).expect("access");
            }
        }
    })?;
    let tree = b.sound(&union, &l, &lowers)?;
    must!(
        !tree.keys().any(|path| path.starts_with("new")),
        "no temporary name is left"
    )
}
