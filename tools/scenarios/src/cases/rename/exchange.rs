// SPDX-License-Identifier: GPL-2.0-only
//! RENAME_EXCHANGE, RENAME_NOREPLACE, and unknown flags.

use crate::prelude::*;

/// EXCHANGE swaps lower and upper files.
pub fn rename_exchange(b: &mut Builder) -> Steps {
    b.file("a", "aaa");
    b.file("d/b", "b");
    b.symlink("l", "a");
    steps(|r| {
        r.rename2("a", "d/b", RENAME_EXCHANGE);
        r.cat("a");
        r.cat("d/b");
        r.put("new", O_WRONLY | O_CREAT, "new");
        r.rename2("new", "a", RENAME_EXCHANGE);
        r.cat("a");
        r.cat("new");
        r.rename2("l", "a", RENAME_EXCHANGE);
        r.readlink("a");
        r.rename2("a", "none", RENAME_EXCHANGE);
        r.ls(".");
    })
}

/// EXCHANGE of a new directory with a file.
pub fn rename_exchange_dir(b: &mut Builder) -> Steps {
    b.file("f", "text");
    steps(|r| {
        r.mkdir("new");
        r.put("new/x", O_WRONLY | O_CREAT, "x");
        r.rename2("f", "new", RENAME_EXCHANGE);
        r.cat("new");
        r.ls("f");
        r.cat("f/x");
        r.mkdir("other");
        r.rename2("other", "f", RENAME_EXCHANGE);
        r.ls("other");
        r.ls("f");
    })
}

/// EXCHANGE needs both names: a name that is missing, deleted or hidden by a lower whiteout is refused.
pub fn rename_exchange_missing(b: &mut Builder) -> Steps {
    b.lower(1).file("hidden", "x");
    b.lower(0).whiteout("hidden");
    b.file("f", "text");
    b.file("gone", "x");
    b.file("d/g", "text");
    steps(|r| {
        r.unlink("gone");
        for missing in ["none", "hidden", "gone", "d/none", "none/x", "f/x"] {
            r.rename2("f", missing, RENAME_EXCHANGE);
            r.rename2(missing, "f", RENAME_EXCHANGE);
            r.rename2("d", missing, RENAME_EXCHANGE);
            r.rename2(missing, missing, RENAME_EXCHANGE);
        }
        r.ls(".");
    })
    .upper_is(&["gone"])
}

/// EXCHANGE of new directories in place of deleted ones: no name of the lower ones reappears on either side.
pub fn rename_exchange_opaque_dirs(b: &mut Builder) -> Steps {
    for place in ["a", "d/b"] {
        for name in ["f", "sub/g"] {
            b.file(&format!("{place}/{name}"), place);
        }
    }
    steps(|r| {
        r.remove_tree("a", Vec::pop);
        r.remove_tree("d/b", Vec::pop);
        r.mkdir("a");
        r.put("a/of-a", O_WRONLY | O_CREAT, "a");
        r.make(What::Full, "fresh");
        r.rename2("a", "d/b", RENAME_EXCHANGE);
        r.rename2("a", "fresh", RENAME_EXCHANGE);
        r.rename2("fresh", "d/b", RENAME_EXCHANGE);
        r.mkdir("d/b");
        r.rename2("fresh", "d/b", RENAME_EXCHANGE);
        r.rename2("a", "d/b", RENAME_EXCHANGE);
        for place in ["a", "d/b", "fresh"] {
            r.see(place);
            r.lstat(&format!("{place}/f"));
            r.mkdir(&format!("{place}/sub"));
            r.see(&format!("{place}/sub"));
        }
    })
    .opaque("a")
    .opaque("d/b")
}

/// While two processes exchange and two look, neither name is ever missing, and no file is lost.
pub fn rename_exchange_race(b: &mut Builder) -> Steps {
    b.file("a", "aaa");
    b.file("d/b", "bbb");
    b.file("c", "ccc");
    steps(|r| {
        r.parallel(4, |number| {
            for _ in 0..60 {
                match number {
                    0 => sys::rename("a", "d/b", RENAME_EXCHANGE).expect("both are there"),
                    1 => sys::rename("d/b", "c", RENAME_EXCHANGE).expect("both are there"),
                    _ => {
                        for name in ["a", "d/b", "c"] {
                            let data = slurp(name).expect("the name is there");
                            assert_eq!(data.len(), 3, "never half a file");
                        }
                    }
                }
            }
        });
        let mut all: Vec<_> = ["a", "d/b", "c"]
            .map(|name| slurp(name).unwrap_or_default())
            .into();
        all.sort();
        r.expect("all three are left", all == [b"aaa", b"bbb", b"ccc"]);
        // Which file has which name is random.
        for name in ["a", "d/b", "c"] {
            r.unlink(name);
        }
    })
    .whiteout("d/b")
}

/// Flags that are unknown or contradict each other are refused before anything is looked up.
pub fn rename_flags_unknown(b: &mut Builder) -> Steps {
    b.file("f", "text");
    b.file("g", "text");
    b.dir("d");
    steps(|r| {
        const ALL: u32 = RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT;
        for flags in [
            RENAME_EXCHANGE | RENAME_NOREPLACE,
            RENAME_EXCHANGE | RENAME_WHITEOUT,
            ALL,
            8,
            16 | RENAME_EXCHANGE,
            1 << 31,
            !ALL,
            u32::MAX,
        ] {
            r.note(format_args!("-- flags {flags:#x}"));
            r.rename2("f", "g", flags);
            r.rename2("f", "new", flags);
            r.rename2("none", "g", flags);
            r.rename2("d", "none/x", flags);
        }
        r.ls(".");
    })
    .upper_is(&[])
}

/// NOREPLACE refuses an existing name of any layer, and accepts a deleted one.
pub fn rename_noreplace(b: &mut Builder) -> Steps {
    b.file("a", "a");
    b.file("b", "b");
    b.file("gone", "old");
    steps(|r| {
        r.rename2("a", "b", RENAME_NOREPLACE);
        r.rename2("a", "new", RENAME_NOREPLACE);
        r.unlink("gone");
        r.rename2("new", "gone", RENAME_NOREPLACE);
        r.cat("gone");
        r.put("new", O_WRONLY | O_CREAT, "new");
        r.rename2("gone", "new", RENAME_NOREPLACE);
        r.ls(".");
    })
}

/// Of many renames to one name with NOREPLACE one succeeds, whether the name is missing, deleted or that of a lower
/// file.
pub fn rename_noreplace_race(b: &mut Builder) -> Steps {
    for number in 0..6 {
        for dir in ["missing", "deleted", "taken"] {
            b.file(&format!("{dir}/{number}"), "same");
        }
    }
    b.file("deleted/to", "same");
    b.file("taken/to", "same");
    steps(|r| {
        r.unlink("deleted/to");
        for (dir, names) in [("missing", 6), ("deleted", 6), ("taken", 7)] {
            r.parallel(6, |number| {
                let from = format!("{dir}/{number}");
                let _ = sys::rename(from, format!("{dir}/to"), RENAME_NOREPLACE);
            });
            r.see(&format!("{dir}/to"));
            let left = r.names(dir).len();
            r.expect("the right number of them won", left == names);
            // The winner is random: the result is normalised.
            for number in 0..6 {
                let _ = sys::unlink(format!("{dir}/{number}"));
            }
            r.ls(dir);
        }
    })
    .in_upper("missing/to")
    .absent("taken/to")
}
