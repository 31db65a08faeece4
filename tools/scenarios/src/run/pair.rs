// SPDX-License-Identifier: GPL-2.0-only
//! Two processes that take turns, so that their records have one order.

use std::os::fd::RawFd;

use super::*;

/// One process's end of the baton.
pub struct Turns {
    reader: RawFd,
    writer: RawFd,
}

impl Turns {
    /// Lets the other one continue.
    pub fn give(&self) {
        sys::write(self.writer, b".", None).expect("the other process is there");
    }

    /// Waits until the other one lets this one continue.
    pub fn take(&self) {
        let baton = sys::read(self.reader, 1, None);
        assert_eq!(baton.as_deref(), Ok(&b"."[..]), "the other process is gone");
    }

    /// Both: the other one takes its turn meanwhile.
    pub fn pass(&self) {
        self.give();
        self.take();
    }
}

impl Run<'_> {
    /// Runs `peer` in a child and `own` in this process, with the child's id; `own` begins.
    pub fn with_peer(
        &mut self,
        peer: impl FnOnce(&mut Self, &Turns),
        own: impl FnOnce(&mut Self, &Turns, i32),
    ) {
        // One of both may wait for the other while no open file keeps the mount.
        self.hold();
        self.out.flush().expect("the transcript can be written");
        let (there, here) = (sys::pipe().expect("a pipe"), sys::pipe().expect("a pipe"));
        let pid = process::background(|| {
            let _ = (sys::close(here.0), sys::close(there.1));
            let turns = Turns {
                reader: there.0,
                writer: here.1,
            };
            turns.take();
            peer(self, &turns);
            let _ = sys::write(turns.writer, b".", None);
        })
        .expect("fork");
        let _ = (sys::close(there.0), sys::close(here.1));
        let turns = Turns {
            reader: here.0,
            writer: there.1,
        };
        own(self, &turns, pid);
        let _ = (sys::close(turns.reader), sys::close(turns.writer));
        let end = process::wait(pid).expect("a child");
        self.note(format_args!("-- the peer: {end:?}"));
    }

    /// Waits until the kernel lists `pid` as waiting for a lock, or says that it does not.
    pub fn await_blocked(&mut self, pid: i32) {
        let pid = pid.to_string();
        let blocked = |line: &str| {
            let mut words = line.split_whitespace().skip(1);
            words.next() == Some("->") && words.any(|word| word == pid)
        };
        self.await_until("the peer waits for the lock", || {
            std::fs::read_to_string("/proc/locks").is_ok_and(|text| text.lines().any(blocked))
        });
    }

    /// Waits until `pid` sleeps in system call `number`.
    pub fn await_in_call(&mut self, pid: i32, number: i64) {
        let number = number.to_string();
        self.await_until("the peer sleeps in the call", || {
            std::fs::read_to_string(format!("/proc/{pid}/syscall"))
                .is_ok_and(|text| text.split_whitespace().next() == Some(&number))
        });
    }

    /// Waits some seconds for something to become true.
    pub fn await_until(&mut self, what: &str, mut is: impl FnMut() -> bool) {
        for _ in 0..500 {
            if is() {
                return self.expect(what, true);
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        self.expect(what, false);
    }
}
