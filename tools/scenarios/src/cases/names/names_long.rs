// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "names of 255 bytes can be had, copied up, deleted and made again in every layer; 256 are too many for every call",
    setup: |b| {
        for letter in ["f", "g", "h"] {
            b.file(&letter.repeat(255), "text");
        }
        b.file(&format!("{}/x", "d".repeat(255)), "text");
        b.lower(1).file(&"w".repeat(255), "hidden");
        b.lower(0).whiteout(&"w".repeat(255));
        b.upper().file(&"u".repeat(255), "text");
    },
    steps: |r| {
        let name = |letter: &str| letter.repeat(255);
        r.chmod(&name("f"), 0o600);
        r.unlink(&name("g"));
        r.rename(&name("h"), &name("n"));
        r.link(&name("f"), &name("l"));
        r.put(&name("w"), O_WRONLY | O_CREAT, "new");
        r.rename(&name("u"), &name("g"));
        r.unlink(&format!("{}/x", name("d")));
        r.rmdir(&name("d"));
        r.mkdir(&name("d"));
        let long = "f".repeat(256);
        for path in [
            long.clone(),
            format!("{}/{long}", name("d")),
            format!("{long}/x"),
        ] {
            r.stat(&path);
            r.put(&path, O_WRONLY | O_CREAT, "x");
            r.mkdir(&path);
            r.rmdir(&path);
            r.unlink(&path);
            r.symlink("x", &path);
            r.mkfifo(&path, 0o600);
            r.rename(&name("f"), &path);
            r.rename(&path, "x");
            r.rename2(&path, &name("f"), RENAME_EXCHANGE);
            r.link(&name("f"), &path);
            r.chmod(&path, 0o600);
            r.truncate(&path, 0);
            r.setxattr(&path, "user.a", "1");
            r.readlink(&path);
        }
        r.ls(".");
    },
    layers: Some(|l| {
        l.whiteout(&"h".repeat(255))?;
        l.opaque(&"d".repeat(255))
    }),
    ..Scenario::DEFAULT
};
