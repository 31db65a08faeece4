// SPDX-License-Identifier: GPL-2.0-only
//! Which directories can be layers.

use std::path::Path;

use crate::bench::Bench;
use crate::crash::kmsg::Kmsg;
use crate::image;
use crate::mount::Api;
use crate::mount::Union;
use crate::mountinfo;
use crate::sys;
use crate::walk;

/// A file system that supports case-insensitive directories, and has none, is accepted.
pub fn casefold_capable(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let ext4 = b.target("ext4")?;
    b.looped(&image::CASEFOLD)?.mount(&ext4, 0, "")?;
    let tmpfs = b.target("tmpfs")?;
    b.works(
        "a tmpfs that can",
        sys::mount("tmpfs", &tmpfs, "tmpfs", 0, b"casefold"),
    )?;
    for below in [&ext4, &tmpfs] {
        let dir = b.dir(&below.join("lower/Dir"))?;
        b.file(&dir.join("Name"), "upper case")?;
        b.file(&dir.join("name"), "lower case")?;
        b.file(&below.join("lower/gone"), "gone")?;
        let (upper, work) = (b.dir(&below.join("upper"))?, b.dir(&below.join("work"))?);
        // All layers on it; an upper layer on it; its root as the lower layer.
        let lower = below.join("lower");
        let whole = b.new_union().lower(below).upper(&l.upper, &l.work);
        for union in [
            b.new_union().lower(&lower).upper(&upper, &work),
            b.new_union()
                .lower(&lower)
                .lowers(&l.lowers)
                .upper(&upper, &work),
        ] {
            use_it(b, &union, &l.target)?;
            for dir in [&upper, &work] {
                std::fs::remove_dir_all(dir).map_err(|error| error.to_string())?;
                b.dir(dir)?;
            }
        }
        whole.mount(&l.target)?;
        b.holds(&l.target.join("lower/Dir/Name"), "upper case")?;
        b.holds(&l.target.join("lower/Dir/name"), "lower case")?;
        b.fails("stat", sys::stat(l.target.join("LOWER"), 0), libc::ENOENT)?;
        b.umount(&l.target)?;
    }
    Ok(())
}

const FS_CASEFOLD_FL: u32 = 0x4000_0000;

fn use_it(b: &Bench, union: &Union, target: &Path) -> Result<(), String> {
    union.mount(target)?;
    let at = |name: &str| target.join(name);
    b.holds(&at("Dir/Name"), "upper case")?;
    b.holds(&at("Dir/name"), "lower case")?;
    b.fails("stat", sys::stat(at("DIR/name"), 0), libc::ENOENT)?;
    b.file(&at("Dir/NAME"), "made")?;
    b.file(&at("Dir/name"), "changed")?;
    b.works("unlink", sys::unlink(at("gone")))?;
    b.file(&at("Gone"), "another")?;
    b.works("mkdir", sys::mkdir(at("New"), 0o755))?;
    b.works("mkdir", sys::mkdir(at("new"), 0o755))?;
    b.works("rename", sys::rename(at("new"), at("NEW"), 0))?;
    b.works("rmdir", sys::rmdir(at("New")))?;
    b.fails("stat", sys::stat(at("gone"), 0), libc::ENOENT)?;
    if b.is_union() {
        for dir in ["Dir", "NEW"] {
            let fd = b.works("open", sys::open(at(dir), libc::O_RDONLY, 0))?;
            b.fails(
                "chattr +F",
                sys::set_flags(fd, FS_CASEFOLD_FL),
                libc::EOPNOTSUPP,
            )?;
            b.works("close", sys::close(fd))?;
        }
    }
    let names = |dir: &str| -> Result<Vec<String>, String> {
        let listed = walk::list(&at(dir)).map_err(|error| error.to_string())?;
        Ok(listed
            .iter()
            .map(|entry| entry.name.escape_ascii().to_string())
            .collect())
    };
    let mut found = names("Dir")?;
    found.sort();
    must!(found == ["NAME", "Name", "name"], "three names: {found:?}")?;
    b.umount(target)?;
    union.mount(target)?;
    b.holds(&at("Dir/Name"), "upper case")?;
    b.holds(&at("Dir/name"), "changed")?;
    b.holds(&at("Dir/NAME"), "made")?;
    b.fails("stat", sys::stat(at("gone"), 0), libc::ENOENT)?;
    b.umount(target)
}

/// Union and overlayfs refuse each other's upper layers while they are in use.
pub fn in_use_by_overlayfs(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let second = b.target("second")?;
    let overlay = Union::overlayfs()
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .option("index", "on");
    overlay.mount(&l.target)?;
    b.refused(&b.union(&l), &second, &[libc::EBUSY])?;
    b.umount(&l.target)?;
    // overlayfs leaves an index, which a later mount of it would have to match.
    let upper = b.dir(&l.upper.with_file_name("upper2"))?;
    let work = b.dir(&l.work.with_file_name("work2"))?;
    b.new_union()
        .lowers(&l.lowers)
        .upper(&upper, &work)
        .mount(&l.target)?;
    let overlay = Union::overlayfs()
        .lowers(&l.lowers)
        .upper(&upper, &work)
        .option("index", "on");
    b.refused(&overlay, &second, &[libc::EBUSY])?;
    b.umount(&l.target)
}

/// A work directory with features we do not know is refused.
pub fn incompatible_work(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.dir(&l.work.join("work/incompat/nonesuch"))?;
    match b.union(&l).mount(&l.target) {
        Err(failure) => must!(failure.errno.0 == libc::EINVAL, "EINVAL, not {failure}"),
        Ok(()) => Err("it must be refused, it was mounted".into()),
    }
}

/// Layers may be unmounted elsewhere while the union holds them.
pub fn layers_unmounted(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let below = b.tmpfs("below")?;
    let target = b.target("target")?;
    b.file(&below.join("file"), "below")?;
    let (upper, work) = (
        b.dir(&upper_fs.join("upper"))?,
        b.dir(&upper_fs.join("work"))?,
    );
    b.new_union()
        .lower(&below)
        .upper(&upper, &work)
        .mount(&target)?;
    b.umount(&below)?;
    b.umount(&upper_fs)?;
    b.holds(&target.join("file"), "below")?;
    b.file(&target.join("file"), "changed")?;
    b.holds(&target.join("file"), "changed")?;
    b.umount(&target)
}

/// The upper layer of a mounted union can be a lower layer of another one, as when a container's layer is committed;
/// the log says whose it is, and no other union can write to it.
pub fn lower_in_use(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.file(&l.lowers[1].join("gone"), "below")?;
    b.union(&l).mount(&l.target)?;
    b.file(&l.target.join("file"), "changed")?;
    b.file(&l.target.join("dir/new"), "new")?;
    b.works("unlink", sys::unlink(l.target.join("gone")))?;
    let second = b.target("second")?;
    let inside = l.upper.join("dir");
    let device = mountinfo::listed_at(&l.target).ok_or("not mounted")?.device;

    let mut log = Kmsg::open()?;
    // Read-only, as a layer is committed; alone; and below an upper layer of its own.
    let read_only = b.new_union().lower(&l.upper).lowers(&l.lowers);
    read_only.mount(&second)?;
    b.same(
        "the same tree",
        &walk::walk(&l.target)?,
        &walk::walk(&second)?,
    )?;
    b.umount(&second)?;
    let said = log.news();
    if b.is_union() {
        let names = |line: &&String| {
            line.contains(&format!("union {device} with upperdir"))
                && line.contains(&*l.upper.to_string_lossy())
        };
        must!(
            said.iter().filter(names).count() == 1,
            "a line that names the union {device}: {said:?}"
        )?;
    }
    let own = b.dir(&l.upper.with_file_name("own"))?;
    let own_work = b.dir(&l.upper.with_file_name("own-work"))?;
    let over = b
        .new_union()
        .lower(&inside)
        .lower(&l.lowers[1])
        .upper(&own, &own_work);
    over.mount(&second)?;
    b.holds(&second.join("new"), "new")?;
    b.file(&second.join("new"), "elsewhere")?;
    b.holds(&l.target.join("dir/new"), "new")?;
    b.umount(&second)?;

    // Only one union may write to a directory.
    let lowers = || b.new_union().lower(&l.lowers[1]);
    for (upper, work) in [
        (&l.upper, &own_work),
        (&own, &l.work),
        (&inside, &own_work),
        (&own, &l.work.join("work")),
    ] {
        let union = lowers().upper(upper, work);
        if !b.is_union() {
            // overlayfs warns, and continues.
            continue;
        }
        let failure = b.refused(&union, &second, &[libc::EBUSY])?;
        let names = failure.log.iter().any(|line| line.text.contains(&device));
        must!(names, "the holder's device {device}: {failure}")?;
    }
    b.umount(&l.target)?;
    lowers().upper(&l.upper, &l.work).mount(&second)?;
    b.umount(&second)
}

/// 500 lower layers are mounted and read.
pub fn many_layers(b: &mut Bench) -> Result<(), String> {
    let below = b.tmpfs("below")?;
    let target = b.target("target")?;
    let mut union = b.new_union().api(Api::Strings);
    for number in 0..500 {
        let layer = b.dir(&below.join(number.to_string()))?;
        b.file(&layer.join(format!("f{number}")), "own")?;
        b.file(&layer.join("same"), &number.to_string())?;
        union = union.lower(layer);
    }
    let upper_fs = b.tmpfs("upper_fs")?;
    let (upper, work) = (
        b.dir(&upper_fs.join("upper"))?,
        b.dir(&upper_fs.join("work"))?,
    );
    union.upper(upper, work).mount(&target)?;
    b.holds(&target.join("same"), "0")?;
    b.holds(&target.join("f499"), "own")?;
    let count = walk::list(&target)?.len();
    must!(count == 501, "501 names, not {count}")?;
    b.works("unlink", sys::unlink(target.join("same")))?;
    b.fails("stat", sys::stat(target.join("same"), 0), libc::ENOENT)?;
    b.umount(&target)
}

/// A layer that does not exist, or is no directory, is refused, and the message has its path.
pub fn missing_layer(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let none = l.target.join("none");
    for api in [Api::Mount, Api::Strings] {
        let union = b.new_union().api(api).lower(&none).upper(&l.upper, &l.work);
        b.refused(&union, &l.target, &[libc::ENOENT])?;
        let union = b
            .new_union()
            .api(api)
            .lowers(&l.lowers)
            .upper(&none, &l.work);
        b.refused(&union, &l.target, &[libc::ENOENT])?;
        let file = l.lowers[0].join("file");
        let union = b.new_union().api(api).lower(&file).upper(&l.upper, &l.work);
        b.refused(&union, &l.target, &[libc::ENOTDIR, libc::EINVAL])?;
    }
    Ok(())
}

/// A hundred mounts and unmounts leave nothing behind.
pub fn mounted_twice(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    for round in 0..100 {
        b.union(&l)
            .mount(&l.target)
            .map_err(|error| format!("round {round}: {error}"))?;
        b.holds(&l.target.join("file"), "below")?;
        b.umount(&l.target)?;
    }
    Ok(())
}

/// What is mounted inside a layer is not part of it.
pub fn mounts_below(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let inside = l.lowers[0].join("dir");
    b.file(&inside.join("under"), "under the mount")?;
    b.works(
        "mounting inside",
        sys::mount("tmpfs", &inside, "tmpfs", 0, b""),
    )?;
    b.file(&inside.join("over"), "on the mount")?;
    b.union(&l).mount(&l.target)?;
    b.holds(&l.target.join("dir/under"), "under the mount")?;
    b.fails(
        "stat",
        sys::stat(l.target.join("dir/over"), 0),
        libc::ENOENT,
    )?;
    b.umount(&l.target)
}

/// A union without a lower layer is refused.
pub fn no_lower_layer(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(0)?;
    b.refused(&b.new_union(), &l.target, &[libc::EINVAL])?;
    b.refused(&b.union(&l), &l.target, &[libc::EINVAL])?;
    Ok(())
}

/// Layers inside each other are refused.
pub fn overlapping_layers(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let refused = [libc::ELOOP, libc::EINVAL];
    let inside = b.dir(&l.lowers[0].join("dir/inside"))?;
    let union = b.new_union().lower(&l.lowers[0]).lower(&inside);
    b.refused(&union, &l.target, &refused)?;
    let union = b.new_union().lower(&inside).lower(&l.lowers[0]);
    b.refused(&union, &l.target, &refused)?;
    let union = b.new_union().lower(&l.lowers[0]).lower(&l.lowers[0]);
    b.refused(&union, &l.target, &refused)?;
    let below = b.dir(&l.upper.join("below"))?;
    let union = b.new_union().lower(&below).upper(&l.upper, &l.work);
    b.refused(&union, &l.target, &refused)?;
    Ok(())
}

/// A union without an upper layer can be read and not written.
pub fn read_only(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.file(&l.lowers[1].join("second"), "second")?;
    b.new_union().lowers(&l.lowers).mount(&l.target)?;
    b.holds(&l.target.join("file"), "below")?;
    b.holds(&l.target.join("second"), "second")?;
    let file = l.target.join("file");
    b.fails(
        "open for writing",
        sys::open(&file, libc::O_WRONLY, 0),
        libc::EROFS,
    )?;
    b.fails(
        "create",
        sys::open(l.target.join("new"), libc::O_CREAT | libc::O_RDWR, 0o600),
        libc::EROFS,
    )?;
    b.fails("chmod", sys::chmod(&file, 0o600), libc::EROFS)?;
    b.fails("unlink", sys::unlink(&file), libc::EROFS)?;
    b.fails("mkdir", sys::mkdir(l.target.join("d"), 0o700), libc::EROFS)?;
    b.fails(
        "setxattr",
        sys::setxattr(&file, "user.x", b"v", 0),
        libc::EROFS,
    )?;
    b.fails(
        "rename",
        sys::rename(&file, l.target.join("x"), 0),
        libc::EROFS,
    )?;
    if let Ok(()) = sys::mount("union", &l.target, "", libc::MS_REMOUNT, b"") {
        b.fails(
            "create after a remount",
            sys::mkdir(l.target.join("d"), 0o700),
            libc::EROFS,
        )?;
    }
    b.umount(&l.target)
}

/// One lower layer alone is a union too.
pub fn read_only_one_layer(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let union = b.new_union().lowers(&l.lowers);
    // overlayfs needs two.
    b.union_only("overlayfs refuses a single layer")?;
    union.mount(&l.target)?;
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&l.target)
}

/// An upper layer on a read-only file system is refused or read-only.
pub fn read_only_upper_layer(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let upper_fs = l.upper.parent().ok_or("a parent")?;
    b.works(
        "remount",
        sys::mount("", upper_fs, "", libc::MS_REMOUNT | libc::MS_RDONLY, b""),
    )?;
    match b.union(&l).mount(&l.target) {
        Err(failure) => must!(
            [libc::EROFS, libc::EINVAL].contains(&failure.errno.0),
            "EROFS or EINVAL, not {failure}"
        ),
        Ok(()) => {
            b.fails("mkdir", sys::mkdir(l.target.join("x"), 0o700), libc::EROFS)?;
            b.umount(&l.target)
        }
    }
}

/// Two unions share a lower layer and nothing else.
pub fn shared_lower(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let upper_fs = b.tmpfs("upper_fs_2")?;
    let (upper, work) = (
        b.dir(&upper_fs.join("upper"))?,
        b.dir(&upper_fs.join("work"))?,
    );
    let second = b.target("second")?;
    b.union(&l).mount(&l.target)?;
    b.new_union()
        .lowers(&l.lowers)
        .upper(&upper, &work)
        .mount(&second)?;
    b.file(&l.target.join("file"), "first")?;
    b.holds(&second.join("file"), "below")?;
    b.works("unlink", sys::unlink(second.join("file")))?;
    b.holds(&l.target.join("file"), "first")?;
    b.holds(&l.lowers[0].join("file"), "below")?;
    b.umount(&second)?;
    b.umount(&l.target)
}

/// Leftovers of an interrupted mount in the work directory are removed.
pub fn stale_work(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.dir(&l.work.join("work/stale/deep"))?;
    b.file(&l.work.join("work/stale/deep/f"), "x")?;
    b.file(&l.work.join("work/#1"), "x")?;
    b.union(&l).mount(&l.target)?;
    b.file(&l.target.join("file"), "changed")?;
    b.works("unlink", sys::unlink(l.target.join("file")))?;
    b.umount(&l.target)?;
    let left = walk::list(&l.work.join("work"))?;
    let names: Vec<_> = left
        .iter()
        .map(|entry| entry.name.escape_ascii().to_string())
        .collect();
    must!(names.is_empty(), "an empty work directory, not {names:?}")
}

/// An upper layer without attributes or whiteouts is refused.
pub fn unfit_upper_layer(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs makes do with less")?;
    let l = b.layout(1)?;
    let place = b.target("ramfs")?;
    b.works(
        "mounting a ramfs",
        sys::mount("ramfs", &place, "ramfs", 0, b""),
    )?;
    let (upper, work) = (b.dir(&place.join("upper"))?, b.dir(&place.join("work"))?);
    let union = b.new_union().lowers(&l.lowers).upper(&upper, &work);
    b.refused(&union, &l.target, &[libc::EINVAL, libc::EOPNOTSUPP])?;
    let union = b
        .new_union()
        .lowers(&l.lowers)
        .upper("/proc/self", "/proc/self/net");
    must!(
        union.mount(&l.target).is_err(),
        "procfs as an upper layer is refused"
    )?;
    let union = b
        .new_union()
        .lowers(&l.lowers)
        .upper("/sys/kernel", "/sys/fs");
    must!(
        union.mount(&l.target).is_err(),
        "sysfs as an upper layer is refused"
    )
}

/// An upper layer or work directory in use is refused.
pub fn upper_in_use(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    let second = b.target("second")?;
    let elsewhere = b.dir(&l.work.with_file_name("elsewhere"))?;
    b.refused(&b.union(&l), &second, &[libc::EBUSY])?;
    let union = b.new_union().lowers(&l.lowers).upper(&l.upper, &elsewhere);
    b.refused(&union, &second, &[libc::EBUSY])?;
    let union = b.new_union().lowers(&l.lowers).upper(&elsewhere, &l.work);
    b.refused(&union, &second, &[libc::EBUSY])?;
    b.umount(&l.target)?;
    b.union(&l).mount(&second)?;
    b.umount(&second)
}

/// An upper layer needs a work directory.
pub fn upper_without_work(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let upper = l.upper.to_string_lossy().into_owned();
    let union = b.new_union().lowers(&l.lowers).option("upperdir", &upper);
    b.refused(&union, &l.target, &[libc::EINVAL])?;
    Ok(())
}

/// The work directory must be on the file system of the upper layer, and beside it.
pub fn work_elsewhere(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let other = b.tmpfs("other")?;
    let union = b.new_union().lowers(&l.lowers).upper(&l.upper, &other);
    b.refused(&union, &l.target, &[libc::EINVAL, libc::EXDEV])?;
    let inside = b.dir(&l.upper.join("work"))?;
    let union = b.new_union().lowers(&l.lowers).upper(&l.upper, &inside);
    b.refused(&union, &l.target, &[libc::EINVAL, libc::ELOOP])?;
    let around = b.dir(&l.work.join("upper"))?;
    let union = b.new_union().lowers(&l.lowers).upper(&around, &l.work);
    b.refused(&union, &l.target, &[libc::EINVAL, libc::ELOOP])?;
    let union = b.new_union().lowers(&l.lowers).upper(&l.upper, &l.upper);
    b.refused(&union, &l.target, &[libc::EINVAL, libc::ELOOP])?;
    Ok(())
}
