// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "of many processes that delete the same names, of files and directories, each name has \
        one that succeeds",
    setup: |b| {
        for number in 0..12 {
            b.file(&format!("files/{number}"), "x");
            b.dir(&format!("dirs/{number}"));
        }
        b.file("gone/0", "x");
        b.file("count", "");
    },
    steps: |r| {
        r.unlink("gone/0");
        r.parallel(5, |_| {
            let count = sys::open("count", O_WRONLY | O_APPEND, 0).expect("the file to count in");
            for number in 0..12 {
                let done = [
                    sys::unlink(format!("files/{number}")),
                    sys::rmdir(format!("dirs/{number}")),
                    sys::mkdir("gone/0", 0o755),
                ];
                for result in done {
                    match result {
                        Ok(()) => drop(sys::write(count, b"1", None).expect("counted")),
                        Err(Errno(libc::ENOENT | libc::EEXIST)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        });
        r.stat("count");
        r.ls("files");
        r.ls("dirs");
        r.see("gone/0");
    },
    layers: Some(|l| {
        l.whiteout("files/11")?;
        l.whiteout("dirs/0")?;
        l.opaque("gone/0")
    }),
    ..Scenario::DEFAULT
};
