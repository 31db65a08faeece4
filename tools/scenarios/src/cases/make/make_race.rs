// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "of many processes that make one name over a whiteout, each by another call, one \
        succeeds",
    setup: |b| {
        for number in 0..20 {
            b.file(&format!("d/{number}"), "old");
        }
    },
    steps: |r| {
        r.put("count", O_WRONLY | O_CREAT, "");
        for number in 0..20 {
            sys::unlink(format!("d/{number}")).expect("a lower file");
        }
        r.parallel(5, |process| {
            let count = sys::open("count", O_WRONLY | O_APPEND, 0).expect("the file to count in");
            for number in 0..20 {
                let name = format!("d/{number}");
                let result = match (process + number) % 5 {
                    0 => sys::mkdir(&name, 0o755),
                    1 => sys::symlink("x", &name),
                    2 => sys::mknod(&name, libc::S_IFIFO | 0o600, 0),
                    3 => sys::link("count", &name, 0),
                    _ => sys::open(&name, O_WRONLY | O_CREAT | O_EXCL, 0o644).and_then(sys::close),
                };
                match result {
                    Ok(()) => drop(sys::write(count, b"1", None).expect("counted")),
                    Err(error) => assert_eq!(error, Errno(libc::EEXIST)),
                }
            }
        });
        let made = slurp("count").map_or(0, |data| data.len());
        r.expect("each was made once", made == 20);
        let names = r.names("d");
        r.expect("and is there", names.len() == 20);
        // Which is what is chance.
        r.unlink("count");
        for name in names {
            let path = format!("d/{name}");
            let _ = sys::unlink(&path);
            let _ = sys::rmdir(&path);
        }
        r.ls("d");
        r.mkdir("d/0");
        r.see("d/0");
    },
    layers: Some(|l| {
        l.absent("count")?;
        l.opaque("d/0")?;
        l.whiteout("d/19")
    }),
    ..Scenario::DEFAULT
};
