// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "a lower program is replaced while it runs, and moved while it runs: it goes on, and \
        the new one is the one that starts",
    setup: |b| {
        b.file("prog", elf::waits()).mode(0o755);
        b.file("moved", elf::waits()).mode(0o755);
        b.file("next", elf::waits()).mode(0o755);
    },
    steps: |r| {
        let pids = ["prog", "moved"].map(|name| {
            let pid = process::background(|| {
                let _ = process::exec(name, &[name]);
            });
            pid.expect("fork")
        });
        for (pid, name) in pids.iter().zip(["prog\n", "moved\n"]) {
            for _ in 0..200 {
                let running = std::fs::read(format!("/proc/{pid}/comm"));
                if running.is_ok_and(|running| running == name.as_bytes()) {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
        r.rename("next", "prog");
        r.rename("moved", "elsewhere");
        for (pid, program) in pids.iter().zip(["prog (deleted)", "elsewhere"]) {
            let path = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
            r.expect(program, path.to_string_lossy().ends_with(program));
            let alive = std::fs::read(format!("/proc/{pid}/comm")).is_ok();
            r.expect("it runs", alive);
        }
        r.put("prog", O_WRONLY, "x");
        for pid in pids {
            process::kill(pid);
            r.note(format_args!("{:?}", process::wait(pid)));
        }
        r.put("elsewhere", O_WRONLY, "x");
    },
    layers: Some(|l| {
        l.whiteout("moved")?;
        l.whiteout("next")
    }),
    ..Scenario::DEFAULT
};
