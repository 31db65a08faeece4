// SPDX-License-Identifier: GPL-2.0-only
//! The other processes, which act on request: with descriptors, locks and mappings of their own.

use std::os::fd::RawFd;

use crate::errno::Errno;
use crate::process;
use crate::sys;

/// A process that waits for its turns.
pub struct Peer {
    pid: i32,
    to: RawFd,
    from: RawFd,
}

/// The result of a turn: whether the operation succeeded, or how the two sides differ.
pub type Answer = Result<bool, Vec<String>>;

impl Peer {
    /// Forks a process that answers each number it receives by `act`.
    pub fn start(mut act: impl FnMut(usize) -> Answer) -> Result<Self, Errno> {
        let (hear, to) = sys::pipe()?;
        let (from, say) = sys::pipe()?;
        let pid = process::background(|| {
            let _ = (sys::close(to), sys::close(from));
            while let Ok(number) = take(hear) {
                let (word, text) = match act(number) {
                    Ok(done) => (usize::from(done), String::new()),
                    Err(lines) => (2, lines.join("\n")),
                };
                let sent = give(say, word)
                    .and_then(|()| give(say, text.len()))
                    .and_then(|()| send(say, text.as_bytes()));
                if sent.is_err() {
                    break;
                }
            }
        })?;
        sys::close(hear)?;
        sys::close(say)?;
        Ok(Self { pid, to, from })
    }

    /// Its turn.
    pub fn turn(&self, number: usize) -> Answer {
        let gone = |error: Errno| vec![format!("process {} does not answer: {error}", self.pid)];
        give(self.to, number).map_err(gone)?;
        let word = take(self.from).map_err(gone)?;
        let length = take(self.from).map_err(gone)?;
        let text = receive(self.from, length).map_err(gone)?;
        match word {
            2 => Err(String::from_utf8_lossy(&text)
                .lines()
                .map(str::to_owned)
                .collect()),
            done => Ok(done == 1),
        }
    }
}

impl Drop for Peer {
    /// Ends it; its open files are closed when this returns.
    fn drop(&mut self) {
        process::kill(self.pid);
        let _ = process::wait(self.pid);
        let _ = (sys::close(self.to), sys::close(self.from));
    }
}

fn give(fd: RawFd, number: usize) -> Result<(), Errno> {
    send(fd, &(number as u64).to_le_bytes())
}

fn take(fd: RawFd) -> Result<usize, Errno> {
    let bytes = receive(fd, 8)?;
    Ok(u64::from_le_bytes(bytes.try_into().expect("8 bytes")) as usize)
}

fn send(fd: RawFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        let sent = sys::write(fd, bytes, None)?;
        bytes = &bytes[sent..];
    }
    Ok(())
}

fn receive(fd: RawFd, length: usize) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let more = sys::read(fd, length - bytes.len(), None)?;
        if more.is_empty() {
            return Err(Errno(libc::EPIPE));
        }
        bytes.extend(more);
    }
    Ok(bytes)
}
