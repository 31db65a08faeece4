// SPDX-License-Identifier: GPL-2.0-only
//! The vocabulary of the steps of a scenario. Every method makes one system call (or one obvious sequence), writes a
//! line "call = result" to the transcript, and continues whatever the result: the transcript of the union must be that
//! of the plain file system, errors included. Paths are relative to the root of the tree.

mod churn;
mod data;
mod dir;
mod inode;
mod io;
mod locks;
mod memory;
mod meta;
mod names;
mod notify;
mod pair;
mod paths;
mod permission;
mod ranges;
mod rename;
mod twin;
mod uring;

pub use data::slurp;
pub use dir::{DIRS, every_dir, piece, pieces, shown};
pub use inode::{KINDS, NOW, OMIT, every_kind, pause};
pub use memory::*;
pub use notify::Watcher;
pub use pair::Turns;
pub use paths::{RESOLVE_CACHED, flag_sets, truncates};
pub use permission::{MEMBER, OTHER, OWNER, PLACES, USERS, Who, cap, in_places};
pub use rename::What;
pub use sys::{Aligned, Control, Piece, Request, Ring, Space};
pub use twin::Kept;

use std::fmt::Display;
use std::io::Write;

use crate::errno::Errno;
use crate::process::{self, End};
use crate::sys;

/// Flags and numbers for scenarios.
pub use libc::{
    AT_SYMLINK_FOLLOW, DT_CHR, DT_DIR, DT_FIFO, DT_LNK, DT_REG, F_OK, F_RDLCK, F_UNLCK, F_WRLCK,
    FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE,
    LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, MAP_PRIVATE, MAP_SHARED, O_APPEND, O_CREAT, O_DIRECT,
    O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR, O_TMPFILE, O_TRUNC,
    O_WRONLY, PROT_READ, PROT_WRITE, R_OK, RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT,
    SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET, W_OK, X_OK, XATTR_CREATE, XATTR_REPLACE,
};

/// An open file of a scenario; -1 when the open failed, which later calls then report.
#[derive(Clone, Copy, Debug)]
pub struct Fd {
    raw: i32,
    number: usize,
}

impl Display for Fd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "fd{}", self.number)
    }
}

impl Fd {
    /// A descriptor that is not open.
    pub const NONE: Self = Self { raw: -1, number: 0 };

    /// The descriptor, for calls that have no method of their own.
    pub fn raw(self) -> i32 {
        self.raw
    }
}

/// The action between two steps, if any.
pub type Between<'a> = dyn FnMut() -> Result<(), String> + 'a;

/// One run of the steps of a scenario.
pub struct Run<'a> {
    out: &'a mut dyn Write,
    opened: usize,
    between: Option<&'a mut Between<'a>>,
    makes_lower: bool,
}

impl<'a> Run<'a> {
    /// A run in the current directory whose transcript goes to `out`.
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            opened: 0,
            between: None,
            makes_lower: false,
        }
    }

    /// Adds an action after every line of transcript; `makes_lower` means that it turns the upper layer into a lower
    /// one.
    pub fn between(&mut self, between: &'a mut Between<'a>, makes_lower: bool) {
        self.between = Some(between);
        self.makes_lower = makes_lower;
    }

    /// Ends the actions between the steps: from here on the steps set up state that does not survive a mount, without
    /// an open file that keeps the mount busy.
    pub fn hold(&mut self) {
        self.between = None;
    }

    /// Writes one line of transcript.
    pub fn note(&mut self, line: impl Display) {
        // A full pipe or a dead reader ends the process, and the reader notices that.
        writeln!(self.out, "{line}").expect("the transcript can be written");
        if let Some(Err(error)) = self.between.as_mut().map(|between| between()) {
            writeln!(self.out, "between the steps: {error}")
                .expect("the transcript can be written");
        }
    }

    /// Records any call and its result.
    pub fn call<T: Display>(&mut self, call: impl Display, result: sys::Result<T>) -> Option<T> {
        match result {
            Ok(value) => {
                self.note(format_args!("{call} = {value}"));
                Some(value)
            }
            Err(error) => {
                self.note(format_args!("{call} = {error}"));
                None
            }
        }
    }

    /// Records a call whose only result is success or an error.
    pub fn done(&mut self, call: impl Display, result: sys::Result<()>) -> bool {
        self.call(call, result.map(|()| "ok")).is_some()
    }

    /// Records whether a condition holds.
    pub fn expect(&mut self, what: impl Display, is: bool) {
        self.note(format_args!("{what}: {}", if is { "yes" } else { "NO" }));
    }

    fn new_fd(&mut self, call: impl Display, result: sys::Result<i32>) -> Fd {
        self.opened += 1;
        let number = self.opened;
        match result {
            Ok(raw) => {
                self.note(format_args!("{call} = fd{number}"));
                Fd { raw, number }
            }
            Err(error) => {
                self.note(format_args!("{call} = {error} (fd{number})"));
                Fd { raw: -1, number }
            }
        }
    }

    /// Runs `steps` as another user without capabilities.
    pub fn as_user(&mut self, uid: u32, gid: u32, steps: impl FnOnce(&mut Self)) {
        self.note(format_args!("-- as {uid}:{gid}"));
        sys::become_user(uid, gid, &[]).expect("root may become anyone");
        steps(self);
        sys::become_root().expect("the way back to root");
        self.note("-- as root");
    }

    /// Runs `steps` in a child process and waits for it; the child inherits open files, but no locks.
    pub fn in_child(&mut self, steps: impl FnOnce(&mut Self)) {
        self.note("-- in a child");
        self.out.flush().expect("the transcript can be written");
        let end = process::child(|| steps(self)).expect("fork");
        if end != End::Done {
            self.note(format_args!("-- the child ended with {end:?}"));
        }
        self.note("-- back in the parent");
    }

    /// Runs `work` in `count` processes at once, each with its number; their calls are not recorded.
    pub fn parallel(&mut self, count: usize, work: impl Fn(usize)) {
        let children: Vec<_> = (0..count)
            .map(|number| process::background(|| work(number)).expect("fork"))
            .collect();
        for (number, pid) in children.into_iter().enumerate() {
            let end = process::wait(pid).expect("a child");
            self.note(format_args!("process {number}: {end:?}"));
        }
    }

    /// Runs `steps` with another umask.
    pub fn with_umask(&mut self, mask: u32, steps: impl FnOnce(&mut Self)) {
        let before = sys::umask(mask);
        self.note(format_args!("-- umask {mask:04o}"));
        steps(self);
        sys::umask(before);
    }

    /// Executes a program of the tree and records its exit status.
    pub fn exec(&mut self, path: &str, arguments: &[&str]) {
        let mut all = vec![path];
        all.extend(arguments);
        let path = path.to_owned();
        let end = process::child(|| {
            let error: Errno = process::exec(&path, &all);
            // A status that no program of the scenarios uses, so that the error is seen.
            std::process::exit(200 + error.0.min(50));
        });
        match end {
            Ok(end) => self.note(format_args!("exec({path:?}) = {end:?}")),
            Err(error) => self.note(format_args!("exec({path:?}) = {error}")),
        }
    }
}

pub(crate) fn flags_word(flags: i32) -> String {
    let mut words = vec![match flags & libc::O_ACCMODE {
        O_WRONLY => "O_WRONLY",
        O_RDWR => "O_RDWR",
        _ => "O_RDONLY",
    }];
    // O_TMPFILE contains O_DIRECTORY.
    let tmpfile = flags & O_TMPFILE == O_TMPFILE;
    for (bit, word) in [
        (O_CREAT, "O_CREAT"),
        (O_EXCL, "O_EXCL"),
        (O_TRUNC, "O_TRUNC"),
        (O_APPEND, "O_APPEND"),
        (O_NOFOLLOW, "O_NOFOLLOW"),
        (O_PATH, "O_PATH"),
        (O_DIRECT, "O_DIRECT"),
        (O_NONBLOCK, "O_NONBLOCK"),
    ] {
        if flags & bit != 0 {
            words.push(word);
        }
    }
    if tmpfile {
        words.push("O_TMPFILE");
    } else if flags & O_DIRECTORY != 0 {
        words.push("O_DIRECTORY");
    }
    words.join("|")
}
