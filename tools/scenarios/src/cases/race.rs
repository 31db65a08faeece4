// SPDX-License-Identifier: GPL-2.0-only
//! Processes that do the same at once, and random calls.

use crate::prelude::*;

/// Appends of several processes to one lower file are all there.
pub fn append_race(b: &mut Builder) -> Steps {
    b.file("log", "begin\n");
    steps(|r| {
        r.parallel(5, |n| {
            for _ in 0..8 {
                let fd = sys::open("log", O_WRONLY | O_APPEND, 0).expect("open");
                sys::write(fd, &[b'a' + n as u8; 10], None).expect("write");
                let _ = sys::close(fd);
            }
        });
        r.stat("log");
        let data = slurp("log").unwrap_or_default();
        for n in 0..5u8 {
            let count = data.iter().filter(|byte| **byte == b'a' + n).count();
            // Each process appends a letter of its own.
            r.note(format_args!("{} {count}", char::from(b'a' + n)));
        }
    })
    .allow("walk log", "the order of the appends is random")
}

/// Several processes copy up one file at once.
pub fn copy_up_race(b: &mut Builder) -> Steps {
    b.file("d/e/f", vec![b'.'; 40_000]);
    steps(|r| {
        r.parallel(6, |n| {
            let fd = sys::open("d/e/f", O_WRONLY, 0).expect("open");
            for at in 0..10i64 {
                let at = at * 4000 + n as i64 * 100;
                sys::write(fd, &[b'0' + n as u8; 100], Some(at)).expect("write");
            }
        });
        r.cat("d/e/f");
        r.ls("d/e");
    })
    .upper_is(&["d", "d/e", "d/e/f"])
}

/// Several processes make and delete the same names at once.
pub fn create_race(b: &mut Builder) -> Steps {
    b.file("d/f", "text");
    b.dir("d/sub");
    steps(|r| {
        r.parallel(6, |n| {
            for round in 0..15 {
                let name = format!("d/x{}", (n + round) % 3);
                if let Ok(fd) = sys::open(&name, O_WRONLY | O_CREAT | O_EXCL, 0o600) {
                    let _ = sys::write(fd, b"x", None);
                    let _ = sys::close(fd);
                }
                let _ = sys::rename(&name, format!("d/sub/y{}", n % 2), 0);
                let _ = sys::mkdir("d/m", 0o755);
                let _ = sys::rmdir("d/m");
                let _ = sys::link("d/f", format!("d/l{n}"), 0);
                let _ = sys::unlink(format!("d/l{n}"));
                let _ = sys::unlink(name);
            }
        });
        for name in ["d/x0", "d/x1", "d/x2", "d/sub/y0", "d/sub/y1", "d/m"] {
            let _ = sys::unlink(name);
            let _ = sys::rmdir(name);
        }
        r.ls("d");
        r.ls("d/sub");
        r.cat("d/f");
    })
}

/// Random calls, first seed.
pub fn random_1(b: &mut Builder) -> Steps {
    random::tree(b);
    steps(|r| {
        random::steps(r, 1, 250);
    })
}

/// Random calls, second seed.
pub fn random_2(b: &mut Builder) -> Steps {
    random::tree(b);
    steps(|r| {
        random::steps(r, 2, 250);
    })
}

/// Random calls, third seed.
pub fn random_3(b: &mut Builder) -> Steps {
    random::tree(b);
    steps(|r| {
        random::steps(r, 3, 250);
    })
}

/// Random calls, fourth seed.
pub fn random_4(b: &mut Builder) -> Steps {
    random::tree(b);
    steps(|r| {
        random::steps(r, 4, 250);
    })
}

/// Caught signals do not interrupt calls that copy a large file up.
pub fn signals_during_copy_up(b: &mut Builder) -> Steps {
    for name in ["write", "chmod", "truncate", "setxattr", "link", "rename"] {
        b.file(name, vec![b'.'; 1 << 20]);
    }
    steps(|r| {
        let fd = r.open("write", O_RDWR);
        let result = sys::alarm_every(std::time::Duration::from_millis(2));
        r.done("an alarm every 2 ms", result);
        r.pwrite(fd, "written", 0);
        r.chmod("chmod", 0o600);
        r.truncate("truncate", (1 << 20) - 1);
        r.setxattr("setxattr", "user.a", "1");
        r.link("link", "linked");
        r.rename("rename", "renamed");
        r.await_until("alarms have come", || sys::alarms() > 4);
        r.done(
            "no more alarms",
            sys::alarm_every(std::time::Duration::ZERO),
        );
    })
}
