// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "data that move from file to file inside the kernel are told of as read and written",
    setup: |b| {
        b.file("from", vec![b'.'; 10_000]);
        for name in ["range", "send", "splice", "hole", "mapped"] {
            b.file(name, vec![b'x'; 8192]);
        }
    },
    steps: |r| {
        let mut watcher = r.watcher();
        let fd = r.open("from", O_RDONLY);
        let mask = libc::IN_ACCESS | libc::IN_MODIFY | libc::IN_ATTRIB;
        r.watch(&mut watcher, "from", mask);
        for name in ["range", "send", "splice", "hole", "mapped"] {
            r.watch(&mut watcher, name, mask);
            let to = r.open(name, O_RDWR);
            r.lseek(fd, 0, SEEK_SET);
            match name {
                "range" => r.copy_file_range(fd, 0, to, 0, 4096),
                "send" => r.sendfile(to, fd, 4096),
                "splice" => r.splice(fd, to, 4096),
                "hole" => {
                    r.fallocate(to, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
                }
                _ => {
                    let map = r.map(to, 8192, PROT_RW, MAP_SHARED);
                    r.store(map, 0, "nobody is told");
                    r.done("msync", map.sync(MS_SYNC));
                }
            }
            r.events(&mut watcher);
        }
    },
    layers: Some(|l| l.absent("from")),
    ..Scenario::DEFAULT
};
