// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "while new directories are renamed over an emptied lower one, files made in it are \
        never lost in a replaced one",
    setup: |b| {
        b.file("d/old", "old");
    },
    steps: |r| {
        r.unlink("d/old");
        r.parallel(3, |number| {
            for round in 0..50 {
                let (new, name) = (format!("new{number}"), format!("d/{number}"));
                if number < 2 {
                    sys::mkdir(&new, 0o755).expect("its own name");
                    match sys::rename(&new, "d", 0) {
                        Ok(()) => {}
                        Err(Errno(libc::ENOTEMPTY | libc::EEXIST)) => {
                            sys::rmdir(&new).expect("still there")
                        }
                        Err(error) => panic!("{error} in round {round}"),
                    }
                } else {
                    // The directory may be replaced before the file is made in it, never after.
                    match sys::open(&name, O_WRONLY | O_CREAT | O_EXCL, 0o644) {
                        Ok(fd) => {
                            sys::close(fd).expect("closed");
                            sys::unlink(&name).expect("a directory with a file in it stays");
                        }
                        Err(error) => assert_eq!(error, Errno(libc::ENOENT)),
                    }
                }
            }
        });
        r.see("d");
        r.ls(".");
    },
    layers: Some(|l| l.opaque("d")),
    ..Scenario::DEFAULT
};
