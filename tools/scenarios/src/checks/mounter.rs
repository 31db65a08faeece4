// SPDX-License-Identifier: GPL-2.0-only
//! The rights of the mounter, and of the layers.

use std::path::{Path, PathBuf};

use crate::acl;
use crate::bench::Bench;
use crate::image;
use crate::mount::Union;
use crate::run::cap::{DAC_OVERRIDE, SYS_ADMIN};
use crate::sys;
use crate::union::restore;
use crate::userns::{self, Layers};

/// Synchronous writes and unrecorded accesses (chattr +S +A) persist after a copy-up and a remount.
pub fn chattr_kept(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(0)?;
    let ext4 = b.target("ext4")?;
    b.looped(&image::CASEFOLD)?.mount(&ext4, 0, "")?;
    let lower = b.dir(&ext4.join("lower"))?;
    let (upper, work) = (b.dir(&ext4.join("upper"))?, b.dir(&ext4.join("work"))?);
    let names: Vec<_> = FLAGS
        .into_iter()
        .flat_map(|flags| {
            [
                (format!("file-{flags}"), flags),
                (format!("dir-{flags}"), flags),
            ]
        })
        .collect();
    for (name, flags) in &names {
        let path = lower.join(name);
        match name.starts_with("dir") {
            true => drop(b.dir(&path)?),
            false => b.file(&path, "text")?,
        }
        b.works("chattr", change(&path, *flags))?;
    }
    // On a file system that has these flags, and on one that lacks some of them.
    for (upper, work, kept) in [(&upper, &work, SYNC | NOATIME), (&l.upper, &l.work, 0)] {
        if kept == 0 && !b.is_union() {
            // overlayfs copies nothing then: EOPNOTSUPP.
            break;
        }
        let union = b.new_union().lower(&lower).upper(upper, work);
        union.mount(&l.target)?;
        for (name, _) in &names {
            b.works("chmod", sys::chmod(l.target.join(name), 0o700))?;
        }
        look(b, &l.target, &names, kept)?;
        b.umount(&l.target)?;
        union.mount(&l.target)?;
        look(b, &l.target, &names, kept)?;
        b.umount(&l.target)?;
    }
    Ok(())
}

// As chattr(1) has them.
const SYNC: u32 = 0x8;
const NOATIME: u32 = 0x80;
const FLAGS: [u32; 4] = [SYNC, NOATIME, SYNC | NOATIME, 0];

fn change(path: &Path, flags: u32) -> sys::Result<()> {
    let fd = sys::open(path, libc::O_RDONLY, 0)?;
    let now = sys::get_flags(fd)?;
    sys::set_flags(fd, (now & !(SYNC | NOATIME)) | flags)?;
    sys::close(fd)
}

fn look(b: &Bench, target: &Path, names: &[(String, u32)], kept: u32) -> Result<(), String> {
    for (name, flags) in names {
        let fd = b.works("open", sys::open(target.join(name), libc::O_RDONLY, 0))?;
        let now = b.works("FS_IOC_GETFLAGS", sys::get_flags(fd))?;
        b.works("close", sys::close(fd))?;
        must!(
            now & kept == flags & kept,
            "{name} has the flags {:#x}: {now:#x}",
            flags & kept
        )?;
    }
    Ok(())
}

/// Immutable and append-only objects of a lower layer stay immutable and append-only.
pub fn immutable_below(b: &mut Bench) -> Result<(), String> {
    const APPEND: u32 = 0x20;
    const IMMUTABLE: u32 = 0x10;
    let l = b.layout(1)?;
    let lower = &l.lowers[0];
    b.file(&lower.join("dir/f"), "text")?;
    b.file(&lower.join("log"), "text")?;
    let flag = |path: &Path, flags: u32| {
        let fd = sys::open(path, libc::O_RDONLY, 0)?;
        let result = sys::set_flags(fd, flags);
        sys::close(fd).and(result)
    };
    b.works("chattr +i", flag(&lower.join("file"), IMMUTABLE))?;
    b.works("chattr +a", flag(&lower.join("log"), APPEND))?;
    b.works(
        "chattr +i of a directory",
        flag(&lower.join("dir"), IMMUTABLE),
    )?;
    b.union(&l).mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    for round in 0..2 {
        b.fails(
            "writing an immutable file",
            sys::open(at("file"), libc::O_WRONLY, 0),
            libc::EPERM,
        )?;
        b.fails("deleting it", sys::unlink(at("file")), libc::EPERM)?;
        b.fails("chmod of it", sys::chmod(at("file"), 0o600), libc::EPERM)?;
        b.fails("link to it", sys::link(at("file"), at("x"), 0), libc::EPERM)?;
        b.fails(
            "truncating an append-only file",
            sys::truncate(at("log"), 0),
            libc::EPERM,
        )?;
        b.fails(
            "making a file in an immutable directory",
            sys::mkdir(at("dir/new"), 0o755),
            libc::EPERM,
        )?;
        b.fails("deleting there", sys::unlink(at("dir/f")), libc::EPERM)?;
        if round == 0 && b.is_union() {
            // The directory is copied up because of the file, and is as immutable as before.
            b.file(&at("dir/f"), "changed")?;
            b.file(Path::new("/proc/sys/vm/drop_caches"), "3")?;
        }
    }
    b.umount(&l.target)?;
    for name in ["file", "log", "dir"] {
        b.works("chattr -i", flag(&lower.join(name), 0))?;
    }
    Ok(())
}

/// Set-user-id bits of a nosuid layer are not copied to an upper layer that honours them.
pub fn nosuid_lower(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies them by design")?;
    let l = b.layout(1)?;
    let file = l.lowers[0].join("suid");
    b.file(&file, "text")?;
    b.works("chmod", sys::chmod(&file, 0o4755))?;
    let below = l.lowers[0].parent().ok_or("a parent")?;
    b.works(
        "remount",
        sys::mount(
            "",
            below,
            "",
            libc::MS_REMOUNT | libc::MS_BIND | libc::MS_NOSUID,
            b"",
        ),
    )?;
    b.union(&l).mount(&l.target)?;
    b.works("truncate", sys::truncate(l.target.join("suid"), 2))?;
    b.works(
        "utimens",
        sys::utimens(l.target.join("suid"), (5, 5), (5, 5), 0),
    )?;
    b.umount(&l.target)?;
    let mode = b.works("stat", sys::stat(l.upper.join("suid"), 0))?.st_mode & 0o7777;
    must!(
        mode == 0o755,
        "mode 0755 in the upper layer, not {mode:04o}"
    )
}

/// Owners and ACLs of an id-mapped lower layer are those that its mount shows, also in the copy.
pub fn perm_idmapped_lower(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "private", 0o600, (0, 0))?;
    l.file(b, "fifth", 0o640, (5, 5))?;
    l.file(b, "listed", 0o640, (5, 5))?;
    // Beyond the map.
    l.file(b, "nobodys", 0o666, (50, 50))?;
    let text = acl::encode("u:6,user:7:6,g:4,m:6,o:0");
    b.works(
        "ACL",
        sys::setxattr(l.lower.join("listed"), acl::ACCESS, &text, 0),
    )?;
    let mapped = b.target("mapped")?;
    let namespace = userns::open("0 100000 10\n", "0 100000 10\n")?;
    b.works(
        "an id-mapped mount",
        sys::mount_id_mapped(&l.lower, &mapped, namespace),
    )?;
    let union = b.new_union().lower(&mapped).upper(&l.upper, &l.work);
    union.mount(&l.target)?;

    let at = |name: &str| l.target.join(name);
    let owner = |name: &str| sys::stat(at(name), 0).map(|stat| (stat.st_uid, stat.st_gid));
    let write = |uid: u32, name: &str| -> Result<sys::Result<usize>, String> {
        sys::become_user(uid, uid, &[])?;
        let result = sys::open(at(name), libc::O_RDWR, 0).and_then(|fd| {
            let result = sys::write(fd, b"x", None);
            sys::close(fd).and(result)
        });
        sys::become_root()?;
        Ok(result)
    };
    // Before and after the copy-up: the same answers.
    for _ in 0..2 {
        for (name, id) in [("private", 100_000), ("fifth", 100_005), ("nobodys", 65534)] {
            let found = b.works("stat", owner(name))?;
            must!(found == (id, id), "{name} belongs to {id}, not {found:?}")?;
        }
        b.fails("5 writing", write(5, "fifth")?, libc::EACCES)?;
        b.fails("7 writing", write(7, "listed")?, libc::EACCES)?;
        b.works("100000 writing", write(100_000, "private")?)?;
        b.works("100005 writing", write(100_005, "fifth")?)?;
        b.works("100007 writing", write(100_007, "listed")?)?;
        let nobodys = write(100_001, "nobodys")?;
        must!(nobodys.is_err(), "nobody writes what nobody owns")?;
        let acl = b.works("ACL", sys::getxattr(at("listed"), acl::ACCESS))?;
        let acl = acl::decode(&acl);
        must!(acl == "u:6,user:100007:6,g:4,m:6,o:0", "{acl}")?;
    }
    b.umount(&l.target)?;
    l.upper_is(&["fifth", "listed", "private"])
}

/// An id-mapped upper layer stores what is made and copied under the ids of its file system.
pub fn perm_idmapped_upper(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "seconds", 0o644, (100_002, 100_002))?;
    l.file(b, "foreign", 0o666, (1000, 1000))?;
    l.file(b, "gone", 0o644, (1000, 1000))?;
    let ground = l.upper.parent().ok_or("a parent")?;
    b.works("chown", sys::lchown(&l.upper, 0, 0))?;
    b.works("chmod", sys::chmod(&l.upper, 0o777))?;
    b.works("chown", sys::lchown(&l.work, 0, 0))?;
    let mapped = b.target("mapped")?;
    // Root stays root, 1 of the disk is 100001 here, and 1000 is nobody there.
    let map = "0 0 1\n1 100001 10\n";
    let namespace = userns::open(map, map)?;
    b.works(
        "an id-mapped mount",
        sys::mount_id_mapped(ground, &mapped, namespace),
    )?;
    let union = b
        .new_union()
        .lower(&l.lower)
        .upper(mapped.join("upper"), mapped.join("work"));
    union.mount(&l.target)?;

    let at = |name: &str| l.target.join(name);
    let make = |uid: u32, name: &str| -> Result<sys::Result<()>, String> {
        sys::become_user(uid, uid, &[])?;
        let result = sys::mkdir(at(name), 0o755);
        sys::become_root()?;
        Ok(result)
    };
    b.works("unlink", sys::unlink(at("gone")))?;
    b.works("chmod", sys::chmod(at("seconds"), 0o640))?;
    b.works("mkdir by 100001", make(100_001, "dir")?)?;
    b.works("mkdir over a whiteout", make(100_001, "gone")?)?;
    b.fails("mkdir by 1000", make(1000, "other")?, libc::EOVERFLOW)?;
    b.fails(
        "copying what is 1000's",
        sys::truncate(at("foreign"), 0),
        libc::EOVERFLOW,
    )?;
    for (name, here, there) in [
        ("seconds", 100_002, 2),
        ("dir", 100_001, 1),
        ("gone", 100_001, 1),
    ] {
        let seen = b.works("stat", sys::stat(at(name), 0))?.st_uid;
        let stored = b.works("stat", sys::stat(l.upper.join(name), 0))?.st_uid;
        must!(
            (seen, stored) == (here, there),
            "{name} is of {here} here and {there} there, not {seen} and {stored}"
        )?;
    }
    b.umount(&l.target)?;
    l.upper_is(&["dir", "gone", "seconds"])
}

/// A union that is mounted id-mapped: owners, ACLs and rights are those of the map, below and in the upper layer; an id
/// that the map has not cannot be stored. Over plain layers, and over layers whose ids are mapped as well.
pub fn perm_idmapped_union(b: &mut Bench) -> Result<(), String> {
    let plain = Layers::new(b)?;
    id_mapped(b, &plain, "plain", plain.lower.clone())?;
    let l = Layers::new(b)?;
    // 20 to 29 of the disk are 0 to 9 of the union.
    let mapped = b.target("mapped-lower")?;
    let map = "20 0 10\n";
    let namespace = userns::open(map, map)?;
    b.works(
        "an id-mapped layer",
        sys::mount_id_mapped(&l.lower, &mapped, namespace),
    )?;
    id_mapped(b, &l, "mapped", mapped)
}

fn id_mapped(b: &mut Bench, l: &Layers, name: &str, lower: PathBuf) -> Result<(), String> {
    let shift = if lower == l.lower { 0 } else { 20 };
    let below = |id: u32| (id + shift, id + shift);
    b.works("chown", sys::lchown(&l.lower, shift, shift))?;
    b.works("chown", sys::lchown(&l.upper, 0, 0))?;
    for layer in [&l.lower, &l.upper] {
        b.works("chmod", sys::chmod(layer, 0o777))?;
    }
    l.file(b, "private", 0o600, below(0))?;
    l.file(b, "fifth", 0o640, below(5))?;
    l.file(b, "team", 0o2666, below(5))?;
    l.file(b, "other-team", 0o2666, below(5))?;
    l.file(b, "gone", 0o644, below(5))?;
    l.dir(b, "shared", 0o2777, below(5))?;
    if shift == 0 {
        l.file(b, "nobodys", 0o666, (50, 50))?;
    }
    let (whole, target) = (
        b.target(&format!("{name}-whole"))?,
        b.target(&format!("{name}-target"))?,
    );
    let union = b.new_union().lower(&lower).upper(&l.upper, &l.work);
    union.mount(&whole)?;
    let map = "0 100000 10\n";
    let namespace = userns::open(map, map)?;
    b.works(
        "an id-mapped union",
        sys::mount_id_mapped(&whole, &target, namespace),
    )?;

    let at = |name: &str| target.join(name);
    let owner = |path: PathBuf| sys::stat(path, 0).map(|stat| (stat.st_uid, stat.st_gid));
    let write = |uid: u32, groups: &[u32], name: &str| -> Result<sys::Result<usize>, String> {
        sys::become_user(uid, uid, groups)?;
        let result = sys::open(at(name), libc::O_RDWR, 0).and_then(|fd| {
            let result = sys::write(fd, b"x", None);
            sys::close(fd).and(result)
        });
        sys::become_root()?;
        Ok(result)
    };
    // Before and after the copy-up: the same answers.
    for _ in 0..2 {
        for (name, id) in [("private", 0), ("fifth", 5)] {
            let seen = (
                b.works("stat", owner(at(name)))?,
                b.works("stat", owner(whole.join(name)))?,
            );
            let right = ((100_000 + id, 100_000 + id), (id, id));
            must!(seen == right, "{name} belongs to {right:?}, not {seen:?}")?;
        }
        b.fails("5 writing", write(5, &[], "fifth")?, libc::EACCES)?;
        b.works("100000 writing", write(100_000, &[], "private")?)?;
        b.works("100005 writing", write(100_005, &[], "fifth")?)?;
    }
    // Who is in the group leaves set-group-id on. 5 is another group than 100005.
    let mode = |name: &str| sys::stat(at(name), 0).map(|stat| stat.st_mode & 0o7777);
    b.works("writing", write(100_001, &[100_005], "team")?)?;
    b.works("writing", write(100_001, &[5], "other-team")?)?;
    for (name, right) in [("team", 0o2666), ("other-team", 0o666)] {
        let seen = b.works("stat", mode(name))?;
        must!(
            seen == right,
            "{name} has the mode {right:04o}, not {seen:04o}"
        )?;
    }
    let access = acl::encode("u:6,user:100007:6,g:4,m:6,o:0");
    b.works("ACL", sys::setxattr(at("fifth"), acl::ACCESS, &access, 0))?;
    let stored = b.works("ACL", sys::getxattr(l.upper.join("fifth"), acl::ACCESS))?;
    let stored = acl::decode(&stored);
    must!(stored == "u:6,user:7:6,g:4,m:6,o:0", "{stored}")?;
    b.works("100007 writing", write(100_007, &[], "fifth")?)?;

    let make = |uid: u32, name: &str| -> Result<sys::Result<()>, String> {
        sys::become_user(uid, uid, &[])?;
        let result = sys::mkdir(at(name), 0o755);
        sys::become_root()?;
        Ok(result)
    };
    b.works("unlink", sys::unlink(at("gone")))?;
    for (name, group) in [("new", 1), ("gone", 1), ("shared/new", 5)] {
        b.works("mkdir by 100001", make(100_001, name)?)?;
        let seen = b.works("stat", owner(at(name)))?;
        let stored = b.works("stat", owner(l.upper.join(name)))?;
        let right = ((100_001, 100_000 + group), (1, group));
        must!(
            (seen, stored) == right,
            "{name} belongs to {right:?}, not {seen:?} and {stored:?}"
        )?;
    }
    b.fails("mkdir by root", make(0, "roots")?, libc::EOVERFLOW)?;
    b.fails(
        "chown to 7",
        sys::lchown(at("private"), 7, u32::MAX),
        libc::EOVERFLOW,
    )?;
    b.works(
        "chown to 100007",
        sys::lchown(at("private"), 100_007, u32::MAX),
    )?;
    let stored = b.works("stat", owner(l.upper.join("private")))?;
    must!(stored == (7, 0), "the upper layer has 7:0, not {stored:?}")?;
    if shift == 0 {
        // Nobody can change what the map has not.
        let seen = b.works("stat", owner(at("nobodys")))?;
        must!(seen == (65534, 65534), "nobody's, not {seen:?}")?;
        b.fails(
            "writing what is nobody's",
            write(100_001, &[], "nobodys")?,
            libc::EACCES,
        )?;
        if b.is_union() {
            b.works("unlink", sys::unlink(whole.join("nobodys")))?;
            for (mount, right) in [(&target, Some(libc::EPERM)), (&whole, None)] {
                let dir = b.works("open", sys::open(mount, libc::O_RDONLY, 0))?;
                let restored = restore(dir, "nobodys");
                sys::close(dir)?;
                match right {
                    Some(errno) => b.fails("RESTORE of what is nobody's", restored, errno)?,
                    None => b.works("RESTORE", restored)?,
                }
            }
        }
    }
    b.umount(&target)?;
    b.umount(&whole)
}

/// Even root has no access that the mounter did not have, and no partial copy is left.
pub fn perm_weak_mounter(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "secret", 0o600, (0, 0))?;
    l.file(b, "foreign", 0o666, (1001, 1001))?;
    l.file(b, "own", 0o644, (1000, 1000))?;
    l.dir(b, "private", 0o700, (0, 0))?;
    l.dir(b, "foreign_dir", 0o777, (1001, 1001))?;
    // A user who may mount, without an upper layer.
    let union = b.new_union().lower(&l.lower).lower(&l.upper).read_only();
    mount_with(&union, &l, &[SYS_ADMIN])?;
    let at = |name: &str| l.target.join(name);
    let read = |name: &str| sys::open(at(name), libc::O_RDONLY, 0).and_then(sys::close);
    b.fails("reading a secret", read("secret"), libc::EACCES)?;
    b.fails("listing", crate::walk::list(&at("private")), libc::EACCES)?;
    b.works("reading his own", read("own"))?;
    b.umount(&l.target)?;

    // The work directory requires a mounter who may enter it whatever its mode.
    let union = b.new_union().lower(&l.lower).upper(&l.upper, &l.work);
    mount_with(&union, &l, &[SYS_ADMIN, DAC_OVERRIDE])?;
    // The mounter cannot give the copy to its owner.
    b.fails("chmod", sys::chmod(at("foreign"), 0o600), libc::EPERM)?;
    b.fails("truncate", sys::truncate(at("foreign"), 0), libc::EPERM)?;
    b.fails("mkdir", sys::mkdir(at("foreign_dir/d"), 0o755), libc::EPERM)?;
    b.works("chmod", sys::chmod(at("own"), 0o600))?;
    b.holds(&at("foreign"), "below")?;
    b.umount(&l.target)?;
    l.upper_is(&["own"])?;
    let left = b.works("listing", crate::walk::list(&l.work.join("work")))?;
    must!(left.is_empty(), "an empty work directory")
}

/// Mounts as user 1000 with these capabilities.
fn mount_with(union: &Union, l: &Layers, capabilities: &[u32]) -> Result<(), String> {
    sys::become_user(1000, 1000, &[])?;
    sys::set_capabilities(capabilities.iter().fold(0, |all, one| all | 1 << one))?;
    let mounted = union.mount(&l.target);
    sys::become_root()?;
    Ok(mounted?)
}
