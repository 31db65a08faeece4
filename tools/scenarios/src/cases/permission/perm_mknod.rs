// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "devices are made by CAP_MKNOD, all other kinds by anybody who may write the directory",
    setup: |b| {
        b.dir("closed");
        b.dir("open").mode(0o777);
        b.lower(0).file("open/white", "x");
        b.upper().dir("open").mode(0o777);
        b.whiteout("open/white");
    },
    steps: |r| {
        let kinds = [
            libc::S_IFCHR,
            libc::S_IFBLK,
            libc::S_IFIFO,
            libc::S_IFSOCK,
            libc::S_IFREG,
        ];
        let try_all = |r: &mut Run, who: &str| {
            for kind in kinds {
                r.mknod(&format!("closed/{who}{kind:o}"), kind, 0o666, 1, 3);
                r.mknod(&format!("open/{who}{kind:o}"), kind, 0o666, 1, 3);
            }
            r.mknod("open/white", libc::S_IFBLK, 0o600, 1, 3);
        };
        r.as_who(OTHER, |r| try_all(r, "other"));
        r.without(&[cap::MKNOD], |r| try_all(r, "root"));
        r.with_only(OTHER, &[cap::MKNOD], |r| try_all(r, "maker"));
        r.ls("closed");
        r.ls("open");
    },
    layers: Some(|l| l.in_upper("open/white")),
    ..Scenario::DEFAULT
};
