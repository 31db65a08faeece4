// SPDX-License-Identifier: GPL-2.0-only
//! Steps with record locks in full, and with several processes.

use super::*;
use crate::sys::Range;

impl Run<'_> {
    /// fcntl(2) with a record lock: `command` is F_SETLK, F_SETLKW or one of the F_OFD_ kind.
    pub fn record_lock(&mut self, fd: Fd, command: i32, range: Range) -> bool {
        let result = sys::record_lock(fd.raw, command, range);
        let call = format!("{}({fd}, {})", command_word(command), range_word(range));
        self.done(call, result.map(drop))
    }

    /// The lock that prevents `range` from being locked: F_GETLK or F_OFD_GETLK. Returns the process that holds it.
    pub fn who_locks(&mut self, fd: Fd, command: i32, range: Range) -> i32 {
        let result = sys::record_lock(fd.raw, command, range);
        let call = format!("{}({fd}, {})", command_word(command), range_word(range));
        self.call(call, result.map(range_word));
        result.map_or(0, |range| range.pid)
    }

    /// Every lock of others on the first `end` bytes, in order, as F_GETLK returns them.
    pub fn locks_of_others(&mut self, fd: Fd, end: i64) {
        let mut found = Vec::new();
        let mut at = 0;
        while at < end {
            let asked = Range::new(F_WRLCK, at, end - at);
            match sys::record_lock(fd.raw, libc::F_GETLK, asked) {
                Ok(range) if range.kind != F_UNLCK => {
                    found.push(range_word(range));
                    at = if range.length == 0 {
                        end
                    } else {
                        range.start + range.length
                    };
                }
                _ => break,
            }
        }
        self.note(format_args!("locks of others: [{}]", found.join(", ")));
    }
}

fn command_word(command: i32) -> &'static str {
    match command {
        libc::F_SETLK => "setlk",
        libc::F_SETLKW => "setlkw",
        libc::F_GETLK => "getlk",
        libc::F_OFD_SETLK => "ofd_setlk",
        libc::F_OFD_SETLKW => "ofd_setlkw",
        libc::F_OFD_GETLK => "ofd_getlk",
        _ => "?",
    }
}

fn range_word(range: Range) -> String {
    let kind = match range.kind {
        F_RDLCK => "read",
        F_WRLCK => "write",
        F_UNLCK => return "none".into(),
        _ => "?",
    };
    let from = match range.whence {
        SEEK_CUR => "cur",
        SEEK_END => "end",
        _ => "",
    };
    format!("{kind} {from}{}+{}", range.start, range.length)
}
