// SPDX-License-Identifier: GPL-2.0-only
//! Listeners of fanotify that decide whether files may be read, for checks.

use std::os::fd::RawFd;
use std::path::Path;
use std::time::Duration;

use crate::bench::Bench;
use crate::process;
use crate::sys;

/// A listener in a separate process; it ends when it is dropped, and no longer blocks other
/// processes.
pub struct Listener {
    group: RawFd,
    pid: i32,
}

impl Listener {
    /// It decides about each of `files`, for the events of `mask`; `answer` returns FAN_ALLOW or FAN_DENY. The
    /// listener's own reads and writes through descriptors that were opened before cause no events.
    pub fn new(
        b: &Bench,
        class: u32,
        mask: u64,
        files: &[&Path],
        mut answer: impl FnMut() -> u32,
    ) -> Result<Self, String> {
        let group = b.works("fanotify_init", sys::fanotify_init(class))?;
        for file in files {
            let mark = sys::fanotify_mark(group, libc::FAN_MARK_ADD, mask, file);
            b.works("fanotify_mark", mark)?;
        }
        let pid = b.works(
            "starting a listener",
            process::servant(|| {
                loop {
                    for event in sys::fanotify_read(group) {
                        let answer = answer();
                        sys::fanotify_answer(group, event.fd, answer).expect("an answer");
                        let _ = sys::close(event.fd);
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
            }),
        )?;
        Ok(Self { group, pid })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        process::kill(self.pid);
        let _ = process::wait(self.pid);
        let _ = sys::close(self.group);
    }
}
