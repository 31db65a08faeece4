// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a descriptor passed to a lesser user carries the right to the data, not to the attributes",
    setup,
    steps: |r| {
        for place in PLACES {
            let data = r.open(&format!("{place}/data"), O_RDWR);
            let attributes = r.open(&format!("{place}/attributes"), O_RDWR);
            let dir = r.open(&format!("{place}/shut"), O_RDONLY | O_DIRECTORY);
            r.as_who(OTHER, |r| {
                r.read(data, 4);
                r.write(data, "more");
                r.ftruncate(data, 6);
                r.fchmod(attributes, 0o666);
                r.fchown(attributes, 1002, 1002);
                r.futimens(attributes, (5, 5));
                r.fsetxattr(attributes, "user.a", "1");
                let now = (0, libc::UTIME_NOW);
                r.done("futimens now", sys::futimens(attributes.raw(), now, now));
                // The name in /proc leads to the file, and its mode is asked again.
                let again = format!("/proc/self/fd/{}", attributes.raw());
                for flags in [O_RDONLY, O_RDWR, O_RDONLY | O_TRUNC] {
                    let result = sys::open(&again, flags, 0).and_then(sys::close);
                    r.done("open again", result);
                }
                r.done(
                    "link again",
                    sys::link(&again, format!("{place}/all/link"), AT_SYMLINK_FOLLOW),
                );
                r.open_at(dir, "f", O_RDONLY);
                r.open_at(dir, "new", O_WRONLY | O_CREAT);
                r.done("fchdir", sys::fchdir(dir.raw()));
                let entries = sys::getdents(dir.raw(), 4096).map(|list| list.len());
                r.call("getdents", entries);
            });
        }
    },
    layers: Some(|l| upper_gained(l, setup, &["lower", "lower/data", "merged/data"])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/data"), "text").mode(0o600);
        b.file(&format!("{place}/attributes"), "text").mode(0o600);
        b.dir(&format!("{place}/shut")).mode(0o700);
        b.file(&format!("{place}/shut/f"), "text").mode(0o666);
        b.dir(&format!("{place}/all")).mode(0o777);
    });
}
