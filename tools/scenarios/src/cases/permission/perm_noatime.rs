// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "O_NOATIME is for the owner and CAP_FOWNER, at open and by fcntl",
    setup,
    steps: |r| {
        let try_all = |r: &mut Run| {
            for place in PLACES {
                let path = format!("{place}/file");
                let fd = r.open(&path, O_RDONLY | libc::O_NOATIME);
                r.read(fd, 4);
                let fd = r.open(&path, O_RDONLY);
                let set = sys::set_status_flags(fd.raw(), libc::O_NOATIME, libc::O_NOATIME);
                r.done("F_SETFL O_NOATIME", set);
                r.read(fd, 4);
                r.open(place, O_RDONLY | O_DIRECTORY | libc::O_NOATIME);
            }
        };
        r.each_user(|r, _| try_all(r));
        r.without(&[cap::FOWNER], try_all);
        r.with_only(OTHER, &[cap::FOWNER], try_all);
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text")
            .mode(0o666)
            .owner(1000, 500);
    });
}
