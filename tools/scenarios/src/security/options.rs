// SPDX-License-Identifier: GPL-2.0-only
//! Malformed mount options: by mount(2) and by fsconfig(2).

use std::collections::HashMap;
use std::os::fd::RawFd;

use super::words::{Words, joined};
use crate::bench::{Bench, Layout};
use crate::errno::Errno;
use crate::mountinfo;
use crate::scenario::Notes;
use crate::sys;
use crate::userns;

/// The errors with which a mount may be refused; EBUSY and ELOOP are for layers that are used twice.
const CLEAN: &[i32] = &[
    libc::EPERM,
    libc::EACCES,
    libc::ENOTEMPTY,
    libc::EINVAL,
    libc::ENOENT,
    libc::ENOTDIR,
    libc::ENAMETOOLONG,
    libc::ELOOP,
    libc::EBUSY,
    libc::EROFS,
    libc::EBADF,
    libc::EOPNOTSUPP,
    libc::EIO,
];

/// The process that gives them, and the call.
pub const BY: [&str; 3] = ["mount", "fsconfig", "userns"];

/// `count` inputs.
pub fn run(b: &Bench, by: &str, seed: u64, count: usize) -> Notes {
    match by {
        "mount" => by_mount(b, seed, count),
        "fsconfig" => by_fsconfig(b, seed, count),
        "userns" => by_user(b, seed, count),
        _ => Err(format!("options are not given by {by:?}")),
    }
}

/// Both, by root of a user namespace, in own layers.
fn by_user(b: &Bench, seed: u64, count: usize) -> Notes {
    let ground = b.tmpfs("ground")?;
    b.works("chown", sys::lchown(&ground, 1000, 1000))?;
    for work in [by_mount, by_fsconfig] {
        userns::check("0 1000 1\n", "0 1000 1\n", || {
            let disks = HashMap::new();
            work(&Bench::new(b.fstype, &ground, &disks), seed, count / 2).map(drop)
        })?;
    }
    Ok(vec![format!("{count} strings and contexts")])
}

/// `count` strings for mount(2).
fn by_mount(b: &Bench, seed: u64, count: usize) -> Notes {
    let layers = b.layout(3)?;
    let mut words = Words::new(seed, &layers);
    let mut mounted = 0;
    for number in 0..count {
        let text = words.string();
        let what = format!("string {number}, {text:.300?}");
        let result = sys::mount_page("union", &layers.target, b.fstype, text.as_bytes());
        match result {
            Ok(()) => {
                mounted += 1;
                again(b, &layers, &what)?;
            }
            Err(error) => refused(&what, error)?,
        }
    }
    must!(mounted > 0, "some are right, not {mounted}")?;
    Ok(vec![format!("{count} strings, {mounted} of them mounted")])
}

/// The options shown for a mounted union mount it again.
fn again(b: &Bench, layers: &Layout, what: &str) -> Result<(), String> {
    let shown =
        mountinfo::listed_at(&layers.target).ok_or_else(|| format!("{what}: not in mountinfo"))?;
    b.umount(&layers.target)?;
    forget_volatile(layers);
    let text = joined(shown.option_pairs());
    sys::mount_page("union", &layers.target, b.fstype, text.as_bytes())
        .map_err(|error| format!("{what} was mounted and shows {text:?}, which is {error}"))?;
    b.umount(&layers.target)?;
    forget_volatile(layers);
    Ok(())
}

/// Removes the mark that prevents a volatile upper layer from being mounted again.
fn forget_volatile(layers: &Layout) {
    let l = layers;
    for place in [&l.work, &l.upper, &l.lowers[0], &l.lowers[1], &l.lowers[2]] {
        for place in [place.clone(), place.join("dir")] {
            let mark = place.join("work/incompat/volatile");
            let _ = sys::unlink(mark.join("dirty"));
            let _ = sys::rmdir(mark);
        }
    }
}

fn refused(what: &str, error: Errno) -> Result<(), String> {
    must!(
        CLEAN.contains(&error.0),
        "{what}: a clean error, not {error}"
    )
}

/// `count` contexts, each with a few calls of fsconfig(2) of every kind.
fn by_fsconfig(b: &Bench, seed: u64, count: usize) -> Notes {
    let layers = b.layout(3)?;
    let mut words = Words::new(seed, &layers);
    let (mut mounted, mut calls) = (0, 0);
    let fds = descriptors(b, &layers)?;
    for number in 0..count {
        let context = b.works("fsopen", sys::fsopen(b.fstype))?;
        for _ in 0..1 + words.dice.roll(10) {
            calls += 1;
            let (call, result) = configure(&mut words, context, &fds);
            if let Err(error) = result {
                refused(&format!("context {number}, {call:.300}"), error)?;
            }
        }
        if let Ok(mount) = sys::fsmount(context, 0) {
            mounted += 1;
            let fd = b.works("move_mount", sys::move_mount(mount, &layers.target));
            sys::close(mount)?;
            fd?;
            reconfigure(b, &mut words, &fds)?;
            b.umount(&layers.target)?;
        }
        sys::close(context)?;
        forget_volatile(&layers);
    }
    for fd in fds {
        sys::close(fd)?;
    }
    Ok(vec![format!(
        "{calls} calls in {count} contexts, {mounted} of which were mounted"
    )])
}

/// Descriptors of directories, of other objects, and invalid ones.
fn descriptors(b: &Bench, layers: &Layout) -> Result<Vec<RawFd>, String> {
    let dirs = [
        &layers.upper,
        &layers.work,
        &layers.lowers[0],
        &layers.lowers[1],
    ];
    let mut fds = Vec::new();
    for dir in dirs {
        for flags in [libc::O_PATH, libc::O_RDONLY] {
            fds.push(b.works("open", sys::open(dir, flags, 0))?);
        }
    }
    let file = layers.lowers[0].join("file");
    fds.push(b.works("open", sys::open(file, libc::O_RDONLY, 0))?);
    fds.push(b.works("pipe", sys::eventfd())?);
    Ok(fds)
}

/// One call of fsconfig(2).
fn configure(words: &mut Words<'_>, context: RawFd, fds: &[RawFd]) -> (String, sys::Result<()>) {
    const SET_FLAG: u32 = 0;
    const SET_STRING: u32 = 1;
    const SET_BINARY: u32 = 2;
    const SET_PATH: u32 = 3;
    const SET_PATH_EMPTY: u32 = 4;
    const SET_FD: u32 = 5;
    const CMD_CREATE: u32 = 6;
    const CMD_RECONFIGURE: u32 = 7;
    const CMD_CREATE_EXCL: u32 = 8;
    let key = words.key();
    let fd = match words.dice.roll(8) {
        0 => -1,
        1 => context,
        _ => fds[words.dice.roll(fds.len())],
    };
    let mut value = words.value();
    value.retain(|letter| letter != '\0');
    let (command, key, value, aux) = match words.dice.roll(16) {
        0 | 1 => (SET_FLAG, Some(key), None, 0),
        2..=5 => (SET_STRING, Some(key), Some(value), 0),
        // Valid layers, so that some contexts can be mounted.
        6..=8 => {
            let (key, value) = words.layers().swap_remove(0);
            let command = if value.is_some() {
                SET_STRING
            } else {
                SET_FLAG
            };
            (command, Some(key), value, 0)
        }
        9 => {
            let length = value.len() as i32;
            (SET_BINARY, Some(key), Some(value), length)
        }
        10 => (SET_PATH, Some(key), Some(value), libc::AT_FDCWD),
        11 => (SET_PATH_EMPTY, Some(key), Some(String::new()), fd),
        12 | 13 => (SET_FD, Some(key), None, fd),
        14 => (CMD_CREATE, None, None, 0),
        _ => match words.dice.roll(3) {
            0 => (CMD_RECONFIGURE, None, None, 0),
            1 => (CMD_CREATE_EXCL, None, None, 0),
            _ => (9 + words.dice.roll(1000) as u32, Some(key), Some(value), fd),
        },
    };
    let call = format!("fsconfig({command}, {key:?}, {value:?}, {aux})");
    let result = sys::fsconfig(context, command, key.as_deref(), value.as_deref(), aux);
    (call, result)
}

/// The same on a mounted union.
fn reconfigure(b: &Bench, words: &mut Words<'_>, fds: &[RawFd]) -> Result<(), String> {
    let context = b.works("fspick", sys::fspick(&words.layers.target))?;
    for _ in 0..words.dice.roll(4) {
        let (call, result) = configure(words, context, fds);
        if let Err(error) = result {
            refused(&format!("remounting, {call:.300}"), error)?;
        }
    }
    if let Err(error) = sys::fsconfig_reconfigure(context) {
        refused("FSCONFIG_CMD_RECONFIGURE", error)?;
    }
    Ok(sys::close(context)?)
}
