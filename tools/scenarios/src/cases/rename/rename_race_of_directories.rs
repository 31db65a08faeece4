// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "trees move between directories while others walk into them: what is found is whole, \
        and every tree is left once",
    setup: |b| {
        b.dir("a");
        b.file("b/below", "x");
        b.file("gone/t0/f", "below");
    },
    steps: |r| {
        r.remove_tree("gone", Vec::pop);
        r.mkdir("gone");
        for number in 0..2 {
            let tree = format!("a/t{number}");
            r.mkdir(&tree);
            r.mkdir(&format!("{tree}/s"));
            r.put(&format!("{tree}/s/f"), O_WRONLY | O_CREAT, "text");
        }
        const PLACES: [&str; 3] = ["a", "b", "gone"];
        r.parallel(4, |number| {
            for round in 0..60 {
                let tree = format!("t{}", number % 2);
                if number < 2 {
                    let (from, to) = (PLACES[round % 3], PLACES[(round + 1) % 3]);
                    sys::rename(format!("{from}/{tree}"), format!("{to}/{tree}"), 0)
                        .expect("moved");
                } else {
                    for place in PLACES {
                        match slurp(&format!("{place}/{tree}/s/f")) {
                            Ok(data) => assert_eq!(data, b"text"),
                            Err(error) => assert_eq!(error, Errno(libc::ENOENT)),
                        }
                    }
                }
            }
        });
        for place in PLACES {
            r.see(place);
        }
        r.see("a/t1/s/f");
    },
    layers: Some(|l| {
        l.opaque("gone")?;
        l.in_upper("a/t0/s/f")
    }),
    not_on: shape::MAKES_LOWER,
    ..Scenario::DEFAULT
};
