// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a name of ten lower layers is removed as a whole and made again, with whiteouts and \
        opaque directories among them",
    setup: |b| {
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
    },
    steps: |r| {
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
    },
    layers: Some(|l| {
        l.opaque("tree")?;
        l.whiteout("cut")?;
        l.opaque("file")
    }),
    ..Scenario::DEFAULT
};
