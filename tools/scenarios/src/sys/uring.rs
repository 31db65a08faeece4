// SPDX-License-Identifier: GPL-2.0-only
//! io_uring.  The rings are those of the library; requests are spelled out, for some are wrong on purpose.

use std::ffi::{CString, OsStr};
use std::marker::PhantomData;
use std::os::fd::RawFd;

use io_uring::squeue::Entry;
use io_uring::{Builder, IoUring};

use super::{Result, cstring};
use crate::errno::Errno;

/// struct io_uring_sqe.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct Sqe {
    opcode: u8,
    flags: u8,
    ioprio: u16,
    fd: i32,
    off: u64,
    addr: u64,
    len: u32,
    op_flags: u32,
    user_data: u64,
    buf_index: u16,
    personality: u16,
    splice_fd_in: i32,
    addr3: u64,
    pad: u64,
}

const READ_FIXED: u8 = 4;
const WRITE_FIXED: u8 = 5;
const FIXED_FILE: u8 = 1;
const IO_LINK: u8 = 4;
const ASYNC: u8 = 16;

/// One request; it borrows its memory until it is done.
#[derive(Debug)]
pub struct Request<'a> {
    sqe: Sqe,
    names: Vec<CString>,
    memory: PhantomData<&'a mut [u8]>,
}

impl<'a> Request<'a> {
    fn new(opcode: u8, fd: RawFd) -> Self {
        Self {
            sqe: Sqe {
                opcode,
                fd,
                ..Sqe::default()
            },
            names: Vec::new(),
            memory: PhantomData,
        }
    }

    /// Keeps the name and gives its address, which does not change when the request is moved.
    fn name(&mut self, name: impl AsRef<OsStr>) -> u64 {
        let name = cstring(name);
        let address = name.as_ptr() as u64;
        self.names.push(name);
        address
    }

    fn at_name(opcode: u8, name: &str) -> Self {
        let mut request = Self::new(opcode, libc::AT_FDCWD);
        request.sqe.addr = request.name(name);
        request
    }

    fn two_names(opcode: u8, old: &str, new: &str) -> Self {
        let mut request = Self::at_name(opcode, old);
        request.sqe.off = request.name(new);
        request.sqe.len = libc::AT_FDCWD as u32;
        request
    }

    /// IORING_OP_NOP.
    pub fn nop() -> Self {
        Self::new(0, -1)
    }

    /// IORING_OP_READ; an offset of -1 is the position of the file.
    pub fn read(fd: RawFd, buffer: &'a mut [u8], offset: i64) -> Self {
        let mut request = Self::new(22, fd);
        request.sqe.addr = buffer.as_mut_ptr() as u64;
        request.sqe.len = buffer.len() as u32;
        request.sqe.off = offset as u64;
        request
    }

    /// IORING_OP_WRITE; an offset of -1 is the position of the file.
    pub fn write(fd: RawFd, data: &'a [u8], offset: i64) -> Self {
        let mut request = Self::new(23, fd);
        request.sqe.addr = data.as_ptr() as u64;
        request.sqe.len = data.len() as u32;
        request.sqe.off = offset as u64;
        request
    }

    /// IORING_OP_WRITE of bytes from inaccessible memory.
    pub fn write_nowhere(fd: RawFd, length: u32, offset: i64) -> Self {
        let mut request = Self::new(23, fd);
        request.sqe.addr = 16;
        request.sqe.len = length;
        request.sqe.off = offset as u64;
        request
    }

    /// IORING_OP_READ_FIXED into the start of a buffer of [`Ring::register_buffers`].
    pub fn read_fixed(fd: RawFd, buffer: u16, length: u32, offset: i64) -> Self {
        let mut request = Self::new(READ_FIXED, fd);
        request.sqe.buf_index = buffer;
        request.sqe.len = length;
        request.sqe.off = offset as u64;
        request
    }

    /// IORING_OP_WRITE_FIXED from the start of a buffer of [`Ring::register_buffers`].
    pub fn write_fixed(fd: RawFd, buffer: u16, length: u32, offset: i64) -> Self {
        let mut request = Self::read_fixed(fd, buffer, length, offset);
        request.sqe.opcode = WRITE_FIXED;
        request
    }

    /// IORING_OP_FSYNC.
    pub fn fsync(fd: RawFd, data_only: bool) -> Self {
        let mut request = Self::new(3, fd);
        request.sqe.op_flags = data_only.into();
        request
    }

    /// IORING_OP_SYNC_FILE_RANGE of the whole file.
    pub fn sync_file_range(fd: RawFd) -> Self {
        let mut request = Self::new(8, fd);
        request.sqe.op_flags = 7;
        request
    }

    /// IORING_OP_FALLOCATE.
    pub fn fallocate(fd: RawFd, mode: i32, offset: i64, length: i64) -> Self {
        let mut request = Self::new(17, fd);
        request.sqe.len = mode as u32;
        request.sqe.off = offset as u64;
        request.sqe.addr = length as u64;
        request
    }

    /// IORING_OP_FTRUNCATE.
    pub fn ftruncate(fd: RawFd, size: i64) -> Self {
        let mut request = Self::new(55, fd);
        request.sqe.off = size as u64;
        request
    }

    /// IORING_OP_FADVISE of the whole file.
    pub fn fadvise(fd: RawFd, advice: i32) -> Self {
        let mut request = Self::new(24, fd);
        request.sqe.op_flags = advice as u32;
        request
    }

    /// IORING_OP_OPENAT of mode 0644.
    pub fn open(path: &str, flags: i32) -> Self {
        let mut request = Self::at_name(18, path);
        request.sqe.len = 0o644;
        request.sqe.op_flags = flags as u32;
        request
    }

    /// IORING_OP_CLOSE.
    pub fn close(fd: RawFd) -> Self {
        Self::new(19, fd)
    }

    /// IORING_OP_STATX of the basic fields.
    pub fn statx(path: &str, into: &'a mut libc::statx) -> Self {
        let mut request = Self::at_name(21, path);
        request.sqe.len = libc::STATX_BASIC_STATS;
        request.sqe.op_flags = libc::AT_SYMLINK_NOFOLLOW as u32;
        request.sqe.off = std::ptr::from_mut(into) as u64;
        request
    }

    /// IORING_OP_UNLINKAT; `flags` may be AT_REMOVEDIR.
    pub fn unlink(path: &str, flags: i32) -> Self {
        let mut request = Self::at_name(36, path);
        request.sqe.op_flags = flags as u32;
        request
    }

    /// IORING_OP_MKDIRAT with mode 0755.
    pub fn mkdir(path: &str) -> Self {
        let mut request = Self::at_name(37, path);
        request.sqe.len = 0o755;
        request
    }

    /// IORING_OP_RENAMEAT.
    pub fn rename(old: &str, new: &str, flags: u32) -> Self {
        let mut request = Self::two_names(35, old, new);
        request.sqe.op_flags = flags;
        request
    }

    /// IORING_OP_LINKAT.
    pub fn link(old: &str, new: &str) -> Self {
        Self::two_names(39, old, new)
    }

    /// IORING_OP_SYMLINKAT.
    pub fn symlink(target: &str, path: &str) -> Self {
        let mut request = Self::two_names(38, target, path);
        request.sqe.len = 0;
        request
    }

    /// IORING_OP_SETXATTR.
    pub fn setxattr(path: &str, name: &str, value: &'a [u8]) -> Self {
        let mut request = Self::at_name(42, name);
        request.sqe.fd = 0;
        request.sqe.off = value.as_ptr() as u64;
        request.sqe.len = value.len() as u32;
        request.sqe.addr3 = request.name(path);
        request
    }

    /// IORING_OP_GETXATTR.
    pub fn getxattr(path: &str, name: &str, into: &'a mut [u8]) -> Self {
        let mut request = Self::at_name(44, name);
        request.sqe.fd = 0;
        request.sqe.off = into.as_mut_ptr() as u64;
        request.sqe.len = into.len() as u32;
        request.sqe.addr3 = request.name(path);
        request
    }

    /// IORING_OP_SPLICE; an offset of -1 is none.
    pub fn splice(from: RawFd, at: i64, to: RawFd, to_at: i64, length: u32) -> Self {
        let mut request = Self::new(30, to);
        request.sqe.off = to_at as u64;
        request.sqe.addr = at as u64;
        request.sqe.splice_fd_in = from;
        request.sqe.len = length;
        request
    }

    /// A request of the given number without other values.
    pub fn other(opcode: u8, fd: RawFd) -> Self {
        Self::new(opcode, fd)
    }

    /// The next request of the list begins when this one has succeeded.
    pub fn linked(mut self) -> Self {
        self.sqe.flags |= IO_LINK;
        self
    }

    /// In a worker thread from the start.
    pub fn in_worker(mut self) -> Self {
        self.sqe.flags |= ASYNC;
        self
    }

    /// The descriptor is an index into the files of [`Ring::register_files`].
    pub fn on_registered(mut self) -> Self {
        self.sqe.flags |= FIXED_FILE;
        self
    }

    /// The opened file replaces this registered one.
    pub fn into_registered(mut self, index: i32) -> Self {
        self.sqe.splice_fd_in = index + 1;
        self
    }

    /// With flags as of pwritev2(2).
    pub fn flags(mut self, flags: i32) -> Self {
        self.sqe.op_flags = flags as u32;
        self
    }
}

/// The memory for the result of [`Request::statx`].
pub fn statx_buffer() -> libc::statx {
    // SAFETY: all zero is a valid statx.
    unsafe { std::mem::zeroed() }
}

/// A ring with room for [`Ring::ENTRIES`] requests at a time.
pub struct Ring {
    ring: IoUring,
    /// A thread of the kernel takes the requests as soon as they are in the ring.
    is_polled: bool,
    buffers: Vec<Vec<u8>>,
}

impl Ring {
    /// How many requests [`Ring::run`] takes.
    pub const ENTRIES: u32 = 32;

    /// io_uring_setup(2) and its mappings.
    pub fn new() -> Result<Self> {
        Self::build(IoUring::builder().setup_submit_all(), false)
    }

    /// A ring with a thread of the kernel that looks for requests (`IORING_SETUP_SQPOLL`).
    pub fn polled() -> Result<Self> {
        let mut builder = IoUring::builder();
        // It sleeps after so many milliseconds without requests, so that some find it awake, and some do not.
        Self::build(builder.setup_submit_all().setup_sqpoll(5), true)
    }

    /// An invalid request must not prevent the others from being accepted (`IORING_SETUP_SUBMIT_ALL`).
    fn build(builder: &Builder, is_polled: bool) -> Result<Self> {
        Ok(Self {
            ring: builder.build(Self::ENTRIES)?,
            is_polled,
            buffers: Vec::new(),
        })
    }

    /// Registers memory for [`Request::read_fixed`] and [`Request::write_fixed`].
    pub fn register_buffers(&mut self, buffers: Vec<Vec<u8>>) -> Result<()> {
        self.buffers = buffers;
        let places = self.buffers.iter_mut().map(|buffer| libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        });
        let places: Vec<_> = places.collect();
        // SAFETY: The buffers stay where they are until the ring, which is dropped before them, is gone.
        Ok(unsafe { self.ring.submitter().register_buffers(&places) }?)
    }

    /// What is now in a registered buffer.
    pub fn buffer(&self, index: usize) -> &[u8] {
        &self.buffers[index]
    }

    /// Registers files for [`Request::on_registered`]; -1 leaves a place free.
    pub fn register_files(&mut self, files: &[RawFd]) -> Result<()> {
        Ok(self.ring.submitter().register_files(files)?)
    }

    /// io_uring_enter(2) with these requests, until all are done: their results in the same order.
    pub fn run(&mut self, requests: Vec<Request<'_>>) -> Result<Vec<Result<i32>>> {
        let mut entries = Vec::new();
        for (number, request) in requests.iter().enumerate() {
            let mut sqe = request.sqe;
            sqe.user_data = number as u64;
            if sqe.opcode == READ_FIXED || sqe.opcode == WRITE_FIXED {
                let buffer = self.buffers.get(usize::from(sqe.buf_index));
                sqe.addr = buffer.map_or(0, |buffer| buffer.as_ptr() as u64);
            }
            // SAFETY: An entry is the kernel's struct, of which `Sqe` names the fields.
            entries.push(unsafe { std::mem::transmute::<Sqe, Entry>(sqe) });
        }
        // SAFETY: What the requests point to is borrowed by them, and they stay until all are done.
        unsafe { self.ring.submission().push_multiple(&entries) }.expect("room for all");
        let taken = self.ring.submit()?;
        assert!(
            self.is_polled || taken == requests.len(),
            "io_uring_enter took fewer requests"
        );
        let mut results = vec![Ok(0); requests.len()];
        let mut done = 0;
        while done < requests.len() {
            // The kernel may continue with the requests, so this cannot return before the end.
            match self.ring.submit_and_wait(1) {
                Ok(_) => {}
                Err(error) => assert_eq!(Errno::from(error), Errno(libc::EINTR), "waiting"),
            }
            for cqe in self.ring.completion() {
                results[cqe.user_data() as usize] = match cqe.result() {
                    error if error < 0 => Err(Errno(-error)),
                    value => Ok(value),
                };
                done += 1;
            }
        }
        Ok(results)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // A closed ring releases its files some time later, too late for unmounting.
        let _ = self.ring.submitter().unregister_files();
    }
}
