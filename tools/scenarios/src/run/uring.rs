// SPDX-License-Identifier: GPL-2.0-only
//! Steps by io_uring.

use super::*;

impl Run<'_> {
    /// io_uring_setup(2). If it fails, the transcript says so, and the steps that need it do nothing.
    pub fn ring(&mut self) -> Option<Ring> {
        self.made(Ring::new())
    }

    /// The same for one whose requests a thread of the kernel takes.
    pub fn polled_ring(&mut self) -> Option<Ring> {
        self.made(Ring::polled())
    }

    fn made(&mut self, ring: sys::Result<Ring>) -> Option<Ring> {
        self.done(
            "io_uring_setup",
            ring.as_ref().map(drop).map_err(|error| *error),
        );
        ring.ok()
    }

    /// Submits the requests, and records their results under the given names.
    pub fn uring(&mut self, ring: &mut Option<Ring>, requests: Vec<(&str, Request<'_>)>) {
        let Some(ring) = ring else { return };
        let (names, requests): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
        match ring.run(requests) {
            Ok(results) => {
                for (name, result) in names.into_iter().zip(results) {
                    self.call(format_args!("uring: {name}"), result);
                }
            }
            Err(error) => self.note(format_args!("io_uring_enter = {error}")),
        }
    }

    /// As [`Run::uring`] for one request that opens a file.
    pub fn uring_open(&mut self, ring: &mut Option<Ring>, path: &str, flags: i32) -> Fd {
        let request = vec![Request::open(path, flags)];
        let result = match ring {
            Some(ring) => ring.run(request).and_then(|results| results[0]),
            None => Err(Errno(libc::ENOSYS)),
        };
        let call = format!("uring: open({path:?}, {})", flags_word(flags));
        self.new_fd(call, result)
    }
}
