// SPDX-License-Identifier: GPL-2.0-only
//! Failures, as exit statuses for mount(8) and messages for users.

use std::ffi::OsStr;
use std::fmt;
use std::path::{self, Path};
use std::process::ExitCode;

use rustix::io::Errno;

/// What was given on the command line, for a person. `OsStr::display` is newer than the oldest compiler that this is for.
pub fn shown(text: &(impl AsRef<OsStr> + ?Sized)) -> path::Display<'_> {
    Path::new(text).display()
}

/// The exit statuses of mount(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Incorrect invocation or permissions.
    Usage = 1,
    /// The system lacks a requirement: a system call, /proc, memory.
    System = 2,
    /// A defect of this program.
    Internal = 4,
    /// The mount failed.
    Mount = 32,
}

/// A failed run: one line with the error, the kernel's message, and a remedy.
#[derive(Debug)]
pub struct Failure {
    status: Status,
    what: String,
    kernel: Vec<String>,
    hint: Option<String>,
    errno: Option<Errno>,
}

/// The result of everything that can fail here.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure with exit status `status`; `what` names the path or option at fault.
    pub fn new(status: Status, what: impl Into<String>) -> Self {
        Self {
            status,
            what: what.into(),
            kernel: Vec::new(),
            hint: None,
            errno: None,
        }
    }

    /// Incorrect invocation.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Status::Usage, what)
    }

    /// The mount failed.
    pub fn mount(what: impl Into<String>) -> Self {
        Self::new(Status::Mount, what)
    }

    /// Adds what the kernel logged about it.
    pub fn with_kernel_log(mut self, lines: Vec<String>) -> Self {
        self.kernel.extend(lines);
        self
    }

    /// Adds a remedy.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a remedy, if one is known.
    pub fn with_optional_hint(self, hint: Option<&str>) -> Self {
        match hint {
            Some(hint) => self.with_hint(hint),
            None => self,
        }
    }

    /// Adds the number of the kernel's error, for callers that can handle it.
    pub fn with_errno(mut self, errno: Errno) -> Self {
        self.errno = Some(errno);
        self
    }

    /// The number of the kernel's error, if known.
    pub fn errno(&self) -> Option<Errno> {
        self.errno
    }

    /// The status to exit with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status as u8)
    }

    /// The status, for tests.
    #[cfg(test)]
    pub fn status(&self) -> Status {
        self.status
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mount.union: {}", self.what)?;
        for line in &self.kernel {
            write!(f, "\nmount.union: kernel: {line}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nmount.union: hint: {hint}")?;
        }
        Ok(())
    }
}
