// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "on a noexec mount nothing runs and nothing is mapped as a program",
    setup,
    steps: |r| {
        r.on_bind(libc::MS_NOEXEC, |r| {
            for place in PLACES {
                let path = format!("{place}/program");
                r.exec(&path, &[]);
                r.access(&path, X_OK);
                r.access(place, X_OK);
                let fd = r.open(&path, O_RDONLY);
                for sharing in [MAP_PRIVATE, MAP_SHARED] {
                    let result = sys::Map::new(fd.raw(), 16, PROT_READ | libc::PROT_EXEC, sharing);
                    r.done(format_args!("mmap({path}) to execute"), result.map(drop));
                }
                let result = sys::Map::new(fd.raw(), 16, PROT_READ, MAP_PRIVATE);
                r.done(format_args!("mmap({path}) to read"), result.map(drop));
            }
        });
        for place in PLACES {
            r.exec(&format!("{place}/program"), &[]);
        }
    },
    layers: Some(|l| upper_gained(l, setup, &[])),
    ..Scenario::DEFAULT
};

fn setup(b: &mut Builder) {
    in_places(b, |b, place| {
        b.file(&format!("{place}/program"), elf::exits_with(42))
            .mode(0o755);
    });
}
