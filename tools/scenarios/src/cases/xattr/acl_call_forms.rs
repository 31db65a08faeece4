// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "ACLs are set, read and removed by path, by descriptor and through links",
    setup: |b| {
        b.lower(1).file("low", "text").mode(0o640);
        b.dir("dir").mode(0o750);
        b.lower(0).symlink("link", "low");
        b.upper().file("top", "text").mode(0o640);
    },
    steps: |r| {
        let value = acl::encode("u:6,user:1000:6,group:50:4,g:4,m:6,o:0");
        for (name, opened) in [
            ("low", "low"),
            ("dir", "dir"),
            ("top", "top"),
            ("link", "low"),
        ] {
            let fd = r.open(opened, O_RDONLY);
            let path = r.open(opened, O_PATH);
            let result = sys::setxattr_follow(name, acl::ACCESS, &value);
            r.done(format_args!("setting by {name}"), result);
            r.fgetxattr(fd, acl::ACCESS);
            r.stat(name);
            r.listxattr(name);
            r.fremovexattr(fd, acl::ACCESS);
            r.fremovexattr(fd, acl::ACCESS);
            r.get_acl(opened);
            r.fsetxattr(fd, acl::ACCESS, &value);
            r.fsetxattr(fd, acl::DEFAULT, &value);
            r.fsetxattr(path, acl::ACCESS, &value);
            r.setxattr_flags(opened, acl::ACCESS, &value, XATTR_CREATE);
            r.setxattr_flags(opened, acl::ACCESS, &value, XATTR_REPLACE);
            r.get_acl(opened);
            for size in [0, 1, value.len() - 1, value.len(), 200] {
                let result = sys::getxattr_into(opened, acl::ACCESS, size);
                r.call(format_args!("reading into {size}"), result);
            }
            // An empty value takes the ACL away.
            r.setxattr(opened, acl::ACCESS, "");
            let result = sys::removexattr_follow(name, acl::DEFAULT);
            r.done("removing the default ACL", result);
            r.get_acl(opened);
            r.stat(opened);
        }
    },
    layers: Some(|l| l.absent("link")),
    ..Scenario::DEFAULT
};
