// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the first read after a write through a mapping is one that relatime records, however it reads",
    setup: |b| {
        b.file("low", vec![b'x'; PAGE]);
        b.upper().file("top", vec![b'x'; PAGE]);
    },
    steps: |r| {
        r.in_child(|r| {
            r.done("relatime", sys::bind_here(libc::MS_RELATIME));
            for name in ["low", "top"] {
                let fd = r.open(name, O_RDWR);
                let map = r.map(fd, PAGE, PROT_RW, MAP_SHARED);
                for way in ["read", "mmap", "sendfile"] {
                    r.touched(&[name], |r| {
                        r.store(map, 0, way);
                        r.done("msync", map.sync(MS_SYNC));
                    });
                    // The second time nothing has been written in between.
                    for _ in 0..2 {
                        r.touched(&[name], |r| match way {
                            "read" => drop(r.cat(name)),
                            "mmap" => {
                                let reader = r.open(name, O_RDONLY);
                                r.map(reader, PAGE, PROT_READ, MAP_SHARED);
                                r.close(reader);
                            }
                            _ => {
                                let reader = r.open(name, O_RDONLY);
                                let sink = r.open("sink", O_RDWR | O_CREAT);
                                r.sendfile(sink, reader, 10);
                                r.close(reader);
                                r.close(sink);
                            }
                        });
                    }
                }
            }
        });
    },
    ..Scenario::DEFAULT
};
