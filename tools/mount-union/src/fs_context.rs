// SPDX-License-Identifier: GPL-2.0-only
//! A file system context of the kernel (fsopen(2), fspick(2)), with its log.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, FsPickFlags, MountAttrFlags};

use crate::failure::{Failure, Result, Status, shown};
use crate::hints;

/// The longest string that fsconfig(2) takes.
pub const MAX_STRING: usize = 255;

/// A context that collects options until the file system is made, or changed.
pub struct FsContext {
    fd: OwnedFd,
    fs_type: String,
    /// What messages begin with: where the file system is to be seen.
    subject: String,
    tolerant: bool,
}

impl FsContext {
    /// Opens a context for a new file system of type `fs_type`, that will be seen at `subject`.
    pub fn open(fs_type: &str, subject: &str) -> Result<Self> {
        let fd = rustix::mount::fsopen(fs_type, FsOpenFlags::FSOPEN_CLOEXEC).map_err(|errno| {
            let status = if errno == Errno::NOSYS {
                Status::System
            } else {
                Status::Mount
            };
            Failure::new(
                status,
                format!("{subject}: cannot open the file system type '{fs_type}': {errno}"),
            )
            .with_optional_hint(hints::open(fs_type, errno).as_deref())
        })?;
        Ok(Self {
            fd,
            fs_type: fs_type.into(),
            subject: subject.into(),
            tolerant: false,
        })
    }

    /// Opens a context to change the file system mounted at `dir`.
    pub fn pick(fs_type: &str, dir: &OsStr) -> Result<Self> {
        let subject = shown(&dir).to_string();
        let flags = FsPickFlags::FSPICK_CLOEXEC | FsPickFlags::FSPICK_NO_AUTOMOUNT;
        let fd = rustix::mount::fspick(CWD, dir, flags).map_err(|errno| {
            Failure::mount(format!("{subject}: cannot remount: {errno}"))
                .with_optional_hint(hints::pick(errno))
        })?;
        Ok(Self {
            fd,
            fs_type: fs_type.into(),
            subject,
            tolerant: false,
        })
    }

    /// From here on, options unknown to the kernel cause a warning instead of a failure.
    pub fn tolerate_unknown(&mut self, tolerant: bool) {
        self.tolerant = tolerant;
    }

    /// Sets an option without a value.
    pub fn set_flag(&self, key: &[u8]) -> Result<()> {
        self.check(
            rustix::mount::fsconfig_set_flag(self.fd.as_fd(), key),
            key,
            None,
        )
    }

    /// Sets an option to a string.
    pub fn set_string(&self, key: &[u8], value: &[u8]) -> Result<()> {
        if value.len() > MAX_STRING {
            let key = String::from_utf8_lossy(key);
            return Err(Failure::mount(format!(
                "{}: the value of option {key} is {} bytes long; the kernel takes at most {MAX_STRING}",
                self.subject,
                value.len()
            ))
            .with_hint("shorten the value"));
        }
        self.check(
            rustix::mount::fsconfig_set_string(self.fd.as_fd(), key, value),
            key,
            Some(value),
        )
    }

    /// Sets an option to an open file; `name` is what messages call it.
    pub fn set_fd(&self, key: &[u8], value: BorrowedFd<'_>, name: &[u8]) -> Result<()> {
        self.check(
            rustix::mount::fsconfig_set_fd(self.fd.as_fd(), key, value),
            key,
            Some(name),
        )
    }

    /// Makes the file system and returns a mount of it that is not attached to any directory yet.
    pub fn create(&self, attributes: MountAttrFlags) -> Result<OwnedFd> {
        let failed = |errno: Errno, action: &str| {
            let log = self.reasons();
            let hint =
                hints::create(&self.fs_type, errno).or(log.is_empty().then_some(hints::SEE_DMESG));
            Failure::mount(format!("{}: {action} failed: {errno}", self.subject))
                .with_kernel_log(log)
                .with_optional_hint(hint)
                .with_errno(errno)
        };
        rustix::mount::fsconfig_create(self.fd.as_fd())
            .map_err(|errno| failed(errno, &format!("mounting '{}'", self.fs_type)))?;
        let mount =
            rustix::mount::fsmount(self.fd.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
                .map_err(|errno| failed(errno, "making the mount"))?;
        self.pass_on_warnings();
        Ok(mount)
    }

    /// Applies the collected options to the mounted file system.
    pub fn reconfigure(&self) -> Result<()> {
        rustix::mount::fsconfig_reconfigure(self.fd.as_fd()).map_err(|errno| {
            Failure::mount(format!("{}: remount failed: {errno}", self.subject))
                .with_kernel_log(self.reasons())
                .with_optional_hint(hints::reconfigure(errno))
        })?;
        self.pass_on_warnings();
        Ok(())
    }

    fn check(
        &self,
        result: rustix::io::Result<()>,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<()> {
        let Err(errno) = result else { return Ok(()) };
        let log = self.reasons();
        let key = String::from_utf8_lossy(key);
        let unknown =
            errno == Errno::INVAL && log.iter().any(|line| line.contains("Unknown parameter"));
        if unknown && self.tolerant {
            eprintln!(
                "mount.union: {}: option {key} is not known to the kernel; ignored",
                self.subject
            );
            return Ok(());
        }
        let option = match value {
            Some(value) => format!("{key}={}", String::from_utf8_lossy(value)),
            None => key.to_string(),
        };
        let hint = if unknown {
            Some("remove the option, or give -s to ignore options that the kernel does not know")
        } else {
            hints::option(&key, errno)
        };
        Err(
            Failure::mount(format!("{}: option {option}: {errno}", self.subject))
                .with_kernel_log(log)
                .with_optional_hint(hint),
        )
    }

    /// Takes the kernel's messages out of the context.
    fn messages(&self) -> Vec<Message> {
        let mut messages = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = rustix::io::read(self.fd.as_fd(), &mut buffer) {
            messages.push(Message::parse(&buffer[..length]));
        }
        messages
    }

    /// What the kernel says about a failure, without what is no more than news.
    fn reasons(&self) -> Vec<String> {
        let messages = self.messages().into_iter();
        messages
            .filter(|message| message.level != Level::Info)
            .map(|message| message.text)
            .collect()
    }

    fn pass_on_warnings(&self) {
        for line in self.reasons() {
            eprintln!("mount.union: {}: kernel: {line}", self.subject);
        }
    }
}

/// How grave a message of the kernel is.
#[derive(Debug, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Info,
}

/// A message of the kernel in a context.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    level: Level,
    text: String,
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
