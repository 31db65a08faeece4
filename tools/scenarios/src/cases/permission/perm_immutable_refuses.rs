// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what is immutable or append-only in the union refuses even root, and its owner more so",
    setup: |b| {
        for name in ["fixed", "log"] {
            b.file(&format!("d/{name}"), "text")
                .mode(0o666)
                .owner(1000, 500);
            b.dir(&format!("{name}_dir")).mode(0o777).owner(1000, 500);
            b.file(&format!("{name}_dir/f"), "text");
        }
    },
    steps: |r| {
        for (name, flag) in [("fixed", 0x10), ("log", 0x20)] {
            for path in [format!("d/{name}"), format!("{name}_dir")] {
                let fd = r.open(&path, O_RDONLY);
                r.set_flags(fd, flag, 0x30);
                r.close(fd);
            }
        }
        let try_all = |r: &mut Run| {
            for name in ["fixed", "log"] {
                let path = format!("d/{name}");
                r.put(&path, O_WRONLY, "T");
                r.put(&path, O_WRONLY | O_APPEND, "T");
                r.truncate(&path, 0);
                r.chmod(&path, 0o600);
                r.chown(&path, 1000, 1000);
                r.utimens(&path, (5, 5));
                r.touch(&path);
                r.setxattr(&path, "user.a", "1");
                r.set_acl(&path, "u:6,user:7:4,g:4,m:4,o:4");
                r.unlink(&path);
                r.rename(&path, "d/x");
                r.link(&path, "d/l");
                let dir = format!("{name}_dir");
                r.unlink(&format!("{dir}/f"));
                r.rename(&format!("{dir}/f"), "d/f");
                r.rmdir(&dir);
            }
        };
        r.as_who(OWNER, try_all);
        r.without(&[], try_all);
        r.try_open("fixed_dir/new", O_WRONLY | O_CREAT);
        r.try_open("log_dir/new", O_WRONLY | O_CREAT);
        for (name, flag) in [("fixed", 0x10), ("log", 0x20)] {
            for path in [format!("d/{name}"), format!("{name}_dir")] {
                let fd = r.open(&path, O_RDONLY);
                r.get_flags(fd, flag);
                r.set_flags(fd, 0, 0x30);
                r.close(fd);
            }
        }
    },
    layers: Some(|l| l.absent("fixed_dir/f")),
    not_on: shape::NO_FLAGS,
    ..Scenario::DEFAULT
};
