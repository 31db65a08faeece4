// SPDX-License-Identifier: GPL-2.0-only
//! The calls that tell where the data of a file are, and get them into the upper layer.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::{Bench, Layout};
use crate::changes::{as_user, with};
use crate::elf;
use crate::mount::Union;
use crate::process::{self, End};
use crate::sys;
use crate::union::{DATA, Place, SETTLE, data, settle};
use crate::userns;
use crate::walk;

/// A mark of a file without data.
const METACOPY: &str = "trusted.overlay.metacopy";

/// Length of the files here.
const LENGTH: usize = 300_000;

/// After every file is settled, overlayfs with its default options shows the same tree, and nothing is left to do.
pub fn settle_for_overlayfs(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such call")?;
    let l = b.layout(2)?;
    for layer in 0..2 {
        b.describe(&l, layer, |b| {
            for name in [
                "chmod", "chown", "times", "xattr", "link", "rename", "moved",
            ] {
                b.file(&format!("d{layer}/{name}"), text(name, layer))
                    .mtime(1_000_000_000 + layer as i64, 5);
            }
            b.sparse(
                &format!("d{layer}/holes"),
                1 << 20,
                &[(500_000, b"in the middle")],
            )
            .mtime(900_000_000, 7);
            b.file(&format!("d{layer}/empty"), "");
            b.file(&format!("d{layer}/stays"), "stays");
            b.dir(&format!("d{layer}/dir"));
        })?;
    }
    b.union(&l).mount(&l.target)?;
    for layer in 0..2 {
        let dir = l.target.join(format!("d{layer}"));
        let at = |name: &str| dir.join(name);
        b.works("chmod", sys::chmod(at("chmod"), 0o4711))?;
        b.works("chown", sys::lchown(at("chown"), 1000, 1001))?;
        b.works("times", sys::utimens(at("times"), (5, 6), (7, 8), 0))?;
        b.works("xattr", sys::setxattr(at("xattr"), "user.a", b"1", 0))?;
        b.works("link", sys::link(at("link"), at("dir/linked"), 0))?;
        b.works("rename", sys::rename(at("rename"), at("renamed"), 0))?;
        b.works("move", sys::rename(at("moved"), at("dir/moved"), 0))?;
        b.works("chmod", sys::chmod(at("holes"), 0o600))?;
        b.works("chmod", sys::chmod(at("empty"), 0o600))?;
    }
    let below = |place| count(&l.target, place);
    let without = below(Place::Below)?;
    must!(
        // Of each layer: those that are changed, and the second name of one, but not the empty one.
        without == 2 * 9,
        "changes leave data below, of {without} files"
    )?;
    let before = walk::walk(&l.target)?;
    let (mut bytes, mut left) = (0, 0);
    for path in files(&l.target)? {
        let there = opened(b, &path, data)?;
        let copied = opened(b, &path, settle)?;
        left += there.1;
        bytes += copied;
        let again = opened(b, &path, settle)?;
        must!(again == 0, "{}: nothing to do, not {again}", path.display())?;
        let now = opened(b, &path, data)?;
        let place = match there.0 {
            Place::Lower => Place::Lower,
            _ => Place::Upper,
        };
        must!(
            now == (place, 0),
            "{}: {there:?}, then {now:?}",
            path.display()
        )?;
        must!(
            copied == there.1,
            "{}: {there:?}, and {copied} bytes are copied",
            path.display()
        )?;
    }
    must!(bytes > 0 && bytes == left, "{bytes} bytes of {left}")?;
    let lower = below(Place::Lower)?;
    must!(
        // The layout has one more.
        lower == 3,
        "what was not changed stays in a lower layer: {lower} files"
    )?;
    b.same("settled", &before, &walk::walk(&l.target)?)?;
    b.umount(&l.target)?;
    for path in files(&l.upper)? {
        b.fails("the mark", sys::getxattr(&path, METACOPY), libc::ENODATA)?;
    }
    Union::new("overlay")
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .option("metacopy", "off")
        .mount(&l.target)?;
    b.same("as overlayfs", &before, &walk::walk(&l.target)?)?;
    b.umount(&l.target)?;
    b.union(&l).mount(&l.target)?;
    b.same("mounted again", &before, &walk::walk(&l.target)?)?;
    b.umount(&l.target)
}

fn text(name: &str, layer: usize) -> Vec<u8> {
    format!("{name} {layer}\n").repeat(1000).into_bytes()
}

/// The regular files of a tree.
fn files(root: &Path) -> Result<Vec<std::path::PathBuf>, String> {
    let tree = walk::walk(root)?;
    Ok(tree
        .iter()
        .filter(|(_, line)| line.starts_with("file "))
        .map(|(path, _)| root.join(path))
        .collect())
}

fn count(root: &Path, place: Place) -> Result<usize, String> {
    let mut found = 0;
    for path in files(root)? {
        let fd = sys::open(&path, libc::O_RDONLY, 0).map_err(|e| e.to_string())?;
        found += usize::from(data(fd).map_err(|e| e.to_string())?.0 == place);
        sys::close(fd).map_err(|e| e.to_string())?;
    }
    Ok(found)
}

/// A call on a file that is open for reading.
fn opened<T>(
    b: &Bench,
    path: &Path,
    call: impl FnOnce(i32) -> sys::Result<T>,
) -> Result<T, String> {
    let name = path.display();
    let fd = b.works(&format!("open {name}"), sys::open(path, libc::O_RDONLY, 0))?;
    let result = call(fd);
    b.works("close", sys::close(fd))?;
    b.works(&format!("a call on {name}"), result)
}

/// A union with one lower file, of which the upper layer has the attributes.
fn prepared(b: &mut Bench) -> Result<Layout, String> {
    let l = b.layout(1)?;
    b.describe(&l, 0, |b| {
        b.file("f", vec![b'f'; LENGTH])
            .mode(0o666)
            .mtime(1_000_000_000, 1);
    })?;
    b.union(&l).mount(&l.target)?;
    change(b, &l)?;
    Ok(l)
}

fn change(b: &Bench, l: &Layout) -> Result<(), String> {
    b.works("chmod", sys::chmod(l.target.join("f"), 0o777))?;
    must_be(b, l, Place::Below)
}

fn must_be(b: &Bench, l: &Layout, place: Place) -> Result<(), String> {
    let bytes = match place {
        Place::Below => LENGTH as u64,
        _ => 0,
    };
    let found = opened(b, &l.target.join("f"), data)?;
    must!(
        found == (place, bytes),
        "{place:?}, {bytes} bytes, not {found:?}"
    )
}

/// Settling requires the right to write or CAP_SYS_ADMIN for the mount, and a mount that can be written to; asking
/// requires nothing.
pub fn settle_rights(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such call")?;
    let l = prepared(b)?;
    let path = l.target.join("f");
    let open = |flags| b.works("open", sys::open(&path, flags, 0));
    let (reader, writer) = (open(libc::O_RDONLY)?, open(libc::O_WRONLY)?);
    let dir = b.works("open", sys::open(&l.target, libc::O_RDONLY, 0))?;
    let real = b.works("open", sys::open(l.upper.join("f"), libc::O_RDWR, 0))?;
    let fifo = l.target.join("fifo");
    b.works("mkfifo", sys::mknod(&fifo, libc::S_IFIFO | 0o600, 0))?;
    let fifo = b.works("open", sys::open(&fifo, libc::O_RDWR, 0))?;
    for fd in [dir, real, fifo] {
        b.fails("of no file of a union", settle(fd), libc::ENOTTY)?;
        b.fails("of no file of a union", data(fd), libc::ENOTTY)?;
    }
    for call in [SETTLE + 2, SETTLE | 1 << 30, DATA & !(1 << 31)] {
        let result = sys::ioctl_bytes(writer, call, &mut [0; 256]);
        b.fails("another call", result, libc::ENOTTY)?;
    }
    b.fails("nowhere", sys::ioctl_nowhere(reader, DATA), libc::EFAULT)?;

    b.fails("by a user", as_user(1000, || settle(reader))?, libc::EPERM)?;
    let told = as_user(1000, || data(reader))?;
    must!(
        told == Ok((Place::Below, LENGTH as u64)),
        "a user is told: {told:?}"
    )?;
    userns::check("0 1000 1", "0 1000 1", || {
        b.fails("root of a namespace", settle(reader), libc::EPERM)
    })?;
    must_be(b, &l, Place::Below)?;

    b.works("close", sys::close(writer))?;
    let remount = |flags| sys::mount("none", &l.target, "union", libc::MS_REMOUNT | flags, b"");
    b.works("read-only", remount(libc::MS_RDONLY))?;
    b.fails("read-only", settle(reader), libc::EROFS)?;
    must_be(b, &l, Place::Below)?;
    b.works("writable", remount(0))?;
    let bind = libc::MS_REMOUNT | libc::MS_BIND;
    let remount = |flags| sys::mount("none", &l.target, "", bind | flags, b"");
    b.works("a read-only mount", remount(libc::MS_RDONLY))?;
    b.fails("a read-only mount", settle(reader), libc::EROFS)?;
    must_be(b, &l, Place::Below)?;
    b.works("writable", remount(0))?;

    let writer = open(libc::O_WRONLY)?;
    let copied = b.works("by a writer", as_user(1000, || settle(writer))?)?;
    must!(copied == LENGTH as u64, "all is copied, not {copied}")?;
    must_be(b, &l, Place::Upper)?;
    b.works("by a reader", settle(reader))?;
    for fd in [reader, writer, dir, real, fifo] {
        b.works("close", sys::close(fd))?;
    }
    b.umount(&l.target)
}

/// A file is settled while it is read, mapped, executed, and when it has lost its name; whoever uses it sees the same.
pub fn settle_in_use(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such call")?;
    let l = b.layout(1)?;
    let program = elf::waits();
    b.describe(&l, 0, |b| {
        b.file("f", vec![b'f'; LENGTH]);
        b.file("gone", vec![b'g'; LENGTH]);
        b.file("program", &program).mode(0o755);
        b.file("linked", vec![b'l'; LENGTH]);
    })?;
    b.union(&l).mount(&l.target)?;
    for name in ["f", "gone", "linked", "program"] {
        b.works("chmod", sys::chmod(l.target.join(name), 0o777))?;
    }
    let open = |name: &str| b.works("open", sys::open(l.target.join(name), libc::O_RDONLY, 0));
    let file = open("f")?;
    let map = |flags| b.works("mmap", sys::Map::new(file, LENGTH, libc::PROT_READ, flags));
    let (shared, private) = (map(libc::MAP_SHARED)?, map(libc::MAP_PRIVATE)?);
    let first = b.works("read", sys::read(file, 1000, Some(0)))?;
    let copied = b.works("settle", settle(file))?;
    must!(copied == LENGTH as u64, "all is copied, not {copied}")?;
    let expected = vec![b'f'; LENGTH];
    must!(
        shared.bytes() == expected && private.bytes() == expected,
        "the mappings hold the same"
    )?;
    let second = b.works("read", sys::read(file, 1000, Some(0)))?;
    must!(first == second, "a read returns the same")?;
    with(&l.target.join("f"), libc::O_WRONLY, |fd| {
        sys::write(fd, b"changed", Some(0))
    })
    .map_err(|e| e.to_string())?;
    let third = b.works("read", sys::read(file, 7, Some(0)))?;
    must!(third == b"changed", "a reader sees what is written")?;
    drop((shared, private));

    let gone = open("gone")?;
    b.works("unlink", sys::unlink(l.target.join("gone")))?;
    let copied = b.works("without a name", settle(gone))?;
    must!(copied == LENGTH as u64, "all is copied, not {copied}")?;
    let read = b.works("read", sys::read(gone, LENGTH, Some(0)))?;
    must!(read == vec![b'g'; LENGTH], "it holds the same")?;

    b.works(
        "link",
        sys::link(l.target.join("linked"), l.target.join("other"), 0),
    )?;
    let linked = open("other")?;
    b.works("one of two names", settle(linked))?;
    for name in ["linked", "other"] {
        let now = opened(b, &l.target.join(name), data)?;
        must!(now == (Place::Upper, 0), "{name}: {now:?}")?;
        let read = std::fs::read(l.target.join(name)).map_err(|e| e.to_string())?;
        must!(read == vec![b'l'; LENGTH], "{name} holds the same")?;
    }

    executed(b, &l.target.join("program"), &program)?;
    for fd in [file, gone, linked] {
        b.works("close", sys::close(fd))?;
    }
    b.umount(&l.target)
}

/// Settles a program that waits while it is executed.
fn executed(b: &Bench, path: &Path, text: &[u8]) -> Result<(), String> {
    let name = path.to_string_lossy();
    let file = b.works("open", sys::open(path, libc::O_RDONLY, 0))?;
    // It is refused at the very moment at which the loop below has the file open.
    let pid =
        process::background(|| while sys::exec_at(libc::AT_FDCWD, &name, 0).0 == libc::ETXTBSY {})?;
    let deadline = Instant::now() + Duration::from_secs(20);
    let write = || sys::open(path, libc::O_WRONLY, 0);
    while let Ok(fd) = write() {
        b.works("close", sys::close(fd))?;
        must!(Instant::now() < deadline, "the program is executed")?;
        std::thread::sleep(Duration::from_millis(10));
    }
    let copied = settle(file);
    let denied = write();
    process::kill(pid);
    process::wait(pid)?;
    let copied = b.works("settle a program", copied)?;
    must!(copied == text.len() as u64, "all of it, not {copied}")?;
    b.fails("writing to it meanwhile", denied, libc::ETXTBSY)?;
    let now = std::fs::read(path).map_err(|e| e.to_string())?;
    must!(now == text, "the program is as it was")?;
    b.works("close", sys::close(file))
}

/// Killed while it is settled, a file is as it was or settled; then it can be settled.
pub fn settle_killed(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such call")?;
    const BIG: usize = 96 << 20;
    let l = b.layout(1)?;
    b.file(&l.lowers[0].join("big"), &"x".repeat(BIG))?;
    b.union(&l).mount(&l.target)?;
    let big = l.target.join("big");
    b.works("chmod", sys::chmod(&big, 0o600))?;
    let mut killed = 0;
    for round in 0..6 {
        let pid = process::background(|| {
            if let Ok(fd) = sys::open(&big, libc::O_RDONLY, 0) {
                let _ = settle(fd);
            }
        })?;
        std::thread::sleep(Duration::from_millis(5 + 10 * round));
        process::kill(pid);
        let start = Instant::now();
        let end = process::wait(pid)?;
        let took = start.elapsed();
        must!(
            took < Duration::from_secs(2),
            "it dies at once, not after {took:?}"
        )?;
        let (place, bytes) = opened(b, &big, data)?;
        let size = b.works("stat", sys::stat(&big, 0))?.st_size;
        must!(size == BIG as i64, "the size is {size}")?;
        if place == Place::Upper {
            break;
        }
        must!(
            (place, bytes) == (Place::Below, BIG as u64),
            "as before, not {place:?}, {bytes}"
        )?;
        killed += usize::from(end == End::Signal(libc::SIGKILL));
        let read = opened(b, &big, |fd| sys::read(fd, 4096, Some(0)))?;
        must!(read == vec![b'x'; 4096], "the data are the lower ones")?;
    }
    must!(killed > 0, "it was killed once at least")?;
    opened(b, &big, settle)?;
    let now = opened(b, &big, data)?;
    must!(now == (Place::Upper, 0), "settled, not {now:?}")?;
    let read = std::fs::read(l.upper.join("big")).map_err(|e| e.to_string())?;
    must!(
        read.len() == BIG && read.iter().all(|byte| *byte == b'x'),
        "the upper file has it all"
    )?;
    b.umount(&l.target)
}

/// Without space, a file is not settled, and as it was.
pub fn settle_no_space(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such call")?;
    let l = b.layout(1)?;
    b.file(&l.lowers[0].join("big"), &"x".repeat(3 << 20))?;
    let small = b.target("small")?;
    b.works(
        "mounting a small tmpfs",
        sys::mount("tmpfs", &small, "tmpfs", 0, b"size=1m,mode=755"),
    )?;
    let (upper, work) = (b.dir(&small.join("upper"))?, b.dir(&small.join("work"))?);
    b.new_union()
        .lowers(&l.lowers)
        .upper(&upper, &work)
        .mount(&l.target)?;
    let big = l.target.join("big");
    b.works("chmod", sys::chmod(&big, 0o4755))?;
    let before = walk::walk(&l.target)?;
    let file = b.works("open", sys::open(&big, libc::O_RDONLY, 0))?;
    for _ in 0..2 {
        b.fails("settle", settle(file), libc::ENOSPC)?;
        let told = b.works("data", data(file))?;
        must!(told == (Place::Below, 3 << 20), "as before, not {told:?}")?;
        b.same("after a failure", &before, &walk::walk(&l.target)?)?;
    }
    b.works(
        "making room",
        sys::mount("", &small, "", libc::MS_REMOUNT, b"size=8m"),
    )?;
    let copied = b.works("settle", settle(file))?;
    must!(copied == 3 << 20, "all is copied, not {copied}")?;
    b.same("settled", &before, &walk::walk(&l.target)?)?;
    b.works("close", sys::close(file))?;
    b.umount(&l.target)
}
