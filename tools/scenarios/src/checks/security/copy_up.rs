// SPDX-License-Identifier: GPL-2.0-only
//! Watching, refusing and delaying a copy-up.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use crate::acl;
use crate::bench::{Bench, Layout};
use crate::changes;
use crate::copies::Copies;
use crate::mount;
use crate::mount::Api;
use crate::process::{self, End};
use crate::selinux::{self, LABEL};
use crate::shape::Fs;
use crate::sys;
use crate::walk;
use crate::watch::Listener;

/// A default ACL and a set-group-id bit of the work directory, or of one above the upper layer, are not inherited by
/// copies.
pub fn acl_of_work_directory(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let lower = &l.lowers[0];
    b.file(&lower.join("dir/inside"), "inside")?;
    b.works(
        "fifo",
        sys::mknod(lower.join("fifo"), libc::S_IFIFO | 0o600, 0),
    )?;
    b.works("chmod", sys::chmod(lower.join("dir"), 0o700))?;
    for name in ["over", "over_dir"] {
        b.file(&lower.join(name), "to be replaced")?;
    }
    b.union(&l).mount(&l.target)?;
    let before = walk::walk(&l.target)?;
    b.umount(&l.target)?;
    infect(b, &l)?;
    b.union(&l).mount(&l.target)?;
    for name in ["file", "dir/inside", "fifo"] {
        let path = l.target.join(name);
        let mode = b.works("stat", sys::stat(&path, 0))?.st_mode & 0o7777;
        b.works("chmod to the same", sys::chmod(&path, mode))?;
    }
    b.same("after copy-up", &before, &walk::walk(&l.target)?)?;
    // Objects made over a whiteout are made in the work directory, too.
    sys::umask(0o027);
    for name in ["over", "over_dir"] {
        b.works("unlink", sys::unlink(l.target.join(name)))?;
    }
    let fd = sys::open(l.target.join("over"), libc::O_CREAT | libc::O_WRONLY, 0o666);
    b.works("create", fd.and_then(sys::close))?;
    b.works("mkdir", sys::mkdir(l.target.join("over_dir"), 0o777))?;
    for (name, mode) in [("over", 0o640), ("over_dir", 0o750)] {
        let path = l.target.join(name);
        let stat = b.works("stat", sys::stat(&path, 0))?;
        must!(
            stat.st_mode & 0o7777 == mode && stat.st_gid == 0,
            "{name}: {mode:o} of root, not {:o} {}",
            stat.st_mode,
            stat.st_gid
        )?;
        let names = b.works("listxattr", sys::listxattr(&path))?;
        must!(names.is_empty(), "{name} has no ACL: {names:?}")?;
    }
    b.umount(&l.target)
}

/// Gives every directory of the union's own, and the one above, attributes that new objects there would inherit.
fn infect(b: &Bench, l: &Layout) -> Result<(), String> {
    let above = l.upper.parent().ok_or("a parent")?;
    for path in [above, &l.work, &l.work.join("work")] {
        let list = acl::encode("u:7,user:1000:7,g:7,m:7,o:7");
        b.works("default ACL", sys::setxattr(path, acl::DEFAULT, &list, 0))?;
        b.works("chown", sys::lchown(path, 0, 50))?;
        b.works("chmod g+s", sys::chmod(path, 0o2777))?;
    }
    Ok(())
}

/// A lower file that a watcher fills on demand is copied up with its data, with its attributes or after them.
pub fn copy_up_filled(b: &mut Bench) -> Result<(), String> {
    let memory = b.tmpfs("upper_fs")?;
    for fs in [Fs::Ext4, Fs::Xfs, Fs::Btrfs] {
        let disk = b.dir(&b.disk(fs)?.join("copy_up_filled"))?;
        // To another file system, and to the same one, which may share blocks.
        for upper_fs in [&memory, &disk] {
            let ways = [(false, false), (true, false), (false, true), (true, true)];
            let ways = ways.into_iter().flat_map(|(limited, bare)| {
                let copies = Copies::all(b).iter();
                copies.map(move |copies| (limited, bare, *copies))
            });
            for way in ways {
                let l = Layout {
                    lowers: vec![b.dir(&disk.join("lower"))?],
                    upper: b.dir(&upper_fs.join("upper"))?,
                    work: b.dir(&upper_fs.join("work"))?,
                    target: b.target("target")?,
                };
                let name = format!("{} to {}", fs.name(), upper_fs.display());
                filled(b, &l, way).map_err(|error| format!("{name}, {way:?}: {error}"))?;
                for path in [&l.lowers[0], &l.upper, &l.work] {
                    std::fs::remove_dir_all(path).map_err(|error| error.to_string())?;
                }
            }
        }
        // The disk is shared with other cases.
        std::fs::remove_dir_all(&disk).map_err(|error| error.to_string())?;
    }
    Ok(())
}

const FILLED_SIZE: usize = 400_000;

fn filled(
    b: &Bench,
    l: &Layout,
    (limited, bare, copies): (bool, bool, Copies),
) -> Result<(), String> {
    let io = |error: std::io::Error| error.to_string();
    let path = l.lowers[0].join("placeholder");
    let file = std::fs::File::create(&path).map_err(io)?;
    file.set_len(FILLED_SIZE as u64).map_err(io)?;
    copies.of(b, b.union(l)).mount(&l.target)?;
    let data: Vec<u8> = (0..FILLED_SIZE).map(|at| (at / 1000) as u8 | 1).collect();
    let (mut fetched, stored) = (false, &data);
    let asked = l.lowers[0].with_file_name("asked");
    let listener = Listener::new(
        b,
        libc::FAN_CLASS_PRE_CONTENT,
        sys::FAN_PRE_ACCESS,
        &[&path],
        || {
            if !fetched {
                file.write_all_at(stored, 0).expect("room for it");
                std::fs::write(&asked, "").expect("room for it");
                fetched = true;
            }
            libc::FAN_ALLOW
        },
    )?;
    let result = match bare && b.is_union() {
        true => copied_bare(b, l, &asked),
        false => Ok(()),
    };
    let result = result.and_then(|()| copied(b, l, limited, &data));
    let _ = mount::unmount_below(&l.target);
    drop(listener);
    let _ = std::fs::remove_file(&asked);
    result
}

/// For attributes the watcher has nothing to fill.
fn copied_bare(b: &Bench, l: &Layout, asked: &Path) -> Result<(), String> {
    b.works("chmod", sys::chmod(l.target.join("placeholder"), 0o600))?;
    b.marked(&l.upper.join("placeholder"))?;
    must!(!asked.exists(), "the watcher is not asked")
}

fn copied(b: &Bench, l: &Layout, limited: bool, data: &[u8]) -> Result<(), String> {
    let target = l.target.join("placeholder");
    if limited && b.is_union() {
        let end = process::child(|| {
            sys::limit_file_size(1000).expect("setrlimit");
            changes::rewrite(&target, &data[..1]).expect("a write");
        })?;
        must!(end == End::Done, "a write, not {end:?}")?;
    } else {
        b.works("a write", changes::rewrite(&target, &data[..1]))?;
    }
    same_data(&target, data)?;
    b.settle(&target)?;
    same_data(&l.upper.join("placeholder"), data)?;
    same_data(&target, data)
}

fn same_data(path: &Path, data: &[u8]) -> Result<(), String> {
    let found = std::fs::read(path).map_err(|error| error.to_string())?;
    let wrong = found.iter().zip(data).filter(|(is, ought)| is != ought);
    must!(
        found == data,
        "{} has all of its data, {} bytes of {} are wrong",
        path.display(),
        wrong.count(),
        found.len()
    )
}

/// A watcher of a lower file may refuse reads, also those of a copy-up; then nothing is copied. Attributes and names,
/// for which nothing is read, change all the same.
pub fn copy_up_watched(b: &mut Bench) -> Result<(), String> {
    watched(b, Copies::Whole)
}

/// The same where a write reads only what it covers in part: no data are copied then.
pub fn copy_up_watched_parts(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    watched(b, Copies::Parts)
}

fn watched(b: &Bench, copies: Copies) -> Result<(), String> {
    let l = b.layout(1)?;
    let below = |name: &str| l.lowers[0].join(name);
    for name in NAMES {
        b.file(&below(name), &"x".repeat(300_000))?;
    }
    let (union, lowers) = b.mounted_as(&l, copies)?;
    let files = NAMES.map(below);
    let files: Vec<&Path> = files.iter().map(|path| path.as_path()).collect();
    let listener = Listener::new(
        b,
        libc::FAN_CLASS_CONTENT,
        libc::FAN_ACCESS_PERM,
        &files,
        || libc::FAN_DENY,
    )?;
    let at = |name: &str| l.target.join(name);
    for (name, result) in NAMES.map(|name| (name, change(name, &at(name)))) {
        if BARE.contains(&name) && b.is_union() {
            b.works(name, result)?;
            b.marked(&l.upper.join(name))?;
            // Nor do the data follow.
            let data = change("write", &at(name));
            b.fails(&format!("write after {name}"), data, libc::EPERM)?;
            b.marked(&l.upper.join(name))?;
        } else if name != "limit" || b.is_union() {
            // overlayfs copies only in this process.
            b.fails(name, result, libc::EPERM)?;
        }
    }
    for name in NAMES {
        let upper = l.upper.join(name);
        let copied = sys::stat(&upper, 0).is_ok();
        let bare = BARE.contains(&name) && b.is_union();
        match copies {
            Copies::Whole => must!(copied == bare, "{name}: nothing is copied")?,
            Copies::Parts if copied => b.marked(&upper)?,
            Copies::Parts => must!(!bare, "{name}: attributes are copied")?,
        }
    }
    b.work_idle(&l)?;
    // Data that are not read need no permission.
    b.works("truncate", sys::truncate(at("cut"), 0))?;
    drop(listener);
    for name in NAMES.into_iter().filter(|name| *name != "cut") {
        b.has(&at(name), &[b'x'; 300_000])?;
    }
    for name in NAMES {
        if name != "limit" || b.is_union() {
            b.works(name, change(name, &at(name)))?;
        }
    }
    b.sound(&union, &l, &lowers).map(drop)
}

const NAMES: [&str; 6] = ["chmod", "cut", "rename", "write", "sendfile", "limit"];

/// Of these, the ones that need no data.
const BARE: [&str; 2] = ["chmod", "rename"];

/// A change of each kind that copies the file.
fn change(name: &str, path: &Path) -> sys::Result<()> {
    match name {
        "cut" => sys::truncate(path, 1000),
        "rename" => {
            let away = path.with_file_name("away");
            sys::rename(path, &away, 0)?;
            sys::rename(&away, path, 0)
        }
        "write" | "sendfile" => {
            let fd = sys::open(path, libc::O_WRONLY, 0)?;
            let result = if name == "write" {
                sys::write(fd, b"y", None).map(drop)
            } else {
                let from = sys::open("/proc/self/exe", libc::O_RDONLY, 0)?;
                let sent = sys::sendfile(fd, from, 100).map(drop);
                sys::close(from)?;
                sent
            };
            sys::close(fd)?;
            result
        }
        "limit" => {
            let end = process::child(|| {
                sys::limit_file_size(1000).expect("setrlimit");
                if let Err(error) = changes::rewrite(path, b"x") {
                    std::process::exit(error.0);
                }
            })?;
            match end {
                End::Status(error) => Err(crate::errno::Errno(error)),
                _ => Ok(()),
            }
        }
        _ => sys::chmod(path, 0o600),
    }
}

/// A mapping of a file that was opened before its copy-up does not hold the lock of the address space while it waits
/// for a listener of fanotify that looks at the process.
pub fn map_asks_nobody(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let old = "o".repeat(MAPPED_SIZE);
    b.file(&l.lowers[0].join("f"), &old)?;
    for option in [None, Some("volatile")] {
        for fixed in [false, true] {
            for (what, open, prot, map, copied) in CASES {
                let upper = b.dir(&l.upper.join("u"))?;
                let work = b.dir(&l.work.join("w"))?;
                let union = b.new_union().lowers(&l.lowers).upper(&upper, &work);
                let union = match option {
                    Some(option) => union.flag(option),
                    None => union,
                };
                union.mount(&l.target)?;
                let file = l.target.join("f");
                let result = mapped(b, &file, &l.upper, (open, prot, map, fixed), copied);
                b.umount(&l.target)?;
                for dir in [upper, work] {
                    std::fs::remove_dir_all(dir).map_err(|e| e.to_string())?;
                }
                result.map_err(|why| format!("{what}, fixed: {fixed}, {option:?}: {why}"))?;
            }
        }
    }
    Ok(())
}

const LIMIT: Duration = Duration::from_secs(15);
const MAPPED_SIZE: usize = 8192;

/// The file that is opened, the one that is mapped, whether at a fixed address; and whether the mapping itself makes
/// the copy.
const CASES: [(&str, i32, i32, i32, bool); 7] = [
    (
        "private",
        libc::O_RDONLY,
        libc::PROT_READ,
        libc::MAP_PRIVATE,
        true,
    ),
    (
        "private and writable",
        libc::O_RDONLY,
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE,
        true,
    ),
    (
        "shared",
        libc::O_RDONLY,
        libc::PROT_READ,
        libc::MAP_SHARED,
        true,
    ),
    (
        "shared and writable",
        libc::O_RDWR,
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_SHARED,
        true,
    ),
    (
        "shared and writable, of a lower file",
        libc::O_RDWR,
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_SHARED,
        false,
    ),
    (
        "shared, opened for writing, of a lower file",
        libc::O_RDWR,
        libc::PROT_READ,
        libc::MAP_SHARED,
        false,
    ),
    (
        "executable",
        libc::O_RDONLY,
        libc::PROT_READ | libc::PROT_EXEC,
        libc::MAP_PRIVATE,
        true,
    ),
];

fn mapped(
    b: &Bench,
    file: &Path,
    upper_fs: &Path,
    (open, prot, map, fixed): (i32, i32, i32, bool),
    copied: bool,
) -> Result<(), String> {
    let fd = b.works("open", sys::open(file, open, 0))?;
    if copied {
        // Another descriptor copies it up, and writes the data that must then show.
        let other = b.works("open", sys::open(file, libc::O_WRONLY, 0))?;
        b.works("write", sys::write(other, b"new", None))?;
        b.works("close", sys::close(other))?;
    }
    let fanotify = b.works("fanotify_init", sys::fanotify_init(libc::FAN_CLASS_CONTENT))?;
    b.works(
        "fanotify_mark",
        sys::fanotify_mark(
            fanotify,
            libc::FAN_MARK_ADD | libc::FAN_MARK_FILESYSTEM,
            libc::FAN_OPEN_PERM,
            upper_fs,
        ),
    )?;
    let done = b.base().join("below").join("done");
    let _ = sys::rmdir(&done);
    let expected: &[u8] = if copied { b"new" } else { b"ooo" };
    let victim = process::background(|| {
        let _ = sys::close(fanotify);
        let make = if fixed { sys::Map::over } else { sys::Map::new };
        let found = make(fd, MAPPED_SIZE, prot, map).expect("a mapping").bytes();
        assert_eq!(&found[..expected.len()], expected);
        sys::mkdir(&done, 0o755).expect("a mark");
    })?;
    // Like a security daemon, it looks up the process that opens a file.
    let listener = process::servant(|| {
        loop {
            for event in sys::fanotify_read(fanotify) {
                let _ = std::fs::read(format!("/proc/{}/cmdline", event.pid));
                let _ = sys::fanotify_answer(fanotify, event.fd, libc::FAN_ALLOW);
                let _ = sys::close(event.fd);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    })?;
    let step = Duration::from_millis(10);
    let in_time = (0..LIMIT.as_millis() / step.as_millis()).any(|_| {
        std::thread::sleep(step);
        sys::stat(&done, 0).is_ok()
    });
    for pid in [victim, listener] {
        if !in_time || pid == listener {
            process::kill(pid);
        }
    }
    let end = process::wait(victim)?;
    process::wait(listener)?;
    b.works("close", sys::close(fanotify))?;
    b.works("close", sys::close(fd))?;
    must!(in_time, "the mapping waits for nobody")?;
    must!(end == End::Done, "the file is mapped: {end:?}")
}

/// With SELinux, copies have the label the union shows: that of context=, or else that of the lower object.
pub fn selinux_context(b: &mut Bench) -> Result<(), String> {
    selinux::enforce(b)?;
    let l = b.layout(1)?;
    let below = &l.lowers[0];
    std::os::unix::fs::symlink("target", below.join("link")).map_err(|error| error.to_string())?;
    let names = ["file", "dir", "link"];
    for name in names {
        let label = format!("{BELOW}\0");
        let set = sys::setxattr(below.join(name), LABEL, label.as_bytes(), 0);
        b.works("labelling", set)?;
    }
    let label = |path: &Path| selinux::label(b, path);
    let same = |path: &Path, expected: &str| match label(path)? {
        found if found == expected => Ok(()),
        found => Err(format!(
            "{} must be labelled {expected}, it is {found}",
            path.display()
        )),
    };
    for (context, api) in [
        (Some(SHOWN), Api::Mount),
        (Some(SHOWN), Api::Strings),
        (None, Api::Mount),
    ] {
        let mut union = b.union(&l).api(api);
        if let Some(context) = context {
            union = union.option("context", context);
        }
        union.mount(&l.target)?;
        let expected = context.unwrap_or(BELOW);
        for name in names {
            same(&l.target.join(name), expected)?;
            let (old, away) = (l.target.join(name), l.target.join("away"));
            // A directory of a lower layer is not renamed; its mode is changed.
            if name == "dir" {
                b.works("chmod", sys::chmod(&old, 0o700))?;
            } else {
                b.works("rename", sys::rename(&old, &away, 0))?;
                b.works("rename back", sys::rename(&away, &old, 0))?;
            }
            same(&l.upper.join(name), expected)?;
            same(&old, expected)?;
        }
        b.file(&l.target.join("new"), "text")?;
        let new = context.unwrap_or(selinux::BASE.trim_end_matches('\0'));
        same(&l.upper.join("new"), new)?;
        b.umount(&l.target)?;
        // The other rounds copy anew.
        for path in [&l.upper, &l.work] {
            std::fs::remove_dir_all(path).map_err(|error| error.to_string())?;
            b.dir(path)?;
        }
    }
    Ok(())
}

const BELOW: &str = "u:object_r:below_t";
const SHOWN: &str = "u:object_r:shown_t";
