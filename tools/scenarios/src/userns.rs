// SPDX-License-Identifier: GPL-2.0-only
//! Processes in user namespaces of their own.

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use crate::bench::Bench;
use crate::errno::Errno;
use crate::mount::Union;
use crate::process::{self, End};
use crate::{sys, walk};

/// Runs `work` in a child that is root of a new user namespace, and of a mount namespace that belongs to it.
///
/// The maps are written as to /proc/PID/uid_map: lines of "inside outside count".
pub fn child(uids: &str, gids: &str, work: impl FnOnce()) -> Result<End, Errno> {
    process::wait(start(uids, gids, work)?)
}

/// A descriptor of a new user namespace with these maps and without processes.
pub fn open(uids: &str, gids: &str) -> Result<RawFd, Errno> {
    let (opened, tell_opened) = sys::pipe()?;
    let pid = start(uids, gids, || {
        let _ = sys::close(tell_opened);
        let _ = sys::read(opened, 1, None);
    })?;
    let namespace = sys::open(format!("/proc/{pid}/ns/user"), libc::O_RDONLY, 0);
    sys::close(tell_opened)?;
    process::wait(pid)?;
    sys::close(opened)?;
    namespace
}

/// Starts the process of [`child`]; see [`process::wait`].
pub fn start(uids: &str, gids: &str, work: impl FnOnce()) -> Result<i32, Errno> {
    let (unshared, tell_unshared) = sys::pipe()?;
    let (mapped, tell_mapped) = sys::pipe()?;
    let pid = process::background(|| {
        sys::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS).expect("namespaces are to be had");
        sys::write(tell_unshared, b"1", None).expect("the parent waits");
        sys::read(mapped, 1, None).expect("the parent writes");
        sys::become_for_good(0, 0).expect("root is mapped");
        work();
    })?;
    // Otherwise the end of the child would not be seen.
    sys::close(tell_unshared)?;
    let _ = sys::read(unshared, 1, None);
    let written = [("uid_map", uids), ("gid_map", gids)]
        .map(|(map, text)| std::fs::write(format!("/proc/{pid}/{map}"), text));
    let _ = sys::write(tell_mapped, b"1", None);
    for fd in [unshared, mapped, tell_mapped] {
        sys::close(fd)?;
    }
    written.into_iter().collect::<Result<(), _>>()?;
    Ok(pid)
}

/// Like [`child`], for checks: the error of `work` is returned.
pub fn check(
    uids: &str,
    gids: &str,
    work: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let (reader, writer) = sys::pipe()?;
    let end = child(uids, gids, || {
        if let Err(why) = work() {
            let _ = sys::write(writer, why.as_bytes(), None);
        }
    })?;
    sys::close(writer)?;
    let said = sys::read(reader, 4096, None)?;
    sys::close(reader)?;
    match (said.is_empty(), end) {
        (true, End::Done) => Ok(()),
        (true, end) => Err(format!(
            "the child in the user namespace ended with {end:?}"
        )),
        (false, _) => Err(String::from_utf8_lossy(&said).into_owned()),
    }
}

/// The layers of a union that a user mounts in a user namespace: all of it belongs to 1000:1000.
pub struct Layers {
    /// The lower layer.
    pub lower: PathBuf,
    /// The upper layer.
    pub upper: PathBuf,
    /// The work directory.
    pub work: PathBuf,
    /// Where to mount it.
    pub target: PathBuf,
}

impl Layers {
    /// Makes them on a tmpfs of the outer namespace.
    pub fn new(b: &Bench) -> Result<Self, String> {
        let ground = b.tmpfs("ground")?;
        let dir = |name: &str| {
            let path = b.dir(&ground.join(name))?;
            b.works("chown", sys::lchown(&path, 1000, 1000))?;
            Ok::<_, String>(path)
        };
        Ok(Self {
            lower: dir("lower")?,
            upper: dir("upper")?,
            work: dir("work")?,
            target: dir("target")?,
        })
    }

    /// A file of the lower layer with the text `below`.
    pub fn file(&self, b: &Bench, name: &str, mode: u32, owner: (u32, u32)) -> Result<(), String> {
        let path = self.lower.join(name);
        b.file(&path, "below")?;
        self.give(b, &path, mode, owner)
    }

    /// A directory of the lower layer.
    pub fn dir(&self, b: &Bench, name: &str, mode: u32, owner: (u32, u32)) -> Result<(), String> {
        let path = b.dir(&self.lower.join(name))?;
        self.give(b, &path, mode, owner)
    }

    fn give(&self, b: &Bench, path: &Path, mode: u32, owner: (u32, u32)) -> Result<(), String> {
        b.works("chown", sys::lchown(path, owner.0, owner.1))?;
        b.works("chmod", sys::chmod(path, mode))
    }

    /// Their union, with attributes that a user can write.
    pub fn union(&self, b: &Bench) -> Union {
        b.new_union()
            .lower(&self.lower)
            .upper(&self.upper, &self.work)
            .flag("userxattr")
    }

    /// The upper layer must hold just these names.
    pub fn upper_is(&self, expected: &[&str]) -> Result<(), String> {
        let tree = walk::walk(&self.upper)?;
        let found: Vec<_> = tree.keys().filter(|path| *path != ".").collect();
        must!(
            found.iter().eq(expected.iter()),
            "{expected:?} in the upper layer, which has {found:?}"
        )
    }
}
