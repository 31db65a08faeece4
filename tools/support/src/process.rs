// SPDX-License-Identifier: GPL-2.0-only
//! Running a part of a scenario in a separate process, with a pipe for its results. Open files, locks, mappings and
//! credentials of a scenario end with its process, and one that hangs can be killed.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::pipe::PipeFlags;

use crate::errno::Errno;

/// How a child ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It returned.
    Done,
    /// It exited with this status without returning: a panic, most likely.
    Status(i32),
    /// This signal killed it.
    Signal(i32),
    /// It did not finish in time and was killed.
    TimedOut,
}

/// Forks; the child runs `work` with the writing end of a pipe and exits, the parent collects what it wrote.
///
/// The caller must have one thread only.
pub fn run(limit: Duration, work: impl FnOnce(&mut dyn Write)) -> Result<(Vec<u8>, End), Errno> {
    let (reader, writer) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let pid = fork()?;
    if pid == 0 {
        drop(reader);
        let mut pipe = File::from(writer);
        exit_with(|| work(&mut pipe));
    }
    drop(writer);
    let deadline = Instant::now() + limit;
    let mut said = Vec::new();
    let timed_out = !read_until(File::from(reader), &mut said, deadline);
    if timed_out {
        kill(pid);
    }
    let end = wait(pid)?;
    Ok((said, if timed_out { End::TimedOut } else { end }))
}

/// Forks and waits; the child shares the file descriptions of its parent, not its locks.
pub fn child(work: impl FnOnce()) -> Result<End, Errno> {
    let pid = fork()?;
    if pid == 0 {
        exit_with(work);
    }
    wait(pid)
}

/// Forks a child that runs in the background; see [`wait`].
pub fn background(work: impl FnOnce()) -> Result<i32, Errno> {
    let pid = fork()?;
    if pid == 0 {
        exit_with(work);
    }
    Ok(pid)
}

/// Like [`background`], for a child that serves this process, and is killed when it ends.
pub fn servant(work: impl FnOnce()) -> Result<i32, Errno> {
    background(|| {
        // SAFETY: no pointers.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        work();
    })
}

fn fork() -> Result<i32, Errno> {
    // SAFETY: the callers have one thread, so the child finds no lock held by a thread it does not have.
    match unsafe { libc::fork() } {
        -1 => Err(Errno::last()),
        pid => Ok(pid),
    }
}

fn exit_with(work: impl FnOnce()) -> ! {
    let status = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(()) => 0,
        Err(_) => 101,
    };
    // SAFETY: no destructor of the parent's copy may run in the child.
    unsafe { libc::_exit(status) }
}

/// Kills a child that has not been waited for.
pub fn kill(pid: i32) {
    // SAFETY: no pointers; the id is still its own.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

/// Waits for a child.
pub fn wait(pid: i32) -> Result<End, Errno> {
    let mut status = 0;
    // SAFETY: the status is a live local.
    while unsafe { libc::waitpid(pid, &raw mut status, 0) } < 0 {
        if Errno::last() != Errno(libc::EINTR) {
            return Err(Errno::last());
        }
    }
    Ok(if libc::WIFSIGNALED(status) {
        End::Signal(libc::WTERMSIG(status))
    } else {
        match libc::WEXITSTATUS(status) {
            0 => End::Done,
            status => End::Status(status),
        }
    })
}

/// Reads to the end of a pipe; false when the deadline came first.
fn read_until(mut pipe: File, said: &mut Vec<u8>, deadline: Instant) -> bool {
    let mut buffer = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).ok();
        let mut poll = [PollFd::new(&pipe, PollFlags::IN)];
        if rustix::event::poll(&mut poll, left.as_ref()) == Ok(0) {
            return false;
        }
        match pipe.read(&mut buffer) {
            Ok(0) => return true,
            Ok(count) => said.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return true,
        }
    }
}

/// Runs a program. It and the processes it has started are killed when it ends, or at the limit, which gives no status.
pub fn limited(command: &mut Command, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    let mut child = command.process_group(0).spawn()?;
    let status = loop {
        match child.try_wait()? {
            Some(status) => break Some(status),
            None if Instant::now() > deadline => break None,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    // SAFETY: no pointers; the group is the child's own.
    unsafe { libc::kill(-(child.id() as i32), libc::SIGKILL) };
    child.wait()?;
    Ok(status)
}

/// Replaces this process by `program`; only returns on failure.
pub fn exec(program: &str, arguments: &[&str]) -> Errno {
    let cstring = |text: &str| CString::new(text).expect("an argument without NUL");
    let program = cstring(program);
    let arguments: Vec<_> = arguments.iter().map(|text| cstring(text)).collect();
    let mut pointers: Vec<_> = arguments.iter().map(|a| a.as_ptr()).collect();
    pointers.push(std::ptr::null());
    // SAFETY: a NULL-terminated array of C strings that live until the call returns.
    unsafe { libc::execv(program.as_ptr(), pointers.as_ptr()) };
    Errno::last()
}

/// Blocks a signal for this process, so that it stays pending until it is fetched.
pub fn block_signal(signal: i32) {
    // SAFETY: the set is initialised by sigemptyset before use.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// Waits up to `limit` for a blocked signal.
pub fn await_signal(signal: i32, limit: Duration) -> bool {
    // SAFETY: the set is initialised by sigemptyset before use, the time lives across the call.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        let time = libc::timespec {
            tv_sec: limit.as_secs() as i64,
            tv_nsec: limit.subsec_nanos().into(),
        };
        libc::sigtimedwait(&raw const set, std::ptr::null_mut(), &raw const time) == signal
    }
}
