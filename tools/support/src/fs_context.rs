// SPDX-License-Identifier: GPL-2.0-only
//! A file system context of the kernel (fsopen(2), fspick(2)), with its log.

use std::ffi::OsStr;
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::CWD;
use rustix::io;
use rustix::mount::{self, FsMountFlags, FsOpenFlags, FsPickFlags, MountAttrFlags, MoveMountFlags};

use crate::errno::Errno;

/// A context that collects options until the file system is made, or changed.
pub struct FsContext(OwnedFd);

/// Why the kernel refused a call.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its answer.
    pub errno: Errno,
    /// The call that failed.
    pub call: String,
    /// Its messages in the log of the context.
    pub log: Vec<Message>,
}

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Failure>;

impl FsContext {
    /// Opens a context for a new file system.
    pub fn open(fs_type: &str) -> Result<Self> {
        let fd = mount::fsopen(fs_type, FsOpenFlags::FSOPEN_CLOEXEC);
        fd.map(Self)
            .map_err(|errno| Failure::new(format!("fsopen({fs_type})"), errno))
    }

    /// Opens a context to change the file system mounted at `target`.
    pub fn pick(target: &Path) -> Result<Self> {
        let flags = FsPickFlags::FSPICK_CLOEXEC | FsPickFlags::FSPICK_NO_AUTOMOUNT;
        let fd = mount::fspick(CWD, target, flags);
        fd.map(Self)
            .map_err(|errno| Failure::new(format!("fspick({})", target.display()), errno))
    }

    /// Sets an option without a value.
    pub fn set_flag(&self, key: &[u8]) -> Result<()> {
        self.told(mount::fsconfig_set_flag(self.0.as_fd(), key), || {
            format!("fsconfig({})", text(key))
        })
    }

    /// Sets an option to a string.
    pub fn set_string(&self, key: &[u8], value: &[u8]) -> Result<()> {
        let result = mount::fsconfig_set_string(self.0.as_fd(), key, value);
        self.told(result, || {
            format!("fsconfig({}, {:?})", text(key), text(value))
        })
    }

    /// Sets an option to an open file.
    pub fn set_fd(&self, key: &[u8], value: BorrowedFd<'_>) -> Result<()> {
        let result = mount::fsconfig_set_fd(self.0.as_fd(), key, value);
        self.told(result, || format!("fsconfig({}, an open file)", text(key)))
    }

    /// Makes the file system and returns a mount of it that is not attached to any directory yet.
    pub fn create(&self, attributes: MountAttrFlags) -> Result<OwnedFd> {
        let context = self.0.as_fd();
        self.told(mount::fsconfig_create(context), || {
            "fsconfig(CMD_CREATE)".to_owned()
        })?;
        let mount = mount::fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, attributes);
        self.told(mount, || "fsmount".to_owned())
    }

    /// The same, attached to a directory.
    pub fn mount(&self, target: &Path) -> Result<()> {
        let mount = self.create(MountAttrFlags::empty())?;
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        let result = mount::move_mount(&mount, c"", CWD, target, flags);
        self.told(result, || "move_mount".to_owned())
    }

    /// Applies the collected options to the mounted file system.
    pub fn reconfigure(&self) -> Result<()> {
        self.told(mount::fsconfig_reconfigure(self.0.as_fd()), || {
            "fsconfig(CMD_RECONFIGURE)".to_owned()
        })
    }

    /// Takes the kernel's messages out of the context.
    pub fn messages(&self) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut buffer = [0; 8192];
        while let Ok(length @ 1..) = io::read(self.0.as_fd(), &mut buffer) {
            messages.push(Message::parse(&buffer[..length]));
        }
        messages
    }

    fn told<T>(&self, result: io::Result<T>, call: impl FnOnce() -> String) -> Result<T> {
        result.map_err(|errno| Failure {
            log: self.messages(),
            ..Failure::new(call(), errno)
        })
    }
}

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    OsStr::from_bytes(bytes).to_string_lossy()
}

impl Failure {
    /// A call that has no log.
    pub fn new(call: String, errno: io::Errno) -> Self {
        Self {
            errno: errno.into(),
            call,
            log: Vec::new(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.call, self.errno)?;
        for message in &self.log {
            write!(f, "; kernel: {}", message.text)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        failure.to_string()
    }
}

/// The level of a kernel message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Why a call failed.
    Error,
    /// A warning: a request is not met.
    Warning,
    /// News.
    Info,
}

/// A message of the kernel in a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How grave it is.
    pub level: Level,
    /// What it says.
    pub text: String,
}

impl Message {
    /// Each begins with a letter for its level and a blank (`logfc()`).
    fn parse(line: &[u8]) -> Self {
        let (level, text) = match line {
            [b'e', b' ', text @ ..] => (Level::Error, text),
            [b'w', b' ', text @ ..] => (Level::Warning, text),
            [b'i', b' ', text @ ..] => (Level::Info, text),
            text => (Level::Error, text),
        };
        Self {
            level,
            text: String::from_utf8_lossy(text).trim_end().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_lose_the_letter_of_their_level() {
        for (line, level, text) in [
            (
                &b"e union: index=on: not supported\n"[..],
                Level::Error,
                "union: index=on: not supported",
            ),
            (b"w x", Level::Warning, "x"),
            (b"i x", Level::Info, "x"),
            (b"e", Level::Error, "e"),
            (b"excuse me", Level::Error, "excuse me"),
            (b"", Level::Error, ""),
        ] {
            let text = text.to_owned();
            assert_eq!(Message::parse(line), Message { level, text });
        }
    }
}
