// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "over a whiteout, too, default ACL and group of the directory are inherited, and the \
        mask is left out",
    setup: |b| {
        let acl = acl::encode("u:7,user:9:7,g:5,m:7,o:0");
        b.dir("acl").xattr(acl::DEFAULT, &acl);
        b.dir("group").mode(0o2777).owner(0, 500);
        for dir in ["acl", "group"] {
            for name in ["f", "d", "p", "l"] {
                b.file(&format!("{dir}/{name}"), "old");
            }
        }
    },
    steps: |r| {
        for dir in ["acl", "group"] {
            for name in ["f", "d", "p", "l"] {
                r.unlink(&format!("{dir}/{name}"));
            }
            r.with_umask(0o027, |r| {
                r.open_mode(&format!("{dir}/f"), O_RDWR | O_CREAT, 0o666);
                r.mkdir_mode(&format!("{dir}/d"), 0o777);
                r.mkfifo(&format!("{dir}/p"), 0o622);
                r.symlink("x", &format!("{dir}/l"));
                r.mkdir_mode(&format!("{dir}/d/deep"), 0o700);
            });
            for name in ["f", "d", "p", "l", "d/deep"] {
                r.lstat(&format!("{dir}/{name}"));
                r.get_acl(&format!("{dir}/{name}"));
            }
        }
    },
    layers: Some(|l| {
        l.opaque("acl/d")?;
        l.opaque("group/d")
    }),
    ..Scenario::DEFAULT
};
