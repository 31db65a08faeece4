// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "an immutable or append-only file is not renamed, linked, replaced or deleted, nor is \
        anything in such a directory",
    setup: |b| {
        for dir in ["lower", "copied"] {
            for name in ["immutable", "append", "free"] {
                b.file(&format!("{dir}/{name}"), "text");
            }
            for name in ["immutable", "append"] {
                b.file(&format!("{dir}/dir-{name}/f"), "text");
                b.dir(&format!("{dir}/dir-{name}/empty"));
            }
        }
    },
    steps: |r| {
        const FLAGS: [(&str, u32); 2] = [("immutable", 0x10), ("append", 0x20)];
        for dir in ["lower", "copied"] {
            let mut held = Vec::new();
            for (name, flag) in FLAGS {
                for path in [format!("{dir}/{name}"), format!("{dir}/dir-{name}")] {
                    if dir == "copied" {
                        r.chmod(&path, 0o755);
                    }
                    let fd = r.open(&path, O_RDONLY);
                    r.set_flags(fd, flag, 0x30);
                    held.push(fd);
                }
            }
            for (name, _) in FLAGS {
                let (file, parent) = (format!("{dir}/{name}"), format!("{dir}/dir-{name}"));
                let free = format!("{dir}/free");
                for (old, new) in [
                    (file.clone(), format!("{dir}/x")),
                    (free.clone(), file.clone()),
                    (free.clone(), format!("{parent}/f")),
                    (free.clone(), format!("{parent}/x")),
                    (format!("{parent}/f"), format!("{dir}/x")),
                    (format!("{parent}/x"), free.clone()),
                ] {
                    r.rename(&old, &new);
                    r.rename2(&old, &new, RENAME_EXCHANGE);
                }
                r.link(&file, &format!("{dir}/x"));
                r.link(&free, &format!("{parent}/y"));
                r.unlink(&file);
                r.unlink(&format!("{parent}/f"));
                r.rmdir(&format!("{parent}/empty"));
                r.mkdir(&format!("{parent}/new"));
                r.ls(&parent);
            }
            for fd in held {
                r.set_flags(fd, 0, 0x30);
            }
            r.ls(dir);
        }
    },
    not_on: &[
        ("erofs", "erofs tells no flags of its inodes"),
        ("squashfs", "squashfs tells no flags of its inodes"),
        ("iso9660", "isofs tells no flags of its inodes"),
    ],
    ..Scenario::DEFAULT
};
