// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "objects of every type keep their numbers over copy-up, forgetting, rename and link",
    setup: |b| {
        every_kind(b, "low");
        b.upper();
        every_kind(b, "top");
        b.dir("to");
    },
    steps: |r| {
        let forget = || {
            let fd = sys::open("/proc/sys/vm/drop_caches", O_WRONLY, 0).expect("root may");
            sys::write(fd, b"2", None).expect("a number it takes");
            sys::close(fd).expect("close");
        };
        for path in KINDS
            .iter()
            .flat_map(|k| [format!("low/{k}"), format!("top/{k}")])
        {
            let kept = r.identity(&path);
            r.chown(&path, 1, 1);
            let copied = r.identity(&path);
            r.expect(
                format_args!("{path} has its numbers after chown"),
                kept == copied,
            );
            let held = r.open(&path, O_PATH | O_NOFOLLOW);
            forget();
            let seen = (r.identity(&path), r.fd_identity(held));
            r.expect("when found again", seen == (kept, kept));
            r.close(held);
            forget();
            let again = r.identity(&path);
            r.expect("when nobody held it", again == kept);
            if path.ends_with("dir") {
                continue;
            }
            r.rename(&path, "to/moved");
            forget();
            r.link("to/moved", "to/linked");
            let seen = (r.identity("to/moved"), r.identity("to/linked"));
            r.expect("under its new names", seen == (kept, kept));
            r.unlink("to/moved");
            forget();
            let last = r.identity("to/linked");
            r.expect("under the last of them", last == kept);
            r.unlink("to/linked");
        }
    },
    not_on: &[
        ("rotate", shape::NUMBERS_IN_TOP),
        ("rotate-ext4", shape::NUMBERS_IN_TOP),
        ("chroot", shape::NO_PROC),
    ],
    ..Scenario::DEFAULT
};
