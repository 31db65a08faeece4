// SPDX-License-Identifier: GPL-2.0-only
//! Steps of random runs: sequences of calls that record only what must be the same everywhere.

use super::*;
use crate::sys::Region;
use crate::tree::OLD;
use crate::walk::show;

/// A shared mapping that outlives the step that made it.
pub struct Kept {
    region: Region,
    fd: i32,
}

impl Run<'_> {
    /// SEEK_DATA: records the error beyond the end, and otherwise that only zeros are skipped, as file systems decide
    /// where a hole begins.
    pub fn seek_data(&mut self, fd: Fd, at: i64) {
        let call = format!("SEEK_DATA({fd}, {at})");
        let size = sys::fstat(fd.raw).map_or(0, |stat| stat.st_size);
        let result = sys::lseek(fd.raw, at, SEEK_DATA);
        if at < 0 || at >= size || !matches!(result, Ok(_) | Err(Errno(libc::ENXIO))) {
            self.call(call, result);
            return;
        }
        // The new position is up to the file system.
        let _ = sys::lseek(fd.raw, at, libc::SEEK_SET);
        let data = result.unwrap_or(size);
        let hole = sys::read(fd.raw, (data - at).max(0) as usize, Some(at));
        // A descriptor without the right to read shows nothing of the data.
        let zeros = hole.map_or(true, |bytes| bytes.iter().all(|byte| *byte == 0));
        self.expect(call, zeros && data >= at);
    }

    /// F_SETFL: switches O_APPEND.
    pub fn set_append(&mut self, fd: Fd, on: bool) -> bool {
        let flags = if on { O_APPEND } else { 0 };
        let result = sys::set_status_flags(fd.raw, flags, O_APPEND);
        self.done(format_args!("set_append({fd}, {on})"), result)
    }

    /// How much of the first `length` bytes of a file may be touched through a mapping.
    fn mappable(&self, fd: i32, length: usize) -> usize {
        let size = sys::fstat(fd).map_or(0, |stat| match walk_kind(&stat) {
            libc::S_IFREG => stat.st_size as usize,
            _ => 0,
        });
        length.min(size)
    }

    /// Maps the beginning of a file, reads it, unmaps it.
    pub fn map_read(&mut self, fd: Fd, length: usize, shared: bool) {
        let length = self.mappable(fd.raw, length);
        if length == 0 {
            return;
        }
        let flags = if shared { MAP_SHARED } else { MAP_PRIVATE };
        let map = sys::Map::new(fd.raw, length, PROT_READ, flags);
        let result = map.map(|map| show(&map.bytes()));
        self.call(format_args!("map_read({fd}, {length}, {shared})"), result);
    }

    /// Maps a file, writes `data` at `at` as far as the file reaches, syncs, unmaps.
    pub fn map_write(&mut self, fd: Fd, data: impl AsRef<[u8]>, at: usize) {
        let data = data.as_ref();
        let length = self.mappable(fd.raw, at + data.len());
        if length <= at {
            return;
        }
        let data = &data[..length - at];
        let map = sys::Map::new(fd.raw, length, PROT_READ | PROT_WRITE, MAP_SHARED);
        let result = map.and_then(|mut map| {
            map.store(at, data);
            map.sync()
        });
        self.done(
            format_args!("map_write({fd}, {}, {at})", show(data)),
            result,
        );
    }

    /// Maps the beginning of a file, shared and writable, for later.
    pub fn map_keep(&mut self, fd: Fd, length: usize) -> Option<Kept> {
        let length = self.mappable(fd.raw, length);
        if length == 0 {
            return None;
        }
        let result = Region::new(fd.raw, 0, length, PROT_READ | PROT_WRITE, MAP_SHARED);
        let region = self.call(format_args!("map_keep({fd}, {length})"), result.map(Shown))?;
        let fd = sys::dup(fd.raw).expect("a descriptor is left");
        Some(Kept {
            region: region.0,
            fd,
        })
    }

    /// Stores into the mapping. Whether that changes the time of the file depends on whether its page has been written
    /// out in between, which is random: the file gets an old time.
    pub fn map_store(&mut self, kept: &Option<Kept>, data: impl AsRef<[u8]>, at: usize) {
        let Some(kept) = kept else { return };
        let data = data.as_ref();
        let length = self.mappable(kept.fd, kept.region.length().min(at + data.len()));
        if length <= at {
            return;
        }
        kept.region.store(at, &data[..length - at]);
        let result = sys::futimens(kept.fd, OLD, OLD);
        self.done(format_args!("map_store({}, {at})", show(data)), result);
    }

    /// Records the contents of the mapping, and the file behind it.
    pub fn map_look(&mut self, kept: &Option<Kept>) {
        let Some(kept) = kept else { return };
        let length = self.mappable(kept.fd, kept.region.length());
        self.bytes("map_look()", &kept.region.bytes(0, length));
        let result = sys::fstat(kept.fd).map(|stat| crate::walk::describe(&stat));
        self.call("the mapped file", result);
    }

    /// Unmaps.
    pub fn map_drop(&mut self, kept: &mut Option<Kept>) {
        if let Some(kept) = kept.take() {
            let result = kept.region.unmap().and(sys::close(kept.fd));
            self.done("map_drop()", result);
        }
    }

    /// Lists a directory with a buffer of `size` bytes, then from its middle: the entries must be the same.
    pub fn ls_pieces(&mut self, path: &str, size: usize) {
        let call = format!("ls_pieces({path:?}, {size})");
        let result = sys::open(path, O_RDONLY | O_DIRECTORY, 0).map(|raw| {
            let fd = Fd { raw, ..Fd::NONE };
            let all = pieces(fd, size);
            let middle = all.len() / 2;
            let again = match all.get(middle.wrapping_sub(1)) {
                Some(before) => sys::lseek(raw, before.next, SEEK_SET).map(|_| pieces(fd, size)),
                None => Ok(Vec::new()),
            };
            let _ = sys::close(raw);
            let same = again.is_ok_and(|again| again == all[middle..]);
            format!(
                "{:?}, {}",
                shown(&all),
                if same { "twice" } else { "NOT THE SAME TWICE" }
            )
        });
        self.call(call, result);
    }

    /// Runs `steps` while an object has flags of chattr(1).
    pub fn protected(&mut self, path: &str, flags: u32, steps: impl FnOnce(&mut Self)) {
        let result = sys::open(path, O_RDONLY | O_NOFOLLOW | libc::O_NONBLOCK, 0);
        let Some(raw) = self.call(format_args!("protected({path:?})"), result.map(Opened)) else {
            return;
        };
        let fd = Fd {
            raw: raw.0,
            ..Fd::NONE
        };
        self.set_flags(fd, flags, flags);
        steps(self);
        self.set_flags(fd, 0, flags);
        self.close(fd);
    }
}

fn walk_kind(stat: &libc::stat) -> u32 {
    crate::walk::kind(stat)
}

/// A descriptor, whose number is not recorded.
struct Opened(i32);

impl Display for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ok")
    }
}

/// A region, whose place is not recorded.
struct Shown(Region);

impl Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ok")
    }
}
