// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory that may not be searched stops every call, wherever it is on the path",
    setup,
    steps: |r| {
        r.each_user(|r, _| {
            for place in PLACES {
                for shut in ["a", "b", "c"] {
                    let dir = format!("{place}/{shut}/1/2/3");
                    let path = format!("{dir}/f");
                    r.stat(&path);
                    r.cat(&path);
                    r.try_open(&path, O_RDWR | O_CREAT);
                    r.readlink(&format!("{dir}/l"));
                    r.getxattr(&path, "user.a");
                    r.access(&path, F_OK);
                    r.statfs(&path);
                    r.in_child(|r| {
                        r.chdir(&format!("{dir}/.."));
                    });
                    r.exec(&path, &[]);
                    r.ls(&dir);
                }
            }
        });
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        // The members' group cannot search one directory of each path, which is another each time.
        for (name, modes) in [
            ("a", [0o705, 0o755, 0o755]),
            ("b", [0o755, 0o705, 0o755]),
            ("c", [0o755, 0o755, 0o704]),
        ] {
            let mut path = format!("{place}/{name}");
            for (depth, mode) in modes.into_iter().enumerate() {
                path += &format!("/{}", depth + 1);
                b.dir(&path).mode(mode).owner(1000, 500);
            }
            b.file(&format!("{path}/f"), "text")
                .mode(0o777)
                .xattr("user.a", b"1");
            b.symlink(&format!("{path}/l"), "f");
        }
    });
}
