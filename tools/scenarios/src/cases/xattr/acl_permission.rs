// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the entry that counts is the owner's, a named user's, any group's or everyone's, under the mask",
    setup: |b| {
        let acl = acl::encode("u:2,user:1000:7,user:1001:0,g:4,group:50:2,group:51:6,m:6,o:1");
        for layer in ["low", "copied", "top"] {
            if layer == "top" {
                b.upper();
            }
            let mode = 0o261;
            b.file(&format!("{layer}-file"), "text")
                .mode(mode)
                .owner(900, 40)
                .xattr(acl::ACCESS, &acl);
            b.dir(&format!("{layer}-dir"))
                .mode(mode)
                .owner(900, 40)
                .xattr(acl::ACCESS, &acl);
        }
    },
    steps: |r| {
        r.utimens("copied-file", (5, 5));
        r.utimens("copied-dir", (5, 5));
        for (uid, gid, groups) in [
            (900, 40, &[][..]),
            (1000, 7, &[]),
            (1001, 51, &[]),
            (1002, 40, &[]),
            (1002, 50, &[]),
            (1002, 7, &[40, 50]),
            (1002, 7, &[51]),
            (1002, 7, &[]),
        ] {
            sys::become_user(uid, gid, groups).expect("root may become anyone");
            for layer in ["low", "copied", "top"] {
                for kind in ["file", "dir"] {
                    let name = format!("{layer}-{kind}");
                    let mut rights = String::new();
                    for (bit, letter) in [(R_OK, 'r'), (W_OK, 'w'), (X_OK, 'x'), (R_OK | W_OK, 'b')]
                    {
                        rights.push(match sys::access(&name, bit) {
                            Ok(()) => letter,
                            Err(_) => '-',
                        });
                    }
                    r.note(format_args!("{uid}:{gid} {groups:?} on {name} = {rights}"));
                }
                r.open(&format!("{layer}-file"), O_RDONLY);
                r.ls(&format!("{layer}-dir"));
            }
            sys::become_root().expect("the way back to root");
        }
    },
    layers: Some(|l| l.absent("low-file")),
    ..Scenario::DEFAULT
};
