// SPDX-License-Identifier: GPL-2.0-only
use std::os::fd::RawFd;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::random::Dice;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "readers of a merged directory see each name that stays exactly once, and find it again where \
        it was, while names come and go around it and what is known is forgotten",
    run,
    ..Check::DEFAULT
};

/// Names that stay, of each sort.
const STAY: usize = 150;
const READERS: usize = 3;
const WRITERS: usize = 2;
const TIME: Duration = Duration::from_secs(6);

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let l = b.layout_on(&top, 3)?;
    for number in 0..l.lowers.len() {
        b.describe(&l, number, |b| {
            for name in 0..STAY {
                b.file(&format!("d/low{number}-{name}"), "x");
                b.file(&format!("d/goes{number}-{name}"), "x");
            }
        })?;
    }
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let dir = l.target.join("d");
    for number in 0..STAY {
        b.file(&dir.join(format!("top-{number}")), "x")?;
    }
    let end = Instant::now() + TIME;
    b.crowd(READERS + WRITERS + 1, |process| {
        let mut dice = Dice::new(process as u64);
        while Instant::now() < end {
            match process {
                0..READERS => read(&dir, &mut dice),
                READERS => {
                    std::fs::write("/proc/sys/vm/drop_caches", "2").expect("drop_caches");
                    std::thread::sleep(Duration::from_millis(30));
                }
                _ => change(&dir, process, &mut dice),
            }
        }
    })?;
    b.sound(&union, &l, &lowers).map(drop)
}

/// Makes, removes, moves and changes names that do not stay, and changes those that do.
fn change(dir: &Path, process: usize, dice: &mut Dice) {
    let number = dice.roll(STAY);
    let mine = dir.join(format!("mine{process}-{number}"));
    let lower = dir.join(format!("goes{}-{number}", dice.roll(3)));
    let stays = dir.join(format!("low{}-{number}", dice.roll(3)));
    // Some are not there, or already are.
    let _ = match dice.roll(6) {
        0 => sys::mkdir(&mine, 0o755),
        1 => sys::rmdir(&mine),
        2 => sys::unlink(&lower),
        3 => sys::symlink("made again", &lower),
        4 => sys::rename(&lower, dir.join(format!("goes0-{}", dice.roll(STAY))), 0),
        _ => sys::chmod(&stays, 0o600 + dice.roll(64) as u32),
    };
}

/// Reads the directory twice, in small pieces, and then goes to some of the places it noted.
fn read(dir: &Path, dice: &mut Dice) {
    let fd = sys::open(dir, libc::O_RDONLY | libc::O_DIRECTORY, 0).expect("open");
    let first = places(fd, 0, dice);
    sys::lseek(fd, 0, libc::SEEK_SET).expect("rewind");
    let second = places(fd, 0, dice);
    let mut sorted = names(&first);
    sorted.sort_unstable();
    sorted.dedup();
    let count = (sorted.len(), first.len());
    assert_eq!(count, (STAY * 4, STAY * 4), "all that stay, each once");
    assert!(names(&first) == names(&second), "in the same order");
    for _ in 0..4 {
        let index = dice.roll(first.len());
        let place = first[index].1;
        sys::lseek(fd, place, libc::SEEK_SET).expect("seek");
        let rest = places(fd, place, dice);
        assert!(names(&rest) == names(&first[index..]), "from {place:#x} on");
    }
    sys::close(fd).expect("close");
}

/// Names that stay, with the place that each of them was met behind.
type Places = Vec<(String, i64)>;

fn names(places: &[(String, i64)]) -> Vec<&str> {
    places.iter().map(|(name, _)| name.as_str()).collect()
}

/// The names that stay from the place `at` of an open directory on.
fn places(fd: RawFd, mut at: i64, dice: &mut Dice) -> Places {
    let mut places = Vec::new();
    loop {
        let entries = sys::getdents(fd, 300 + dice.roll(2000)).expect("getdents");
        if entries.is_empty() {
            return places;
        }
        for entry in entries {
            assert!(entry.next > at, "positions rise");
            let name = String::from_utf8(entry.name).expect("ASCII");
            if name.starts_with("low") || name.starts_with("top") {
                places.push((name, at));
            }
            at = entry.next;
        }
    }
}
