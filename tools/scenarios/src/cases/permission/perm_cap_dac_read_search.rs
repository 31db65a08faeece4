// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "CAP_DAC_READ_SEARCH reads everything, writes nothing, and copies nothing",
    setup,
    steps: |r| {
        r.with_only(OTHER, &[cap::DAC_READ_SEARCH], |r| {
            for place in PLACES {
                let path = format!("{place}/shut/file");
                r.ls(&format!("{place}/shut"));
                r.cat(&path);
                r.stat(&path);
                r.getxattr(&path, "user.a");
                r.access(&path, R_OK);
                r.access(&path, W_OK);
                r.exec(&path, &[]);
                r.try_open(&path, O_WRONLY);
                r.try_open(&path, O_RDWR);
                r.truncate(&path, 0);
                r.touch(&path);
                r.setxattr(&path, "user.a", "2");
                r.unlink(&path);
                r.try_open(&format!("{place}/shut/new"), O_WRONLY | O_CREAT);
                r.link(&path, &format!("{place}/open/link"));
                let fd = r.open(&path, O_RDONLY);
                // Has a right to the file, by its descriptor, that its path would not give.
                r.link_empty(fd, &format!("{place}/shut/link"));
                r.close(fd);
            }
        });
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.dir(&format!("{place}/open")).mode(0o777);
        b.dir(&format!("{place}/shut")).mode(0).owner(1000, 500);
        b.file(&format!("{place}/shut/file"), "text")
            .mode(0)
            .owner(1000, 500)
            .xattr("user.a", b"1");
    });
}
