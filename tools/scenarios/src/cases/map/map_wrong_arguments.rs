// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "mappings asked for in a wrong way are refused, and a lower file is not copied up for them",
    setup: |b| {
        for number in 0..8 {
            b.file(&format!("f{number}"), vec![b'.'; 5000]);
        }
    },
    steps: |r| {
        let huge = libc::MAP_HUGETLB | MAP_SHARED;
        // Unlike MAP_SHARED, this one looks at every flag.
        let unknown = MAP_SHARED_VALIDATE | 1 << 25;
        for (number, (offset, length, flags)) in [
            (0, 0, MAP_SHARED),
            (100, PAGE, MAP_SHARED),
            (i64::MAX & -(PAGE as i64), 2 * PAGE, MAP_SHARED),
            (0, PAGE, 0),
            (0, PAGE, huge),
            (0, PAGE, unknown),
            (0, PAGE.wrapping_neg(), MAP_SHARED),
        ]
        .into_iter()
        .enumerate()
        {
            let fd = r.open(&format!("f{number}"), O_RDWR);
            r.map_at(fd, offset, length, PROT_RW, flags);
        }
        let fd = r.open("f7", O_RDWR);
        let taken = r.map(fd, PAGE, PROT_READ, MAP_PRIVATE);
        let (at, flags) = (taken.address(), MAP_SHARED | MAP_FIXED_NOREPLACE);
        let again = sys::Region::at(at, fd.raw(), 0, PAGE, PROT_RW, flags);
        r.region("a mapping where one is", again);
    },
    layers: Some(|l| l.upper_is(&[])),
    ..Scenario::DEFAULT
};
