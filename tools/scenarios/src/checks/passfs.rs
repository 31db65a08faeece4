// SPDX-License-Identifier: GPL-2.0-only
//! The sample file system on `rust/vfs`: its options and operations. A scenario must have the same result in it as in a
//! plain directory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::bench::Bench;
use crate::cases;
use crate::diff;
use crate::execute::steps;
use crate::make;
use crate::mount::{self, Union};
use crate::scenario::Scenario;
use crate::shape::Fs;
use crate::sys;
use crate::tree::{self, Builder};
use crate::walk;

/// samples/passfs.rs: options, remounting, changes in the tree it shows.
pub fn passfs(b: &mut Bench) -> Result<(), String> {
    with_module(b, |b| {
        options(b)?;
        changed_behind(b)
    })
}

/// How long the steps of one scenario may take.
const LIMIT: Duration = Duration::from_secs(20);

/// The scenarios that test a file system without layers: each operation, and races.
const SCENARIOS: &[&str] = &[
    "acl_inherited",
    "acl_set",
    "append_race",
    "capability_kept",
    "chmod_lower_dir",
    "chown_clears_set_id",
    "clone_file",
    "copy_file_range",
    "create_new",
    "create_race",
    "exec_lower",
    "fadvise",
    "fallocate_lower",
    "fiemap",
    "fifo_changed",
    "file_size_limit",
    "file_times",
    "flock",
    "fsync",
    "group_permission",
    "hard_links_unlink",
    "hard_links_write",
    "inode_flags",
    "inotify",
    "leases",
    "link_refused",
    "link_special",
    "mknod",
    "mknod_whiteout",
    "mmap_private_write",
    "mmap_shared_write",
    "mmap_writers",
    "names_not_text",
    "open_flags",
    "open_path",
    "parent_times",
    "path_errors",
    "posix_locks",
    "random_1",
    "readdir_large",
    "readdir_rewind",
    "readdir_seek",
    "readdir_types",
    "rename_exchange_dir",
    "rename_lower_dir",
    "rename_noreplace",
    "rename_over_lower",
    "rename_refused",
    "rmdir_not_empty",
    "rmdir_open",
    "search_permission",
    "seek_hole_lower",
    "sendfile_lower",
    "set_id_dropped_by_write",
    "setgid_directory",
    "splice_lower",
    "statfs",
    "status_flags",
    "sticky_directory",
    "symlink_chain",
    "symlink_new",
    "text_busy",
    "tmpfile",
    "touch_by_others",
    "truncate_extend",
    "unlink_open_file",
    "unlink_wrong_kind",
    "utimens_lower",
    "xattr_failed",
    "xattr_sizes",
    "xattrs_kinds",
];

/// Runs `work` while the module is loaded.
fn with_module(b: &Bench, work: impl Fn(&Bench) -> Result<(), String>) -> Result<(), String> {
    if !b.is_module() {
        return Err(b.skip("there is no module under test"));
    }
    let module = b.works("open", sys::open("/passfs.ko", libc::O_RDONLY, 0))?;
    b.works("loading passfs.ko", sys::finit_module(module))?;
    b.works("close", sys::close(module))?;
    let result = work(b);
    if result.is_err() {
        // Mounts that are left keep the module in use.
        let _ = mount::unmount_below(b.base());
    }
    b.works("unloading passfs", sys::delete_module("passfs"))?;
    let slabs = std::fs::read_to_string("/proc/slabinfo").map_err(|e| e.to_string())?;
    must!(!slabs.contains("passfs"), "no slab cache is left")?;
    result
}

/// Compares plain directories and passfs in all scenarios of the list, each in an empty directory.
fn compare_all(
    b: &Bench,
    scratch: impl Fn(&Bench) -> Result<PathBuf, String>,
    clean: impl Fn(&Bench, &Path) -> Result<(), String>,
) -> Result<(), String> {
    with_module(b, |b| {
        let mut wrong = Vec::new();
        for scenario in SCENARIOS {
            let scratch = scratch(b)?;
            if let Err(lines) = compare(b, scenario, &scratch) {
                wrong.push(format!("{scenario}: {lines}"));
                let _ = sys::umount(&b.target("passfs")?, 0);
            }
            clean(b, &scratch)?;
        }
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(wrong.join("\n")),
        }
    })
}

/// A mount of `real`.
fn over(real: &Path) -> Union {
    Union::new("passfs").option("dir", &real.to_string_lossy())
}

/// Runs a scenario in a directory and in one that is seen through passfs.
fn compare(b: &Bench, name: &str, scratch: &Path) -> Result<(), String> {
    let scenario = cases::ALL.iter().find(|scenario| scenario.name == name);
    let scenario: &Scenario = scenario.ok_or("there is no such scenario")?;
    let mut described = Builder::default();
    let told = (scenario.describe)(&mut described);
    let entries = tree::merge(&tree::spread(&described, 1));
    let plain = b.dir(&scratch.join("plain"))?;
    let real = b.dir(&scratch.join("real"))?;
    make::make(&plain, &entries)?;
    make::make(&real, &entries)?;
    let target = b.target("passfs")?;
    over(&real).mount(&target)?;

    let expected = steps(&told, &plain, LIMIT)?;
    let found = steps(&told, &target, LIMIT)?;
    // Differences that are permitted on a union are not permitted here, unless they are random.
    let allow = if name == "append_race" {
        told.allow.as_slice()
    } else {
        &[]
    };
    let mut diff = diff::transcripts(&expected, &found, allow);
    let expected = walk::walk(&plain)?;
    for (when, place) in [("through passfs", &target), ("in the real tree", &real)] {
        let found = walk::walk(place)?;
        let trees = diff::trees(&expected, &found, when, allow, &mut HashMap::new());
        diff.wrong.extend(trees.wrong);
    }
    b.umount(&target)?;
    if diff.wrong.is_empty() {
        Ok(())
    } else {
        Err(diff.wrong.join("\n"))
    }
}

/// Mounting, remounting, and the messages.
fn options(b: &Bench) -> Result<(), String> {
    let real = b.tmpfs("real")?;
    let target = b.target("options")?;
    b.file(&real.join("file"), "text")?;
    let absent = over(&real.join("absent"));
    let failure = b.refused(&absent, &target, &[libc::ENOENT])?;
    must!(
        failure.to_string().contains("passfs") && failure.to_string().contains("real/absent"),
        "the log says which file system and which path: {failure}"
    )?;
    b.refused(&over(&real.join("file")), &target, &[libc::ENOTDIR])?;
    b.refused(&Union::new("passfs"), &target, &[libc::EINVAL])?;
    b.refused(&over(&real).flag("odd"), &target, &[libc::EINVAL])?;

    over(&real).mount(&target)?;
    b.fails(
        "unloading while mounted",
        sys::delete_module("passfs"),
        libc::EAGAIN,
    )?;
    let dir = real.to_string_lossy();
    let mounts = std::fs::read_to_string("/proc/mounts").map_err(|e| e.to_string())?;
    must!(mounts.contains(&format!(",dir={dir} ")), "dir is shown")?;
    let remount = |flags, data: &str| {
        let flags = libc::MS_REMOUNT | flags;
        sys::mount("none", &target, "", flags, data.as_bytes())
    };
    b.works(
        "remount ro",
        remount(libc::MS_RDONLY, &format!("dir={dir}")),
    )?;
    let new = target.join("new");
    let flags = libc::O_WRONLY | libc::O_CREAT;
    b.fails("creating", sys::open(&new, flags, 0o600), libc::EROFS)?;
    b.works("remount rw", remount(0, ""))?;
    b.file(&new, "new")?;
    b.fails("another dir", remount(0, "dir=/"), libc::EINVAL)?;
    let refused = mount::reconfigure(&target, &[("dir", Some("/"))]);
    must!(refused.is_err(), "another dir is refused by fsconfig")?;
    b.umount(&target)?;
    b.umount(&real)
}

/// Changes in the real tree are visible.
fn changed_behind(b: &Bench) -> Result<(), String> {
    let real = b.tmpfs("real")?;
    let target = b.target("behind")?;
    over(&real).mount(&target)?;
    let (there, here) = (real.join("file"), target.join("file"));
    must!(!here.exists(), "there is nothing")?;
    b.file(&there, "one")?;
    b.holds(&here, "one")?;
    b.works("unlink", sys::unlink(&there))?;
    b.file(&there, "other")?;
    b.holds(&here, "other")?;
    b.works("chmod", sys::chmod(&there, 0o400))?;
    let stat = b.works("stat", sys::stat(&here, 0))?;
    must!(stat.st_mode & 0o777 == 0o400, "the mode is new")?;
    b.works("unlink", sys::unlink(&there))?;
    must!(!here.exists(), "there is nothing again")?;
    b.umount(&target)?;
    b.umount(&real)
}

/// samples/passfs.rs shows a directory of ext4 as it is.
pub fn passfs_ext4(b: &mut Bench) -> Result<(), String> {
    compare_all(
        b,
        |b| b.dir(&b.disk(Fs::Ext4)?.join("passfs")),
        |_, scratch| std::fs::remove_dir_all(scratch).map_err(|e| format!("cleaning up: {e}")),
    )
}

/// samples/passfs.rs shows a directory of tmpfs as it is.
pub fn passfs_tmpfs(b: &mut Bench) -> Result<(), String> {
    compare_all(b, |b| b.tmpfs("memory"), |b, scratch| b.umount(scratch))
}
