// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a duplicate of a descriptor, and a child's, read on where the other has stopped, and \
        rewind it",
    setup: |b| every_dir(b, 20),
    steps: |r| {
        for dir in DIRS {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let twin = r.dup(fd);
            let mut all = piece(fd, 24);
            loop {
                let some = [piece(twin, 48), piece(fd, 24)].concat();
                if some.is_empty() {
                    break;
                }
                all.extend(some);
            }
            r.note(format_args!("{:?}", shown(&all)));
            r.lseek(twin, 0, SEEK_SET);
            let first = piece(fd, 24);
            r.expect("the first comes again", first == all[..1]);
            r.in_child(|r| r.expect("the second", piece(twin, 24) == all[1..2]));
            r.expect("the third", piece(fd, 24) == all[2..3]);
            r.close(fd);
            r.expect("the fourth", piece(twin, 24) == all[3..4]);
            r.in_child(|r| r.again(twin));
            r.getdents(twin, 4096);
            // Not what is opened anew by way of the descriptor.
            let anew = r.reopen(twin, O_RDONLY | O_DIRECTORY);
            r.again(anew);
            r.getdents(twin, 4096);
        }
    },
    ..Scenario::DEFAULT
};
