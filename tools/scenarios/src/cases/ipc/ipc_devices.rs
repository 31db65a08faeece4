// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "devices do what they do under every name and in every layer, before and after copy-up",
    setup: |b| {
        for name in ["lower", "copied", "moved", "linked"] {
            b.char_device(&format!("{name}-null"), 1, 3).mode(0o666);
            b.char_device(&format!("{name}-zero"), 1, 5).mode(0o666);
            b.char_device(&format!("{name}-full"), 1, 7).mode(0o666);
        }
        b.upper().char_device("upper-null", 1, 3).mode(0o666);
        b.char_device("upper-zero", 1, 5).mode(0o666);
        b.char_device("upper-full", 1, 7).mode(0o666);
    },
    steps: |r| {
        let change = |r: &mut Run, kind: &str, device: &str| match kind {
            "copied" => r.chmod(device, 0o600),
            "moved" => r.rename(device, &format!("now-{device}")),
            "linked" => r.link(device, &format!("now-{device}")),
            _ => true,
        };
        for kind in ["lower", "copied", "moved", "linked", "upper", "new"] {
            for (name, minor) in [("null", 3), ("zero", 5), ("full", 7)] {
                let mut device = format!("{kind}-{name}");
                if kind == "new" {
                    r.mknod(&device, libc::S_IFCHR, 0o666, 1, minor);
                }
                let early = r.open(&device, O_RDWR);
                change(r, kind, &device);
                if kind == "moved" || kind == "linked" {
                    device = format!("now-{device}");
                }
                let late = r.open(&device, O_RDWR | O_APPEND | O_TRUNC);
                for fd in [early, late] {
                    r.write(fd, "text");
                    r.read(fd, 3);
                    r.lseek(fd, 5, SEEK_SET);
                    r.fstat(fd);
                }
                r.truncate(&device, 0);
            }
        }
    },
    layers: Some(|l| l.absent("lower-null")),
    ..Scenario::DEFAULT
};
