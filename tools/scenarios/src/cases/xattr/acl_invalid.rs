// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "bytes that are no ACL are refused and change nothing",
    setup: |b| {
        b.file("low", "text").mode(0o640);
        b.dir("dir");
        b.upper().file("top", "text").mode(0o640);
    },
    steps: |r| {
        let good = acl::encode("u:6,user:7:4,g:4,m:4,o:0");
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        let mut values = vec![
            with(0, 1),
            with(0, 3),
            good[..3].to_vec(),
            good[..4].to_vec(),
            good[..good.len() - 1].to_vec(),
            [&good[..], &[0]].concat(),
            // An unknown tag, and permissions there are none.
            with(4, 0x40),
            with(6, 8),
        ];
        for text in [
            "u:6",
            "u:6,g:4",
            "g:4,o:0",
            "u:6,user:7:4,g:4,o:0",
            "u:6,user:7:4,user:7:5,g:4,m:4,o:0",
            "u:6,user:8:4,user:7:5,g:4,m:4,o:0",
            "u:6,u:6,g:4,o:0",
            "u:6,g:4,g:4,o:0",
            "u:6,g:4,m:4,m:4,o:0",
            "o:0,g:4,u:6",
            "u:6,g:4,o:0,group:7:4,m:4",
            "u:6,user:4294967295:4,g:4,m:4,o:0",
        ] {
            values.push(acl::encode(text));
        }
        for name in ["low", "dir", "top"] {
            for value in &values {
                r.setxattr(name, acl::ACCESS, value);
                r.setxattr(name, acl::DEFAULT, value);
                r.stat(name);
            }
            r.get_acl(name);
        }
    },
    ..Scenario::DEFAULT
};
