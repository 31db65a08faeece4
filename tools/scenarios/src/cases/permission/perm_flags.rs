// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "inode flags are for the owner, immutable and append-only for CAP_LINUX_IMMUTABLE",
    setup,
    steps: |r| {
        const ALL: u32 = NODUMP | APPEND | IMMUTABLE;
        let try_all = |r: &mut Run, places: &[&str]| {
            for place in places {
                for name in ["file", "dir"] {
                    let fd = r.open(&format!("{place}/{name}"), O_RDONLY);
                    r.set_flags(fd, IMMUTABLE, ALL);
                    r.set_flags(fd, APPEND, ALL);
                    r.set_flags(fd, NODUMP, ALL);
                    r.get_flags(fd, ALL);
                }
            }
        };
        r.as_who(MEMBER, |r| try_all(r, &PLACES));
        r.as_who(OTHER, |r| try_all(r, &PLACES));
        r.as_who(OWNER, |r| try_all(r, &["upper"]));
        r.without(&[cap::LINUX_IMMUTABLE], |r| try_all(r, &["merged"]));
        r.with_only(OTHER, &[cap::LINUX_IMMUTABLE], |r| try_all(r, &["lower"]));
    },
    layers: Some(|l| upper_gained(l, setup, &["merged/file"])),
    not_on: shape::NO_FLAGS,
    ..Scenario::DEFAULT
};

const NODUMP: u32 = 0x40;
const APPEND: u32 = 0x20;
const IMMUTABLE: u32 = 0x10;

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/file"), "text")
            .mode(0o666)
            .owner(1000, 500);
        b.dir(&format!("{place}/dir")).mode(0o777).owner(1000, 500);
    });
}
