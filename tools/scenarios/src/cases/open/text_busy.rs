// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a program that runs cannot be written",
    setup: |b| {
        b.file("prog", elf::waits()).mode(0o755);
    },
    steps: |r| {
        let pid = process::background(|| {
            let _ = process::exec("./prog", &["prog"]);
        })
        .expect("fork");
        // Writing to it any earlier could keep it from being executed.
        let name = format!("/proc/{pid}/comm");
        for _ in 0..200 {
            if std::fs::read(&name).is_ok_and(|name| name == b"prog\n") {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let answer = sys::open("prog", O_WRONLY, 0).and_then(sys::close);
        r.done("writing to a running program", answer);
        process::kill(pid);
        r.note(format_args!("{:?}", process::wait(pid)));
        r.done(
            "writing to it afterwards",
            sys::open("prog", O_WRONLY, 0).and_then(sys::close),
        );
    },
    ..Scenario::DEFAULT
};
