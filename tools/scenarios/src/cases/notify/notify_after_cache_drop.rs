// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a watch finds its object again when the caches were dropped, though it was copied up in between",
    setup: |b| {
        b.file("d/lower", "text");
        b.file("d/copied", "text");
        b.file("d/before", "text");
        b.upper().file("d/upper", "text");
    },
    steps: |r| {
        let names = ["d/lower", "d/copied", "d/before", "d/upper"];
        let drop = |r: &mut Run| {
            let result = std::fs::write("/proc/sys/vm/drop_caches", "2");
            r.expect("caches are dropped", result.is_ok());
        };
        r.chmod("d/before", 0o600);
        let mut watcher = r.watcher();
        r.watch(&mut watcher, "d", libc::IN_ATTRIB);
        for name in names {
            r.watch(&mut watcher, name, libc::IN_ATTRIB);
        }
        drop(r);
        r.chmod("d/copied", 0o600);
        r.events(&mut watcher);
        drop(r);
        for name in names {
            r.watch(&mut watcher, name, libc::IN_ATTRIB | libc::IN_OPEN);
            r.cat(name);
            r.events(&mut watcher);
            r.chmod(name, 0o640);
            r.events(&mut watcher);
            drop(r);
            r.chmod(name, 0o644);
            r.events(&mut watcher);
        }
    },
    ..Scenario::DEFAULT
};
