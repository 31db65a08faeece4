// SPDX-License-Identifier: GPL-2.0-only
//! Steps that move data by vectors, ranges, pipes and asynchronous requests.

use super::*;
use crate::walk::show;

/// An offset, or the position of the file.
fn offset_word(offset: Option<i64>) -> String {
    offset.map_or_else(|| "-".to_owned(), |offset| offset.to_string())
}

impl Run<'_> {
    /// Records bytes.
    pub fn bytes(&mut self, what: impl Display, data: &[u8]) {
        self.note(format_args!("{what}: {}", show(data)));
    }

    /// pwritev2(2); an offset of -1 is the position of the file.
    pub fn pwritev2(&mut self, fd: Fd, pieces: &[Piece<'_>], offset: i64, flags: i32) {
        let words: Vec<_> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Data(data) => show(data),
                Piece::Nowhere(length) => format!("{length} from nowhere"),
            })
            .collect();
        let words = match words.len() {
            0..=8 => words.join(" "),
            many => format!("{many} pieces"),
        };
        let call = format!("pwritev2({fd}, [{words}], {offset}, {flags:#x})");
        self.call(call, sys::pwritev2(fd.raw, pieces, offset, flags));
    }

    /// preadv2(2); an offset of -1 is the position of the file.
    pub fn preadv2(&mut self, fd: Fd, spaces: &[Space], offset: i64, flags: i32) {
        let words: Vec<_> = spaces
            .iter()
            .map(|space| match space {
                Space::Bytes(length) => length.to_string(),
                Space::Nowhere(length) => format!("{length} to nowhere"),
            })
            .collect();
        let words = match words.len() {
            0..=8 => words.join(" "),
            many => format!("{many} pieces"),
        };
        let call = format!("preadv2({fd}, [{words}], {offset}, {flags:#x})");
        let result = sys::preadv2(fd.raw, spaces, offset, flags);
        self.call(call, result.map(|data| show(&data)));
    }

    /// copy_file_range(2) with every result as it is; without an offset it uses the position of the file.
    pub fn copy_range(
        &mut self,
        from: Fd,
        at: Option<i64>,
        to: Fd,
        to_at: Option<i64>,
        length: usize,
    ) {
        let result = sys::copy_range(from.raw, at, to.raw, to_at, length, 0);
        let (at, to_at) = (offset_word(at), offset_word(to_at));
        let call = format!("copy_file_range({from}, {at}, {to}, {to_at}, {length})");
        self.call(call, result);
    }

    /// sendfile(2) from an offset, which it moves.
    pub fn sendfile_at(&mut self, to: Fd, from: Fd, at: i64, length: usize) {
        let result = sys::sendfile_at(to.raw, from.raw, at, length);
        self.call(
            format_args!("sendfile({to}, {from}, {at}, {length})"),
            result.map(|(count, at)| format!("{count}, offset {at}")),
        );
    }

    /// splice(2) with offsets; `None` is the position of the file, or a pipe.
    pub fn splice_at(
        &mut self,
        from: Fd,
        at: Option<i64>,
        to: Fd,
        to_at: Option<i64>,
        length: usize,
    ) {
        let result = sys::splice_at(from.raw, at, to.raw, to_at, length, 0);
        let (at, to_at) = (offset_word(at), offset_word(to_at));
        let call = format!("splice({from}, {at}, {to}, {to_at}, {length})");
        self.call(call, result);
    }

    /// tee(2).
    pub fn tee(&mut self, from: Fd, to: Fd, length: usize) {
        let result = sys::tee(from.raw, to.raw, length);
        self.call(format_args!("tee({from}, {to}, {length})"), result);
    }

    /// vmsplice(2).
    pub fn vmsplice(&mut self, pipe: Fd, data: &'static [u8]) {
        let result = sys::vmsplice(pipe.raw, data);
        self.call(format_args!("vmsplice({pipe}, {})", show(data)), result);
    }

    fn two_fds(&mut self, call: &str, result: sys::Result<(i32, i32)>) -> (Fd, Fd) {
        let (one, two) = match result {
            Ok((one, two)) => (Ok(one), Ok(two)),
            Err(error) => (Err(error), Err(error)),
        };
        (self.new_fd(call, one), self.new_fd(call, two))
    }

    /// pipe2(2): the reading end, the writing end.
    pub fn pipe(&mut self) -> (Fd, Fd) {
        self.two_fds("pipe()", sys::pipe())
    }

    /// socketpair(2).
    pub fn socketpair(&mut self) -> (Fd, Fd) {
        self.two_fds("socketpair()", sys::socketpair())
    }

    /// memfd_create(2): a file outside the tree.
    pub fn memfd(&mut self) -> Fd {
        self.new_fd("memfd_create()", sys::memfd("outside"))
    }

    /// dup(2).
    pub fn dup(&mut self, fd: Fd) -> Fd {
        self.new_fd(format_args!("dup({fd})"), sys::dup(fd.raw))
    }

    /// ioctl FICLONERANGE; a length of 0 means to the end of the file. Between two file systems the result is EXDEV,
    /// and EOPNOTSUPP on one that cannot clone: both mean "copy".
    pub fn clone_range(&mut self, from: Fd, at: u64, length: u64, to: Fd, to_at: u64) -> bool {
        let result = match sys::clone_range(from.raw, at, length, to.raw, to_at) {
            Err(Errno(libc::EXDEV)) => Err(Errno(libc::EOPNOTSUPP)),
            result => result,
        };
        let call = format!("FICLONERANGE({from}, {at}, {length}, {to}, {to_at})");
        self.done(call, result)
    }

    /// ioctl FIDEDUPERANGE with one target.
    pub fn dedupe_range(&mut self, from: Fd, at: u64, length: u64, to: Fd, to_at: u64) {
        let result = sys::dedupe_range(from.raw, at, length, to.raw, to_at);
        let result = result.map(|status| match status {
            Ok(count) => format!("{count} bytes shared"),
            Err(error) => format!("status {error}"),
        });
        let call = format!("FIDEDUPERANGE({from}, {at}, {length}, {to}, {to_at})");
        self.call(call, result);
    }

    /// pread(2) into memory aligned for O_DIRECT but for `off` bytes.
    pub fn pread_aligned(&mut self, fd: Fd, length: usize, off: usize, offset: i64) {
        let mut buffer = Aligned::new(length, off);
        let result = sys::pread_into(fd.raw, &mut buffer, offset);
        let call = format!("pread({fd}, {length} aligned+{off}, {offset})");
        self.call(call, result.map(|count| show(&buffer[..count])));
    }

    /// pwrite(2) of one byte over and over, from memory aligned for O_DIRECT.
    pub fn pwrite_aligned(&mut self, fd: Fd, byte: u8, length: usize, offset: i64) {
        let buffer = Aligned::filled(length, byte);
        let result = sys::write(fd.raw, &buffer, Some(offset));
        let byte = char::from(byte);
        let call = format!("pwrite({fd}, {length} times {byte:?} aligned, {offset})");
        self.call(call, result);
    }

    /// The whole map of a file by SEEK_DATA and SEEK_HOLE: where data begin and end.
    pub fn data_map(&mut self, fd: Fd) {
        let mut map = Vec::new();
        let mut at = 0;
        let end = loop {
            let data = match sys::lseek(fd.raw, at, SEEK_DATA) {
                Ok(data) => data,
                Err(error) => break error,
            };
            match sys::lseek(fd.raw, data, SEEK_HOLE) {
                Ok(hole) => {
                    map.push(format!("{data}-{hole}"));
                    at = hole;
                }
                Err(error) => break error,
            }
        };
        self.note(format_args!("data of {fd}: [{}] {end}", map.join(" ")));
    }

    /// All descriptors of a file show the same: size, and contents from the beginning.
    pub fn all_see(&mut self, fds: &[Fd]) {
        for fd in fds {
            let size = sys::fstat(fd.raw).map(|stat| stat.st_size);
            let data = sys::read(fd.raw, 1 << 20, Some(0)).map(|data| show(&data));
            let size = size.map_or_else(|error| error.to_string(), |size| size.to_string());
            let data = data.unwrap_or_else(|error| error.to_string());
            self.note(format_args!("{fd} sees {size} {data}"));
        }
    }

    /// io_setup(2).
    pub fn aio(&mut self) -> Option<sys::Aio> {
        let aio = sys::Aio::new(16);
        self.done("io_setup", aio.as_ref().map(drop).map_err(|error| *error));
        aio.ok()
    }

    /// io_submit(2) of all the requests, and io_getevents(2).
    pub fn submit(&mut self, aio: &Option<sys::Aio>, what: &str, requests: Vec<Control<'_>>) {
        let Some(aio) = aio else { return };
        let (taken, results) = aio.run(requests);
        self.call(format_args!("io_submit({what})"), taken);
        for result in results {
            match result {
                error if error < 0 => self.note(format_args!("  {}", Errno(-error as i32))),
                value => self.note(format_args!("  {value}")),
            }
        }
    }
}
