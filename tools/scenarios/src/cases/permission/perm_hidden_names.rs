// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a whiteout is nothing at all to somebody without rights: the errors are those of a free name",
    setup,
    steps: |r| {
        r.each_user(|r, _| {
            for dir in ["closed", "shut", "owners"] {
                for name in ["white", "free"] {
                    let path = format!("{dir}/{name}");
                    r.stat(&path);
                    r.unlink(&path);
                    r.rmdir(&path);
                    r.rename(&path, "elsewhere");
                    r.rename("file", &path);
                    r.link("file", &path);
                    r.chmod(&path, 0o777);
                    r.truncate(&path, 0);
                    r.mknod(&path, libc::S_IFCHR, 0o600, 1, 3);
                    r.try_open(&path, O_RDWR);
                }
                r.ls(dir);
            }
        });
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    b.file("file", "text");
    for (dir, mode, owner) in [
        ("closed", 0o755, 0),
        ("shut", 0o766, 0),
        ("owners", 0o711, 1000),
    ] {
        b.lower(0).dir(dir).mode(mode).owner(owner, 500);
        b.file(&format!("{dir}/white"), "gone").mode(0o666);
        b.upper().dir(dir).mode(mode).owner(owner, 500);
        b.whiteout(&format!("{dir}/white"));
    }
}
