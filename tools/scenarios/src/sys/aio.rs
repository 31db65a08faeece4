// SPDX-License-Identifier: GPL-2.0-only
//! The kernel's own asynchronous input and output: io_setup(2), io_submit(2), io_getevents(2).

use std::marker::PhantomData;
use std::os::fd::RawFd;

use super::{Result, check};

/// struct iocb.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct Iocb {
    data: u64,
    key: u32,
    rw_flags: i32,
    opcode: u16,
    reqprio: i16,
    fd: u32,
    buffer: u64,
    length: u64,
    offset: i64,
    reserved: u64,
    flags: u32,
    eventfd: u32,
}

/// struct io_event.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct Event {
    data: u64,
    object: u64,
    result: i64,
    result2: i64,
}

/// One request; it borrows its memory until it is done.
#[derive(Debug)]
pub struct Control<'a> {
    iocb: Iocb,
    vector: Vec<[u64; 2]>,
    memory: PhantomData<&'a mut [u8]>,
}

impl<'a> Control<'a> {
    fn new(opcode: u16, fd: RawFd) -> Self {
        Self {
            iocb: Iocb {
                opcode,
                fd: fd as u32,
                ..Iocb::default()
            },
            vector: Vec::new(),
            memory: PhantomData,
        }
    }

    /// IOCB_CMD_PREAD.
    pub fn read(fd: RawFd, buffer: &'a mut [u8], offset: i64) -> Self {
        let mut control = Self::new(0, fd);
        control.iocb.buffer = buffer.as_mut_ptr() as u64;
        control.iocb.length = buffer.len() as u64;
        control.iocb.offset = offset;
        control
    }

    /// IOCB_CMD_PWRITE.
    pub fn write(fd: RawFd, data: &'a [u8], offset: i64) -> Self {
        let mut control = Self::new(1, fd);
        control.iocb.buffer = data.as_ptr() as u64;
        control.iocb.length = data.len() as u64;
        control.iocb.offset = offset;
        control
    }

    /// IOCB_CMD_PWRITEV.
    pub fn writev(fd: RawFd, pieces: &[&'a [u8]], offset: i64) -> Self {
        let mut control = Self::new(8, fd);
        let words = pieces.iter().map(|p| [p.as_ptr() as u64, p.len() as u64]);
        control.vector = words.collect();
        control.iocb.offset = offset;
        control
    }

    /// IOCB_CMD_PREADV.
    pub fn readv(fd: RawFd, pieces: &'a mut [Vec<u8>], offset: i64) -> Self {
        let mut control = Self::new(7, fd);
        let words = pieces
            .iter_mut()
            .map(|p| [p.as_mut_ptr() as u64, p.len() as u64]);
        control.vector = words.collect();
        control.iocb.offset = offset;
        control
    }

    /// IOCB_CMD_FSYNC, or IOCB_CMD_FDSYNC.
    pub fn fsync(fd: RawFd, data_only: bool) -> Self {
        Self::new(if data_only { 3 } else { 2 }, fd)
    }

    /// A request of the given number without other values.
    pub fn other(opcode: u16, fd: RawFd) -> Self {
        Self::new(opcode, fd)
    }

    /// A write of bytes from inaccessible memory.
    pub fn write_nowhere(fd: RawFd, length: u64) -> Self {
        let mut control = Self::new(1, fd);
        control.iocb.buffer = 16;
        control.iocb.length = length;
        control
    }

    /// With flags as of pwritev2(2).
    pub fn flags(mut self, flags: i32) -> Self {
        self.iocb.rw_flags = flags;
        self
    }

    /// Adds one to this eventfd when done.
    pub fn tell(mut self, eventfd: RawFd) -> Self {
        self.iocb.flags = 1;
        self.iocb.eventfd = eventfd as u32;
        self
    }

    /// With a word set that must be zero.
    pub fn spoiled(mut self) -> Self {
        self.iocb.reserved = 1;
        self
    }
}

/// A context of io_setup(2).
#[derive(Debug)]
pub struct Aio {
    context: u64,
}

impl Aio {
    /// io_setup(2).
    pub fn new(requests: u32) -> Result<Self> {
        let mut context = 0u64;
        raw!(SYS_io_setup, requests, &raw mut context)?;
        Ok(Self { context })
    }

    /// io_submit(2), and io_getevents(2) until all accepted requests are done. Returns the result of io_submit and the
    /// results in the order of the requests.
    pub fn run(&self, mut requests: Vec<Control<'_>>) -> (Result<i64>, Vec<i64>) {
        for (number, request) in requests.iter_mut().enumerate() {
            request.iocb.data = number as u64;
            if !request.vector.is_empty() {
                request.iocb.buffer = request.vector.as_ptr() as u64;
                request.iocb.length = request.vector.len() as u64;
            }
        }
        let pointers: Vec<_> = requests.iter().map(|r| &raw const r.iocb).collect();
        let taken = raw!(
            SYS_io_submit,
            self.context,
            pointers.len(),
            pointers.as_ptr()
        );
        let mut results = vec![0; *taken.as_ref().unwrap_or(&0) as usize];
        for _ in 0..results.len() {
            let mut event = Event::default();
            // The memory of requests must stay until the kernel is done with it, so this cannot continue without a
            // result.
            let count = raw!(
                SYS_io_getevents,
                self.context,
                1,
                1,
                &raw mut event,
                std::ptr::null::<libc::timespec>()
            );
            assert_eq!(count, Ok(1), "io_getevents");
            results[event.data as usize] = event.result;
        }
        (taken, results)
    }
}

impl Drop for Aio {
    fn drop(&mut self) {
        let _ = raw!(SYS_io_destroy, self.context);
    }
}

/// eventfd(2).
pub fn eventfd() -> Result<RawFd> {
    call!(eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK)).map(|fd| fd as RawFd)
}
