// SPDX-License-Identifier: GPL-2.0-only
//! Renames while others work on the same names.

use crate::prelude::*;

/// Trees move between directories while others walk into them: each tree found is complete, and in the end each exists
/// once.
pub fn rename_race_of_directories(b: &mut Builder) -> Steps {
    b.dir("a");
    b.file("b/below", "x");
    b.file("gone/t0/f", "below");
    steps(|r| {
        r.remove_tree("gone", Vec::pop);
        r.mkdir("gone");
        for number in 0..2 {
            let tree = format!("a/t{number}");
            r.mkdir(&tree);
            r.mkdir(&format!("{tree}/s"));
            r.put(&format!("{tree}/s/f"), O_WRONLY | O_CREAT, "text");
        }
        const PLACES: [&str; 3] = ["a", "b", "gone"];
        r.parallel(4, |number| {
            for round in 0..60 {
                let tree = format!("t{}", number % 2);
                if number < 2 {
                    let (from, to) = (PLACES[round % 3], PLACES[(round + 1) % 3]);
                    sys::rename(format!("{from}/{tree}"), format!("{to}/{tree}"), 0)
                        .expect("moved");
                } else {
                    for place in PLACES {
                        match slurp(&format!("{place}/{tree}/s/f")) {
                            Ok(data) => assert_eq!(data, b"text"),
                            Err(error) => assert_eq!(error, Errno(libc::ENOENT)),
                        }
                    }
                }
            }
        });
        for place in PLACES {
            r.see(place);
        }
        r.see("a/t1/s/f");
    })
    .opaque("gone")
    .in_upper("a/t0/s/f")
}

/// While new directories are renamed over an emptied lower one, files made in it are never lost in a replaced one.
pub fn rename_race_over_directory(b: &mut Builder) -> Steps {
    b.file("d/old", "old");
    steps(|r| {
        r.unlink("d/old");
        r.parallel(3, |number| {
            for round in 0..50 {
                let (new, name) = (format!("new{number}"), format!("d/{number}"));
                if number < 2 {
                    sys::mkdir(&new, 0o755).expect("its own name");
                    match sys::rename(&new, "d", 0) {
                        Ok(()) => {}
                        Err(Errno(libc::ENOTEMPTY | libc::EEXIST)) => {
                            sys::rmdir(&new).expect("still there")
                        }
                        Err(error) => panic!("{error} in round {round}"),
                    }
                } else {
                    // The directory may be replaced before the file is made in it, never after.
                    match sys::open(&name, O_WRONLY | O_CREAT | O_EXCL, 0o644) {
                        Ok(fd) => {
                            sys::close(fd).expect("closed");
                            sys::unlink(&name).expect("a directory with a file in it stays");
                        }
                        Err(error) => assert_eq!(error, Errno(libc::ENOENT)),
                    }
                }
            }
        });
        r.see("d");
        r.ls(".");
    })
    .opaque("d")
}

/// A lower file is renamed back and forth while others write to it and change its mode: nothing is lost.
pub fn rename_race_with_changes(b: &mut Builder) -> Steps {
    b.file("f", "0123456789").mode(0o600);
    b.dir("d");
    steps(|r| {
        r.parallel(3, |number| {
            // It has one of two names, and may change it between two lookups.
            let mut names = ["f", "d/g"].iter().cycle().take(1000);
            let fd = names
                .find_map(|name| sys::open(name, O_RDWR, 0).ok())
                .expect("it is there");
            for round in 0..40 {
                match number {
                    0 if round % 2 == 0 => sys::rename("f", "d/g", 0).expect("there"),
                    0 => sys::rename("d/g", "f", 0).expect("back"),
                    1 => drop(sys::write(fd, b"X", Some(round % 10)).expect("written")),
                    _ => sys::fchmod(fd, 0o600 + (round as u32 % 8)).expect("changed"),
                }
            }
        });
        r.cat("f");
        r.stat("f");
        r.ls("d");
    })
    .in_upper("f")
    .absent("d/g")
}

/// New directories, files and links are shuffled at random over each other, over deleted directories and back.
pub fn rename_shuffle(b: &mut Builder) -> Steps {
    for place in ["a", "b", "c", "d/a", "d/b"] {
        b.file(&format!("{place}/f"), "old");
        b.file(&format!("{place}/a/g"), "old");
    }
    b.file("f", "text");
    b.file("d/g", "text");
    steps(|r| {
        for place in ["a", "b", "c", "d/a"] {
            r.remove_tree(place, Vec::pop);
        }
        r.remove_tree("d/b", Vec::pop);
        const DIRS: [&str; 6] = [".", "a", "b", "c", "a/b", "d"];
        const NAMES: [&str; 5] = ["a", "b", "c", "f", "g"];
        let mut state: u32 = 7;
        let mut roll = |limit: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as usize % limit
        };
        for _ in 0..300 {
            let mut path = || format!("{}/{}", DIRS[roll(DIRS.len())], NAMES[roll(NAMES.len())]);
            let (one, two) = (path(), path());
            match roll(10) {
                0 => drop(r.mkdir(&one)),
                1 => drop(r.put(&one, O_WRONLY | O_CREAT, &two)),
                2 => drop(r.rmdir(&one)),
                3 => drop(r.unlink(&one)),
                4 => drop(r.link(&one, &two)),
                5 => drop(r.rename2(&one, &two, RENAME_NOREPLACE)),
                6 | 7 => drop(r.rename2(&one, &two, RENAME_EXCHANGE)),
                _ => drop(r.rename(&one, &two)),
            }
        }
        for dir in DIRS {
            r.ls(dir);
        }
    })
    .in_upper("d")
}

/// Files of all layers are shuffled at random through lower, merged and opaque directories, with deleted names among
/// them.
pub fn rename_shuffle_layers(b: &mut Builder) -> Steps {
    b.upper().opaque("opaque");
    b.lower(0).opaque("merged/sub");
    for (index, dir) in ["", "low/", "merged/", "opaque/", "merged/sub/"]
        .iter()
        .enumerate()
    {
        for (place, name) in ["f", "g", "h", "i", "j"].iter().enumerate() {
            let path = format!("{dir}{name}");
            b.lower((index + place) % 3).file(&path, &path);
            match (index + place) % 4 {
                0 => b.upper().whiteout(&path),
                1 => drop(b.upper().file(&path, format!("upper {path}"))),
                _ => {}
            }
        }
    }
    steps(|r| {
        const DIRS: [&str; 5] = [".", "low", "merged", "opaque", "merged/sub"];
        const NAMES: [&str; 5] = ["f", "g", "h", "i", "j"];
        let mut state: u32 = 2010;
        let mut roll = |limit: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as usize % limit
        };
        for _ in 0..300 {
            let mut path = || format!("{}/{}", DIRS[roll(DIRS.len())], NAMES[roll(NAMES.len())]);
            let (one, two) = (path(), path());
            match roll(12) {
                0 => drop(r.put(&one, O_WRONLY | O_CREAT | O_EXCL, &two)),
                1 => drop(r.put(&one, O_WRONLY | O_TRUNC, &two)),
                2 => drop(r.unlink(&one)),
                3 => drop(r.link(&one, &two)),
                4 => drop(r.chmod(&one, 0o600 + roll(0o100) as u32)),
                5 => drop(r.rename2(&one, &two, RENAME_NOREPLACE)),
                6..=8 => drop(r.rename2(&one, &two, RENAME_EXCHANGE)),
                _ => drop(r.rename(&one, &two)),
            }
        }
        for dir in DIRS {
            r.ls(dir);
        }
    })
    .opaque("opaque")
}
