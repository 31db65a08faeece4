// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an open directory has itself and its parent once each, with their numbers, before and \
        after either is copied up",
    setup: |b| {
        every_dir(b, 3);
        for dir in DIRS {
            b.dir(&format!("{dir}/sub/sub"));
        }
        b.lower(1).file("merged/sub/x", "x");
        b.lower(0).file("merged/sub/sub/y", "y");
        b.upper().opaque("lower/sub2");
    },
    steps: |r| {
        let root = r.open(".", O_RDONLY | O_DIRECTORY);
        let mut open = Vec::new();
        for dir in DIRS.into_iter().chain(["lower/sub2"]) {
            let parent = if dir == "lower/sub2" { "lower" } else { "." };
            open.push((
                r.open(dir, O_RDONLY | O_DIRECTORY),
                dir.to_owned(),
                parent.to_owned(),
            ));
        }
        for dir in ["lower", "merged"] {
            let (sub, subsub) = (format!("{dir}/sub"), format!("{dir}/sub/sub"));
            let fd = r.open(&sub, O_RDONLY | O_DIRECTORY);
            open.push((fd, sub.clone(), dir.to_owned()));
            open.push((r.open(&subsub, O_RDONLY | O_DIRECTORY), subsub, sub));
        }
        let dots = |r: &mut Run| {
            for (fd, own, parent) in &open {
                r.dots(*fd, own, parent);
            }
            // What is above the tree is of no concern.
            let _ = sys::lseek(root.raw(), 0, SEEK_SET);
            let all = shown(&pieces(root, 4096));
            let two = all.iter().filter(|name| name.starts_with('.')).count() == 2;
            r.expect("the root has two", two);
        };
        dots(r);
        // Copies up the innermost with its parents, then just the attributes of one.
        r.put("lower/sub/sub/new", O_WRONLY | O_CREAT, "x");
        r.put("merged/sub/new", O_WRONLY | O_CREAT, "x");
        dots(r);
        r.chmod("merged/sub/sub", 0o700);
        r.chown("lower/sub", 5, 5);
        dots(r);
    },
    layers: Some(|l| {
        l.in_upper("lower/sub/sub")?;
        l.in_upper("merged/sub/sub")
    }),
    ..Scenario::DEFAULT
};
