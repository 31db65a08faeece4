// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "file capabilities set in a user namespace are of its root, and stay so through copy-up",
    setup: |b| {
        in_places(b, |b, place| {
            b.file(&format!("{place}/plain"), elf::becomes_user())
                .mode(0o755)
                .owner(1000, 1000);
            b.file(&format!("{place}/scoped"), elf::becomes_user())
                .mode(0o755)
                .owner(1000, 1000)
                .xattr(CAPABILITY, &scoped(1000));
            b.file(&format!("{place}/foreign"), elf::becomes_user())
                .mode(0o755)
                .owner(1000, 1000)
                .xattr(CAPABILITY, &scoped(2000));
            b.file(&format!("{place}/roots"), elf::becomes_user())
                .mode(0o777);
        });
    },
    steps: |r| {
        for _ in 0..2 {
            r.in_userns("0 1000 4\n77 3000 1\n", "0 1000 4\n", |r| {
                for place in PLACES {
                    r.setxattr(&format!("{place}/plain"), CAPABILITY, SETUID);
                    r.setxattr(&format!("{place}/roots"), CAPABILITY, SETUID);
                    for name in NAMES {
                        let path = format!("{place}/{name}");
                        r.getxattr(&path, CAPABILITY);
                        r.in_child(|r| {
                            sys::become_for_good(1, 1).expect("he is mapped");
                            r.exec(&path, &[]);
                        });
                    }
                }
            });
            for place in PLACES {
                for name in NAMES {
                    let path = format!("{place}/{name}");
                    r.getxattr(&path, CAPABILITY);
                    r.utimens(&path, (5, 5));
                }
            }
        }
    },
    layers: Some(|l| l.in_upper("lower/scoped")),
    not_on: &[("chroot", "no user namespace can be made in a chroot")],
    ..Scenario::DEFAULT
};

const CAPABILITY: &str = "security.capability";
const NAMES: [&str; 4] = ["plain", "scoped", "foreign", "roots"];

/// cap_setuid=ep, version 2.
const SETUID: [u8; 20] = [
    1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// The same in version 3: for user namespaces whose root this user is.
fn scoped(root: u32) -> Vec<u8> {
    let mut value = SETUID.to_vec();
    value[3] = 3;
    value.extend(root.to_le_bytes());
    value
}
