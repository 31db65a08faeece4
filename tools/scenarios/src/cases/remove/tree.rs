// SPDX-License-Identifier: GPL-2.0-only
//! Deleting trees.

use crate::prelude::*;

/// Forty directories within each other, each with a part in every layer, leave one whiteout.
pub fn remove_deep(b: &mut Builder) -> Steps {
    let mut path = String::from("t");
    for depth in 0..40 {
        path += "/d";
        b.anywhere().file(&format!("{path}/lower{depth}"), "x");
        b.file(&format!("{path}/f"), "x");
        if depth % 5 == 0 {
            b.upper().file(&format!("{path}/upper"), "x");
        }
    }
    steps(|r| {
        r.rmdir("t");
        r.remove_tree("t", Vec::pop);
        r.lstat("t");
        r.mkdir("t");
        r.mkdir("t/d");
        r.mkdir("t/d/d");
        r.ls("t/d/d");
        r.remove_tree("t", Vec::pop);
    })
    .upper_is(&["t"])
    .whiteout("t")
    .not_on(
        &["iso9660"],
        "bsdtar cannot make an image of directories as deep",
    )
}

/// A tree filled with lower and new files of other trees is removed as a whole, and those trees are unchanged.
pub fn remove_moved_tree(b: &mut Builder) -> Steps {
    b.lower(1).file("src/one", "1");
    b.lower(0).file("src/two", "2");
    b.file("src/sub/three", "3");
    b.file("dst/four", "4");
    b.upper().file("src/five", "5");
    steps(|r| {
        r.mkdir("dst/dir");
        r.make(What::Full, "made");
        for (old, new) in [
            ("src/one", "dst/dir/one"),
            ("src/two", "dst/four"),
            ("src/sub/three", "dst/dir/in"),
            ("made", "dst/made"),
            ("src/five", "dst/made/five"),
        ] {
            r.rename(old, new);
        }
        r.link("dst/dir/one", "src/one-again");
        r.remove_tree("dst", Vec::pop);
        r.lstat("dst");
        r.see("src");
        r.see("src/one-again");
        r.rmdir("src/sub");
        r.mkdir("dst");
        r.see("dst");
    })
    .layers(|l| {
        l.opaque("dst")?;
        for name in ["src/one", "src/two", "src/sub"] {
            l.whiteout(name)?;
        }
        l.absent("src/five")
    })
}

/// A name of ten lower layers is removed as a whole and made again, with whiteouts and opaque directories among them.
pub fn remove_ten_lowers(b: &mut Builder) -> Steps {
    for layer in (0..10).rev() {
        b.lower(layer).file("file", format!("{layer}"));
        b.file(&format!("tree/{layer}"), "x");
        b.file("tree/all", format!("{layer}"));
        b.file(&format!("cut/{layer}"), "x");
        if layer % 3 == 0 {
            b.whiteout(&format!("tree/{}", layer + 1));
        }
        match layer {
            2 => b.whiteout("hidden"),
            5 => drop(b.file("hidden/five", "5")),
            7 => drop(b.opaque("cut")),
            _ => {}
        }
    }
    steps(|r| {
        r.ls(".");
        r.ls("tree");
        r.ls("cut");
        r.unlink("file");
        r.lstat("file");
        r.make(What::Full, "file");
        r.see("file");
        for name in ["tree", "cut"] {
            r.rmdir(name);
            r.remove_tree(name, Vec::pop);
            r.lstat(name);
            r.mkdir(name);
            r.see(name);
            r.lstat(&format!("{name}/9"));
            r.put(&format!("{name}/9"), O_WRONLY | O_CREAT | O_EXCL, "new");
        }
        r.mkdir("hidden");
        r.see("hidden");
        r.unlink("cut/9");
        r.rmdir("cut");
    })
    .opaque("tree")
    .whiteout("cut")
    .opaque("file")
}

/// A tree over several layers is deleted as rm -r does it, and made again.
pub fn remove_tree(b: &mut Builder) -> Steps {
    for dir in ["t", "t/a", "t/a/b", "t/c"] {
        b.dir(dir);
        for file in ["1", "2", "3"] {
            b.file(&format!("{dir}/{file}"), file);
        }
    }
    steps(|r| {
        for dir in ["t/a/b", "t/a", "t/c", "t"] {
            for name in r.names(dir) {
                r.unlink(&format!("{dir}/{name}"));
            }
            r.rmdir(dir);
        }
        r.ls(".");
        r.mkdir("t");
        r.mkdir("t/a");
        r.ls("t");
        r.ls("t/a");
    })
    .opaque("t")
    .upper_is(&["t", "t/a"])
}

/// A tree spread over all layers is deleted from its first names, from its last, or from both ends in turn, and made
/// again three times.
pub fn remove_tree_orders(b: &mut Builder) -> Steps {
    for dir in ["t", "t/a", "t/a/b", "t/a/b/c", "t/d"] {
        b.anywhere().dir(dir);
        for name in ["m", "n", "o", "p"] {
            b.file(&format!("{dir}/{name}"), "below");
        }
        b.upper().file(&format!("{dir}/k"), "upper");
        b.file(&format!("{dir}/n"), "upper");
        b.lower(0).whiteout(&format!("{dir}/q"));
    }
    steps(|r| {
        const ORDERS: [fn(&mut Vec<String>) -> Option<String>; 3] = [
            Vec::pop,
            |names| (!names.is_empty()).then(|| names.remove(0)),
            |names| {
                names.reverse();
                names.pop()
            },
        ];
        for order in ORDERS {
            r.remove_tree("t", order);
            r.lstat("t");
            for dir in ["t", "t/d", "t/a", "t/a/b"] {
                r.mkdir(dir);
                r.see(dir);
                for name in ["m", "q", "x"] {
                    r.put(
                        &format!("{dir}/{name}"),
                        O_WRONLY | O_CREAT | O_EXCL,
                        "again",
                    );
                }
            }
        }
        r.lstat("t/a/b/c");
    })
    .opaque("t")
    .not_opaque("t/a")
    .absent("t/a/b/c")
}
