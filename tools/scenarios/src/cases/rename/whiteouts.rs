// SPDX-License-Identifier: GPL-2.0-only
//! Renames onto and away from whiteouts.

use crate::prelude::*;

/// A file moves away and back.
pub fn rename_back(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        r.rename("f", "g");
        r.rename("g", "f");
        r.cat("f");
        r.ls(".");
        r.unlink("f");
        r.ls(".");
    })
    .whiteout("f")
    .absent("g")
}

/// Two copied-up files move back and forth over their whiteouts, each name having a lower file beneath.
pub fn rename_back_over_own_whiteout(b: &mut Builder) -> Steps {
    b.file("a", "aaa");
    b.file("b", "bbb");
    b.file("d/c", "ccc");
    steps(|r| {
        r.put("a", O_WRONLY, "A");
        r.rename("a", "b");
        r.rename("b", "a");
        r.lstat("b");
        r.rename("a", "d/c");
        r.lstat("a");
        r.rename("d/c", "b");
        r.lstat("d/c");
        r.rename("b", "a");
        r.rename2("a", "b", RENAME_NOREPLACE);
        r.rename2("b", "a", RENAME_NOREPLACE);
        r.see("a");
        r.unlink("a");
        for name in ["a", "b", "d/c"] {
            r.lstat(name);
        }
        r.rename("none", "a");
        r.put("b", O_WRONLY | O_CREAT | O_EXCL, "new");
        r.rename("b", "a");
        r.see("a");
    })
    .in_upper("a")
    .whiteout("b")
    .whiteout("d/c")
}

/// A lower file renamed fifty times leaves one whiteout and one copy.
pub fn rename_long_chain(b: &mut Builder) -> Steps {
    b.file("d/0", "text").mode(0o640).owner(3, 4);
    // Deleted names on the way: whiteouts to be replaced, and to be restored.
    for number in [10, 20, 30] {
        b.file(&format!("d/{number}"), "old");
    }
    steps(|r| {
        for number in [10, 20, 30] {
            r.unlink(&format!("d/{number}"));
        }
        let before = r.identity("d/0");
        for number in 0..50 {
            r.rename(&format!("d/{number}"), &format!("d/{}", number + 1));
        }
        let after = r.identity("d/50");
        r.expect("it is the same file", before == after);
        r.listed_number("d", "50");
        r.see("d/50");
        r.ls("d");
    })
    .layers(|l| {
        for name in ["d/0", "d/10", "d/20", "d/30"] {
            l.whiteout(name)?;
        }
        l.upper_is(&["d", "d/0", "d/10", "d/20", "d/30", "d/50"])
    })
    .not_on(shape::ROTATE, shape::NUMBERS_IN_TOP)
}

/// Two hundred lower files move to another directory, which is deleted and made again, and back: no whiteout is left.
pub fn rename_many_out_and_back(b: &mut Builder) -> Steps {
    for number in 0..200 {
        b.file(&format!("d/{number:03}"), format!("{number}"));
    }
    b.file("e/old", "x");
    steps(|r| {
        r.unlink("e/old");
        r.rmdir("e");
        r.rename("d", "e/x");
        r.mkdir("e");
        for name in r.names("d") {
            sys::rename(format!("d/{name}"), format!("e/{name}"), RENAME_NOREPLACE).expect("out");
        }
        r.ls("d");
        let all = r.names("e").len() == 200;
        r.expect("all are there", all);
        for name in r.names("e") {
            sys::rename(format!("e/{name}"), format!("d/{name}"), RENAME_NOREPLACE).expect("back");
        }
        r.ls("e");
        r.rmdir("e");
        r.cat("d/117");
        let all = r.names("d").len() == 200;
        r.expect("all are back", all);
    })
    .layers(|l| {
        for number in 0..200 {
            l.in_upper(&format!("d/{number:03}"))?;
        }
        l.whiteout("e")
    })
}

/// A rename replaces a lower file.
pub fn rename_over_lower(b: &mut Builder) -> Steps {
    b.file("old", "old");
    b.file("new", "new");
    steps(|r| {
        r.rename("new", "old");
        r.cat("old");
        r.lstat("new");
        r.put("third", O_WRONLY | O_CREAT, "third");
        r.rename("third", "old");
        r.cat("old");
        r.ls(".");
    })
    .whiteout("new")
    .absent("third")
}

/// Names hidden by whiteouts of lower layers are free, and those whiteouts suffice when the names are left again.
pub fn rename_over_lower_whiteout(b: &mut Builder) -> Steps {
    b.lower(2).file("a", "bottom");
    b.file("d/sub/f", "bottom");
    b.file("kept", "bottom");
    b.lower(1).whiteout("a");
    b.whiteout("d");
    b.lower(0).file("f", "text");
    b.file("kept", "first");
    steps(|r| {
        r.rename2("f", "a", RENAME_NOREPLACE);
        r.rename("a", "b");
        r.lstat("a");
        r.make(What::Full, "new");
        r.rename2("new", "d", RENAME_NOREPLACE);
        r.see("d");
        r.mkdir("d/sub");
        r.see("d/sub");
        r.rename("d", "e");
        r.lstat("d");
        r.rename("kept", "d");
        r.see("d");
        r.rename("d", "a");
        r.ls(".");
    })
    .in_upper("a")
    .absent("d")
    .whiteout("f")
    .whiteout("kept")
}

/// A merged directory that holds only whiteouts, of several layers, is replaced, and nothing of it shows afterwards.
pub fn rename_over_only_whiteouts(b: &mut Builder) -> Steps {
    b.lower(2).file("d/one", "1");
    b.file("d/two", "2");
    b.file("d/sub/three", "3");
    b.lower(1).whiteout("d/one");
    b.dir("d/sub");
    b.lower(0).whiteout("d/sub");
    b.upper().whiteout("d/two");
    // A whiteout that hides nothing.
    b.whiteout("d/never");
    steps(|r| {
        r.ls("d");
        let held = r.open("d", O_RDONLY | O_DIRECTORY);
        r.make(What::Full, "new");
        r.put("new/two", O_WRONLY | O_CREAT, "mine");
        r.rename("new", "d");
        r.see("d");
        for name in ["one", "sub", "never"] {
            r.lstat(&format!("d/{name}"));
        }
        r.rest(held);
        r.mkdir("d/sub");
        r.see("d/sub");
        r.rename("d", "moved");
        r.lstat("d");
        r.mkdir("d");
        r.see("d");
        r.see("moved");
    })
    .opaque("d")
    .absent("d/two")
    .in_upper("moved/two")
}

/// A directory of the upper layer alone, with whiteouts that hide nothing, is replaced, moved and refilled.
pub fn rename_over_stale_whiteouts(b: &mut Builder) -> Steps {
    b.lower(0).dir("lower");
    b.file("hidden/f", "below");
    b.upper().whiteout("only/a");
    b.whiteout("only/b");
    b.opaque("hidden");
    b.whiteout("hidden/f");
    b.whiteout("hidden/g");
    b.whiteout("moving/x");
    b.whiteout("moving/y");
    b.file("moving/z", "z");
    steps(|r| {
        for victim in ["only", "hidden"] {
            r.see(victim);
            let held = r.open(victim, O_RDONLY | O_DIRECTORY);
            r.make(What::Full, "new");
            r.rename("new", victim);
            r.see(victim);
            r.rest(held);
            r.in_child(|r| {
                r.fchdir(held);
                r.put("f", O_WRONLY | O_CREAT, "x");
            });
        }
        r.see("moving");
        r.rename("moving", "lower");
        r.see("lower");
        r.put("lower/x", O_WRONLY | O_CREAT | O_EXCL, "x");
        r.rename("lower/z", "lower/y");
        r.rename("lower", "moving");
        r.see("moving");
        r.lstat("lower");
    })
    .opaque("hidden")
    .absent("hidden/f")
    .whiteout("lower")
    .in_upper("moving/y")
}

/// A rename takes a deleted name.
pub fn rename_over_whiteout(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.file("gone", "old");
    b.dir("d");
    steps(|r| {
        r.unlink("gone");
        r.rename("f", "gone");
        r.cat("gone");
        r.unlink("gone");
        r.mkdir("new");
        r.rename("new", "gone");
        r.ls("gone");
        r.ls(".");
    })
    .in_upper("gone")
}

/// An object moved to a removed name gets a later change time and keeps its modification time, in one directory or to
/// another.
pub fn rename_over_whiteout_times(b: &mut Builder) -> Steps {
    for name in ["f1", "f2", "f3", "low", "low_far", "to/f4", "to/f5"] {
        b.file(name, "text");
    }
    steps(|r| {
        let mut moved = |old: &str, new: &str| {
            r.unlink(new);
            r.utimens(old, OLD);
            let changed = |path: &str| {
                sys::stat(path, 0)
                    .map(|stat| (stat.st_ctime, stat.st_ctime_nsec))
                    .ok()
            };
            let before = changed(old);
            pause();
            r.rename(old, new);
            r.stat(new);
            r.expect("the change time is later", changed(new) > before);
        };
        moved("low", "f1");
        moved("low_far", "to/f4");
        for (victim, number) in [("f2", 1), ("f3", 2), ("to/f5", 3)] {
            let new = format!("new{number}");
            sys::mkdir(&new, 0o755).expect("mkdir");
            moved(&new, victim);
        }
        r.ls(".");
        r.ls("to");
    })
    .whiteout("low")
    .whiteout("low_far")
    .absent("new1")
}

/// Lower files exchange places in a circle, again and again.
pub fn rename_rotation(b: &mut Builder) -> Steps {
    for name in ["a", "b", "x/c", "x/y/d"] {
        b.file(name, name);
    }
    steps(|r| {
        const PLACES: [&str; 4] = ["a", "b", "x/c", "x/y/d"];
        for _ in 0..5 {
            r.rename(PLACES[0], "spare");
            for pair in PLACES.windows(2) {
                r.rename(pair[1], pair[0]);
                r.lstat(pair[1]);
            }
            r.rename("spare", PLACES[3]);
            for place in PLACES {
                r.cat(place);
            }
        }
        for _ in 0..3 {
            for pair in PLACES.windows(2) {
                r.rename2(pair[0], pair[1], RENAME_EXCHANGE);
            }
        }
        for place in PLACES {
            r.see(place);
        }
    })
    .layers(|l| {
        for name in ["a", "b", "x/c", "x/y/d"] {
            l.in_upper(name)?;
        }
        l.absent("spare")
    })
}

/// Renames over names that are in ten lower layers, in turn as file, directory and whiteout.
pub fn rename_ten_lowers(b: &mut Builder) -> Steps {
    for layer in (0..10).rev() {
        b.lower(layer);
        for first in 0..3 {
            match (layer + first) % 3 {
                0 => drop(b.file(&format!("n{first}"), format!("layer {layer}"))),
                1 => drop(b.file(&format!("n{first}/in{layer}"), "x")),
                _ => b.whiteout(&format!("n{first}")),
            }
        }
    }
    b.file("f", "text");
    steps(|r| {
        r.ls(".");
        for name in ["n0", "n1", "n2"] {
            r.see(name);
            r.remove_tree(name, Vec::pop);
            let _ = sys::unlink(name);
            r.rename("f", name);
            r.see(name);
            r.make(What::Full, "new");
            r.rename("new", name);
            r.rename(name, "f");
            r.rename("new", name);
            r.see(name);
        }
        r.mkdir("n0/in1");
        r.see("n0/in1");
        r.ls(".");
    })
    .layers(|l| {
        l.opaque("n0")?;
        l.opaque("n1")?;
        // The topmost lower layer has a whiteout there.
        l.not_opaque("n2")?;
        l.in_upper("f")
    })
}
