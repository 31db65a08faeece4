// SPDX-License-Identifier: GPL-2.0-only
//! Notification of events: inotify with cookies, fanotify.

use std::ffi::OsStr;
use std::os::fd::RawFd;

use super::{Result, check, cstring, read};

/// The events of F_NOTIFY.
pub const DN_ACCESS: i32 = 1;
/// A file was changed.
pub const DN_MODIFY: i32 = 2;
/// A name was made.
pub const DN_CREATE: i32 = 4;
/// A name was removed.
pub const DN_DELETE: i32 = 8;
/// A name was changed within the directory.
pub const DN_RENAME: i32 = 0x10;
/// Attributes were changed.
pub const DN_ATTRIB: i32 = 0x20;
/// Report more than one event.
pub const DN_MULTISHOT: i32 = i32::MIN;

/// A process is about to use data of a file, which a watcher may fill in before.
pub const FAN_PRE_ACCESS: u64 = 0x10_0000;

/// One event of inotify.
#[derive(Clone, Debug)]
pub struct Event {
    /// The watch.
    pub watch: i32,
    /// What happened.
    pub mask: u32,
    /// The same for both halves of a move.
    pub cookie: u32,
    /// Name in the watched directory, or empty.
    pub name: String,
}

/// inotify_init1(2), not blocking.
pub fn inotify_init() -> Result<RawFd> {
    call!(inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC)).map(|fd| fd as RawFd)
}

/// inotify_add_watch(2).
pub fn inotify_add(fd: RawFd, path: impl AsRef<OsStr>, mask: u32) -> Result<i32> {
    let path = cstring(path);
    call!(inotify_add_watch(fd, path.as_ptr(), mask)).map(|watch| watch as i32)
}

/// inotify_rm_watch(2).
pub fn inotify_remove(fd: RawFd, watch: i32) -> Result<()> {
    call!(inotify_rm_watch(fd, watch)).map(drop)
}

/// The events that wait.
pub fn inotify_read(fd: RawFd) -> Vec<Event> {
    let mut events = Vec::new();
    while let Ok(data) = read(fd, 4096, None) {
        let mut rest = &data[..];
        // struct inotify_event: wd 4, mask 4, cookie 4, len 4, name.
        while rest.len() >= 16 {
            let end = 16 + word(rest, 12) as usize;
            let name = String::from_utf8_lossy(&rest[16..end]);
            events.push(Event {
                watch: word(rest, 0) as i32,
                mask: word(rest, 4),
                cookie: word(rest, 8),
                name: name.trim_end_matches('\0').to_owned(),
            });
            rest = &rest[end..];
        }
    }
    events
}

/// One event of fanotify.
#[derive(Clone, Debug)]
pub struct FanEvent {
    /// What happened.
    pub mask: u64,
    /// The object, opened; -1 when it is reported by file handles.
    pub fd: RawFd,
    /// Who did it.
    pub pid: i32,
    /// Type, file handle, and name of each record that comes with it.
    pub records: Vec<(u8, Vec<u8>, String)>,
}

/// fanotify_init(2), not blocking; events open their objects for reading.
pub fn fanotify_init(flags: u32) -> Result<RawFd> {
    let flags = flags | libc::FAN_NONBLOCK | libc::FAN_CLOEXEC;
    let opened = (libc::O_RDONLY | libc::O_CLOEXEC) as u32;
    call!(fanotify_init(flags, opened)).map(|fd| fd as RawFd)
}

/// fanotify_mark(2).
pub fn fanotify_mark(fd: RawFd, flags: u32, mask: u64, path: impl AsRef<OsStr>) -> Result<()> {
    let path = cstring(path);
    call!(fanotify_mark(
        fd,
        flags,
        mask,
        libc::AT_FDCWD,
        path.as_ptr()
    ))
    .map(drop)
}

/// The events that wait.
pub fn fanotify_read(fd: RawFd) -> Vec<FanEvent> {
    let mut events = Vec::new();
    while let Ok(data) = read(fd, 8192, None) {
        let mut rest = &data[..];
        // struct fanotify_event_metadata: len 4, version 1, reserved 1, its length 2, mask 8, fd 4, pid 4.
        while rest.len() >= 24 {
            let (event, more) = rest.split_at(word(rest, 0) as usize);
            events.push(FanEvent {
                mask: u64::from_ne_bytes(event[8..16].try_into().expect("8 bytes")),
                fd: word(event, 16) as i32,
                pid: word(event, 20) as i32,
                records: records(&event[24..]),
            });
            rest = more;
        }
    }
    events
}

/// Type 1, padding 1, length 2; then, of those with a handle: file system 8, size 4, type 4, handle, name.
fn records(mut rest: &[u8]) -> Vec<(u8, Vec<u8>, String)> {
    let mut records = Vec::new();
    while rest.len() >= 20 {
        let (record, more) = rest.split_at(usize::from(u16::from_ne_bytes([rest[2], rest[3]])));
        let end = 20 + word(record, 12) as usize;
        let name = String::from_utf8_lossy(&record[end..]);
        records.push((
            record[0],
            record[12..end].to_vec(),
            name.trim_end_matches('\0').to_owned(),
        ));
        rest = more;
    }
    records
}

/// Answers a permission event with FAN_ALLOW or FAN_DENY.
pub fn fanotify_answer(fd: RawFd, event: RawFd, answer: u32) -> Result<()> {
    let mut response = [0u8; 8];
    response[..4].copy_from_slice(&event.to_ne_bytes());
    response[4..].copy_from_slice(&answer.to_ne_bytes());
    super::write(fd, &response, None).map(drop)
}

fn word(data: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(data[at..at + 4].try_into().expect("4 bytes"))
}
