// SPDX-License-Identifier: GPL-2.0-only
//! Files without data of their own, as overlayfs leaves them with `metacopy=on`: how they are made, and looked at.

use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::crash::kmsg::Kmsg;
use crate::elf;
use crate::image;
use crate::mount::Union;
use crate::process::{self, End};
use crate::sys::{self, Map};
use crate::tree::OLD;
use crate::walk::{self, Tree};

/// The attribute of a file without data of its own.
pub const MARK: &str = "trusted.overlay.metacopy";
/// The attribute with the former name of an object.
pub const REDIRECT: &str = "trusted.overlay.redirect";

/// The attribute with the capabilities of a program.
pub const CAPABILITY: &str = "security.capability";
/// cap_net_raw=ep, version 2.
pub const NET_RAW: [u8; 20] = [
    1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// The files that are copied up without their data: names, sizes and what is not a hole of them.
pub const KINDS: [(&str, usize, std::ops::Range<usize>); 6] = [
    ("empty", 0, 0..0),
    ("one", 1, 0..1),
    ("page", 4096, 0..4096),
    ("odd", 70_000, 0..70_000),
    ("holes", 300_000, 100_000..150_100),
    ("big", 3 << 20, 0..3 << 20),
];

/// Bytes that no other file has.
pub fn text(of: &str, size: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(size + 80);
    while data.len() < size {
        data.extend(format!("{of} {}\n", data.len()).bytes());
    }
    data.truncate(size);
    data
}

/// Makes a file of one of the [`KINDS`], whose data is `of` this name, with an old time.
pub fn make(path: &Path, kind: &str, of: &str) -> Result<(), String> {
    let (_, size, data) = KINDS
        .into_iter()
        .find(|(name, ..)| *name == kind)
        .ok_or_else(|| format!("no kind {kind}"))?;
    let write = || -> sys::Result<()> {
        let fd = sys::open(path, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL, 0o644)?;
        sys::ftruncate(fd, size as i64)?;
        sys::write(fd, &text(of, data.len()), Some(data.start as i64))?;
        sys::close(fd)?;
        sys::utimens(path, OLD, OLD, 0)
    };
    write().map_err(|error| format!("making {}: {error}", path.display()))
}

impl Bench<'_> {
    /// The usual layers, empty and all in one directory.
    pub fn layout_in(&self, base: &Path, lowers: usize) -> Result<Layout, String> {
        Ok(Layout {
            lowers: (0..lowers)
                .map(|number| self.dir(&base.join(number.to_string())))
                .collect::<Result<_, _>>()?,
            upper: self.dir(&base.join("upper"))?,
            work: self.dir(&base.join("work"))?,
            target: self.target("target")?,
        })
    }

    /// An ext4 that can have files with fs-verity, mounted.
    pub fn verity_ext4(&self) -> Result<PathBuf, String> {
        let ext4 = self.target("ext4")?;
        self.looped(&image::VERITY)?.mount(&ext4, 0, "")?;
        Ok(ext4)
    }

    /// The layers in overlayfs, which copies no data of files whose attributes change.
    pub fn overlayfs(&self, l: &Layout) -> Union {
        metacopy_on(Union::new("overlay").lowers(&l.lowers)).upper(&l.upper, &l.work)
    }

    /// The layers in the type under test. It follows marks by default, unlike overlayfs.
    pub fn follows(&self, l: &Layout) -> Union {
        self.following(self.union(l))
    }

    /// The same for any layers of a union.
    pub fn following(&self, union: Union) -> Union {
        match self.is_union() {
            true => union,
            false => metacopy_on(union),
        }
    }

    /// Lets overlayfs make files without data.
    pub fn in_overlayfs(
        &self,
        l: &Layout,
        change: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<(), String> {
        self.within(&self.overlayfs(l), &l.target, change)
    }

    /// Mounts, works there and unmounts.
    pub fn within(
        &self,
        union: &Union,
        target: &Path,
        work: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<(), String> {
        union.mount(target)?;
        work(target)?;
        self.umount(target)
    }

    /// Makes the upper layer the topmost lower one, below a new upper layer.
    pub fn lay_on(&self, l: &Layout, name: &str) -> Result<Layout, String> {
        let beside = |name: String| self.dir(&l.upper.with_file_name(name));
        let mut lowers = vec![l.upper.clone()];
        lowers.extend(l.lowers.iter().cloned());
        Ok(Layout {
            lowers,
            upper: beside(format!("upper-{name}"))?,
            work: beside(format!("work-{name}"))?,
            target: l.target.clone(),
        })
    }

    /// A file of the upper layer, or of any layer, must have the mark.
    pub fn marked(&self, path: &Path) -> Result<(), String> {
        let found = sys::getxattr(path, MARK);
        must!(found.is_ok(), "{} has the mark: {found:?}", path.display())
    }

    /// A file of the upper layer must have data of its own.
    pub fn unmarked(&self, path: &Path) -> Result<(), String> {
        let found = sys::getxattr(path, MARK);
        let is = found == Err(crate::errno::Errno(libc::ENODATA));
        must!(is, "{} has no mark: {found:?}", path.display())
    }

    /// A file must have these bytes, however they are read.
    pub fn has(&self, path: &Path, data: &[u8]) -> Result<(), String> {
        let found = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        must!(
            found == data,
            "{} has {}, not {}",
            path.display(),
            walk::show(data),
            walk::show(&found)
        )
    }

    /// A call must fail, and the module say why in a line of the log that has all `words`. As lines are limited in
    /// number, it is made until there is one.
    pub fn fails_and_says<T>(
        &self,
        what: &str,
        call: impl Fn() -> sys::Result<T>,
        expected: i32,
        words: &[&str],
    ) -> Result<(), String> {
        const TIMES: usize = 60;
        let mut log = Kmsg::open()?;
        let mut said = Vec::new();
        for _ in 0..TIMES {
            self.fails(what, call(), expected)?;
            said.extend(log.news());
            let right = |line: &String| words.iter().all(|word| line.contains(word));
            if said.iter().any(right) {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(250));
        }
        Err(format!(
            "{what}: a line of the log with {words:?}, not {said:?}"
        ))
    }
}

/// Where the files with the mark are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// In the upper layer.
    Upper,
    /// In the topmost lower layer.
    Lower,
}

/// A call on a file; its answer is compared.
pub type Change = fn(&Path) -> sys::Result<String>;

/// Opens a file for one call.
pub fn open<T: ToString>(
    path: &Path,
    flags: i32,
    work: impl FnOnce(i32) -> sys::Result<T>,
) -> sys::Result<String> {
    let fd = sys::open(path, flags, 0)?;
    let answer = work(fd);
    sys::close(fd)?;
    answer.map(|answer| answer.to_string())
}

/// The answer of a call that has none.
pub fn done<T>(result: sys::Result<T>) -> sys::Result<String> {
    result.map(|_| String::new())
}

/// fallocate(2).
pub fn allocate(path: &Path, mode: i32, offset: i64, length: i64) -> sys::Result<String> {
    open(path, libc::O_RDWR, |fd| {
        done(sys::fallocate(fd, mode, offset, length))
    })
}

/// The words for overlayfs.
pub fn metacopy_on(union: Union) -> Union {
    union.option("redirect_dir", "on").option("metacopy", "on")
}

/// Everything that can be seen of a tree, each file read in every way. The ways must agree.
pub fn view(root: &Path) -> Result<Tree, String> {
    let mut tree = walk::walk(root)?;
    for (name, line) in &mut tree {
        if line.starts_with("file ") {
            let path = root.join(name);
            *line += &look(&path).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(tree)
}

fn look(path: &Path) -> Result<String, String> {
    let stat = sys::stat(path, libc::AT_SYMLINK_NOFOLLOW)?;
    let size = stat.st_size as usize;
    let fd = sys::open(path, libc::O_RDONLY | libc::O_NOATIME, 0)?;
    let line = look_open(fd, &stat, size);
    sys::close(fd)?;
    let mut line = line?;
    if stat.st_mode & 0o111 != 0 {
        // Only programs can be executed; the others fail alike.
        let program = path.to_string_lossy().into_owned();
        let end = process::child(|| {
            process::exec(&program, &[&program]);
            std::process::exit(99);
        })?;
        line += &format!(" exec={end:?}");
    }
    Ok(line)
}

fn look_open(fd: i32, stat: &libc::stat, size: usize) -> Result<String, String> {
    let mut data = Vec::with_capacity(size);
    loop {
        let piece = sys::read(fd, 1 << 20, Some(data.len() as i64))?;
        if piece.is_empty() {
            break;
        }
        data.extend(piece);
    }
    must!(data.len() == size, "st_size is {}, not {size}", data.len())?;
    let open = sys::fstat(fd)?;
    let same = (open.st_size, open.st_blocks, open.st_mode, open.st_mtime)
        == (stat.st_size, stat.st_blocks, stat.st_mode, stat.st_mtime);
    must!(same, "fstat(2) as stat(2)")?;
    let pieces = pieces(fd, stat.st_size)?;
    let extents = sys::fiemap(fd, 0, u64::MAX, 1);
    if size > 0 {
        let is_whole = pieces == [(0, stat.st_size)];
        for flags in [libc::MAP_PRIVATE, libc::MAP_SHARED] {
            // In a tmpfs, which has no extents, that would fill the holes.
            if is_whole || extents.is_ok() {
                let map = Map::new(fd, size, libc::PROT_READ, flags)?;
                must!(map.bytes() == data, "mmap(2) ({flags}) as read(2)")?;
            }
        }
        let copy = sys::memfd("copy")?;
        let mut sent = 0;
        while sent < size as i64 {
            let (more, _) = sys::sendfile_at(copy, fd, sent, size)?;
            must!(more > 0, "sendfile(2) goes on at {sent}")?;
            sent += more;
        }
        let same = sys::read(copy, size, Some(0))? == data;
        must!(same, "sendfile(2) as read(2)")?;
        sys::close(copy)?;
    }
    Ok(format!(
        " blocks={} mtime={}.{} ctime={}.{} pieces={pieces:?} extents={extents:?}",
        stat.st_blocks, stat.st_mtime, stat.st_mtime_nsec, stat.st_ctime, stat.st_ctime_nsec,
    ))
}

/// Where there is data, by SEEK_DATA and SEEK_HOLE.
fn pieces(fd: i32, size: i64) -> Result<Vec<(i64, i64)>, String> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < size {
        match sys::lseek(fd, at, libc::SEEK_DATA) {
            Ok(data) => {
                let hole = sys::lseek(fd, data, libc::SEEK_HOLE)?;
                pieces.push((data, hole));
                at = hole;
            }
            Err(error) if error.0 == libc::ENXIO => break,
            Err(error) => return Err(format!("SEEK_DATA: {error}")),
        }
    }
    Ok(pieces)
}

/// A program in a lower layer, and how it ends.
pub fn program(path: &Path) -> Result<End, String> {
    const STATUS: u8 = 42;
    std::fs::write(path, elf::exits_with(STATUS)).map_err(|error| error.to_string())?;
    Ok(End::Status(STATUS.into()))
}
