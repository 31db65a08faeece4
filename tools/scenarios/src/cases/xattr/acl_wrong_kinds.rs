// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "links have no ACL and only directories a default one, in every layer",
    setup: |b| {
        every_kind(b, "low");
        b.upper();
        every_kind(b, "top");
        b.socket("top/socket");
    },
    steps: |r| {
        let mut paths = vec!["top/socket".to_owned()];
        paths.extend(
            KINDS
                .iter()
                .flat_map(|k| [format!("low/{k}"), format!("top/{k}")]),
        );
        for path in paths {
            r.get_acl(&path);
            r.removexattr(&path, acl::ACCESS);
            r.removexattr(&path, acl::DEFAULT);
            r.setxattr(&path, acl::DEFAULT, "");
            r.set_default_acl(&path, "u:7,user:5:4,g:4,m:4,o:0");
            r.set_acl(&path, "u:7,user:5:4,g:4,m:4,o:0");
            r.lstat(&path);
            r.get_acl(&path);
            r.listxattr(&path);
        }
    },
    layers: Some(|l| {
        l.absent("low/symlink")?;
        l.in_upper("low/block")
    }),
    ..Scenario::DEFAULT
};
