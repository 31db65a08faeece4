// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "every set of open flags on the name in /proc of a lower file's descriptor",
    setup: |b| {
        for n in 0..open_flags().len() {
            b.file(&format!("f{n}"), "text");
        }
    },
    steps: |r| {
        for (n, flags) in open_flags().into_iter().enumerate() {
            let path = format!("f{n}");
            let fd = sys::open(&path, [O_RDONLY, O_PATH][n % 2], 0).expect("a lower file");
            let name = format!("/proc/self/fd/{fd}");
            r.note(format_args!("of {path}"));
            r.opens(&name, flags);
            sys::close(fd).expect("close");
        }
    },
    layers: Some(|l| {
        for (n, flags) in open_flags().into_iter().enumerate() {
            let path = format!("f{n}");
            match truncates(flags) && flags & O_NOFOLLOW == 0 {
                true => l.in_upper(&path)?,
                false if l.is_union() => l.absent(&path)?,
                false => {}
            }
        }
        Ok(())
    }),
    not_on: &[("chroot", shape::NO_PROC)],
    ..Scenario::DEFAULT
};
