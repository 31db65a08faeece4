// SPDX-License-Identifier: GPL-2.0-only
//! Layers whose owners are shown as others: `uidmapping=` and `gidmapping=`.
//!
//! The names are fuse-overlayfs's, which maps ids itself. Here the kernel does: each layer becomes
//! an id-mapped mount (`MOUNT_ATTR_IDMAP` of mount_setattr(2)) that is attached to no directory and
//! is passed to the union as an open file. Files in the upper layer are stored with the ids of the
//! layers, as by fuse-overlayfs.

use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::OpenTreeFlags;
use rustix::thread::UnshareFlags;

use crate::failure::{Failure, Result, Status};
use crate::mount::Directory;
use crate::upper::UpperLayer;

/// The program name that makes this program lend its user namespace: see [`hold`].
pub const HOLD: &str = "--hold-user-namespace";

/// Ids that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    /// The first as the layers store it.
    stored: u32,
    /// The first as the union shows it.
    shown: u32,
    /// How many.
    count: u32,
}

/// A map of user ids, or of group ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdMap(Vec<Range>);

impl IdMap {
    /// Parses `STORED:SHOWN:COUNT[:STORED:SHOWN:COUNT...]`. Empty parts are ignored, because
    /// containers/storage begins the list with a colon.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(value: &[u8]) -> std::result::Result<Self, &'static str> {
        let text = std::str::from_utf8(value).map_err(|_| "not a list of numbers")?;
        let numbers: Vec<u32> = text
            .split(':')
            .filter(|part| !part.is_empty())
            .map(str::parse)
            .collect::<std::result::Result<_, _>>()
            .map_err(|_| "not a list of numbers of 32 bits")?;
        let triples = numbers.chunks_exact(3);
        if numbers.is_empty() || !triples.remainder().is_empty() {
            return Err("a range has three numbers");
        }
        let range = |numbers: &[u32]| {
            let range = Range {
                stored: numbers[0],
                shown: numbers[1],
                count: numbers[2],
            };
            // The highest id means "no id".
            let fits = |first: u32| first.checked_add(range.count).is_some();
            match range.count > 0 && fits(range.stored) && fits(range.shown) {
                true => Ok(range),
                false => Err("a range is empty, or goes beyond the largest id"),
            }
        };
        let ranges: std::result::Result<_, _> = triples.map(range).collect();
        ranges.map(Self)
    }

    /// The identity map of the existing ids, given as the text of /proc/PID/uid_map.
    fn identity(there_are: &str) -> Self {
        let range = |line: &str| {
            let mut numbers = line.split_whitespace().map(str::parse);
            let (first, count) = (numbers.next()?.ok()?, numbers.nth(1)?.ok()?);
            Some(Range {
                stored: first,
                shown: first,
                count,
            })
        };
        Self(there_are.lines().filter_map(range).collect())
    }

    /// As /proc/PID/uid_map takes it.
    fn text(&self) -> String {
        let line = |range: &Range| format!("{} {} {}\n", range.stored, range.shown, range.count);
        self.0.iter().map(line).collect()
    }

    /// The same with an entry for objects created by `id`, if no range shows it: the highest stored
    /// id outside of all ranges.
    ///
    /// The mounter makes work directories and whiteouts, and podman makes files before it gives
    /// them to root of the container. fuse-overlayfs stores these with the id of `nobody`, which is
    /// a real user if a range has that id.
    fn with_place_for(mut self, id: u32) -> Self {
        let has = |first: u32, count: u32, id: u32| (first..first + count).contains(&id);
        if self.0.iter().any(|range| has(range.shown, range.count, id)) {
            return self;
        }
        let free = |id: &u32| {
            !self
                .0
                .iter()
                .any(|range| has(range.stored, range.count, *id))
        };
        if let Some(stored) = (0..u32::MAX).rev().find(free) {
            self.0.push(Range {
                stored,
                shown: id,
                count: 1,
            });
        }
        self
    }
}

/// The maps of both kinds of ids; a missing one maps nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// `uidmapping=`.
    pub uids: Option<IdMap>,
    /// `gidmapping=`.
    pub gids: Option<IdMap>,
}

impl Mapping {
    /// Whether there is nothing to be mapped.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn maps(&self) -> (IdMap, IdMap) {
        let or_identity = |map: &Option<IdMap>, file: &str| {
            let unchanged = || std::fs::read_to_string(file).unwrap_or_default();
            map.clone().unwrap_or_else(|| IdMap::identity(&unchanged()))
        };
        (
            or_identity(&self.uids, "/proc/self/uid_map"),
            or_identity(&self.gids, "/proc/self/gid_map"),
        )
    }

    /// Makes id-mapped mounts of the layers.
    pub fn apply(&self, lowers: &mut [Directory], upper: Option<&mut UpperLayer>) -> Result<()> {
        let (uids, gids) = self.maps();
        let namespace = user_namespace(&uids, &gids)?;
        for lower in lowers {
            let mount = clone(&lower.name(), lower.at()?.as_fd())?;
            map(&mount, &namespace, &lower.name())?;
            lower.becomes(mount);
        }
        let Some(upper) = upper else { return Ok(()) };
        // Only in the upper layer: objects of a lower layer with that id must not become the
        // mounter's.
        let namespace = user_namespace(
            &uids.with_place_for(rustix::process::geteuid().as_raw()),
            &gids.with_place_for(rustix::process::getegid().as_raw()),
        )?;
        match upper.mount() {
            // Nobody else has it.
            Some(mount) => map(mount, &namespace, &upper.dir.name()),
            None => {
                // It is unmounted, and useless, when its last descriptor is closed.
                let mount = map_together(&mut upper.dir, &mut upper.work, &namespace)?;
                upper.keep(mount);
                Ok(())
            }
        }
    }
}

/// A user namespace with these maps, from which the kernel takes them.
fn user_namespace(uids: &IdMap, gids: &IdMap) -> Result<OwnedFd> {
    let failed = |what: &str, error: std::io::Error| {
        Failure::mount(format!("owners cannot be mapped: {what}: {error}"))
    };
    let mut holder = Command::new("/proc/self/exe")
        .arg(HOLD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed("/proc/self/exe", error))?;
    let id = holder.id();
    let mut said = [0; 1];
    let made = match holder.stdout.as_mut().map(|out| out.read_exact(&mut said)) {
        Some(Ok(())) => fill(id, uids, gids),
        // It has printed the reason.
        _ => Err(
            Failure::mount("owners cannot be mapped: there can be no more user namespaces")
                .with_hint("see /proc/sys/user/max_user_namespaces"),
        ),
    };
    // The end of its input ends it.
    drop(holder.stdin.take());
    holder
        .wait()
        .map_err(|error| failed("a user namespace", error))?;
    made
}

/// Writes the maps of the namespace of a process, and opens it.
fn fill(id: u32, uids: &IdMap, gids: &IdMap) -> Result<OwnedFd> {
    for (option, file, map) in [
        ("uidmapping", "uid_map", uids),
        ("gidmapping", "gid_map", gids),
    ] {
        std::fs::write(format!("/proc/{id}/{file}"), map.text()).map_err(|error| {
                let hint = match error.raw_os_error().map(Errno::from_raw_os_error) {
                    Some(Errno::INVAL) => {
                        "ranges must not overlap; at most 340 are allowed"
                    }
                    _ => "the ids must be mapped into the user namespace of the caller; root outside of one may use all",
                };
                Failure::mount(format!("option {option}: the kernel refuses it: {error}"))
                    .with_hint(hint)
            })?;
    }
    std::fs::File::open(format!("/proc/{id}/ns/user"))
        .map(OwnedFd::from)
        .map_err(|error| {
            Failure::mount(format!(
                "owners cannot be mapped: a user namespace: {error}"
            ))
        })
}

/// Lends a user namespace to the parent process, which writes its maps: it reports readiness by a
/// byte on its output, and ends at the end of its input.
pub fn hold() -> Result<()> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        Failure::new(Status::System, format!("{what}: {error}"))
    };
    leave_user_namespace().map_err(|errno| failed("a new user namespace", &errno))?;
    print!(".");
    std::io::Write::flush(&mut std::io::stdout()).map_err(|error| failed("output", &error))?;
    let mut rest = Vec::new();
    std::io::stdin()
        .read_to_end(&mut rest)
        .map(drop)
        .map_err(|error| failed("input", &error))
}

#[expect(
    unsafe_code,
    reason = "unshare(2) is unsafe because of a flag that is not used here"
)]
fn leave_user_namespace() -> rustix::io::Result<()> {
    // SAFETY: Only unsharing the table of open files can break code that holds one; NEWUSER leaves it shared.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUSER) }
}

/// Makes one id-mapped mount for both, because the kernel requires them on the same mount.
fn map_together(
    upper: &mut Directory,
    work: &mut Directory,
    namespace: &OwnedFd,
) -> Result<OwnedFd> {
    let (upper_path, work_path) = (canonical(upper)?, canonical(work)?);
    let base = common(&upper_path, &work_path);
    let name = base.display().to_string();
    let mount = clone(&name, open(rustix::fs::CWD, base, &name)?.as_fd())?;
    map(&mount, namespace, &name)?;
    for (directory, path) in [(upper, &upper_path), (work, &work_path)] {
        let name = directory.name();
        let inside = match path.strip_prefix(base) {
            Ok(inside) if inside != Path::new("") => inside,
            _ => Path::new("."),
        };
        // Mounts in between are not in the clone.
        let fd = open(mount.as_fd(), inside, &name).ok();
        let is_same = |fd: &OwnedFd| same(fd, &directory.at().ok()?).ok();
        let Some(fd) = fd.filter(|fd| is_same(fd) == Some(true)) else {
            return Err(Failure::mount(format!(
                "{name}: upperdir and workdir are on different mounts"
            ))
            .with_hint("put both into one directory, with no mount in between"));
        };
        directory.becomes(fd);
    }
    Ok(mount)
}

fn same(a: &OwnedFd, b: &OwnedFd) -> rustix::io::Result<bool> {
    let (a, b) = (rustix::fs::fstat(a)?, rustix::fs::fstat(b)?);
    Ok((a.st_dev, a.st_ino) == (b.st_dev, b.st_ino))
}

/// The deepest directory that both are in, or are.
fn common<'a>(a: &'a Path, b: &Path) -> &'a Path {
    a.ancestors()
        .find(|base| b.starts_with(base))
        .unwrap_or(Path::new("/"))
}

fn canonical(directory: &Directory) -> Result<PathBuf> {
    let name = directory.name();
    let path = directory.path().unwrap_or(Path::new(&name));
    std::fs::canonicalize(path).map_err(|error| Failure::mount(format!("{name}: {error}")))
}

fn open(at: BorrowedFd<'_>, path: &Path, name: &str) -> Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(at, path, flags, Mode::empty())
        .map_err(|errno| Failure::mount(format!("{name}: {errno}")))
}

/// A mount of a directory that is attached to no other.
fn clone(name: &str, directory: BorrowedFd<'_>) -> Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_EMPTY_PATH;
    rustix::mount::open_tree(directory, c"", flags).map_err(|errno| {
        Failure::mount(format!(
            "layer {name}: cannot be cloned to map its owners: {errno}"
        ))
        .with_hint("its mount may be unbindable, or belong to another mount namespace")
    })
}

/// Maps the owners of a detached mount.
fn map(mount: &OwnedFd, namespace: &OwnedFd, name: &str) -> Result<()> {
    set_id_map(mount, namespace).map_err(|errno| {
        let hint = match errno {
            Errno::PERM => {
                "only root of the user namespace in which its file system was mounted may map owners, and only once; \
                 with _CONTAINERS_OVERLAY_DISABLE_IDMAP=yes in their environment, podman and buildah copy the files instead"
            }
            Errno::INVAL => "its file system does not support id-mapped mounts",
            Errno::NOSYS => "a kernel of 5.12 or later is needed",
            _ => "see mount_setattr(2), MOUNT_ATTR_IDMAP",
        };
        Failure::mount(format!("layer {name}: its owners cannot be mapped: {errno}")).with_hint(hint)
    })
}

#[expect(unsafe_code, reason = "neither rustix nor libc has mount_setattr(2)")]
fn set_id_map(mount: &OwnedFd, namespace: &OwnedFd) -> rustix::io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_IDMAP,
        attr_clr: 0,
        propagation: 0,
        userns_fd: namespace.as_raw_fd() as u64,
    };
    // SAFETY: The attributes live for the call, which is told their size; both descriptors are open.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of_val(&attributes),
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps() {
        let map = IdMap::parse(b"0:100000:65536").unwrap();
        assert_eq!(map.text(), "0 100000 65536\n");
        assert_eq!(IdMap::parse(b":0:100000:65536").unwrap(), map);
        let map = IdMap::parse(b":1:200000:9:0:1000:1").unwrap();
        assert_eq!(map.text(), "1 200000 9\n0 1000 1\n");
        for wrong in [
            "",
            ":",
            "0",
            "0:1",
            "0:1:2:3",
            "0:1:0",
            "a:1:1",
            "-1:1:1",
            "0:4294967295:1",
            "4294967295:0:1",
            "4294967296:0:1",
        ] {
            assert!(IdMap::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_the_mounter_makes_has_a_place() {
        let text = |map: &str| {
            IdMap::parse(map.as_bytes())
                .unwrap()
                .with_place_for(0)
                .text()
        };
        assert_eq!(text("0:100000:65536"), "0 100000 65536\n4294967294 0 1\n");
        assert_eq!(text("4294967294:5:1"), "4294967294 5 1\n4294967293 0 1\n");
        assert_eq!(text("7:0:1:0:9:1"), "7 0 1\n0 9 1\n");
        let all = IdMap::identity("         0          0 4294967295\n");
        assert_eq!(all.text(), "0 0 4294967295\n");
        assert_eq!(all.clone().with_place_for(7), all);
        let some = IdMap::identity("0 1000 1\n1 100000 65536\n");
        assert_eq!(some.text(), "0 0 1\n1 1 65536\n");
    }

    #[test]
    fn what_both_are_in() {
        let common = |a, b| common(Path::new(a), Path::new(b)).display().to_string();
        assert_eq!(common("/a/b/diff", "/a/b/work"), "/a/b");
        assert_eq!(common("/a/b", "/a/b/work"), "/a/b");
        assert_eq!(common("/a/bc", "/a/b"), "/a");
        assert_eq!(common("/x", "/y"), "/");
    }
}
