// SPDX-License-Identifier: GPL-2.0-only
//! Steps that read directories piece by piece.

use super::*;
use crate::tree::Builder;
use crate::walk;

/// What [`every_dir`] makes.
pub const DIRS: [&str; 4] = ["lower", "merged", "opaque", "upper"];

/// Describes a directory of each make, with `count` files `00`, `01`, ... in each.
pub fn every_dir(b: &mut Builder, count: usize) {
    for number in 0..count {
        b.lower(number % 2).file(&format!("lower/{number:02}"), "x");
        let merged = format!("merged/{number:02}");
        match number % 3 {
            0 => b.lower(1).file(&merged, "x"),
            1 => b.lower(0).file(&merged, "x"),
            _ => b.upper().file(&merged, "x"),
        };
        b.lower(0).file(&format!("opaque/hidden{number:02}"), "x");
        b.upper().file(&format!("upper/{number:02}"), "x");
    }
    b.lower(1).file("merged/gone", "x");
    b.upper().whiteout("merged/gone");
    b.opaque("opaque");
    for number in 0..count {
        b.file(&format!("opaque/{number:02}"), "x");
    }
    b.anywhere();
}

/// The result of one getdents64(2), empty when it fails.
pub fn piece(fd: Fd, size: usize) -> Vec<sys::Dirent> {
    sys::getdents(fd.raw, size).unwrap_or_default()
}

/// Everything from here to the end, by buffers of `size` bytes.
pub fn pieces(fd: Fd, size: usize) -> Vec<sys::Dirent> {
    let mut all = Vec::new();
    loop {
        let more = piece(fd, size);
        if more.is_empty() {
            break all;
        }
        all.extend(more);
    }
}

/// Names as often as they were given, sorted.
pub fn shown(entries: &[sys::Dirent]) -> Vec<String> {
    let names = entries.iter();
    let mut names: Vec<_> = names
        .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
        .collect();
    names.sort();
    names
}

impl Run<'_> {
    /// Rewinds a directory and lists it, `.` and `..` included.
    pub fn again(&mut self, fd: Fd) {
        let result = sys::lseek(fd.raw, 0, SEEK_SET).map(|_| shown(&pieces(fd, 4096)));
        let result = result.map(|names| format!("{names:?}"));
        self.call(format_args!("again({fd})"), result);
    }

    /// Rewinds a directory: `.` and `..` come once each, as directories with the numbers that stat(2) returns for them.
    pub fn dots(&mut self, fd: Fd, own: &str, parent: &str) {
        let _ = sys::lseek(fd.raw, 0, SEEK_SET);
        let entries = pieces(fd, 100);
        for (name, path) in [(&b"."[..], own), (&b".."[..], parent)] {
            let mut found = entries.iter().filter(|entry| entry.name == name);
            let first = found.next();
            let number = sys::stat(path, 0).map(|stat| stat.st_ino);
            let right = first
                .is_some_and(|entry| entry.kind == DT_DIR && number.is_ok_and(|n| n == entry.ino));
            let word = name.escape_ascii();
            self.expect(format_args!("{fd}: {word} is {path}"), right);
            self.expect(
                format_args!("{fd}: {word} comes once"),
                found.next().is_none(),
            );
        }
    }

    /// getdents64(2), of which only the number of entries is recorded.
    pub fn getdents(&mut self, fd: Fd, size: usize) {
        let result = sys::getdents(fd.raw, size).map(|entries| entries.len());
        self.call(format_args!("getdents({fd}, {size})"), result);
    }

    /// The types of the names of an open directory from its beginning.
    pub fn types(&mut self, fd: Fd) {
        let _ = sys::lseek(fd.raw, 0, SEEK_SET);
        let mut entries = pieces(fd, 4096);
        entries.sort_by(|one, two| one.name.cmp(&two.name));
        let words = entries.iter().map(|entry| {
            let kind = walk::kind_word(u32::from(entry.kind) << 12);
            format!("{}:{kind}", entry.name.escape_ascii())
        });
        let words = words.collect::<Vec<_>>().join(" ");
        self.note(format_args!("types({fd}) = [{words}]"));
    }
}
