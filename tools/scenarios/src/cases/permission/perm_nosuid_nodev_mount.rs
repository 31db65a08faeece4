// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "set-id bits, file capabilities and devices are kept but do not work on a nosuid, nodev mount",
    setup,
    steps: |r| {
        let run = |r: &mut Run| {
            for place in PLACES {
                r.stat(&format!("{place}/suid"));
                r.getxattr(&format!("{place}/capable"), "security.capability");
                r.try_open(&format!("{place}/null"), O_WRONLY);
                r.in_child(|r| {
                    sys::become_for_good(1002, 1002).expect("root may become anyone");
                    r.exec(&format!("{place}/suid"), &[]);
                    r.exec(&format!("{place}/capable"), &[]);
                });
            }
        };
        r.on_bind(libc::MS_NOSUID | libc::MS_NODEV, run);
        run(r);
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    /// cap_setuid=ep, version 2.
    const SETUID: [u8; 20] = [
        1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    in_places(b, |b, place| {
        b.file(&format!("{place}/suid"), elf::exits_with_user())
            .mode(0o4755)
            .owner(1000, 500);
        b.file(&format!("{place}/capable"), elf::becomes_user())
            .mode(0o755)
            .xattr("security.capability", &SETUID);
        b.char_device(&format!("{place}/null"), 1, 3).mode(0o666);
    });
}
