// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// So many take seconds, on a slow kernel fewer do; nothing changes in kind beyond.
const COUNT: usize = 20_000;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory takes twenty thousand names, lists each once while half of them go, and can be emptied",
    setup: |b| {
        for n in 0..200 {
            b.file(&format!("d/{}", n * 100), "below");
        }
    },
    steps: |r| {
        let count = many(COUNT);
        let mut made = 0;
        for n in 0..count {
            made += usize::from(sys::mknod(format!("d/{n}"), libc::S_IFREG | 0o600, 0).is_ok());
        }
        r.note(format_args!("made {made}"));
        let names = r.names("d");
        r.note(format_args!("listed {}", names.len()));
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let first = sys::getdents(fd.raw(), 4096).expect("a beginning");
        let mut gone = 0;
        for n in (1..count).step_by(2) {
            gone += usize::from(sys::unlink(format!("d/{n}")).is_ok());
        }
        r.note(format_args!("deleted {gone}"));
        // Whether the listing still shows what was deleted is left to the file system; the rest it must.
        let mut seen: Vec<Vec<u8>> = first.into_iter().map(|entry| entry.name).collect();
        while let Ok(more) = sys::getdents(fd.raw(), 32768) {
            if more.is_empty() {
                break;
            }
            seen.extend(more.into_iter().map(|entry| entry.name));
        }
        let total = seen.len();
        seen.sort();
        seen.dedup();
        r.expect("no name came twice", seen.len() == total);
        let missed = (0..count)
            .step_by(2)
            .filter(|n| seen.binary_search(&n.to_string().into_bytes()).is_err());
        r.note(format_args!("missed {}", missed.count()));
        let left = r.names("d").len();
        r.note(format_args!("left {left}"));
        r.rmdir("d");
        // Those of the lower layer, too, which are all there on a slow kernel.
        for n in (0..COUNT).step_by(2) {
            gone += usize::from(sys::unlink(format!("d/{n}")).is_ok());
        }
        r.note(format_args!("deleted {gone}"));
        r.ls("d");
        r.rmdir("d");
    },
    layers: Some(|l| l.upper_is(&["d"])),
    ..Scenario::DEFAULT
};
