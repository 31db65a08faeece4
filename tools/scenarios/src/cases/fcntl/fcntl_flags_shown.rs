// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "F_GETFL tells how a file was opened, before and after the copy-up by its first write",
    setup: |b| {
        b.file("lower", "text");
        b.dir("dir");
        b.fifo("fifo");
        b.char_device("null", 1, 3).mode(0o666);
        b.upper().file("upper", "text");
    },
    steps: |r| {
        let shown = |r: &mut Run, fd: Fd| {
            let flags = sys::fcntl(fd.raw(), libc::F_GETFL, 0);
            r.call(
                format_args!("F_GETFL({fd})"),
                flags.map(|flags| format!("{flags:#o}")),
            );
        };
        for name in ["lower", "upper", "null", "fifo", "dir"] {
            for access in [O_RDONLY, O_WRONLY, O_RDWR, O_PATH] {
                for flags in [
                    0,
                    O_APPEND | libc::O_NONBLOCK,
                    O_CREAT | O_TRUNC,
                    libc::O_SYNC | libc::O_NOATIME,
                    libc::O_DSYNC | O_NOFOLLOW,
                    O_DIRECT,
                    O_DIRECTORY,
                    libc::O_NOCTTY | libc::O_ASYNC,
                ] {
                    if name == "fifo" && (access != O_RDWR || flags & O_DIRECT != 0) {
                        continue;
                    }
                    let fd = r.open(name, access | flags);
                    shown(r, fd);
                    if name == "lower" && access == O_RDWR && flags & O_DIRECT == 0 {
                        r.write(fd, "T");
                        shown(r, fd);
                    }
                    r.close(fd);
                }
            }
        }
    },
    ..Scenario::DEFAULT
};
