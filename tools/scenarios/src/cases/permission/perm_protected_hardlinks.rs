// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "links to what is not one's own follow fs.protected_hardlinks, and are no copies if refused",
    setup: |b| {
        b.dir("d").mode(0o777);
        for number in 0..2 {
            for (name, mode, owner) in [
                ("own", 0o000, 1002),
                ("writable", 0o666, 1000),
                ("readable", 0o644, 1000),
                ("writeonly", 0o622, 1000),
                ("setuid", 0o4777, 1000),
                ("setgid", 0o2777, 1000),
                ("oddgid", 0o2767, 1000),
            ] {
                b.file(&format!("{name}{number}"), "text")
                    .mode(mode)
                    .owner(owner, 500);
            }
            b.symlink(&format!("symlink{number}"), "x");
            b.fifo(&format!("fifo{number}")).mode(0o666);
        }
    },
    steps: |r| {
        for value in ["1", "0"] {
            r.with_sysctl("fs/protected_hardlinks", value, |r| {
                r.as_who(OTHER, |r| {
                    for name in NAMES {
                        r.link(&format!("{name}{value}"), &format!("d/{name}{value}"));
                    }
                });
            });
        }
        r.with_sysctl("fs/protected_hardlinks", "1", |r| {
            r.with_only(OTHER, &[cap::FOWNER], |r| {
                r.link("readable1", "d/by_fowner");
            });
        });
        r.ls("d");
    },
    layers: Some(|l| {
        l.in_upper("d/own1")?;
        l.in_upper("d/writable1")?;
        for name in ["writeonly1", "setuid1", "setgid1", "symlink1", "fifo1"] {
            l.absent(name)?;
        }
        l.in_upper("d/setuid0")
    }),
    not_on: &[("chroot", "there is no /proc in it")],
    ..Scenario::DEFAULT
};

const NAMES: [&str; 9] = [
    "own",
    "writable",
    "readable",
    "writeonly",
    "setuid",
    "setgid",
    "oddgid",
    "symlink",
    "fifo",
];
