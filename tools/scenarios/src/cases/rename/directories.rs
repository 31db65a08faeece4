// SPDX-License-Identifier: GPL-2.0-only
//! Moving directories.

use crate::prelude::*;

/// Files move between lower, merged, opaque, new and renamed directories, and whiteouts are left only where needed.
pub fn rename_between_parents(b: &mut Builder) -> Steps {
    for to in ["lower", "merged", "opaque", "new", "again"] {
        for from in ["lower", "merged", "opaque", "again"] {
            b.lower(0).file(&format!("{from}/{to}"), "below");
        }
        b.upper().opaque("opaque");
        b.file(&format!("opaque/{to}"), "above");
        b.file(&format!("merged/{to}-upper"), "above");
    }
    steps(|r| {
        const DIRS: [&str; 5] = ["lower", "merged", "opaque", "new", "again"];
        r.remove_tree("again", Vec::pop);
        r.mkdir("elsewhere");
        r.rename("elsewhere", "again");
        r.mkdir("new");
        for to in DIRS {
            r.put(&format!("new/{to}"), O_WRONLY | O_CREAT, "new");
            r.put(&format!("again/{to}"), O_WRONLY | O_CREAT, "again");
        }
        for from in DIRS {
            for to in DIRS {
                r.rename(&format!("{from}/{to}"), &format!("{to}/{from}-moved"));
                r.see(&format!("{to}/{from}-moved"));
                r.lstat(&format!("{from}/{to}"));
            }
        }
        for dir in DIRS {
            r.ls(dir);
        }
    })
    .layers(|l| {
        for to in ["lower", "merged", "opaque", "new", "again"] {
            l.whiteout(&format!("lower/{to}"))?;
            l.whiteout(&format!("merged/{to}"))?;
            l.absent(&format!("opaque/{to}"))?;
            l.absent(&format!("new/{to}"))?;
            l.absent(&format!("again/{to}"))?;
        }
        Ok(())
    })
}

/// A new directory moves from the place of one deleted directory to that of the next, and is refilled each time.
pub fn rename_dir_onward(b: &mut Builder) -> Steps {
    for place in ["a", "b", "c/d"] {
        b.file(&format!("{place}/f"), "old");
        b.file(&format!("{place}/sub/g"), "old");
    }
    steps(|r| {
        for place in ["a", "b", "c/d"] {
            r.remove_tree(place, Vec::pop);
        }
        r.mkdir("new");
        for pair in ["new", "a", "b", "c/d", "a"].windows(2) {
            let [from, to] = pair else { unreachable!() };
            r.rename(from, to);
            r.see(to);
            r.lstat(from);
            r.put(&format!("{to}/f"), O_WRONLY | O_CREAT, to);
            r.mkdir(&format!("{to}/sub"));
            r.see(&format!("{to}/sub"));
            r.put(&format!("{to}/sub/g"), O_WRONLY | O_CREAT, to);
        }
        r.mkdir("b");
        r.mkdir("b/sub");
        r.see("b");
        r.see("b/sub");
        r.see("a/sub/g");
    })
    .opaque("a")
    .opaque("b")
    .whiteout("c/d")
    .absent("new")
}

/// A new directory moves to the name of a removed lower one, also from another parent, and keeps its times.
pub fn rename_dir_over_whiteout(b: &mut Builder) -> Steps {
    b.dir("near");
    b.dir("far");
    b.dir("deep/far");
    b.dir("deep/er");
    steps(|r| {
        for (victim, from) in [
            ("near", "new"),
            ("far", "deep/new"),
            ("deep/far", "deep/er/new"),
        ] {
            r.rmdir(victim);
            r.mkdir(from);
            r.put(&format!("{from}/f"), O_WRONLY | O_CREAT, "text");
            r.utimens(from, OLD);
            r.rename(from, victim);
            r.stat(victim);
            r.ls(victim);
            r.lstat(from);
        }
    })
    .opaque("far")
    .absent("deep/new")
    .absent("deep/er/new")
}

/// A new directory takes the place of one with whiteouts.
pub fn rename_dir_with_whiteouts(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.file("d/g", "text");
    steps(|r| {
        r.unlink("d/f");
        r.unlink("d/g");
        r.mkdir("n");
        r.put("n/f", O_WRONLY | O_CREAT, "new");
        r.rename("n", "d");
        r.ls("d");
        r.cat("d/f");
        r.lstat("d/g");
    })
    .opaque("d")
}

/// A lower directory moves, as mv does it.
pub fn rename_lower_dir(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.file("d/sub/g", "text").mode(0o600);
    b.dir("e");
    steps(|r| {
        r.rename("d", "moved");
        r.cat("moved/f");
        r.stat("moved/sub/g");
        r.lstat("d");
        r.ls("moved");
        r.rename("moved", "e/again");
        r.ls("e/again/sub");
        r.mkdir("d");
        r.ls("d");
    })
}

/// A merged directory moves, as mv does it.
pub fn rename_merged_dir(b: &mut Builder) -> Steps {
    b.lower(1).file("d/a", "a");
    b.lower(0).file("d/b", "b");
    b.upper().file("d/c", "c");
    steps(|r| {
        r.unlink("d/a");
        r.rename("d", "e");
        r.ls("e");
        r.cat("e/b");
        r.cat("e/a");
        r.lstat("d");
        r.mkdir("d");
        r.ls("d");
    })
}

/// New directories move with all they hold.
pub fn rename_new_dir(b: &mut Builder) -> Steps {
    b.dir("d");
    b.file("gone/x", "old");
    steps(|r| {
        r.mkdir("a");
        r.mkdir("a/b");
        r.put("a/b/f", O_WRONLY | O_CREAT, "text");
        r.rename("a", "d/a");
        r.cat("d/a/b/f");
        r.rename("d/a/b", "b");
        r.ls("d/a");
        r.ls("b");
        r.mkdir("empty");
        r.rename("b", "empty");
        r.ls("empty");
        r.rename("empty", "d/a/deep");
        r.ls(".");
        r.cat("d/a/deep/f");
    })
}

/// A new directory replaces an empty lower one.
pub fn rename_new_dir_over_lower(b: &mut Builder) -> Steps {
    b.dir("d");
    b.file("full/f", "text");
    b.dir("emptied");
    b.file("emptied/f", "text");
    steps(|r| {
        r.mkdir("new");
        r.put("new/x", O_WRONLY | O_CREAT, "x");
        r.rename("new", "full");
        r.rename("new", "d");
        r.ls("d");
        r.unlink("emptied/f");
        r.mkdir("other");
        r.put("other/y", O_WRONLY | O_CREAT, "y");
        r.rename("other", "emptied");
        r.ls("emptied");
        r.ls(".");
    })
    .opaque("emptied")
}

/// A directory of any layer moves neither below itself nor over one of its parents.
pub fn rename_own_descendant(b: &mut Builder) -> Steps {
    b.lower(0).file("lower/a/b/f", "x");
    b.dir("merged/a/b");
    b.upper().dir("merged/a/c");
    b.file("upper/a/b/f", "x");
    steps(|r| {
        r.mkdir("new");
        r.mkdir("new/a");
        r.mkdir("new/a/b");
        for base in ["lower", "merged", "upper", "new"] {
            let (a, b) = (format!("{base}/a"), format!("{base}/a/b"));
            r.rename(&a, &format!("{b}/x"));
            r.rename(&a, &b);
            r.rename(&b, &a);
            r.rename(&b, base);
            for path in [base, &a, &b] {
                r.rename2(path, &b, RENAME_EXCHANGE);
                r.rename2(&b, path, RENAME_EXCHANGE);
            }
            r.rename2(&a, &b, RENAME_NOREPLACE);
            r.rename2(&b, &a, RENAME_NOREPLACE);
            r.rename2(base, &format!("{a}/x"), RENAME_WHITEOUT);
            r.rename(&format!("{b}/../../a"), &format!("{b}/x"));
        }
    })
    .absent("lower")
    .absent("merged/a/b")
}

/// A directory of lower layers whose rename is refused is not copied up.
pub fn rename_refused_dir_copies_nothing(b: &mut Builder) -> Steps {
    b.lower(1).file("p/d/f", "x");
    b.lower(0).file("p/d/g", "x");
    b.file("q/only/f", "x");
    b.file("q/leaf", "leaf");
    steps(|r| {
        for (old, new, flags) in [
            ("p/d", "q/only", 0),
            ("p/d", "q/leaf", 0),
            ("q/leaf", "q/only", 0),
            ("p/d", "q/only", RENAME_NOREPLACE),
            ("p/d", "q/none", RENAME_EXCHANGE),
            ("p/d", "p/d/e", 0),
        ] {
            r.rename2(old, new, flags);
        }
        r.ls("p/d");
        r.cat("q/only/f");
    })
    .upper_is(&[])
}

/// A replaced file stays usable through its descriptors, whichever layer it was in.
pub fn rename_replaced_open(b: &mut Builder) -> Steps {
    for name in ["lower", "copied", "written"] {
        b.file(name, "victim").mode(0o640);
        b.file(&format!("{name}-new"), "successor");
    }
    steps(|r| {
        r.chmod("copied", 0o600);
        r.put("upper", O_WRONLY | O_CREAT, "victim");
        r.put("upper-new", O_WRONLY | O_CREAT, "successor");
        for name in ["lower", "copied", "written", "upper"] {
            let reader = r.open(name, O_RDONLY);
            let writer = r.open(name, O_RDWR);
            if name == "written" {
                r.pwrite(writer, "V", 0);
            }
            r.rename(&format!("{name}-new"), name);
            r.fstat(reader);
            r.pread(reader, 20, 0);
            r.pwrite(writer, "deleted", 0);
            r.pread(writer, 20, 0);
            r.pread(reader, 20, 0);
            r.fchmod(reader, 0o444);
            r.fstat(writer);
            r.ftruncate(writer, 3);
            r.fstat(reader);
            r.see(name);
        }
    })
    .whiteout("lower-new")
    .absent("upper-new")
}

/// A replaced directory that is open lists nothing, and nothing can be made in it, whichever layer it was in.
pub fn rename_replaced_open_dir(b: &mut Builder) -> Steps {
    b.lower(0).dir("lower");
    b.dir("merged");
    b.file("emptied/f", "x");
    b.upper().dir("merged");
    b.dir("upper");
    steps(|r| {
        r.unlink("emptied/f");
        for name in ["lower", "merged", "emptied", "upper"] {
            let fd = r.open(name, O_RDONLY | O_DIRECTORY);
            r.make(What::Full, "new");
            r.rename("new", name);
            let left = sys::getdents(fd.raw(), 4096).unwrap_or_default();
            let left = left.iter().any(|entry| !entry.name.starts_with(b"."));
            r.expect("nothing is left in it", !left);
            r.unlink_at(fd, "in");
            r.in_child(|r| {
                r.fchdir(fd);
                r.working_name();
                r.put("x", O_WRONLY | O_CREAT, "x");
                r.mkdir("x");
                r.rename("../lower/in", "x");
                r.stat(".");
            });
            r.see(name);
        }
    })
    .opaque("lower")
    .opaque("merged")
    .opaque("emptied")
    .not_opaque("upper")
}

/// A lower file and a new tree move down the directories and up again, through lower, merged, opaque and new ones.
pub fn rename_up_and_down(b: &mut Builder) -> Steps {
    b.lower(0).file("f", "text").mode(0o640);
    b.file("lower/keep", "x");
    b.file("lower/merged/below", "x");
    b.file("lower/merged/opaque/hidden", "x");
    b.upper().file("lower/merged/above", "x");
    b.opaque("lower/merged/opaque");
    steps(|r| {
        const DOWN: [&str; 5] = [
            ".",
            "lower",
            "lower/merged",
            "lower/merged/opaque",
            "lower/merged/opaque/new",
        ];
        r.mkdir("lower/merged/opaque/new");
        r.make(What::Full, "t");
        r.symlink("in", "t/link");
        let file = r.identity("f");
        let tree = r.identity("t/in");
        let way: Vec<_> = DOWN.iter().chain(DOWN.iter().rev().skip(1)).collect();
        for pair in way.windows(2) {
            for name in ["f", "t"] {
                r.rename(
                    &format!("{}/{name}", pair[0]),
                    &format!("{}/{name}", pair[1]),
                );
                r.see(&format!("{}/{name}", pair[1]));
                r.listed_number(pair[1], name);
            }
        }
        let same = file == r.identity("f") && tree == r.identity("t/in");
        r.expect("the numbers are what they were", same);
        r.ls("lower/merged/opaque");
    })
    .layers(|l| {
        l.in_upper("f")?;
        for dir in ["lower", "lower/merged", "lower/merged/opaque/new"] {
            l.absent(&format!("{dir}/f"))?;
            l.not_opaque(dir)?;
        }
        l.not_opaque("t")
    })
    .not_on(shape::ROTATE, shape::NUMBERS_IN_TOP)
}

/// The working directory moves.
pub fn rename_working_directory(b: &mut Builder) -> Steps {
    b.dir("d");
    steps(|r| {
        r.mkdir("new");
        r.chdir("new");
        r.put("f", O_WRONLY | O_CREAT, "text");
        r.rename("../new", "../d/moved");
        r.cat("f");
        r.put("g", O_WRONLY | O_CREAT, "text");
        r.ls("..");
        r.unlink("f");
        r.unlink("g");
        r.rmdir("../moved");
        r.put("h", O_WRONLY | O_CREAT, "text");
        r.ls(".");
    })
}
