// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "another process's mappings are read, and written where it could write itself, through its memory",
    setup: |b| {
        b.file("lower", vec![b'.'; PAGE]);
        b.file("reader", vec![b'.'; PAGE]);
        b.file("private", vec![b'.'; PAGE]);
    },
    steps: |r| {
        let mut maps = Vec::new();
        for (name, open, protection, flags) in [
            ("reader", O_RDONLY, PROT_READ, MAP_SHARED),
            ("private", O_RDONLY, PROT_READ, MAP_PRIVATE),
            ("lower", O_RDWR, PROT_RW, MAP_SHARED),
        ] {
            let fd = r.open(name, open);
            maps.push((name, r.map(fd, PAGE, protection, flags)));
        }
        r.with_peer(
            |_, turns| turns.pass(),
            |r, turns, pid| {
                turns.pass();
                let memory = r.open("/proc/self/mem", O_RDWR);
                for (name, map) in &maps {
                    let at = map.address();
                    let text = sys::process_write(pid, at, b"by another");
                    r.call(format_args!("process_vm_writev to {name}"), text);
                    let text = sys::process_read(pid, at, 10);
                    let text = text.map(|text| text.escape_ascii().to_string());
                    r.call(format_args!("process_vm_readv of {name}"), text);
                    // Goes past the protection of a private page, but not of a shared one.
                    r.pwrite(memory, "forced", at as i64);
                    r.look(*map, 0, 10);
                }
                turns.give();
            },
        );
        for name in ["reader", "private", "lower"] {
            r.cat(name);
        }
    },
    layers: Some(|l| l.upper_is(&["lower"])),
    ..Scenario::DEFAULT
};
