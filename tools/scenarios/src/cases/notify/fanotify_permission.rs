// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "who watches may refuse an open or a read; what is refused is not truncated and not copied up",
    setup: |b| {
        b.file("lower", "some text");
        b.file("allowed", "some text");
        b.file("prog", elf::exits_with(42)).mode(0o755);
        b.upper().file("upper", "some text");
    },
    steps: |r| {
        let names = ["lower", "allowed", "prog", "upper"];
        let fan = r.fan(libc::FAN_CLASS_CONTENT);
        for name in names {
            let mask = libc::FAN_OPEN_PERM | libc::FAN_ACCESS_PERM;
            r.fan_mark(fan, libc::FAN_MARK_ADD, mask, name);
        }
        r.with_peer(
            |r, _| {
                for name in names {
                    r.put(name, O_WRONLY | O_TRUNC, "new");
                    let fd = r.open(name, O_RDONLY);
                    r.read(fd, 3);
                    r.map(fd, 3, PROT_READ, MAP_PRIVATE);
                    r.exec(&format!("./{name}"), &[]);
                }
            },
            |_, turns, pid| {
                turns.give();
                // Everything is allowed for one file, and reading alone for another.
                let link = |fd: i32| std::fs::read_link(format!("/proc/self/fd/{fd}"));
                while sys::stat(format!("/proc/{pid}/exe"), 0).is_ok() {
                    for event in sys::fanotify_read(fan.raw()) {
                        let path = link(event.fd).unwrap_or_default();
                        let opens = event.mask & libc::FAN_OPEN_PERM != 0;
                        let allowed =
                            path.ends_with("allowed") || (path.ends_with("upper") && opens);
                        let answer = if allowed {
                            libc::FAN_ALLOW
                        } else {
                            libc::FAN_DENY
                        };
                        sys::fanotify_answer(fan.raw(), event.fd, answer).expect("an answer");
                        let _ = sys::close(event.fd);
                    }
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
            },
        );
        r.close(fan);
        r.cat("lower");
    },
    layers: Some(|l| {
        l.absent("lower")?;
        l.absent("prog")?;
        l.in_upper("allowed")
    }),
    not_on: &[("chroot", shape::NO_PROC)],
    ..Scenario::DEFAULT
};
