// SPDX-License-Identifier: GPL-2.0-only
//! A file system context of the kernel whose failures include a remedy.

use std::ffi::OsStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::io::Errno;
use rustix::mount::MountAttrFlags;
use union_support::fs_context::{self, Level, Message};

use crate::failure::{Failure, Result, Status, shown};
use crate::hints;

/// The longest string that fsconfig(2) takes.
pub const MAX_STRING: usize = 255;

/// A context that collects options until the file system is made, or changed.
pub struct FsContext {
    context: fs_context::FsContext,
    fs_type: String,
    /// The prefix of messages: the mount point.
    subject: String,
    /// What stands before the names of its options on the command line.
    prefix: &'static str,
    tolerant: bool,
}

impl FsContext {
    /// Opens a context for a new file system of type `fs_type`, that will be seen at `subject`.
    pub fn open(fs_type: &str, subject: &str) -> Result<Self> {
        Self::open_for(fs_type, subject, "")
    }

    /// Opens one for the file system of an upper layer.
    pub fn open_upper(fs_type: &str, subject: &str) -> Result<Self> {
        Self::open_for(fs_type, subject, "upper.")
    }

    fn open_for(fs_type: &str, subject: &str, prefix: &'static str) -> Result<Self> {
        let context = fs_context::FsContext::open(fs_type).map_err(|failure| {
            let errno = Errno::from(failure.errno);
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
            context,
            fs_type: fs_type.into(),
            subject: subject.into(),
            prefix,
            tolerant: false,
        })
    }

    /// Opens a context to change the file system mounted at `dir`.
    pub fn pick(fs_type: &str, dir: &OsStr) -> Result<Self> {
        let subject = shown(&dir).to_string();
        let context = fs_context::FsContext::pick(Path::new(dir)).map_err(|failure| {
            let errno = Errno::from(failure.errno);
            Failure::mount(format!("{subject}: cannot remount: {errno}"))
                .with_optional_hint(hints::pick(errno))
        })?;
        Ok(Self {
            context,
            fs_type: fs_type.into(),
            subject,
            prefix: "",
            tolerant: false,
        })
    }

    /// From here on, options unknown to the kernel cause a warning instead of a failure.
    pub fn tolerate_unknown(&mut self, tolerant: bool) {
        self.tolerant = tolerant;
    }

    /// Sets an option without a value.
    pub fn set_flag(&self, key: &[u8]) -> Result<()> {
        self.check(self.context.set_flag(key), key, None)
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
        self.check(self.context.set_string(key, value), key, Some(value))
    }

    /// Sets an option to an open file; `name` is what messages call it.
    pub fn set_fd(&self, key: &[u8], value: BorrowedFd<'_>, name: &[u8]) -> Result<()> {
        self.check(self.context.set_fd(key, value), key, Some(name))
    }

    /// Makes the file system and returns a mount of it that is not attached to any directory yet.
    pub fn create(&self, attributes: MountAttrFlags) -> Result<OwnedFd> {
        let mount = self.context.create(attributes).map_err(|failure| {
            let errno = Errno::from(failure.errno);
            let action = match failure.call.as_str() {
                "fsmount" => "making the mount".to_owned(),
                _ => format!("mounting '{}'", self.fs_type),
            };
            let log = reasons(failure.log);
            let hint =
                hints::create(&self.fs_type, errno).or(log.is_empty().then_some(hints::SEE_DMESG));
            Failure::mount(format!("{}: {action} failed: {errno}", self.subject))
                .with_kernel_log(log)
                .with_optional_hint(hint)
                .with_errno(errno)
        })?;
        self.pass_on_warnings();
        Ok(mount)
    }

    /// Applies the collected options to the mounted file system.
    pub fn reconfigure(&self) -> Result<()> {
        self.context.reconfigure().map_err(|failure| {
            let errno = Errno::from(failure.errno);
            Failure::mount(format!("{}: remount failed: {errno}", self.subject))
                .with_kernel_log(reasons(failure.log))
                .with_optional_hint(hints::reconfigure(errno))
        })?;
        self.pass_on_warnings();
        Ok(())
    }

    fn check(
        &self,
        result: fs_context::Result<()>,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<()> {
        let Err(failure) = result else { return Ok(()) };
        let (errno, log) = (Errno::from(failure.errno), reasons(failure.log));
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
            Some(value) => format!("{}{key}={}", self.prefix, String::from_utf8_lossy(value)),
            None => format!("{}{key}", self.prefix),
        };
        let failure = Failure::mount(format!("{}: option {option}: {errno}", self.subject))
            .with_kernel_log(log);
        Err(match (self.prefix, unknown) {
            ("", true) => failure.with_hint(hints::UNKNOWN),
            ("", false) => failure.with_optional_hint(hints::option(&key, errno)),
            _ => failure.with_hint(format!("see {}(5) for its options", self.fs_type)),
        })
    }

    fn pass_on_warnings(&self) {
        for line in reasons(self.context.messages()) {
            eprintln!("mount.union: {}: kernel: {line}", self.subject);
        }
    }
}

/// The kernel's messages about a failure, without informational ones.
fn reasons(log: Vec<Message>) -> Vec<String> {
    log.into_iter()
        .filter(|message| message.level != Level::Info)
        .map(|message| message.text)
        .collect()
}
