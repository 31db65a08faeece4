// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "while one process deletes a lower directory and makes it again, others make files in \
        it: none is left in a deleted one",
    setup: |b| {
        b.file("d/f", "old");
    },
    steps: |r| {
        r.unlink("d/f");
        r.parallel(3, |number| {
            for round in 0..60 {
                let name = format!("d/{number}");
                match number {
                    0 => match sys::rmdir("d") {
                        Ok(()) => sys::mkdir("d", 0o755).expect("nobody else makes it"),
                        Err(error) => assert_eq!(error, Errno(libc::ENOTEMPTY), "round {round}"),
                    },
                    _ => match sys::open(&name, O_WRONLY | O_CREAT | O_EXCL, 0o644) {
                        Ok(fd) => {
                            sys::close(fd).expect("closed");
                            sys::unlink(&name).expect("a directory with a file in it stays");
                        }
                        Err(error) => assert_eq!(error, Errno(libc::ENOENT), "round {round}"),
                    },
                }
            }
        });
        r.see("d");
        r.rmdir("d");
        r.mkdir("d");
        r.see("d");
    },
    layers: Some(|l| l.opaque("d")),
    ..Scenario::DEFAULT
};
