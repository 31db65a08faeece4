// SPDX-License-Identifier: GPL-2.0-only
//! Lower layers that are damaged, unusual, or inside one another.

use std::collections::BTreeSet;
use std::os::fd::RawFd;
use std::path::Path;
use std::time::Duration;

use crate::bench::Bench;
use crate::image;
use crate::load;
use crate::mount::Api;
use crate::sound;
use crate::sys;
use crate::walk;

/// Layers that are detached, covered by other mounts and moved under load remain the layers.
pub fn bad_detached(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let l = b.layout_on(&upper_fs, 2)?;
    b.describe(&l, 1, load::lower)?;
    let below = l.lowers[0].parent().ok_or("a parent")?.to_owned();
    b.union(&l).mount(&l.target)?;
    let children = b.load_behind(&l.target, Duration::from_millis(2500))?;
    let pause = || std::thread::sleep(Duration::from_millis(300));
    pause();
    // A mount over a layer.
    b.works(
        "mount over",
        sys::mount("tmpfs", &l.lowers[1], "tmpfs", 0, b"mode=755"),
    )?;
    b.works(
        "mount over",
        sys::mount("tmpfs", &l.upper, "tmpfs", 0, b"mode=755"),
    )?;
    pause();
    b.umount(&l.lowers[1])?;
    b.umount(&l.upper)?;
    // The mount moves to another place, the directory gets another name.
    let other = b.target("other")?;
    b.works(
        "move",
        sys::mount(&upper_fs.to_string_lossy(), &other, "", libc::MS_MOVE, b""),
    )?;
    b.works(
        "rename",
        sys::rename(&l.lowers[1], below.join("renamed"), 0),
    )?;
    pause();
    // The mount leaves every namespace.
    b.works(
        "umount -l of the upper layer",
        sys::umount(&other, libc::MNT_DETACH),
    )?;
    b.works(
        "umount -l of the lower",
        sys::umount(&below, libc::MNT_DETACH),
    )?;
    pause();
    b.ended_well(children)?;
    b.holds(&l.target.join("kept"), "kept")?;
    b.file(&l.target.join("kept"), "changed")?;
    b.holds(&l.target.join("kept"), "changed")?;
    sound::consistent(&l.target)?;
    b.umount(&l.target)
}

/// A damaged entry of a lower directory is listed and only itself fails; the entries around it can be listed, changed
/// and removed, and so can one that covers it.
pub fn bad_entries(b: &mut Bench) -> Result<(), String> {
    let image = b.copy(&image::EXT4)?;
    let below = b.target("device")?;
    let mounted = |flags| -> Result<(), String> {
        let (device, node) = b.works("a loop device", sys::loop_device(image))?;
        let node = node.to_string_lossy().into_owned();
        b.works("mount", sys::mount(&node, &below, "ext4", flags, b""))?;
        b.works("close", sys::close(device))
    };
    mounted(0)?;
    let mut l = b.layout(1)?;
    l.lowers.insert(0, b.dir(&below.join("lower"))?);
    let dir = b.dir(&below.join("lower/d"))?;
    for (name, device) in NAMES {
        let path = dir.join(name);
        match device {
            true => b.works("mknod", sys::mknod(&path, libc::S_IFCHR | 0o600, 0x103))?,
            false => b.file(&path, "text")?,
        }
        if name.contains("bad") {
            b.works("chown", sys::lchown(&path, OWNER, OWNER))?;
        }
    }
    b.umount(&below)?;
    damage(b, image)?;
    mounted(libc::MS_RDONLY)?;
    let stat = |path: &Path| sys::stat(path, libc::AT_SYMLINK_NOFOLLOW);
    b.fails("below", stat(&dir.join("bad device")), libc::EUCLEAN)?;
    b.fails("below", stat(&dir.join("bad file")), libc::EUCLEAN)?;

    // Something covers one of them already.
    b.dir(&l.upper.join("d"))?;
    b.file(&l.upper.join("d/covered bad device"), "cover")?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let d = l.target.join("d");
    let all = NAMES.map(|(name, _)| name);
    lists(b, &d, &all)?;
    for name in all {
        match name.starts_with("bad") {
            true => b.fails(name, stat(&d.join(name)), libc::EUCLEAN)?,
            false => b.works(name, stat(&d.join(name))).map(drop)?,
        }
    }
    b.fails("rmdir", sys::rmdir(&d), libc::ENOTEMPTY)?;
    b.fails("unlink", sys::unlink(d.join("bad file")), libc::EUCLEAN)?;
    b.file(&d.join("new"), "new")?;
    b.works("unlink", sys::unlink(d.join("new")))?;
    b.works("unlink", sys::unlink(d.join("device")))?;
    // Whatever the layer has there must stay hidden.
    b.works("unlink", sys::unlink(d.join("covered bad device")))?;
    let left = ["bad device", "other device", "file", "bad file"];
    lists(b, &d, &left)?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    lists(b, &d, &left)?;
    b.file(&d.join("covered bad device"), "cover")?;
    b.works(
        "rename",
        sys::rename(d.join("covered bad device"), l.target.join("moved"), 0),
    )?;
    lists(b, &d, &left)?;
    b.umount(&l.target)?;

    // The names are not hidden now, and the removal comes first.
    b.works("unlink", sys::unlink(l.upper.join("d/device")))?;
    union.mount(&l.target)?;
    b.fails("rmdir", sys::rmdir(&d), libc::ENOTEMPTY)?;
    b.umount(&l.target)?;
    let whiteouts = ["device", "bad device", "other device", "file", "bad file"];
    for name in whiteouts {
        let path = l.upper.join("d").join(name);
        b.works("mknod", sys::mknod(&path, libc::S_IFCHR, 0))?;
    }
    union.mount(&l.target)?;
    lists(b, &d, &[])?;
    b.works("rmdir", sys::rmdir(&d))?;
    b.umount(&l.target)?;
    b.umount(&below)?;
    b.works("close", sys::close(image))
}

/// The names of the directory, and whether each is a device, as which whiteouts are stored.
const NAMES: [(&str, bool); 6] = [
    ("device", true),
    ("bad device", true),
    ("other device", true),
    ("file", false),
    ("bad file", false),
    ("covered bad device", true),
];

/// The inodes are found in the image by this owner.
const OWNER: u32 = 0xabcd;

fn lists(b: &Bench, dir: &Path, expected: &[&str]) -> Result<(), String> {
    let listed = b.works("listing", walk::list(dir))?;
    let found: BTreeSet<_> = listed
        .into_iter()
        .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
        .collect();
    must!(
        found == expected.iter().map(|name| (*name).to_owned()).collect(),
        "{expected:?} in the directory, which lists {found:?}"
    )
}

/// Gives the inodes of [`OWNER`] more bytes than an inode has.
fn damage(b: &Bench, image: RawFd) -> Result<(), String> {
    const SUPER: i64 = 1024;
    let inode_size = b.works("reading", sys::read(image, 2, Some(SUPER + 88)))?;
    must!(inode_size == 256u16.to_le_bytes(), "inodes of 256 bytes")?;
    let mut found = 0;
    let size = b.works("stat", sys::fstat(image))?.st_size;
    for at in (0..size).step_by(256) {
        let head = b.works("reading", sys::read(image, 26, Some(at)))?;
        let [mode, kind] = [head[0], head[1]];
        let owner = OWNER.to_le_bytes();
        let is_file = kind >> 4 == 0x8 || kind >> 4 == 0x2;
        // i_uid and i_gid, which have 16 bits there.
        if is_file && mode != 0 && head[2..4] == owner[..2] && head[24..26] == owner[..2] {
            // i_extra_isize.
            b.works("writing", sys::write(image, &[0xff, 0xff], Some(at + 128)))?;
            found += 1;
        }
    }
    // The journal may have copies.
    must!(found >= 3, "3 inodes, not {found}")
}

/// A layer that is no directory is refused, by each interface; a symbolic link to a directory is followed.
pub fn bad_layer_kinds(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let odd = b.dir(&l.upper.with_file_name("odd"))?;
    b.file(&odd.join("file"), "x")?;
    b.works(
        "mkfifo",
        sys::mknod(odd.join("fifo"), libc::S_IFIFO | 0o600, 0),
    )?;
    b.works(
        "socket",
        sys::mknod(odd.join("socket"), libc::S_IFSOCK | 0o600, 0),
    )?;
    b.works(
        "whiteout",
        sys::mknod(odd.join("whiteout"), libc::S_IFCHR, 0),
    )?;
    b.works("symlink", sys::symlink("file", odd.join("to file")))?;
    b.works("symlink", sys::symlink("none", odd.join("dangling")))?;
    b.works("symlink", sys::symlink("loop", odd.join("loop")))?;
    let kinds: &[(&str, i32)] = &[
        ("file", libc::ENOTDIR),
        ("fifo", libc::ENOTDIR),
        ("socket", libc::ENOTDIR),
        ("whiteout", libc::ENOTDIR),
        ("to file", libc::ENOTDIR),
        ("dangling", libc::ENOENT),
        ("loop", libc::ELOOP),
        ("none", libc::ENOENT),
        ("file/under", libc::ENOTDIR),
    ];
    for api in [Api::Mount, Api::Strings, Api::Fds] {
        for (name, errno) in kinds {
            let path = odd.join(name);
            // For overlayfs's mount(2), a layer that is no directory is a wrong option.
            let errnos = if b.is_union() {
                vec![*errno]
            } else {
                vec![*errno, libc::EINVAL]
            };
            let new = || b.new_union().api(api);
            b.refused(
                &new().lower(&path).upper(&l.upper, &l.work),
                &l.target,
                &errnos,
            )?;
            b.refused(&new().lowers(&l.lowers).lower(&path), &l.target, &errnos)?;
            b.refused(
                &new().lowers(&l.lowers).upper(&path, &l.work),
                &l.target,
                &errnos,
            )?;
            b.refused(
                &new().lowers(&l.lowers).upper(&l.upper, &path),
                &l.target,
                &errnos,
            )?;
        }
        // Removed, but held by a descriptor or a current directory.
        let gone = b.dir(&odd.join("gone"))?;
        b.works("chdir", sys::chdir(&gone))?;
        b.works("rmdir", sys::rmdir(&gone))?;
        let union = b.new_union().api(api).lower(".").upper(&l.upper, &l.work);
        if union.mount(&l.target).is_ok() {
            // An empty layer does no harm.
            b.file(&l.target.join("new"), "new")?;
            b.umount(&l.target)?;
        }
        let union = b.new_union().api(api).lowers(&l.lowers).upper(".", &l.work);
        if union.mount(&l.target).is_ok() {
            b.holds(&l.target.join("file"), "below")?;
            let result = sys::mkdir(l.target.join("new"), 0o755);
            b.fails(
                "mkdir in an upper layer that was removed",
                result,
                libc::ENOENT,
            )?;
            let result = sys::chmod(l.target.join("file"), 0o600);
            b.fails(
                "a copy into an upper layer that was removed",
                result,
                libc::ENOENT,
            )?;
            b.umount(&l.target)?;
        }
        let union = b
            .new_union()
            .api(api)
            .lowers(&l.lowers)
            .upper(&l.upper, ".");
        must!(
            union.mount(&l.target).is_err(),
            "a work directory that was removed is refused"
        )?;
        b.works("chdir", sys::chdir("/"))?;
    }
    for (name, to) in [
        ("lower", &l.lowers[0]),
        ("upper", &l.upper),
        ("work", &l.work),
    ] {
        b.works(
            "symlink",
            sys::symlink(to.to_string_lossy().as_ref(), odd.join(name)),
        )?;
    }
    b.new_union()
        .lower(odd.join("lower"))
        .upper(odd.join("upper"), odd.join("work"))
        .mount(&l.target)?;
    b.file(&l.target.join("file"), "changed")?;
    b.holds(&l.upper.join("file"), "changed")?;
    b.umount(&l.target)
}

/// A union cannot be made a layer of itself in any way.
pub fn bad_loops(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let (second, third) = (b.target("second")?, b.target("third")?);
    b.union(&l).mount(&l.target)?;
    let in_use = [libc::EBUSY, libc::ELOOP];
    // Its own upper layer below it, and a place within its own upper layer.
    let union = b.new_union().lower(&l.target).upper(&l.upper, &l.work);
    b.refused(&union, &second, &in_use)?;
    let inside = b.dir(&l.target.join("inside"))?;
    let union = b.new_union().lower(&l.target).lower(&inside);
    b.refused(&union, &second, &[libc::ELOOP])?;
    // The same directory twice, by two paths, is no loop.
    let union = b.new_union().lower(l.upper.join("inside")).lower(&l.target);
    union.mount(&second)?;
    b.holds(&second.join("file"), "below")?;
    b.umount(&second)?;
    // Over its own mount point: once as a second level, and no further.
    b.new_union().lower(&l.target).mount(&second)?;
    b.holds(&second.join("file"), "below")?;
    let union = b.new_union().lower(&second).lower(&l.target);
    b.refused(&union, &third, &[libc::EINVAL])?;
    let union = b
        .new_union()
        .lower(&second)
        .upper(second.join("dir"), second.join("inside"));
    must!(
        union.mount(&third).is_err(),
        "an upper layer on a read-only union is refused"
    )?;
    b.file(&l.target.join("file"), "changed below")?;
    b.umount(&second)?;
    // A layer that contains the mount point: the mount is not seen through it.
    b.dir(&l.upper.join("here"))?;
    let here = l.lowers[1].join("here");
    b.dir(&here)?;
    let union = b.new_union().lower(&l.lowers[1]);
    union.mount(&here)?;
    must!(!here.join("here/here").exists(), "no endless path")?;
    b.umount(&here)?;
    b.umount(&l.target)
}

/// Lower layers that change behind the union give old or new contents or errors, and copies of one whole file.
pub fn bad_lower_changed(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let dir = b.dir(&l.lowers[1].join("d/sub"))?;
    for number in 0..FILES {
        b.file(
            &dir.join(number.to_string()),
            &format!("{number:02}").repeat(3000),
        )?;
        b.file(&dir.join(format!("spare{number}")), "spare")?;
    }
    let union = b.union(&l);
    union.mount(&l.target)?;
    let seen = walk::walk(&l.target)?;
    must!(seen.len() > FILES, "the files")?;
    let through = l.target.join("d/sub");
    let listing = b.works("open", sys::open(&through, libc::O_RDONLY, 0))?;
    for number in 0..FILES {
        let name = number.to_string();
        let (behind, path) = (dir.join(&name), through.join(&name));
        let open = b.works("open", sys::open(&path, libc::O_RDWR, 0))?;
        match number % 6 {
            0 => b.works("unlink behind", sys::unlink(&behind))?,
            1 => b.works("truncate behind", sys::truncate(&behind, 1))?,
            2 => b.file(&behind, &"new".repeat(5000))?,
            3 => {
                b.works("unlink behind", sys::unlink(&behind))?;
                b.works("mkdir behind", sys::mkdir(&behind, 0o755))?;
            }
            4 => b.works(
                "rename behind",
                sys::rename(&behind, dir.join("renamed"), 0),
            )?,
            _ => b.works(
                "rename over behind",
                sys::rename(dir.join(format!("spare{number}")), &behind, 0),
            )?,
        }
        match number / 6 {
            0 => drop(sys::write(open, b"W", Some(100))),
            1 => drop(sys::chmod(&path, 0o600)),
            2 => drop(sys::rename(&path, l.target.join(format!("to{number}")), 0)),
            _ => drop(sys::unlink(&path)),
        }
        let _ = sys::read(open, 100, Some(0));
        sys::close(open)?;
        if let Ok(data) = std::fs::read(&path) {
            // Contents of one file, with the byte that was written.
            let odd = data.iter().filter(|byte| **byte == b'W').count();
            must!(
                odd <= 1,
                "file {number}: at most one byte is ours, not {odd}"
            )?;
        }
    }
    let _ = sys::getdents(listing, 4096);
    sys::close(listing)?;
    // Directories come, go and change places.
    b.works(
        "rename behind",
        sys::rename(l.lowers[1].join("d"), l.lowers[1].join("e"), 0),
    )?;
    b.dir(&l.lowers[1].join("d"))?;
    for name in ["d", "d/sub", "d/sub/0", "e", "e/sub"] {
        let path = l.target.join(name);
        let _ = walk::list(&path);
        let _ = sys::mkdir(path.join("new"), 0o755);
        let _ = sys::rmdir(&path);
        let _ = sys::rename(&path, l.target.join("moved"), 0);
    }
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    // Copies without data are useless when those are gone.
    let lost = b.drop_lost(&l)?;
    must!(
        lost > 0 || !b.is_union(),
        "data were left below, and are gone"
    )?;
    union.mount(&l.target)?;
    // Whiteouts may hide nothing now; overlayfs would list them.
    sound::consistent(&l.target)?;
    b.umount(&l.target)?;
    b.work_empty(&l)
}

const FILES: usize = 24;

/// Only one way of nesting layers is allowed, in which the upper layer cannot be reached through a lower one.
pub fn bad_nesting(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let target = b.target("target")?;
    for name in [
        "lower/in/upper",
        "lower/in/work",
        "upper/in/work",
        "work/in/upper",
        "work/in/lower",
        "upper/in/lower",
    ] {
        b.dir(&upper_fs.join(name))?;
    }
    b.file(&upper_fs.join("lower/file"), "below")?;
    let union = |lower: &str, upper: &str, work: &str| {
        b.new_union()
            .lower(upper_fs.join(lower))
            .upper(upper_fs.join(upper), upper_fs.join(work))
    };
    let (wrong, twice) = ([libc::EINVAL], [libc::ELOOP, libc::EINVAL]);
    for (lower, upper, work, errnos) in [
        ("lower", "upper", "upper", &wrong[..]),
        ("lower", "upper", "upper/in/work", &wrong),
        ("lower", "work/in/upper", "work", &wrong),
        ("lower", "upper", ".", &wrong),
        ("upper", "upper", "work", &twice),
        ("work", "upper", "work", &twice),
        ("upper/in/lower", "upper", "work", &twice),
        ("work/in/lower", "upper", "work", &twice),
        ("lower", "lower", "work", &twice),
    ] {
        let union = union(lower, upper, work);
        // Overlayfs is less strict here and there.
        if b.is_union() {
            b.refused(&union, &target, errnos)
                .map_err(|error| format!("{lower}, {upper}, {work}: {error}"))?;
        } else if union.mount(&target).is_ok() {
            b.umount(&target)?;
        }
    }
    // The upper layer inside a lower layer.
    union("lower", "lower/in/upper", "lower/in/work").mount(&target)?;
    b.file(&target.join("file"), "above")?;
    b.holds(&upper_fs.join("lower/in/upper/file"), "above")?;
    if b.is_union() {
        for name in ["in/upper", "in/work"] {
            let path = target.join(name);
            b.fails(name, sys::stat(&path, 0), libc::ELOOP)?;
            b.fails(name, sys::rmdir(&path), libc::ELOOP)?;
            b.fails(name, sys::rename(&path, target.join("x"), 0), libc::ELOOP)?;
            b.fails(name, sys::mkdir(path.join("x"), 0o755), libc::ELOOP)?;
        }
    }
    let _ = walk::walk(&target);
    b.works("mkdir", sys::mkdir(target.join("in/new"), 0o755))?;
    b.umount(&target)?;
    must!(
        sys::stat(upper_fs.join("lower/in/upper/in/new"), 0).is_ok(),
        "it is in the upper layer"
    )
}

/// File systems of the kernel itself as lower layers can be read like files, or are refused.
pub fn bad_pseudo(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let groups = b.target("groups")?;
    b.works(
        "mounting cgroup2",
        sys::mount("cgroup2", &groups, "cgroup2", 0, b""),
    )?;
    let mut mounted = Vec::new();
    for path in [
        Path::new("/proc"),
        Path::new("/proc/sys"),
        Path::new("/proc/self"),
        Path::new("/sys"),
        Path::new("/sys/block"),
        Path::new("/dev"),
        Path::new("/dev/pts"),
        &groups,
    ] {
        let union = b.new_union().lower(path).upper(&l.upper, &l.work);
        let show = path.display();
        match union.mount(&l.target) {
            Err(failure) => {
                must!(
                    failure.errno.0 == libc::EINVAL,
                    "{show}: EINVAL, not {failure}"
                )?;
                continue;
            }
            Ok(()) => mounted.push(show.to_string()),
        }
        for entry in walk::list(&l.target)?.iter().take(60) {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            let child = l.target.join(&name);
            let _ = sys::stat(&child, libc::AT_SYMLINK_NOFOLLOW);
            let _ = sys::readlink(&child);
            let _ = sys::listxattr(&child);
            if walk::list(&child).is_ok() || entry.kind != libc::DT_REG {
                continue;
            }
            // Some block when read, and some say they are empty.
            if let Ok(fd) = sys::open(&child, libc::O_RDONLY | libc::O_NONBLOCK, 0) {
                if !["kmsg", "kcore", "kpagecount"].contains(&name.as_str()) {
                    let _ = sys::read(fd, 100, None);
                }
                sys::close(fd)?;
            }
        }
        let _ = sys::mkdir(l.target.join("new"), 0o755);
        let _ = sys::rmdir(l.target.join("new"));
        b.umount(&l.target)?;
    }
    must!(
        mounted.iter().any(|path| path == "/sys"),
        "sysfs and devtmpfs are trees like any other, mounted were {mounted:?}"
    )?;
    // Nothing of it got into the kernel: its own files are unchanged.
    must!(!Path::new("/sys/new").exists(), "no new name in /sys")
}
