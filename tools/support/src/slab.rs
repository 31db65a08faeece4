// SPDX-License-Identifier: GPL-2.0-only
//! /proc/slabinfo: memory of the kernel by the kind of object.

use std::fs;
use std::io;

/// One cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slab {
    /// Its name.
    pub name: String,
    /// Objects in use.
    pub active: u64,
    /// Bytes of an object.
    pub size: u64,
}

impl Slab {
    /// A line: name, objects in use, objects, size.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        Some(Self {
            name: words.next()?.to_owned(),
            active: words.next()?.parse().ok()?,
            size: words.nth(1)?.parse().ok()?,
        })
    }

    /// Flushes the free objects of per-CPU stores, which the kernel counts as used.
    pub fn shrink(&self) {
        let _ = fs::write(format!("/sys/kernel/slab/{}/shrink", self.name), "1");
    }
}

/// All caches.
pub fn caches() -> io::Result<Vec<Slab>> {
    let text = fs::read_to_string("/proc/slabinfo")?;
    Ok(text.lines().filter_map(Slab::parse).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read() {
        let line = "dentry  1200  1302  192   21    1 : tunables 0 0 0 : slabdata 62 62 0";
        let slab = Slab::parse(line).unwrap();
        assert_eq!((&*slab.name, slab.active, slab.size), ("dentry", 1200, 192));
        assert_eq!(Slab::parse("# name <active_objs> <num_objs>"), None);
    }
}
