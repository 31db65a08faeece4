// SPDX-License-Identifier: GPL-2.0-only
//! Lower layers whose server lies: FUSE, file systems of users, nosuid mounts.

use std::os::fd::RawFd;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::changes;
use crate::elf;
use crate::fuse::{self, Manner, Tree};
use crate::mount::Union;
use crate::process::{self, End};
use crate::sys;
use crate::userns::{self, Layers};
use crate::walk;

const SETUID: [u8; 20] = [
    1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

const USER: u32 = 2000;

/// A bfs with directories and invalid types is refused as the upper layer, and causes only errors as a lower one.
pub fn bfs_made_up(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let place = b.target("bfs")?;
    let file = b.works("memfd", sys::memfd("bfs"))?;
    b.works("write", sys::write(file, &image(), Some(0)))?;
    let (device, path) = b.works("loop device", sys::loop_device(file))?;
    sys::close(file)?;
    let mounted = sys::mount(&path.to_string_lossy(), &place, "bfs", 0, b"");
    if mounted.is_err_and(|error| error.0 == libc::ENODEV) {
        return Err(b.skip("this kernel has no bfs"));
    }
    b.works("mounting bfs", mounted)?;
    sys::close(device)?;

    let union = b
        .new_union()
        .lowers(&l.lowers)
        .upper(place.join("upper"), place.join("work"));
    let refusals = [libc::EINVAL, libc::EPERM, libc::EOPNOTSUPP, libc::EROFS];
    b.refused(&union, &l.target, &refusals)?;
    let names = walk::list(&place.join("work"))?;
    must!(names.len() == 1, "the work directory is as it was")?;

    let union = b.new_union().lower(&place).upper(&l.upper, &l.work);
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    b.holds(&at("upper/f"), "text")?;
    b.fails("stat of neither", sys::stat(at("neither"), 0), libc::EIO)?;
    let listed = b.works("listing", walk::list(&l.target))?;
    // An entry whose type must be looked up, and cannot be, is listed without a type, and remains an error.
    must!(listed.len() == 3, "three names: {listed:?}")?;
    b.fails(
        "stat of neither, listed",
        sys::stat(at("neither"), 0),
        libc::EIO,
    )?;
    let inside = sys::stat(at("neither/f"), 0);
    b.fails("stat below neither", inside, libc::EIO)?;
    b.works("mkdir", sys::mkdir(at("work/new"), 0o755))?;
    b.works("copy-up", sys::chmod(at("upper/f"), 0o600))?;
    b.works("rename", sys::rename(at("upper/f"), at("work/g"), 0))?;
    b.works("unlink", sys::unlink(at("work/f")))?;
    let unlinked = sys::unlink(at("neither"));
    b.fails("unlink of neither", unlinked, libc::EIO)?;
    b.umount(&l.target)?;
    b.umount(&place)
}

const BLOCK: usize = 512;
const DIR: u32 = 2;
const FILE: u32 = 1;

/// Invalid types of inodes.
const NEITHER: u32 = 7;

/// The directories `upper` and `work`, each with the file `f`, and `neither`. A real bfs has only one directory.
fn image() -> Vec<u8> {
    const BLOCKS: usize = 20;
    const MAGIC: u32 = 0x1bad_face;
    let mut image = vec![0; BLOCKS * BLOCK];
    // Where the data begin and end, and that no move of blocks was in progress.
    let end = (BLOCKS * BLOCK - 1) as u32;
    words(&mut image, 0, &[MAGIC, 1024, end]);
    words(&mut image, 12, &[u32::MAX; 4]);
    inode(&mut image, 2, DIR, 3 * 16);
    entries(&mut image, 2, &[(3, "upper"), (4, "work"), (6, "neither")]);
    for dir in [3, 4] {
        inode(&mut image, dir, DIR, 16);
        entries(&mut image, dir as usize, &[(5, "f")]);
    }
    inode(&mut image, 5, FILE, 4);
    image[5 * BLOCK..][..4].copy_from_slice(b"text");
    inode(&mut image, 6, NEITHER, 16);
    entries(&mut image, 6, &[(5, "f")]);
    image
}

fn words(image: &mut [u8], at: usize, words: &[u32]) {
    for (to, word) in image[at..].chunks_exact_mut(4).zip(words) {
        to.copy_from_slice(&word.to_le_bytes());
    }
}

/// An inode whose data are in the block of its number; the inodes begin in block 1 with number 2.
fn inode(image: &mut [u8], number: u32, kind: u32, size: u32) {
    let end = number * BLOCK as u32 + size - 1;
    let at = BLOCK + 64 * (number as usize - 2);
    let [owner, group, links] = [0, 0, 1];
    let fields = [
        number, number, number, end, kind, 0o755, owner, group, links,
    ];
    words(image, at, &fields);
}

fn entries(image: &mut [u8], block: usize, names: &[(u16, &str)]) {
    for (entry, (number, name)) in image[block * BLOCK..].chunks_exact_mut(16).zip(names) {
        entry[..2].copy_from_slice(&number.to_le_bytes());
        entry[2..2 + name.len()].copy_from_slice(name.as_bytes());
    }
}

/// Set-id bits, capabilities and devices of a file system that a user namespace has mounted have no effect in another
/// one.
pub fn foreign_lower(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs takes them as they are")?;
    let l = Layers::new(b)?;
    let (ready, tell_ready) = b.works("pipe", sys::pipe())?;
    let (done, tell_done) = b.works("pipe", sys::pipe())?;
    let pid = userns::start("0 1000 1\n", "0 1000 1\n", || {
        let _ = sys::close(tell_done);
        sys::mount("tmpfs", &l.lower, "tmpfs", 0, b"mode=777").expect("tmpfs is for users");
        for (name, mode, code) in [
            ("set_uid", 0o4777, elf::exits_with_user()),
            ("set_gid", 0o2777, elf::exits_with_group()),
            ("capable", 0o777, elf::becomes_user()),
        ] {
            let path = l.lower.join(name);
            std::fs::write(&path, code).expect("it is his");
            sys::chmod(&path, mode).expect("it is his");
        }
        // Root of the namespace that mounted it may write any version.
        let capable = l.lower.join("capable");
        sys::setxattr(capable, "security.capability", &SETUID, 0).expect("it is his");
        let _ = sys::write(tell_ready, b"1", None);
        let _ = sys::read(done, 1, None);
    })?;
    sys::close(tell_ready)?;
    sys::read(ready, 1, None)?;
    let namespace = sys::open(format!("/proc/{pid}/ns/mnt"), libc::O_RDONLY, 0)?;
    let result = inside(b, &l, namespace);
    sys::close(tell_done)?;
    process::wait(pid)?;
    result
}

/// Root goes there, as with nsenter(1), and mounts a union of the layers.
fn inside(b: &Bench, l: &Layers, namespace: RawFd) -> Result<(), String> {
    let (said, tell) = b.works("pipe", sys::pipe())?;
    let end = process::child(|| {
        let result = sys::set_namespace(namespace, libc::CLONE_NEWNS)
            .map_err(String::from)
            .and_then(|()| use_union(b, l));
        if let Err(why) = result {
            let _ = sys::write(tell, why.as_bytes(), None);
        }
    })?;
    sys::close(tell)?;
    let said = sys::read(said, 4096, None)?;
    must!(said.is_empty(), "{}", String::from_utf8_lossy(&said))?;
    must!(end == End::Done, "it ended with {end:?}")
}

fn use_union(b: &Bench, l: &Layers) -> Result<(), String> {
    // The namespace cannot make a device, but one may be there: of an owner that it can name.
    let null = l.lower.join("null");
    sys::set_fs_gid(1000);
    sys::set_fs_uid(1000);
    b.works("capabilities", sys::set_capabilities(u64::MAX))?;
    let number = sys::makedev(1, 3);
    b.works("mknod", sys::mknod(&null, libc::S_IFCHR | 0o666, number))?;
    sys::set_fs_uid(0);
    sys::set_fs_gid(0);
    b.works("chmod", sys::chmod(&null, 0o666))?;
    // The kernel's own rule, which must hold for the union as well.
    none_has_power(b, &l.lower)?;
    let union = b.new_union().lower(&l.lower).upper(&l.upper, &l.work);
    union.mount(&l.target)?;
    none_has_power(b, &l.target)?;
    for name in ["set_uid", "set_gid", "capable"] {
        let path = l.target.join(name);
        b.works("copy-up", sys::utimens(&path, (5, 5), (5, 5), 0))?;
    }
    none_has_power(b, &l.target)?;
    b.umount(&l.target)?;
    for name in ["set_uid", "set_gid"] {
        let mode = b.works("stat", sys::stat(l.upper.join(name), 0))?.st_mode & 0o7777;
        must!(
            mode == 0o777,
            "{name} is 0777 in the upper layer, not {mode:o}"
        )?;
    }
    Ok(())
}

/// The programs and the device below `root` give no user any rights.
fn none_has_power(b: &Bench, root: &Path) -> Result<(), String> {
    for (name, status) in [("set_uid", 208), ("set_gid", 208), ("capable", 255)] {
        let show = root.join(name).to_string_lossy().into_owned();
        let end = process::child(|| {
            sys::become_for_good(2000, 2000).expect("root may");
            process::exec(&show, &[&show]);
            std::process::exit(99);
        })?;
        must!(
            end == End::Status(status),
            "{show} runs as whoever runs it: {end:?}"
        )?;
    }
    let open = sys::open(root.join("null"), libc::O_WRONLY, 0);
    b.fails("opening a device", open, libc::EACCES)
}

/// A process that lists an endless lower directory can be killed, and the memory is freed.
pub fn fuse_endless(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let lower = b.target("fuse")?;
    fuse::mount(b, &lower, 0, &Tree::default(), Manner::Endless)?;
    // Merged with another one, and alone.
    for lowers in [vec![&l.lowers[0], &lower], vec![&lower]] {
        let union = b.new_union().lowers(lowers).upper(&l.upper, &l.work);
        union.mount(&l.target)?;
        let child = process::background(|| drop(walk::list(&l.target)))?;
        std::thread::sleep(Duration::from_millis(700));
        let killed = Instant::now();
        process::kill(child);
        let end = process::wait(child)?;
        must!(
            end == End::Signal(libc::SIGKILL),
            "it was listing until it was killed: {end:?}"
        )?;
        must!(
            killed.elapsed() < Duration::from_secs(10),
            "it ends at once, not after {:?}",
            killed.elapsed()
        )?;
        // Names are found nevertheless.
        b.fails("stat", sys::stat(l.target.join("none"), 0), libc::ENOENT)?;
        b.umount(&l.target)?;
    }
    b.umount(&lower)
}

/// Set-id programs, capabilities and devices that a user shows by FUSE have no effect in the union, nor in the upper
/// layer.
pub fn fuse_lower(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies set-id bits up by design")?;
    // The mode that udev(7) gives it.
    b.works("chmod", sys::chmod("/dev/fuse", 0o666))?;
    // Mounted like fusermount(1) does it for a user, below a union of root's.
    let l = b.layout(1)?;
    let lower = b.target("fuse")?;
    let flags = libc::MS_NOSUID | libc::MS_NODEV;
    fuse::mount(b, &lower, flags, &tree(), Manner::Honest)?;
    // Whole copies, and attributes first.
    for metacopy in ["off", "on"] {
        let (upper, work) = (
            b.dir(&l.upper.join(metacopy))?,
            b.dir(&l.work.join(metacopy))?,
        );
        let union = b.new_union().lower(&lower).upper(&upper, &work);
        let union = union.option("metacopy", metacopy);
        shows_no_power(b, &union, &l.target, &upper)
            .map_err(|error| format!("metacopy={metacopy}: {error}"))?;
    }
    b.umount(&lower)?;
    in_user_namespace(b)
}

const POWERFUL: [&str; 3] = ["roots", "unmapped", "capable"];

fn shows_no_power(b: &Bench, union: &Union, target: &Path, upper: &Path) -> Result<(), String> {
    union.mount(target)?;
    let at = |name: &str| target.join(name);
    for round in 0..2 {
        for name in POWERFUL {
            has_no_power(&at(name))?;
            if round == 0 {
                b.works("rename", sys::rename(at(name), at("away"), 0))?;
                b.works("rename", sys::rename(at("away"), at(name), 0))?;
            }
        }
        let open = sys::open(at("null"), libc::O_WRONLY, 0);
        b.fails("opening a device", open, libc::EACCES)?;
        let copy = sys::chmod(at("null"), 0o600);
        b.fails("copying a device up", copy, libc::EPERM)?;
    }
    for name in POWERFUL {
        // What has no data yet is no program, but gets them with the attributes that it has.
        powers(b, &upper.join(name), 0, false)?;
        b.works("a write", changes::rewrite(&at(name), ELF))?;
        has_no_power(&at(name))?;
    }
    b.umount(target)?;
    for name in POWERFUL {
        has_no_power(&upper.join(name))?;
    }
    Ok(())
}

/// What a program begins with.
const ELF: &[u8] = b"\x7f";

/// The set-id bits of a file of the upper layer, and whether it has capabilities.
fn powers(b: &Bench, path: &Path, bits: u32, capable: bool) -> Result<(), String> {
    let found = b.works("stat", sys::stat(path, 0))?.st_mode & 0o6000;
    let has = sys::getxattr(path, CAPABILITY).is_ok();
    must!(
        found == bits && has == capable,
        "{}: set-id bits {bits:o}, not {found:o}; capabilities: {capable}, not {has}",
        path.display()
    )
}

/// An attacker's layer: programs of root, of a user without an id in the namespace, and a device.
fn tree() -> Tree {
    let mut tree = Tree::default();
    tree.object(0).mode = libc::S_IFDIR | 0o777;
    for (name, owner) in [("roots", 0), ("unmapped", 5)] {
        let file = tree.add(0, name, libc::S_IFREG | 0o6777);
        tree.object(file).owner = (owner, owner);
        tree.object(file).data = elf::exits_with_user();
    }
    let file = tree.add(0, "capable", libc::S_IFREG | 0o777);
    tree.object(file).data = elf::becomes_user();
    tree.object(file).xattrs = vec![("security.capability".into(), SETUID.to_vec())];
    let device = tree.add(0, "null", libc::S_IFCHR | 0o666);
    tree.object(device).device = 0x103;
    tree
}

/// The user mounts both, as root of a namespace.
fn in_user_namespace(b: &Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        fuse::mount(b, &l.lower, 0, &tree(), Manner::Honest)?;
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        let away = l.target.join("away");
        b.works("copy-up of his own", sys::chmod(at("roots"), 0o4755))?;
        for (what, result) in [
            ("chmod", sys::chmod(at("unmapped"), 0o4755)),
            ("truncate", sys::truncate(at("unmapped"), 1)),
            ("rename", sys::rename(at("unmapped"), &away, 0)),
            ("link", sys::link(at("unmapped"), &away, 0)),
        ] {
            must!(
                result.is_err(),
                "{what} of a file of nobody is refused: {result:?}"
            )?;
        }
        b.fails(
            "opening a device",
            sys::open(at("null"), libc::O_WRONLY, 0),
            libc::EACCES,
        )?;
        b.umount(&l.target)?;
        b.umount(&l.lower)
    })?;
    // Only the user's own set-id program works.
    let stat = b.works("stat", sys::stat(l.upper.join("roots"), 0))?;
    must!((stat.st_uid, stat.st_gid) == (1000, 1000), "it is his")?;
    l.upper_is(&["roots"])?;
    let left = b.works("listing", walk::list(&l.work.join("work")))?;
    must!(left.is_empty(), "an empty work directory")
}

/// No program gives an unprivileged user any rights.
fn has_no_power(path: &Path) -> Result<(), String> {
    let show = path.to_string_lossy().into_owned();
    let end = process::child(|| {
        sys::become_for_good(USER, USER).expect("root may");
        process::exec(&show, &[&show]);
        std::process::exit(99);
    })?;
    // They run as the user, or with the error of setuid(2).
    let expected = [End::Status(USER as u8 as i32), End::Status(255)];
    must!(
        expected.contains(&end),
        "{show} runs as whoever runs it: {end:?}"
    )
}

/// A mapping that the lower file refuses fails a thousand times, and each time drops its references once.
pub fn mmap_not_supported(b: &mut Bench) -> Result<(), String> {
    const ROUNDS: usize = 1000;
    let l = b.layout(1)?;
    let sysfs = b.target("sysfs")?;
    b.works("sysfs", sys::mount("sysfs", &sysfs, "sysfs", 0, b""))?;
    let union = b
        .new_union()
        .lower(sysfs.join("kernel"))
        .upper(&l.upper, &l.work);
    union.mount(&l.target)?;
    let path = l.target.join("notes");
    let fd = b.works("open", sys::open(&path, libc::O_RDONLY, 0))?;
    for _ in 0..ROUNDS {
        for sharing in [libc::MAP_PRIVATE, libc::MAP_SHARED] {
            let mapped = sys::Map::new(fd, 4096, libc::PROT_READ, sharing);
            b.fails("mmap", mapped, libc::ENODEV)?;
        }
    }
    // One reference too few would have closed the file, one too many keeps everything mounted.
    b.works("reading on", sys::read(fd, 10, Some(0)))?;
    b.works("close", sys::close(fd))?;
    b.umount(&l.target)?;
    b.umount(&sysfs)
}

/// Set-id bits and capabilities of a nosuid layer have no effect, before and after any copy-up.
pub fn nosuid_lower_executed(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies them up by design")?;
    for (name, flags) in [("honoured", 0), ("ignored", libc::MS_NOSUID)] {
        let ground = b.tmpfs(name)?;
        let lower = b.dir(&ground.join("lower"))?;
        for (way, _) in WAYS {
            let dir = b.dir(&lower.join(way))?;
            b.works("chmod", sys::chmod(&dir, 0o777))?;
            for (program, mode, code) in PROGRAMS {
                let path = dir.join(program);
                std::fs::write(&path, code()).map_err(|error| error.to_string())?;
                b.works("chmod", sys::chmod(&path, mode))?;
                if program == "capable" {
                    b.works("setcap", sys::setxattr(&path, CAPABILITY, &SETUID, 0))?;
                }
            }
        }
        let upper_fs = b.tmpfs(&format!("{name} upper layer"))?;
        let (upper, work) = (
            b.dir(&upper_fs.join("upper"))?,
            b.dir(&upper_fs.join("work"))?,
        );
        let flags = libc::MS_REMOUNT | libc::MS_BIND | flags;
        b.works("remount", sys::mount("", &ground, "", flags, b""))?;
        // Also through another union, which is not nosuid itself.
        let inner = b.target(&format!("{name} inner"))?;
        b.new_union().lower(&lower).read_only().mount(&inner)?;
        let target = b.target(&format!("{name} target"))?;
        for (lower, metacopy) in [
            (&lower, "off"),
            (&inner, "off"),
            (&lower, "on"),
            (&inner, "on"),
        ] {
            let union = b.new_union().lower(lower).upper(&upper, &work);
            union.option("metacopy", metacopy).mount(&target)?;
            judge(b, &target, name == "honoured")?;
            b.umount(&target)?;
            // The attributes of objects in the upper layer do not change.
            if metacopy == "off" {
                judge(b, &upper, name == "honoured")?;
            } else {
                attributes(b, &upper, name == "honoured")?;
            }
            std::fs::remove_dir_all(&upper).map_err(|error| error.to_string())?;
            b.dir(&upper)?;
        }
    }
    Ok(())
}

const CAPABILITY: &str = "security.capability";

/// Programs, and how each ends when it has rights: as root, in root's group, as user 77.
const PROGRAMS: [(&str, u32, fn() -> Vec<u8>); 3] = [
    ("set_uid", 0o4755, elf::exits_with_user),
    ("set_gid", 0o2755, elf::exits_with_group),
    ("capable", 0o755, elf::becomes_user),
];

/// Ways to copy a file up that clear no set-id bits.
type Way = (&'static str, fn(&Path) -> sys::Result<()>);

const WAYS: [Way; 5] = [
    ("nothing", |_| Ok(())),
    // A user who may write to the directory does it.
    ("rename", |path| {
        let away = path.with_extension("away");
        sys::become_user(USER, USER, &[])?;
        let result = sys::rename(path, &away, 0).and_then(|()| sys::rename(&away, path, 0));
        sys::become_root()?;
        result
    }),
    ("times", |path| sys::utimens(path, (5, 5), (5, 5), 0)),
    ("user attribute", |path| {
        sys::setxattr(path, "user.a", b"1", 0)
    }),
    ("link", |path| {
        let link = path.with_extension("link");
        sys::link(path, &link, 0).and_then(|()| sys::unlink(&link))
    }),
];

/// Copies of programs without their data have the attributes that give rights if the layer is honoured, and else not.
fn attributes(b: &Bench, upper: &Path, honoured: bool) -> Result<(), String> {
    for (way, _) in WAYS.iter().filter(|(way, _)| *way != "nothing") {
        for (program, mode, _) in PROGRAMS {
            let path = upper.join(way).join(program);
            b.marked(&path)?;
            let bits = if honoured { mode & 0o6000 } else { 0 };
            powers(b, &path, bits, honoured && program == "capable")?;
        }
    }
    Ok(())
}

/// Runs every program, copied up in every way if it is not yet.
fn judge(b: &Bench, root: &Path, honoured: bool) -> Result<(), String> {
    for (way, copy_up) in WAYS {
        for (program, _, _) in PROGRAMS {
            let path = root.join(way).join(program);
            if !path.exists() {
                continue;
            }
            b.works(way, copy_up(&path))?;
            let show = path.to_string_lossy().into_owned();
            let end = process::child(|| {
                sys::become_for_good(USER, USER).expect("root may");
                process::exec(&show, &[&show]);
                std::process::exit(99);
            })?;
            // Each ends with 0 when it is root, in root's group, or may become another user.
            must!(
                (end == End::Done) == honoured,
                "{show} has power: {honoured}; it ended with {end:?}"
            )?;
            must!(end != End::Status(99), "{show} was run")?;
        }
    }
    Ok(())
}

/// cgroup2, and a FUSE file system with a mkdir of its own, are refused as the upper layer.
pub fn upper_of_groups_or_fuse(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let refusals = [
        libc::EINVAL,
        libc::EPERM,
        libc::EOPNOTSUPP,
        libc::EROFS,
        libc::ENOSYS,
    ];
    let groups = b.target("groups")?;
    b.works("cgroup2", sys::mount("cgroup2", &groups, "cgroup2", 0, b""))?;
    let (upper, work) = (b.dir(&groups.join("upper"))?, b.dir(&groups.join("work"))?);
    let union = b.new_union().lowers(&l.lowers).upper(&upper, &work);
    b.refused(&union, &l.target, &refusals)?;
    let dirs = walk::list(&work)?;
    let dirs: Vec<_> = dirs.iter().filter(|e| e.kind == libc::DT_DIR).collect();
    must!(dirs.is_empty(), "no group was made: {dirs:?}")?;
    for path in [&upper, &work] {
        b.works("rmdir", sys::rmdir(path))?;
    }
    let mut tree = Tree::default();
    for name in ["upper", "work"] {
        tree.add(0, name, libc::S_IFDIR | 0o755);
    }
    for (number, manner) in [Manner::Honest, Manner::Lying(1), Manner::Lying(2)]
        .into_iter()
        .enumerate()
    {
        let place = b.target(&format!("fuse{number}"))?;
        fuse::mount(b, &place, 0, &tree, manner)?;
        let union = b
            .new_union()
            .lowers(&l.lowers)
            .upper(place.join("upper"), place.join("work"));
        must!(
            union.mount(&l.target).is_err(),
            "a file system that may change by itself is refused"
        )?;
        b.umount(&place)?;
    }
    Ok(())
}
