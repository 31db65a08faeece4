// SPDX-License-Identifier: GPL-2.0-only
//! Large lower files, of which some parts come to the upper layer, for checks of what goes wrong meanwhile.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::changes::with;
use crate::mount::Union;
use crate::partial;
use crate::sys;
use crate::union;

/// The attribute that says that a file is partial.
pub const MARK: &str = "trusted.overlay.metacopy";
/// The attribute with the map of a partial file.
pub const PART: &str = "trusted.overlay.union.part";
/// Bytes of a lower file: whole granules, and a piece of one.
pub const SIZE: usize = partial::SIZE;
/// Bytes of the attribute before the map.
const HEADER: usize = 56;
/// Bytes of the attribute behind the map.
const CHECKSUM: usize = 8;
/// Bytes of one whose map is elsewhere.
pub const WITHOUT_MAP: usize = HEADER + CHECKSUM;

/// Bytes of one that is not completed in the background, as long as little of it was written.
const LARGE: usize = (1 << 20) + SIZE;

/// The contents of a lower file; no byte is zero, and none occurs in what [`new`] makes.
pub fn old() -> Vec<u8> {
    partial::data(0, 0, SIZE)
}

/// What is written at some place.
pub fn new(generation: u64, at: usize, length: usize) -> Vec<u8> {
    partial::data(generation, at, length)
}

/// A union of some layers with large files, and what the files must show.
pub struct Parts<'a> {
    bench: &'a Bench<'a>,
    /// The layers.
    pub layout: Layout,
    /// The union, with `partial=on`.
    pub union: Union,
    /// The contents of the lower files.
    old: Vec<u8>,
    /// What each file shows.
    pub shows: BTreeMap<String, Vec<u8>>,
}

impl<'a> Parts<'a> {
    /// Makes the files in the topmost lower layer, with times that tell them from others.
    pub fn new(bench: &'a Bench<'a>, layout: Layout, names: &[&str]) -> Result<Self, String> {
        Self::of(bench, layout, names, old())
    }

    /// The same of larger files, which begin with the same contents.
    pub fn large(bench: &'a Bench<'a>, layout: Layout, names: &[&str]) -> Result<Self, String> {
        Self::of(bench, layout, names, partial::data(0, 0, LARGE))
    }

    fn of(
        bench: &'a Bench<'a>,
        layout: Layout,
        names: &[&str],
        old: Vec<u8>,
    ) -> Result<Self, String> {
        let union = bench.union(&layout).option("partial", "on");
        let mut parts = Self {
            bench,
            layout,
            union,
            old,
            shows: BTreeMap::new(),
        };
        for name in names {
            let path = parts.lower(name);
            std::fs::write(&path, &parts.old).map_err(|error| error.to_string())?;
            let times = sys::utimens(&path, (1, 2), (1_000_000_000, 7), 0);
            bench.works("utimens", times)?;
            parts.shows.insert((*name).into(), parts.old.clone());
        }
        Ok(parts)
    }

    /// The same, mounted.
    pub fn mounted(bench: &'a Bench<'a>, layout: Layout, names: &[&str]) -> Result<Self, String> {
        let parts = Self::new(bench, layout, names)?;
        parts.mount()?;
        Ok(parts)
    }

    /// Mounts the union.
    pub fn mount(&self) -> Result<(), String> {
        Ok(self.union.mount(&self.layout.target)?)
    }

    /// Unmounts it.
    pub fn umount(&self) -> Result<(), String> {
        self.bench.umount(&self.layout.target)
    }

    /// A file as the union shows it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.layout.target.join(name)
    }

    /// Its copy.
    pub fn upper(&self, name: &str) -> PathBuf {
        self.layout.upper.join(name)
    }

    /// The lower file.
    pub fn lower(&self, name: &str) -> PathBuf {
        self.layout.lowers[0].join(name)
    }

    /// Writes new data, all at once, and expects them from then on.
    pub fn write(
        &mut self,
        name: &str,
        generation: u64,
        at: usize,
        length: usize,
    ) -> Result<(), String> {
        let data = new(generation, at, length);
        let what = format!("writing {length} bytes at {at} of {name}");
        self.bench
            .works(&what, pwrite(&self.path(name), at, &data))?;
        self.expect(name, at, &data);
        Ok(())
    }

    /// Notes what a file shows from now on.
    pub fn expect(&mut self, name: &str, at: usize, data: &[u8]) {
        put(self.shows.get_mut(name).expect("a known file"), at, data);
    }

    /// The file must show what is expected of it.
    pub fn is_right(&self, when: &str, name: &str) -> Result<(), String> {
        shows(
            &format!("{when}, {name}"),
            &self.path(name),
            &self.shows[name],
        )
    }

    /// All files must.
    pub fn are_right(&self, when: &str) -> Result<(), String> {
        for name in self.shows.keys() {
            self.is_right(when, name)?;
        }
        Ok(())
    }

    /// Mounts again, without anything in the caches; all files must show what they did.
    pub fn again(&self, when: &str) -> Result<(), String> {
        self.umount()?;
        forget()?;
        self.mount()?;
        self.are_right(&format!("{when}, mounted again"))
    }

    /// The end: the files show the same when they are settled, by this union and by overlayfs; no lower one has
    /// changed, and nothing is left in the work directory.
    pub fn sound(&self) -> Result<(), String> {
        let (b, l) = (self.bench, &self.layout);
        self.are_right("at the end")?;
        self.again("at the end")?;
        union::settle_all(&l.target)?;
        self.are_right("settled")?;
        self.umount()?;
        for name in self.shows.keys() {
            shows("a lower file", &self.lower(name), &self.old)?;
        }
        b.work_empty(l)?;
        let guard = l.work.join("work/incompat");
        must!(!guard.exists(), "no guard without a partial file")?;
        let overlayfs = Union::overlayfs()
            .lowers(&l.lowers)
            .upper(&l.upper, &l.work);
        overlayfs.mount(&l.target)?;
        self.are_right("as overlayfs")?;
        self.umount()
    }
}

/// Puts data into expected contents, which grow if they have to.
pub fn put(contents: &mut Vec<u8>, at: usize, data: &[u8]) {
    contents.resize(contents.len().max(at + data.len()), 0);
    contents[at..at + data.len()].copy_from_slice(data);
}

/// One write, of all or of nothing: a short one is an error.
pub fn pwrite(path: &Path, at: usize, data: &[u8]) -> sys::Result<()> {
    with(path, libc::O_WRONLY, |fd| whole(fd, at, data))
}

/// The same with a descriptor.
pub fn whole(fd: i32, at: usize, data: &[u8]) -> sys::Result<()> {
    match sys::write(fd, data, Some(at as i64))? {
        count if count == data.len() => Ok(()),
        // Of a shorter one the reason is told by the next one.
        count => sys::write(fd, &data[count..], Some((at + count) as i64)).map(drop),
    }
}

/// A file must have these contents; if not, says where they are others.
pub fn shows(what: &str, path: &Path, expected: &[u8]) -> Result<(), String> {
    let found = std::fs::read(path).map_err(|error| format!("{what}: {error}"))?;
    differ(what, &found, expected)
}

/// The same of contents.
pub fn differ(what: &str, found: &[u8], expected: &[u8]) -> Result<(), String> {
    let wrong = (0..found.len().min(expected.len())).find(|at| found[*at] != expected[*at]);
    let near = |bytes: &[u8]| {
        let at = wrong.unwrap_or(0);
        bytes.get(at..(at + 4).min(bytes.len())).map(<[u8]>::to_vec)
    };
    must!(
        found.len() == expected.len() && wrong.is_none(),
        "{what}: {} bytes of {}, the first wrong one is {wrong:?}: {:?} for {:?}",
        found.len(),
        expected.len(),
        near(found),
        near(expected)
    )
}

/// Bytes in the blocks of a file; none if it does not exist.
pub fn taken(path: &Path) -> i64 {
    sys::stat(path, 0).map_or(0, |stat| stat.st_blocks * 512)
}

/// Whether a file of the upper layer is partial.
pub fn is_partial(path: &Path) -> bool {
    sys::getxattr(path, MARK).as_deref() == Ok(b"P")
}

/// How many bytes are in the lower file alone.
pub fn missing(path: &Path) -> sys::Result<u64> {
    let mut missing = 0;
    with(path, libc::O_RDONLY, |fd| {
        missing = union::data(fd)?.1;
        Ok(())
    })?;
    Ok(missing)
}

/// How many granules the disk says are in a file of the upper layer.
pub fn granules(path: &Path) -> sys::Result<u32> {
    let value = sys::getxattr(path, PART)?;
    let map = &value[HEADER..value.len() - CHECKSUM];
    Ok(map.iter().map(|byte| byte.count_ones()).sum())
}

/// Drops what is cached.
pub fn forget() -> Result<(), String> {
    std::fs::write("/proc/sys/vm/drop_caches", "3").map_err(|error| format!("drop_caches: {error}"))
}
