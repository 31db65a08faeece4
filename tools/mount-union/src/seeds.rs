// SPDX-License-Identifier: GPL-2.0-only
//! Lower layers by position, as in the first union mounts: what is mounted read-only at the mount point.
//!
//! `mount -t union /dev/vdb /newroot` unites the upper layer on /dev/vdb with the read-only file
//! systems that are mounted at /newroot, topmost first. The mounts below the topmost cannot be
//! named by any path. A thread with a mount private namespace takes them off one by one and keeps a
//! detached copy of each; this is invisible elsewhere.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxFlags};
use rustix::mount::{MountPropagationFlags, OpenTreeFlags, UnmountFlags};
use rustix::thread::UnshareFlags;

use crate::cli::Request;
use crate::failure::{Failure, Result, shown};
use crate::mount::Directory;
use crate::mountinfo::{self, Mount};

/// The read-only file systems mounted at `dir`, topmost first.
pub fn lower_layers(dir: &OsStr, request: &Request) -> Result<Vec<Directory>> {
    let path = std::fs::canonicalize(dir)
        .map_err(|error| Failure::mount(format!("mount point {}: {error}", shown(&dir))))?;
    let mounts = mountinfo::read()?;
    let stack = mountinfo::stack(&mounts, &path, mount_id(path.as_os_str())?);
    let count = read_only_prefix(&path, &stack)?;
    for mount in &stack[..count] {
        request.say(format_args!(
            "lower layer: {} mounted at {}",
            mount.fs_type,
            path.display()
        ));
    }
    if let Some(mount) = stack.get(count) {
        request.say(format_args!(
            "not a layer, because it is mounted read-write: the {} below",
            mount.fs_type
        ));
    }

    let mut layers = vec![Directory::Path(path.as_os_str().as_bytes().to_vec())];
    layers.extend(
        hidden_mounts(&path, count - 1)?
            .into_iter()
            .zip(&stack[1..])
            .map(|(fd, mount)| Directory::Open {
                fd,
                name: format!("{} (the {} below)", path.display(), mount.fs_type),
            }),
    );
    Ok(layers)
}

/// How many of the mounts at `dir`, from the upper layer, are read-only: at least one.
fn read_only_prefix(dir: &Path, stack: &[&Mount]) -> Result<usize> {
    let dir = dir.display();
    match stack
        .iter()
        .take_while(|mount| mount.is_read_only())
        .count()
    {
        0 => Err(match stack.first() {
            None => Failure::mount(format!("{dir}: no lower layer: nothing is mounted there"))
                .with_hint(format!(
                    "mount the read-only file system at {dir} first, or name it: -o lowerdir=DIR"
                )),
            Some(mount) => Failure::mount(format!(
                "{dir}: the {} mounted there is read-write",
                mount.fs_type
            ))
            .with_hint(format!(
                "a lower layer must not change under the union: mount -o remount,ro {dir}"
            )),
        }),
        count => Ok(count),
    }
}

/// The number of the topmost mount at `path`.
fn mount_id(path: &OsStr) -> Result<u64> {
    rustix::fs::statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID)
        .map(|status| status.stx_mnt_id)
        .map_err(|errno| Failure::mount(format!("mount point {}: {errno}", shown(&path))))
}

/// Detached copies of the `count` mounts right below the topmost one at `dir`.
fn hidden_mounts(dir: &Path, count: usize) -> Result<Vec<OwnedFd>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let work = || -> rustix::io::Result<Vec<OwnedFd>> {
        leave_mount_namespace()?;
        // Otherwise, the unmounts below would reach the namespace that all others live in.
        rustix::mount::mount_change(
            c"/",
            MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
        )?;
        (0..count)
            .map(|_| {
                rustix::mount::unmount(dir, UnmountFlags::DETACH)?;
                let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
                rustix::mount::open_tree(CWD, dir, flags)
            })
            .collect()
    };
    let result = std::thread::scope(|scope| scope.spawn(work).join());
    match result {
        Ok(Ok(mounts)) => Ok(mounts),
        Ok(Err(errno)) => Err(Failure::mount(format!(
            "{}: cannot reach the mounts below the topmost: {errno}",
            dir.display()
        ))
        .with_hint("mount each lower layer at a place of its own and name them: -o lowerdir=A:B")),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Gives the calling thread a mount namespace of its own, and with it a working directory of its own.
#[expect(
    unsafe_code,
    reason = "unshare(2) is unsafe because of a flag that is not used here"
)]
fn leave_mount_namespace() -> rustix::io::Result<()> {
    // SAFETY: Only unsharing the table of open files can break code that holds one; NEWNS leaves that table shared.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS | UnshareFlags::FS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(options: &str, fs_options: &str) -> Mount {
        Mount {
            id: 1,
            parent: 0,
            device: "0:1".into(),
            target: "/m".into(),
            options: vec![options.into()],
            fs_type: "erofs".into(),
            shown_options: String::new(),
            fs_options: vec![fs_options.as_bytes().to_vec()],
        }
    }

    #[test]
    fn lower_layers_end_at_the_first_writable_mount() {
        let (ro, bind_ro, rw) = (mount("rw", "ro"), mount("ro", "rw"), mount("rw", "rw"));
        let count = |stack: &[&Mount]| read_only_prefix(Path::new("/m"), stack);
        assert_eq!(count(&[&ro, &bind_ro, &rw, &ro]).unwrap(), 2);
        assert!(
            count(&[&rw, &ro])
                .unwrap_err()
                .to_string()
                .contains("remount,ro /m")
        );
        assert!(
            count(&[])
                .unwrap_err()
                .to_string()
                .contains("nothing is mounted")
        );
    }
}
