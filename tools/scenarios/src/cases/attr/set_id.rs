// SPDX-License-Identifier: GPL-2.0-only
//! Calls that clear set-id bits.

use crate::prelude::*;

/// Every way to change data drops the set-id bits of a lower file.
pub fn attr_set_id_data(b: &mut Builder) -> Steps {
    const WAYS: [(&str, fn(&mut Run, Fd)); 8] = [
        ("write", |r, fd| r.write(fd, "T")),
        ("write-nothing", |r, fd| r.write(fd, "")),
        ("append", |r, fd| {
            r.lseek(fd, 0, SEEK_END);
            r.write(fd, "T");
        }),
        ("allocate", |r, fd| {
            r.fallocate(fd, 0, 0, 16384);
        }),
        ("keep-size", |r, fd| {
            r.fallocate(fd, FALLOC_FL_KEEP_SIZE, 8192, 8192);
        }),
        ("punch", |r, fd| {
            r.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
        }),
        ("copy", |r, fd| {
            let source = r.open("source", O_RDONLY);
            r.copy_file_range(source, 0, fd, 100, 6);
        }),
        ("splice", |r, fd| {
            let source = r.open("source", O_RDONLY);
            r.splice(source, fd, 6);
        }),
    ];
    for (name, _) in WAYS {
        b.file(name, vec![b'x'; 8192]).mode(0o6777);
    }
    b.file("source", "source");
    steps(|r| {
        for (name, change) in WAYS {
            r.as_user(1000, 1000, |r| {
                let fd = r.open(name, O_RDWR);
                change(r, fd);
                r.close(fd);
            });
            r.stat(name);
            r.chmod(name, 0o6777);
            let fd = r.open(name, O_RDWR);
            change(r, fd);
            r.close(fd);
            r.stat(name);
        }
    })
}

/// Truncating drops the set-id bits, unless root does it or nothing is done.
pub fn attr_set_id_truncate(b: &mut Builder) -> Steps {
    const WAYS: [&str; 6] = [
        "truncate",
        "same-size",
        "longer",
        "ftruncate",
        "open",
        "refused",
    ];
    for how in WAYS {
        b.file(how, "text").mode(0o6777).owner(1000, 1000);
        b.file(&format!("roots-{how}"), "text").mode(0o6777);
    }
    steps(|r| {
        let shrink = |r: &mut Run, path: &str, how: &str| match how {
            "truncate" => {
                r.truncate(path, 2);
            }
            "same-size" => {
                r.truncate(path, 4);
            }
            "longer" => {
                r.truncate(path, 4096);
            }
            "ftruncate" => {
                let fd = r.open(path, O_WRONLY);
                r.ftruncate(fd, 0);
            }
            "open" => {
                let fd = r.open(path, O_RDONLY | O_TRUNC);
                r.close(fd);
            }
            _ => {
                r.truncate(path, -1);
            }
        };
        for how in WAYS {
            r.as_user(1000, 1000, |r| shrink(r, how, how));
            r.stat(how);
            let path = format!("roots-{how}");
            shrink(r, &path, how);
            r.stat(&path);
            // The file has been copied up: the same once more.
            r.chmod(how, 0o6777);
            r.as_user(1001, 1001, |r| shrink(r, how, how));
            r.stat(how);
        }
    })
}
