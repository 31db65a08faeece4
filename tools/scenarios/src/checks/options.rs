// SPDX-License-Identifier: GPL-2.0-only
//! Options of a mount, and what a remount may change.

use std::path::Path;

use crate::bench::Bench;
use crate::mount::Api;
use crate::mount::{self, Union};
use crate::mountinfo;
use crate::sys;
use crate::walk;

/// A bad option is refused, and the log of the fs_context names it.
pub fn bad_options(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let named = |union: Union, word: &str| -> Result<(), String> {
        let failure = b.refused(&union, &l.target, &[libc::EINVAL])?;
        let said = failure.log.iter().any(|line| line.text.contains(word));
        must!(said, "a log line with {word:?}, not {:?}", failure.log)
    };
    named(b.union(&l).option("nonesuch", "1"), "nonesuch")?;
    named(b.union(&l).flag("nonesuch"), "nonesuch")?;
    named(b.union(&l).option("fsync", "sometimes"), "fsync")?;
    named(b.union(&l).option("xino", "maybe"), "xino")?;
    named(b.union(&l).flag("upperdir"), "upperdir")?;
    let text = b.union(&l).api(Api::Mount).option("nonesuch", "1");
    b.refused(&text, &l.target, &[libc::EINVAL])?;
    Ok(())
}

/// Odd option strings are refused or accepted as a whole.
pub fn bad_strings(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let lower = l.lowers[0].to_string_lossy().into_owned();
    let strings = [
        "lowerdir=".to_owned(),
        "lowerdir=:".to_owned(),
        format!("lowerdir={lower}:"),
        format!("lowerdir=:{lower}"),
        format!("lowerdir={lower}\\"),
        format!("lowerdir={lower}::{lower}"),
        format!("lowerdir={}", "x".repeat(3000)),
        format!("lowerdir={}", ":".repeat(3000)),
        format!("lowerdir={}", "\\".repeat(3000)),
        format!("{}=1", "k".repeat(255)),
        "lowerdir".to_owned(),
        ",,,".to_owned(),
        "=".to_owned(),
        "upperdir=,workdir=".to_owned(),
    ];
    for text in strings {
        match sys::mount("union", &l.target, b.fstype, 0, text.as_bytes()) {
            Ok(()) => b.umount(&l.target)?,
            Err(error) => must!(
                [libc::EINVAL, libc::ENOENT, libc::ENAMETOOLONG, libc::ELOOP].contains(&error.0),
                "an ordinary error for {:.40}, not {error}",
                text
            )?,
        }
    }
    Ok(())
}

/// Mount flags that only the file system of the upper layer can honour are refused, and flags of that file system alone
/// are not shown.
pub fn flags_of_mount(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs takes them all, without effect")?;
    let l = b.layout(1)?;
    let union = b.union(&l);
    let data = union.data_string();
    let mount = |flags| sys::mount("union", &l.target, "union", flags, data.as_bytes());
    for (flag, name) in REFUSED {
        b.fails(&format!("mount(2) with {name}"), mount(flag), libc::EINVAL)?;
        let failure = b.refused(&b.union(&l).flag(name), &l.target, &[libc::EINVAL])?;
        let said = failure
            .log
            .iter()
            .any(|line| line.text.contains("sync, dirsync"));
        must!(said, "a line that says why: {failure}")?;
    }
    b.works("mount(2) with the others", mount(NOT_OURS))?;
    let shown = |when: &str| {
        let mounted = mountinfo::listed_at(&l.target).ok_or("not mounted")?;
        let options = mounted.option_pairs();
        let odd = ["sync", "dirsync", "lazytime"]
            .iter()
            .find(|name| options.iter().any(|(key, _)| key == *name));
        must!(odd.is_none(), "{when}: {odd:?} is not shown")
    };
    shown("mounted")?;
    let remount = |flags| sys::mount("none", &l.target, "", libc::MS_REMOUNT | flags, b"");
    for (flag, name) in REFUSED {
        let result = remount(flag);
        b.fails(&format!("remount with {name}"), result, libc::EINVAL)?;
        match mount::reconfigure(&l.target, &[(name, None)]) {
            Err(failure) if failure.errno.0 == libc::EINVAL => {}
            other => return Err(format!("reconfiguring with {name}: {other:?}")),
        }
    }
    b.works("remount with the others", remount(NOT_OURS))?;
    mount::reconfigure(&l.target, &[("lazytime", None)])?;
    shown("remounted")?;
    // The opposite flags ask for nothing.
    mount::reconfigure(&l.target, &[("async", None), ("nolazytime", None)])?;
    b.file(&l.target.join("file"), "still writable")?;
    b.umount(&l.target)
}

/// What mount(2) and fsconfig(2) call them.
const REFUSED: [(u64, &str); 2] = [
    (libc::MS_SYNCHRONOUS, "sync"),
    (libc::MS_DIRSYNC, "dirsync"),
];

/// The kernel warns of mandatory locks itself, so they are left out.
const NOT_OURS: u64 = libc::MS_LAZYTIME | libc::MS_I_VERSION;

/// With hard_ro a lower layer must be on a read-only file system. When that is made writable, every access to the layer
/// fails from then on; the upper layer is not affected.
pub fn hard_ro(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such option")?;
    let l = b.layout(0)?;
    let (soft, hard) = (b.tmpfs("soft")?, b.tmpfs("hard")?);
    for lower in [&soft, &hard] {
        b.dir(&lower.join("d"))?;
        for name in ["d/kept", "d/late", "d/gone", "upper"] {
            b.file(&lower.join(name), "below")?;
        }
    }
    let remount =
        |place: &Path, flags| sys::mount("none", place, "tmpfs", libc::MS_REMOUNT | flags, b"");
    let union = b
        .new_union()
        .lower(&hard)
        .upper(&l.upper, &l.work)
        .flag("hard_ro");
    let said = b.refused(&union, &l.target, &[libc::EINVAL])?;
    must!(said.to_string().contains("hard_ro"), "says why: {said}")?;
    // A read-only mount is not enough.
    let bind = libc::MS_BIND | libc::MS_RDONLY;
    b.works(
        "bind",
        sys::mount(&hard.to_string_lossy(), &hard, "none", libc::MS_BIND, b""),
    )?;
    b.works(
        "read-only",
        sys::mount("none", &hard, "none", libc::MS_REMOUNT | bind, b""),
    )?;
    b.refused(&union, &l.target, &[libc::EINVAL])?;
    b.umount(&hard)?;

    b.works("remount", remount(&hard, libc::MS_RDONLY))?;
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    b.holds(&at("d/kept"), "below")?;
    b.file(&at("upper"), "changed")?;
    b.file(&at("d/new"), "new")?;
    let open = b.works("open", sys::open(at("d/kept"), libc::O_RDONLY, 0))?;
    b.works("read", sys::read(open, 10, Some(0)))?;

    b.works("remount", remount(&hard, 0))?;
    b.file(&hard.join("d/late"), "changed below")?;
    b.works("unlink", sys::unlink(hard.join("d/gone")))?;
    for round in ["writable", "read-only again"] {
        b.fails(round, sys::open(at("d/late"), libc::O_RDONLY, 0), libc::EIO)?;
        b.fails(round, sys::stat(at("d/gone"), 0), libc::EIO)?;
        b.fails(round, sys::read(open, 10, Some(0)), libc::EIO)?;
        b.fails(round, sys::chmod(at("d/kept"), 0o600), libc::EIO)?;
        b.fails(round, walk::list(&at("d")), libc::EIO)?;
        b.holds(&at("upper"), "changed")?;
        b.holds(&at("d/new"), "new")?;
        b.works("remount", remount(&hard, libc::MS_RDONLY))?;
    }
    b.works("close", sys::close(open))?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    b.holds(&at("d/late"), "changed below")?;
    b.holds(&at("upper"), "changed")?;
    b.umount(&l.target)?;

    // Without the option it is not checked.
    b.works("remount", remount(&hard, 0))?;
    b.new_union()
        .lower(&hard)
        .upper(&l.upper, &l.work)
        .mount(&l.target)?;
    b.holds(&at("d/kept"), "below")?;
    b.umount(&l.target)
}

/// Mount strings, fsconfig strings and descriptors give the same union.
pub fn interfaces(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(3)?;
    b.file(&l.lowers[2].join("third"), "third")?;
    let mut seen = Vec::new();
    for api in [Api::Mount, Api::Strings, Api::Fds] {
        b.union(&l)
            .api(api)
            .mount(&l.target)
            .map_err(|error| format!("{api:?}: {error}"))?;
        seen.push(walk::walk(&l.target)?);
        b.umount(&l.target)?;
    }
    let joined: Vec<_> = l
        .lowers
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    b.new_union()
        .option("lowerdir", &joined.join(":"))
        .upper(&l.upper, &l.work)
        .mount(&l.target)
        .map_err(|error| format!("lowerdir= through fsconfig: {error}"))?;
    seen.push(walk::walk(&l.target)?);
    b.umount(&l.target)?;
    must!(
        seen.iter().all(|tree| *tree == seen[0]),
        "the same tree each time: {seen:?}"
    )
}

/// A union becomes read-only and writable again.
pub fn remount(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    let file = l.target.join("file");
    let remount = |flags| sys::mount("union", &l.target, "", libc::MS_REMOUNT | flags, b"");
    b.works("remount ro", remount(libc::MS_RDONLY))?;
    b.fails("write", sys::open(&file, libc::O_WRONLY, 0), libc::EROFS)?;
    b.holds(&file, "below")?;
    b.works("remount rw", remount(0))?;
    b.file(&file, "written")?;
    mount::reconfigure(&l.target, &[("ro", None)])?;
    b.fails("write", sys::open(&file, libc::O_WRONLY, 0), libc::EROFS)?;
    mount::reconfigure(&l.target, &[])?;
    b.fails(
        "write after a remount that says nothing of it",
        sys::open(&file, libc::O_WRONLY, 0),
        libc::EROFS,
    )?;
    mount::reconfigure(&l.target, &[("rw", None)])?;
    b.file(&file, "again")?;
    let open = b.works("open", sys::open(&file, libc::O_WRONLY, 0))?;
    b.fails(
        "remount ro with a writer",
        remount(libc::MS_RDONLY),
        libc::EBUSY,
    )?;
    b.works("close", sys::close(open))?;
    b.umount(&l.target)?;
    if !b.is_union() {
        return Ok(());
    }
    // Without an upper layer it is read-only, and nothing needs to say so.
    let data = format!("lowerdir={}", l.lowers[0].display());
    let mounted = sys::mount("union", &l.target, "union", 0, data.as_bytes());
    b.works("mount without an upper layer", mounted)?;
    mount::reconfigure(&l.target, &[])?;
    let writable = mount::reconfigure(&l.target, &[("rw", None)]);
    must!(
        writable.is_err_and(|failure| failure.errno.0 == libc::EROFS),
        "a union without an upper layer does not become writable"
    )?;
    b.umount(&l.target)
}

/// A remount accepts the options the union has, and refuses others.
pub fn remount_unchanged(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.union(&l).mount(&l.target)?;
    let text = b.union(&l).data_string();
    let remount = |flags, data: &str| {
        sys::mount(
            "union",
            &l.target,
            "",
            libc::MS_REMOUNT | flags,
            data.as_bytes(),
        )
    };
    b.works("mount(2) remount with the same options", remount(0, &text))?;
    b.works(
        "mount(2) remount ro with the same options",
        remount(libc::MS_RDONLY, &text),
    )?;
    b.works(
        "mount(2) remount rw with the same options",
        remount(0, &text),
    )?;
    if !b.is_union() {
        return Ok(());
    }
    let lowers: Vec<_> = l
        .lowers
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    let mut same: Vec<(&str, Option<&str>)> = lowers
        .iter()
        .map(|path| ("lowerdir+", Some(path.as_str())))
        .collect();
    let (upper, work) = (
        l.upper.to_string_lossy().into_owned(),
        l.work.to_string_lossy().into_owned(),
    );
    same.push(("upperdir", Some(&upper)));
    same.push(("workdir", Some(&work)));
    mount::reconfigure(&l.target, &same)
        .map_err(|e| format!("fsconfig remount with the same options: {e}"))?;
    // As mount(8) takes them from the line of /etc/fstab for the root, by both calls.
    let others = [
        ("errors", Some("remount-ro")),
        ("discard", None),
        ("subvol", Some("@")),
    ];
    mount::reconfigure(&l.target, &others)
        .map_err(|e| format!("fsconfig remount with words of other file systems: {e}"))?;
    b.works(
        "mount(2) remount with words of other file systems",
        remount(0, "errors=remount-ro,discard,subvol=@"),
    )?;
    let refused = mount::reconfigure(&l.target, &[("upperdir", Some(&lowers[1]))]);
    must!(refused.is_err(), "another upper layer is refused")?;
    b.file(&l.target.join("still"), "works")?;
    b.umount(&l.target)
}

/// The options in mountinfo mount the same union again.
pub fn show_options(b: &mut Bench) -> Result<(), String> {
    let upper_fs = b.tmpfs("upper_fs")?;
    let below = b.tmpfs("below")?;
    let target = b.target("target")?;
    let lowers = ["plain", "with space", "co:lon", "com,ma", "back\\slash"];
    let mut union = b.new_union().api(Api::Strings);
    for name in lowers {
        let layer = b.dir(&below.join(name))?;
        b.file(&layer.join(name.replace(['/', ' '], "-")), name)?;
        union = union.lower(layer);
    }
    if b.is_union() {
        for (key, value) in OTHERS {
            union = union.option(key, value);
        }
    }
    let (upper, work) = (
        b.dir(&upper_fs.join("up,per"))?,
        b.dir(&upper_fs.join("wo rk"))?,
    );
    union.upper(&upper, &work).mount(&target)?;
    b.file(&target.join("new"), "new")?;
    let seen = walk::walk(&target)?;
    let shown = mountinfo::listed_at(&target).ok_or("the union is not in mountinfo")?;
    if b.is_union() {
        for (key, value) in OTHERS {
            let option = format!("{key}={value}");
            must!(
                shown.shown_options.split(',').any(|word| word == option),
                "{option} is among {}",
                shown.shown_options
            )?;
        }
    }
    b.umount(&target)?;
    let mut again = b.new_union();
    for (key, value) in shown.option_pairs() {
        again = match value {
            Some(value) => again.option(&key, &value),
            None if key == "rw" => again,
            None => again.flag(&key),
        };
    }
    again
        .mount(&target)
        .map_err(|error| format!("with the options {}: {error}", shown.shown_options))?;
    let now = walk::walk(&target)?;
    must!(seen == now, "the same tree: {seen:?} and {now:?}")?;
    let again = mountinfo::listed_at(&target)
        .ok_or("the union is not in mountinfo")?
        .shown_options;
    must!(
        shown.shown_options == again,
        "the same options: {} and {again}",
        shown.shown_options
    )?;
    b.umount(&target)
}

/// Options with values that are not their defaults, all of which are shown.
const OTHERS: [(&str, &str); 5] = [
    ("fsync", "strict"),
    ("fallthru", "off"),
    ("redirect_dir", "nofollow"),
    ("whiteout", "aufs"),
    ("statfs", "fuse"),
];

/// Layers with special letters in their paths, by each interface.
pub fn special_paths(b: &mut Bench) -> Result<(), String> {
    let below = b.tmpfs("below")?;
    let target = b.target("target")?;
    for (number, api) in [Api::Mount, Api::Strings, Api::Fds].into_iter().enumerate() {
        let upper_fs = b.tmpfs(&format!("upper{number}"))?;
        let mut union = b.new_union().api(api);
        for name in ["a:b", "c,d", "e\\f", "g h", "=", "ü", "::"] {
            let layer = b.dir(&below.join(name))?;
            b.file(&layer.join("same"), name)?;
            union = union.lower(layer);
        }
        let (upper, work) = (
            b.dir(&upper_fs.join("u:p,p"))?,
            b.dir(&upper_fs.join("w\\o"))?,
        );
        union
            .upper(&upper, &work)
            .mount(&target)
            .map_err(|error| format!("{api:?}: {error}"))?;
        b.holds(&target.join("same"), "a:b")?;
        b.file(&target.join("same"), "upper")?;
        b.holds(&upper.join("same"), "upper")?;
        b.umount(&target)?;
    }
    Ok(())
}

/// f_fsid is made of the UUID in the upper layer, stays the same over mounts, is that of overlayfs for the same upper
/// layer, and every value of uuid= has its effect.
pub fn uuid(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let stored = || sys::getxattr(&l.upper, UUID).ok();
    let with = |option: &str| {
        let union = b.union(&l);
        match option {
            "" => union,
            _ => union.option("uuid", option),
        }
    };
    let at = |union: &Union| -> Result<u64, String> {
        union.mount(&l.target)?;
        let fsid = fsid(&l.target);
        b.umount(&l.target)?;
        fsid
    };

    let real = fsid(&l.upper)?;
    for option in ["null", "off"] {
        must!(at(&with(option))? == real, "{option}: the upper layer's")?;
        must!(stored().is_none(), "{option}: nothing is stored")?;
    }
    let own = at(&with(""))?;
    let uuid = stored().ok_or("a UUID is stored")?;
    let made = made_of(&uuid)?;
    must!(own == made, "made of the UUID: {made:x}, not {own:x}")?;
    must!(own != real && own != 0, "of its own")?;
    for option in ["", "auto", "on"] {
        must!(at(&with(option))? == own, "{option}: the same again")?;
        must!(
            stored().as_ref() == Some(&uuid),
            "{option}: stored as it was"
        )?;
    }
    let overlay = Union::overlayfs()
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work);
    must!(at(&overlay)? == own, "overlayfs's")?;
    must!(at(&with("null"))? == real, "null: the upper layer's again")?;

    // An upper layer that was used without one.
    b.works("removexattr", sys::removexattr(&l.upper, UUID))?;
    let null = with("null");
    null.mount(&l.target)?;
    b.works("chmod", sys::chmod(l.target.join("file"), 0o600))?;
    b.umount(&l.target)?;
    must!(at(&with(""))? == real, "used: the upper layer's")?;
    must!(stored().is_none(), "used: nothing is stored")?;
    let another = at(&with("on"))?;
    must!(another != own && another != real, "on: another one")?;
    must!(at(&with(""))? == another, "from then on")?;

    if !b.is_union() {
        return Ok(());
    }
    // A value that is no UUID.
    b.works("setxattr", sys::setxattr(&l.upper, UUID, b"short", 0))?;
    must!(at(&with(""))? == real, "damaged: the upper layer's")?;
    b.refused(&with("on"), &l.target, &[libc::EIO])?;
    b.works("removexattr", sys::removexattr(&l.upper, UUID))?;

    // Without an upper layer, it is made of the layers.
    let read_only = |lowers: &[&Path]| {
        b.new_union()
            .lowers(lowers.iter().map(|path| path.to_path_buf()))
    };
    let other = b.tmpfs("other")?;
    b.file(&other.join("file"), "x")?;
    let first = at(&read_only(&[&l.lowers[0], &other]))?;
    must!(
        at(&read_only(&[&l.lowers[0], &other]))? == first,
        "the same at each mount"
    )?;
    must!(
        at(&read_only(&[&other, &l.lowers[0]]))? != first,
        "another one of others"
    )?;
    let null = read_only(&[&other, &l.lowers[0]]).option("uuid", "null");
    must!(at(&null)? == fsid(&other)?, "null: the topmost layer's")?;
    let on = read_only(&[&other, &l.lowers[0]]).option("uuid", "on");
    b.refused(&on, &l.target, &[libc::EINVAL])?;
    Ok(())
}

const UUID: &str = "trusted.overlay.uuid";

fn fsid(path: &Path) -> Result<u64, String> {
    sys::fsid(path).map_err(|error| format!("statfs: {error}"))
}

/// As `uuid_to_fsid()`.
fn made_of(uuid: &[u8]) -> Result<u64, String> {
    let halves: [u8; 16] = uuid.try_into().map_err(|_| "16 bytes are stored")?;
    let (low, high) = halves.split_at(8);
    let number = |half: &[u8]| {
        half.try_into()
            .map(u64::from_le_bytes)
            .map_err(|_| "eight bytes")
    };
    Ok(number(low)? ^ number(high)?)
}

/// A volatile union shows the option, and leaves a mark that makes overlayfs refuse its upper layer.
pub fn volatile(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).flag("volatile").mount(&l.target)?;
    let shown = mountinfo::listed_at(&l.target)
        .ok_or("not in mountinfo")?
        .shown_options;
    must!(shown.contains("volatile"), "volatile in {shown}")?;
    b.file(&l.target.join("file"), "changed")?;
    let fd = b.works("open", sys::open(l.target.join("file"), libc::O_RDWR, 0))?;
    b.works("fsync", sys::fsync(fd))?;
    b.works("close", sys::close(fd))?;
    b.umount(&l.target)?;
    let marked = l.work.join("work/incompat/volatile").is_dir();
    must!(marked, "work/incompat/volatile is left")
}
