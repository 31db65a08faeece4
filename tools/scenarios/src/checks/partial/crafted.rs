// SPDX-License-Identifier: GPL-2.0-only
//! Maps that somebody made who can write to the upper layer, in another system.

use std::path::Path;
use std::time::{Duration, Instant};

use union_logic::hash;

use crate::bench::{Bench, Layout};
use crate::changes::with;
use crate::crash::kmsg::Kmsg;
use crate::parts::{self, MARK, PART, Parts};
use crate::process::{self, End};
use crate::sys::{self, Map};
use crate::union;
use crate::walk;

/// What needs no time takes less, also on a slow machine.
const SHORT: Duration = Duration::from_millis(300);
/// A process ends so soon after it was killed.
const SOON: Duration = Duration::from_secs(5);

/// The key of the checksum.
const KEY: u64 = 2;

/// An attribute with another checksum, the right one.
fn sealed(mut value: Vec<u8>) -> Vec<u8> {
    value.truncate(value.len() - 8);
    let sum = hash::name(KEY, &value).0;
    value.extend(sum.to_le_bytes());
    value
}

/// Puts a number into an attribute.
fn word(mut value: Vec<u8>, at: usize, number: u64) -> Vec<u8> {
    value[at..at + 8].copy_from_slice(&number.to_le_bytes());
    sealed(value)
}

/// One byte of it.
fn byte(mut value: Vec<u8>, at: usize, number: u8) -> Vec<u8> {
    value[at] = number;
    sealed(value)
}

/// The attribute with a map of so many bytes.
fn mapped(mut value: Vec<u8>, bytes: usize) -> Vec<u8> {
    value.truncate(56);
    value.resize(56 + bytes + 8, 0xff);
    sealed(value)
}

const LIMIT: usize = 8;
const LOWER_SIZE: usize = 16;
const SECONDS: usize = 24;
const NANOSECONDS: usize = 32;
const HASH: usize = 40;
const SIDECAR: usize = 48;

/// Attributes that no mount has made, each made of one that is right.
const WRONG: &[(&str, fn(Vec<u8>) -> Vec<u8>)] = &[
    ("flags", |v| byte(v, 1, 1)),
    ("more flags", |v| byte(v, 1, 0x80)),
    ("tiny granules", |v| byte(v, 2, 0)),
    ("small granules", |v| byte(v, 2, 11)),
    ("large granules", |v| byte(v, 2, 13)),
    ("huge granules", |v| byte(v, 2, 63)),
    ("impossible granules", |v| byte(v, 2, 64)),
    ("more impossible ones", |v| byte(v, 2, 255)),
    ("no zero", |v| byte(v, 3, 1)),
    ("limit behind the end", |v| {
        word(v, LIMIT, parts::SIZE as u64 + 1)
    }),
    ("limit at the end of the world", |v| {
        word(v, LIMIT, u64::MAX)
    }),
    ("no lower bytes", |v| word(v, LOWER_SIZE, 0)),
    ("one lower byte less", |v| {
        word(v, LOWER_SIZE, parts::SIZE as u64 - 1)
    }),
    ("one lower byte more", |v| {
        word(v, LOWER_SIZE, parts::SIZE as u64 + 1)
    }),
    ("twice as many lower bytes", |v| {
        word(v, LOWER_SIZE, 2 * parts::SIZE as u64)
    }),
    ("too many lower bytes", |v| {
        word(v, LOWER_SIZE, i64::MAX as u64)
    }),
    ("negative lower bytes", |v| word(v, LOWER_SIZE, u64::MAX)),
    ("another time and file", |v| {
        word(word(v, SECONDS, 5), HASH, 5)
    }),
    ("many nanoseconds", |v| word(v, NANOSECONDS, u64::MAX)),
    ("a sidecar", |v| word(v, SIDECAR, 7)),
    ("a sidecar that there is not", |v| {
        let mut v = mapped(v, 0);
        v[1] = 1;
        word(v, SIDECAR, 7)
    }),
    ("no map", |v| mapped(v, 0)),
    ("a short map", |v| mapped(v, 9)),
    ("a long map", |v| mapped(v, 11)),
    ("a very long map", |v| mapped(v, 3000)),
    ("many granules of a huge file", |v| {
        let mut v = mapped(v, 512);
        v[2] = 12;
        let size = 512u64 * 8 * 4096;
        word(word(v, LOWER_SIZE, size), LIMIT, size)
    }),
    ("more granules than there are", |v| {
        let size = (1u64 << 26) * 4096;
        word(word(v, LOWER_SIZE, size), LIMIT, size)
    }),
    ("a wrong checksum", |mut v| {
        let last = v.len() - 1;
        v[last] ^= 1;
        v
    }),
    ("the checksum of another key", |mut v| {
        v.truncate(v.len() - 8);
        let sum = hash::name(1, &v).0;
        v.extend(sum.to_le_bytes());
        v
    }),
    ("nothing", |_| Vec::new()),
    ("one byte", |_| vec![1]),
    ("a later version", |v| byte(v, 0, 2)),
    ("version 0", |v| byte(v, 0, 0)),
    ("a header and no checksum", |mut v| {
        v.truncate(56);
        v
    }),
];

/// Attributes that a mount may have left.
const RIGHT: &[(&str, fn(Vec<u8>) -> Vec<u8>)] = &[
    ("the same", |v| v),
    ("a copied layer", |v| word(v, HASH, 5)),
    ("bits behind the last granule", |v| {
        let last = v.len() - 9;
        byte(v, last, 0xf0)
    }),
];

/// A map that is wrong is an error of the file, with a line in the log; what can be wrong and is not seen changes
/// nothing but what the file shows.
pub fn partial_crafted_maps(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let all: Vec<_> = WRONG.iter().chain(RIGHT).collect();
    let names: Vec<String> = (0..all.len()).map(|number| format!("f{number}")).collect();
    let slices: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut parts = Parts::mounted(b, b.layout(1)?, &slices)?;
    for name in &names {
        parts.write(name, 1, 50_001, 100)?;
    }
    parts.umount()?;
    for (name, (_, change)) in names.iter().zip(&all) {
        let upper = parts.upper(name);
        let value = b.works("the map", sys::getxattr(&upper, PART))?;
        b.works("setxattr", sys::setxattr(&upper, PART, &change(value), 0))?;
    }
    // Lines of the check before this one count for the limit of five seconds.
    std::thread::sleep(Duration::from_millis(5500));
    let mut log = Kmsg::open()?;
    parts.mount()?;
    for (number, (name, (what, _))) in names.iter().zip(&all).enumerate() {
        match number < WRONG.len() {
            true => is_refused(b, &parts.layout, &parts.path(name))
                .map_err(|error| format!("{what}: {error}"))?,
            false => {
                parts.is_right(what, name)?;
                parts.write(name, 2, 100_001, 100)?;
                parts.is_right(what, name)?;
            }
        }
    }
    parts.umount()?;
    // Not each of them: the lines are limited.
    let lines = log.news();
    must!(
        lines
            .iter()
            .any(|line| line.contains("a part of its data is in the upper layer")),
        "a line in the log, of {lines:?}"
    )
}

/// Every call that needs the data fails with EIO, attributes and names can be changed.
fn is_refused(b: &Bench, l: &Layout, path: &Path) -> Result<(), String> {
    b.works("stat", sys::stat(path, 0))?;
    for flags in [libc::O_RDONLY, libc::O_RDWR, libc::O_WRONLY | libc::O_TRUNC] {
        b.fails("open", sys::open(path, flags, 0), libc::EIO)?;
    }
    for size in [0, 100_000, parts::SIZE as i64, 10_000_000] {
        b.fails("truncate", sys::truncate(path, size), libc::EIO)?;
    }
    b.works("chmod", sys::chmod(path, 0o600))?;
    b.works("setxattr", sys::setxattr(path, "user.a", b"1", 0))?;
    let moved = l.target.join("moved");
    b.works("rename", sys::rename(path, &moved, 0))?;
    b.works("link", sys::link(&moved, path, 0))?;
    b.works("unlink", sys::unlink(&moved))?;
    b.works("unlink", sys::unlink(path))
}

/// What the lower layer has in the place of a file of which a part is in the upper one.
const LOWERS: &[(&str, fn(&Path) -> sys::Result<()>)] = &[
    ("nothing", |_| Ok(())),
    ("a directory", |path| sys::mkdir(path, 0o755)),
    ("a device", |path| {
        sys::mknod(path, libc::S_IFCHR | 0o600, sys::makedev(1, 3))
    }),
    ("a whiteout", |path| {
        sys::mknod(path, libc::S_IFCHR | 0o600, 0)
    }),
    ("a link", |path| sys::symlink("/etc/passwd", path)),
    ("a fifo", |path| sys::mknod(path, libc::S_IFIFO | 0o600, 0)),
    ("an empty file", |path| {
        sys::mknod(path, libc::S_IFREG | 0o600, 0)
    }),
    ("a small file", |path| {
        let fd = sys::open(path, libc::O_CREAT | libc::O_WRONLY, 0o600)?;
        sys::write(fd, b"small", None)?;
        sys::close(fd)
    }),
    ("a larger file", |path| {
        let fd = sys::open(path, libc::O_CREAT | libc::O_WRONLY, 0o600)?;
        sys::write(fd, &parts::old(), None)?;
        sys::write(fd, b"more", None)?;
        sys::close(fd)
    }),
    ("an endless file", |path| {
        let fd = sys::open(path, libc::O_CREAT | libc::O_WRONLY, 0o600)?;
        sys::ftruncate(fd, i64::MAX)?;
        sys::close(fd)
    }),
];

/// A partial file over anything but its lower file is an error, and never shows what is there.
pub fn partial_crafted_lowers(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let names: Vec<String> = (0..LOWERS.len())
        .map(|number| format!("f{number}"))
        .collect();
    let slices: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut parts = Parts::mounted(b, b.layout(1)?, &slices)?;
    for name in &names {
        parts.write(name, 1, 50_001, 100)?;
    }
    parts.umount()?;
    for (name, (_, make)) in names.iter().zip(LOWERS) {
        let lower = parts.lower(name);
        b.works("unlink", sys::unlink(&lower))?;
        b.works("making another", make(&lower))?;
    }
    parts.mount()?;
    for (name, (what, _)) in names.iter().zip(LOWERS) {
        let path = parts.path(name);
        let wrong = |error| format!("over {what}: {error}");
        for flags in [libc::O_RDONLY, libc::O_RDWR] {
            b.fails("open", sys::open(&path, flags, 0), libc::EIO)
                .map_err(wrong)?;
        }
        b.fails("truncate", sys::truncate(&path, 100), libc::EIO)
            .map_err(wrong)?;
        let _ = sys::stat(&path, 0);
        let _ = sys::chmod(&path, 0o600);
        let _ = sys::rename(&path, parts.path("moved"), 0);
        let _ = sys::unlink(parts.path("moved"));
        let _ = sys::unlink(&path);
    }
    let _ = walk::list(&parts.layout.target);
    parts.umount()
}

/// Marks on objects that have no data, on files that were never copied, and above files that are not there: errors, or
/// nothing at all.
pub fn partial_crafted_marks(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let mut parts = Parts::mounted(b, b.layout(1)?, &["good", "bare"])?;
    let l = &parts.layout;
    for name in ["dir", "merged"] {
        b.dir(&l.lowers[0].join(name).join("sub"))?;
    }
    b.works("mknod", {
        sys::mknod(
            l.lowers[0].join("device"),
            libc::S_IFCHR | 0o600,
            sys::makedev(1, 3),
        )
    })?;
    parts.write("good", 1, 50_001, 100)?;
    parts.umount()?;
    let l = &parts.layout;
    let value = b.works("the map", sys::getxattr(parts.upper("good"), PART))?;
    let upper = |name: &str| l.upper.join(name);
    b.dir(&upper("merged"))?;
    b.dir(&upper("alone"))?;
    b.works("symlink", sys::symlink("target", upper("link")))?;
    b.works("mknod", {
        sys::mknod(upper("fifo"), libc::S_IFIFO | 0o600, 0)
    })?;
    b.works("mknod", {
        sys::mknod(upper("device"), libc::S_IFCHR | 0o600, sys::makedev(1, 3))
    })?;
    b.works("mknod", {
        sys::mknod(upper("whiteout"), libc::S_IFCHR | 0o600, 0)
    })?;
    b.file(&upper("new"), "of the upper layer")?;
    b.file(&upper("small"), "of the upper layer")?;
    b.file(&l.lowers[0].join("small"), "of the lower one")?;
    let names = [
        ".", "merged", "alone", "link", "fifo", "device", "whiteout", "new", "small",
    ];
    for name in names {
        b.works(name, sys::setxattr(upper(name), MARK, b"P", 0))?;
        b.works(name, sys::setxattr(upper(name), PART, &value, 0))?;
    }
    // A file without data that has a map as well, which means nothing.
    std::fs::write(upper("bare"), b"").map_err(|error| error.to_string())?;
    b.works(
        "ftruncate",
        sys::truncate(upper("bare"), parts::SIZE as i64),
    )?;
    b.works("setxattr", sys::setxattr(upper("bare"), MARK, b"", 0))?;
    b.works("setxattr", sys::setxattr(upper("bare"), PART, &value, 0))?;
    parts.mount()?;
    for name in names {
        let path = parts.path(name);
        let _ = sys::stat(&path, libc::AT_SYMLINK_NOFOLLOW);
        let _ = walk::list(&path);
        for flags in [libc::O_RDONLY, libc::O_RDWR] {
            let _ = with(&path, flags | libc::O_NONBLOCK, |fd| {
                let _ = sys::read(fd, 100, Some(0));
                let _ = sys::write(fd, b"x", Some(70_000));
                let _ = union::settle(fd);
                let _ = union::data(fd);
                let _ = sys::lseek(fd, 0, libc::SEEK_HOLE);
                let _ = sys::fallocate(fd, 0, 0, 100_000);
                let _ = Map::new(fd, 4096, libc::PROT_READ, libc::MAP_SHARED);
                sys::fsync(fd)
            });
        }
        let _ = sys::truncate(&path, 100_000);
        let _ = sys::chmod(&path, 0o700);
        let _ = sys::rename(&path, parts.path("moved"), 0);
        let _ = sys::rename(parts.path("moved"), &path, 0);
    }
    for name in ["new", "small"] {
        b.fails(
            name,
            sys::open(parts.path(name), libc::O_RDONLY, 0),
            libc::EIO,
        )?;
    }
    parts.is_right("beside them", "good")?;
    parts.is_right("with a map of its own", "bare")?;
    parts.write("bare", 2, 100_001, 100)?;
    parts.is_right("with a map of its own", "bare")?;
    parts.umount()?;
    // Nothing of it keeps overlayfs from what it can use, once the good ones are settled.
    parts.mount()?;
    parts.are_right("mounted again")?;
    parts.umount()
}

/// A limit below the size that the file has: what was cut off is not seen again, and where the upper file is shorter
/// than the limit its size is right.
pub fn partial_crafted_sizes(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    let names = ["limited", "short", "long", "empty"];
    let mut parts = Parts::mounted(b, b.layout(1)?, &names)?;
    for name in names {
        parts.write(name, 1, 50_001, 100)?;
    }
    parts.umount()?;
    let value = b.works("the map", sys::getxattr(parts.upper("limited"), PART))?;
    let set = sys::setxattr(
        parts.upper("limited"),
        PART,
        &word(value, LIMIT, 100_000),
        0,
    );
    b.works("setxattr", set)?;
    for (name, size) in [
        ("short", 100_000),
        ("empty", 0),
        ("long", parts::SIZE + 10_000),
    ] {
        b.works("truncate", sys::truncate(parts.upper(name), size as i64))?;
        let shows = parts.shows.get_mut(name).ok_or("a file")?;
        shows.resize(size, 0);
    }
    parts.shows.get_mut("limited").ok_or("a file")?[100_000..].fill(0);
    parts.mount()?;
    parts.are_right("changed")?;
    for name in ["limited", "short", "long"] {
        parts.write(name, 2, 99_990, 20)?;
        parts.write(name, 3, 60_001, 20)?;
    }
    parts.are_right("written to")?;
    parts.sound()
}

/// A map with millions of pieces, each a hole in one of the two files: who asks how much is missing does so at once, for
/// others wait meanwhile, and who looks for data can be killed.
pub fn partial_crafted_pieces(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    /// As many granules of 4 KiB as there can be.
    const GRANULES: u64 = 1 << 25;
    const SIZE: u64 = GRANULES << 12;
    const NUMBER: u64 = 7;
    let mut parts = Parts::mounted(b, b.layout(1)?, &["like"])?;
    parts.write("like", 1, 50_001, 100)?;
    parts.umount()?;
    let like = b.works("the map", sys::getxattr(parts.upper("like"), PART))?;
    let (lower, upper) = (parts.lower("pieces"), parts.upper("pieces"));
    for path in [&lower, &upper] {
        std::fs::write(path, b"").map_err(|error| error.to_string())?;
        b.works("truncate", sys::truncate(path, SIZE as i64))?;
    }
    let times = sys::utimens(&lower, (1, 2), (1_000_000_000, 7), 0);
    b.works("utimens", times)?;
    let mut value = mapped(like, 0);
    value[1] = 1;
    for (at, number) in [(LOWER_SIZE, SIZE), (LIMIT, SIZE), (SIDECAR, NUMBER)] {
        value = word(value, at, number);
    }
    b.works("the mark", sys::setxattr(&upper, MARK, b"P", 0))?;
    b.works("the map", sys::setxattr(&upper, PART, &value, 0))?;
    // Its file and layer are others.
    let mut sidecar = b"unionmap".to_vec();
    for number in [1, NUMBER, GRANULES, 1, 1] {
        sidecar.extend(number.to_le_bytes());
    }
    let sum = hash::name(KEY, &sidecar).0;
    sidecar.extend(sum.to_le_bytes());
    sidecar.resize(4096, 0);
    sidecar.resize(4096 + GRANULES as usize / 8, 0x55);
    let dir = parts.layout.work.join("union").join("partial");
    b.works("mkdir", sys::mkdir(&dir, 0o700))?;
    let path = dir.join(format!("{NUMBER:016x}"));
    std::fs::write(&path, &sidecar).map_err(|error| error.to_string())?;
    b.works("chmod", sys::chmod(&path, 0o600))?;
    parts.mount()?;
    let path = parts.path("pieces");
    // The map is read.
    must!(
        parts::missing(&path) == Ok(SIZE / 2),
        "half of it is missing"
    )?;
    let begun = Instant::now();
    must!(
        parts::missing(&path) == Ok(SIZE / 2),
        "half of it is missing"
    )?;
    let took = begun.elapsed();
    must!(took < SHORT, "counting takes no time, not {took:?}")?;
    let child = process::background(|| {
        let _ = with(&path, libc::O_RDONLY, |fd| {
            sys::lseek(fd, 0, libc::SEEK_DATA).map(drop)
        });
    })?;
    std::thread::sleep(Duration::from_millis(500));
    process::kill(child);
    let begun = Instant::now();
    let end = process::wait(child)?;
    let took = begun.elapsed();
    must!(
        end == End::Signal(libc::SIGKILL),
        "it searched until it was killed: {end:?}"
    )?;
    must!(took < SOON, "it ends at once, not after {took:?}")?;
    parts.umount()
}
