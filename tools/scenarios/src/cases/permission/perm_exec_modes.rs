// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a program runs for those who may execute it, read it or not; root needs one bit as well",
    setup,
    steps: |r| {
        let run = |r: &mut Run| {
            for place in PLACES {
                for mode in MODES {
                    let path = format!("{place}/{mode:03o}");
                    r.access(&path, X_OK);
                    r.exec(&path, &[]);
                }
                r.exec(&format!("{place}/acl"), &[]);
                // Its interpreter reads it, which the kernel does not ask for.
                r.exec(&format!("{place}/script"), &[]);
                r.exec(place, &[]);
            }
        };
        r.each_user(|r, _| run(r));
        run(r);
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

const MODES: [u32; 7] = [0o100, 0o010, 0o001, 0o111, 0o755, 0o666, 0o677];

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        for mode in MODES {
            b.file(&format!("{place}/{mode:03o}"), elf::exits_with(42))
                .mode(mode)
                .owner(1000, 500);
        }
        b.file(&format!("{place}/acl"), elf::exits_with(42))
            .mode(0o611)
            .owner(1000, 500)
            .xattr(
                acl::ACCESS,
                &acl::encode("u:6,user:1002:0,g:0,group:501:1,m:1,o:1"),
            );
        b.file(&format!("{place}/script"), format!("#!{place}/111\n"))
            .mode(0o311)
            .owner(1000, 500);
    });
}
