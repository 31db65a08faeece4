// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory refuses to be at a place before its beginning and stays where it was; \
        wherever it is, it lists no name twice and none that is not there",
    setup: |b| every_dir(b, 12),
    steps: |r| {
        for dir in DIRS {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let whole = shown(&pieces(fd, 4096));
            r.lseek(fd, 0, SEEK_SET);
            let first = piece(fd, 100);
            for (offset, whence) in [(-1, SEEK_SET), (i64::MIN, SEEK_SET), (0, 9), (0, -1)] {
                r.lseek(fd, offset, whence);
            }
            let mut rest = pieces(fd, 100);
            rest.extend(first);
            r.expect("all came", shown(&rest) == whole);
            // File systems differ in what they make of the following, but not in this.
            for (offset, whence) in [
                (0, SEEK_END),
                (1, SEEK_END),
                (-1, SEEK_END),
                (7, SEEK_SET),
                (1 << 31, SEEK_SET),
                (1 << 40, SEEK_SET),
                (i64::MAX, SEEK_SET),
                (i64::MAX, SEEK_CUR),
                (0, SEEK_DATA),
                (0, SEEK_HOLE),
            ] {
                let _ = sys::lseek(fd.raw(), offset, whence);
                let some = shown(&pieces(fd, 4096));
                let sane = some.windows(2).all(|two| two[0] != two[1])
                    && some.iter().all(|name| whole.contains(name));
                r.expect(format_args!("from {offset}, {whence}"), sane);
                r.lseek(fd, 0, SEEK_SET);
                r.expect("all is there", shown(&pieces(fd, 4096)) == whole);
            }
        }
    },
    ..Scenario::DEFAULT
};
