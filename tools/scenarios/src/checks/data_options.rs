// SPDX-License-Identifier: GPL-2.0-only
//! The options about files whose data are elsewhere: metacopy, verity, data-only layers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::mount::{self, Api, Union};
use crate::mountinfo;
use crate::sys;
use crate::userns;
use crate::walk;

/// Data-only layers, on a file system of their own, change nothing of the tree: neither what is in
/// it, nor the numbers, nor the identity of the file system.
pub fn data_only_layers(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let other = b.tmpfs("other_lower")?;
    b.file(&other.join("third"), "third")?;
    let data = data_layers(b)?;
    for (name, with_upper) in [("with an upper layer", true), ("read-only", false)] {
        let union = || {
            let union = b.new_union().lowers(&l.lowers).lower(&other);
            match with_upper {
                true => union.upper(&l.upper, &l.work),
                false => union,
            }
        };
        let plain = looked_at(b, &union(), &l.target)?;
        for api in [Api::Mount, Api::Strings, Api::Fds] {
            let with_data = data.iter().fold(union().api(api), Union::data);
            let found = looked_at(b, &with_data, &l.target).map_err(|e| format!("{api:?}: {e}"))?;
            must!(
                plain == found,
                "{name}, {api:?}: nothing is changed: {plain:?} and {found:?}"
            )?;
        }
    }
    Ok(())
}

/// What is seen of a union: the tree, the numbers in it, and what statfs(2) says.
#[derive(Debug, PartialEq)]
struct Seen {
    tree: walk::Tree,
    numbers: BTreeMap<PathBuf, u64>,
    fsid: Option<u64>,
}

fn looked_at(b: &Bench, union: &Union, target: &Path) -> Result<Seen, String> {
    union.mount(target)?;
    let mut numbers = BTreeMap::new();
    for name in [".", "file", "dir", "third"] {
        let stat = b.works("stat", sys::stat(target.join(name), 0))?;
        numbers.insert(name.into(), stat.st_ino);
    }
    let seen = Seen {
        tree: walk::walk(target)?,
        numbers,
        fsid: sys::fsid(target).ok(),
    };
    b.umount(target)?;
    Ok(seen)
}

/// Two directories of another file system, each with something that must not be seen.
fn data_layers(b: &Bench) -> Result<[PathBuf; 2], String> {
    let other = b.tmpfs("data")?;
    let layer = |name: &str| {
        let path = b.dir(&other.join(name))?;
        b.file(&path.join(name), "an object")?;
        b.file(&path.join("file"), "another")?;
        b.dir(&path.join("dir/inner"))?;
        Ok::<_, String>(path)
    };
    Ok([layer("a:b,c")?, layer("back\\slash")?])
}

/// The options in mountinfo mount the same union again, and a remount takes them; another order or
/// role of the layers is a change.
pub fn data_only_shown(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let data = data_layers(b)?;
    for api in [Api::Mount, Api::Strings] {
        let union = data.iter().fold(b.union(&l).api(api), Union::data);
        union.mount(&l.target)?;
        let shown = mountinfo::listed_at(&l.target).ok_or("not in mountinfo")?;
        let pairs = shown.option_pairs();
        let count = |key: &str| pairs.iter().filter(|(name, _)| name == key).count();
        let expected = match api {
            Api::Mount => [1, 0, 0],
            _ => [0, 2, 2],
        };
        let found = ["lowerdir", "lowerdir+", "datadir+"].map(count);
        must!(found == expected, "{api:?}: {}", shown.shown_options)?;
        if b.is_union() {
            remounts(b, &l, &shown, &data)?;
        }
        b.umount(&l.target)?;
        let mut again = b.new_union();
        for (key, value) in &pairs {
            again = match value {
                Some(value) => again.option(key, value),
                None if key == "rw" => again,
                None => again.flag(key),
            };
        }
        again
            .mount(&l.target)
            .map_err(|error| format!("with the options {}: {error}", shown.shown_options))?;
        let again = mountinfo::listed_at(&l.target).ok_or("not in mountinfo")?;
        must!(
            again.shown_options == shown.shown_options,
            "the same options: {} and {}",
            shown.shown_options,
            again.shown_options
        )?;
        b.umount(&l.target)?;
    }
    Ok(())
}

fn remounts(
    b: &Bench,
    l: &Layout,
    shown: &mountinfo::Mount,
    data: &[PathBuf; 2],
) -> Result<(), String> {
    let text = data.iter().fold(b.union(l), Union::data).data_string();
    let remount = |data: &str| {
        let flags = libc::MS_REMOUNT;
        sys::mount("union", &l.target, "", flags, data.as_bytes())
    };
    b.works("remount with the same layers", remount(&text))?;
    let pairs = shown.option_pairs();
    let same: Vec<_> = pairs
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_deref()))
        .collect();
    mount::reconfigure(&l.target, &same).map_err(|e| format!("with what is shown: {e}"))?;
    let lower = text.replace("::", ":");
    b.fails("as lower layers", remount(&lower), libc::EINVAL)?;
    let fewer = b.union(l).data_string();
    b.fails("without data-only layers", remount(&fewer), libc::EINVAL)?;
    let [first, second] = data;
    let swapped = [second, first].into_iter().fold(b.union(l), Union::data);
    let swapped = swapped.data_string();
    b.fails("in another order", remount(&swapped), libc::EINVAL)?;
    for other in ["metacopy=off", "verity=on", "verity=require"] {
        b.fails(other, remount(other), libc::EINVAL)?;
    }
    b.works("the defaults", remount("metacopy=on,verity=off"))
}

/// With share, the same layers in the same roles are another mount of the union; in other roles or
/// another order they are another union, whose upper layer is in use.
pub fn data_only_share(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such option")?;
    let l = b.layout(1)?;
    let [first, second] = data_layers(b)?;
    let union = || b.union(&l).flag("share");
    union().data(&first).data(&second).mount(&l.target)?;
    let again = b.target("again")?;
    for (union, what) in [
        (union().data(&second).data(&first), "another order"),
        (union().data(&first), "one less"),
        (union(), "none"),
        (union().lower(&first).data(&second), "one as a lower layer"),
        (union().lower(&first).lower(&second), "as lower layers"),
    ] {
        b.refused(&union, &again, &[libc::EBUSY])
            .map_err(|e| format!("{what}: {e}"))?;
    }
    union().data(&first).data(&second).mount(&again)?;
    b.file(&again.join("new"), "new")?;
    b.holds(&l.target.join("new"), "new")?;
    b.umount(&again)?;
    b.umount(&l.target)
}

/// Data-only layers that cannot be are refused, and the message says why.
pub fn data_only_refused(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let [data, other] = data_layers(b)?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let (first, second) = (text(&l.lowers[0]), text(&l.lowers[1]));
    let plain = text(&b.tmpfs("plain")?);
    let lowerdir = |list: String| b.new_union().option("lowerdir", &list);
    let upper = |union: Union| union.upper(&l.upper, &l.work);
    let invalid = libc::EINVAL;
    let cases = [
        (lowerdir(format!("::{plain}")), invalid, "empty path"),
        (lowerdir(format!("{first}::")), invalid, "empty path"),
        (
            lowerdir(format!("{first}:::{plain}")),
            invalid,
            "empty path",
        ),
        (
            lowerdir(format!("{first}::{plain}:{second}")),
            invalid,
            "after a data-only layer",
        ),
        (
            lowerdir(first.clone()).option("datadir+", &plain),
            invalid,
            "datadir+: cannot follow lowerdir",
        ),
        (
            b.new_union()
                .option("datadir+", &plain)
                .option("lowerdir", &first),
            invalid,
            "lowerdir: cannot follow",
        ),
        (
            b.new_union().lower(&l.lowers[0]).data(&data).lower(&other),
            invalid,
            "lowerdir+: cannot follow datadir+",
        ),
        (
            upper(b.new_union().data(&data)),
            invalid,
            "lowerdir+: missing",
        ),
        (
            b.new_union().lower(&l.lowers[0]).option("datadir+", ""),
            invalid,
            "datadir+: empty path",
        ),
        (
            b.new_union().lower(&l.lowers[0]).flag("datadir+"),
            invalid,
            "datadir+: takes a path",
        ),
        (
            b.new_union()
                .lower(&l.lowers[0])
                .data(data.join("nonesuch")),
            libc::ENOENT,
            "no such directory",
        ),
        (
            b.new_union().lower(&l.lowers[0]).data(data.join("file")),
            libc::ENOTDIR,
            "not a directory",
        ),
        (
            b.new_union().lower(&l.lowers[0]).data(&data).data(&data),
            libc::ELOOP,
            "also given as another layer",
        ),
        (
            b.new_union()
                .lower(&l.lowers[0])
                .data(l.lowers[0].join("dir")),
            libc::ELOOP,
            "lies within another layer",
        ),
        (
            upper(b.new_union().lower(&l.lowers[0]).data(&l.upper)),
            libc::ELOOP,
            "also given as another layer",
        ),
        (
            b.new_union()
                .lower(&l.lowers[0])
                .data(&data)
                .flag("hard_ro"),
            invalid,
            "hard_ro forbids",
        ),
    ];
    for (union, errno, words) in cases {
        says(b, &union, &l.target, errno, words)?;
    }
    Ok(())
}

/// The mount is refused, and the log of the context says so in these words.
fn says(b: &Bench, union: &Union, target: &Path, errno: i32, words: &str) -> Result<(), String> {
    // overlayfs has other words, and other error numbers.
    if !b.is_union() {
        let any = [libc::EINVAL, libc::ENOENT, libc::ENOTDIR, libc::ELOOP];
        return match union.mount(target) {
            Ok(()) => b.umount(target),
            Err(failure) if any.contains(&failure.errno.0) => Ok(()),
            Err(failure) => Err(format!("an ordinary error, not {failure}")),
        };
    }
    let failure = b.refused(union, target, &[errno])?;
    let said = failure.log.iter().any(|line| line.text.contains(words));
    must!(said, "{words:?} for {}: {failure}", union.data_string())
}

/// Which values of metacopy, partial and verity go together with what, how they are shown, and what
/// a remount says to them.
pub fn metacopy_and_verity(b: &mut Bench) -> Result<(), String> {
    b.union_only("its defaults are those of its configuration")?;
    let l = b.layout(1)?;
    let data = b.tmpfs("data")?;
    let with = |options: &[(&str, &str)]| {
        let mut union = b.union(&l);
        for (key, value) in options {
            union = match value.is_empty() {
                true => union.flag(key),
                false => union.option(key, value),
            };
        }
        union
    };
    for (options, words) in [
        (
            &[("userxattr", ""), ("metacopy", "on")][..],
            "metacopy=on: not with userxattr",
        ),
        (
            &[("redirect_dir", "nofollow"), ("metacopy", "on")],
            "metacopy=on: needs redirects",
        ),
        (
            &[("metacopy", "off"), ("partial", "on")],
            "partial=on: not with metacopy=off",
        ),
        (
            &[("userxattr", ""), ("partial", "on")],
            "partial=on: not with metacopy=off",
        ),
        (
            &[("metacopy", "off"), ("verity", "on")],
            "verity: has no effect",
        ),
        (
            &[("userxattr", ""), ("verity", "require")],
            "verity: has no effect",
        ),
        (
            &[("metacopy", "on"), ("metacopy", "off")],
            "metacopy: given twice",
        ),
        (
            &[("partial", "on"), ("partial", "off")],
            "partial: given twice",
        ),
        (
            &[("verity", "on"), ("verity", "require")],
            "verity: given twice",
        ),
        (&[("metacopy", "yes")], "metacopy: must be on or off"),
        (&[("partial", "some")], "partial: must be on or off"),
        (&[("verity", "maybe")], "verity: must be off, on or require"),
    ] {
        says(b, &with(options), &l.target, libc::EINVAL, words)?;
    }
    for (union, expected, other) in [
        (with(&[]), "", "metacopy=off"),
        (with(&[]), "", "partial=off"),
        (with(&[("partial", "on")]), "", "partial=off"),
        (with(&[("partial", "off")]), "partial=off", "partial=on"),
        (with(&[("metacopy", "off")]), "metacopy=off", "partial=on"),
        (
            with(&[("metacopy", "off"), ("partial", "off")]),
            "metacopy=off",
            "partial=on",
        ),
        (with(&[("redirect_dir", "nofollow")]), "", "partial=on"),
        (with(&[("userxattr", "")]), "", "partial=on"),
        (with(&[("metacopy", "on")]), "", "verity=on"),
        (with(&[("metacopy", "off")]), "metacopy=off", "metacopy=on"),
        (with(&[("redirect_dir", "nofollow")]), "", "metacopy=on"),
        (with(&[("userxattr", "")]), "", "metacopy=on"),
        (with(&[("verity", "off")]), "", "verity=require"),
        (with(&[("verity", "on")]), "verity=on", "verity=off"),
        (
            with(&[("verity", "require")]),
            "verity=require",
            "verity=on",
        ),
        (
            with(&[("userxattr", ""), ("verity", "require")]).data(&data),
            "verity=require",
            "verity=off",
        ),
    ] {
        union.mount(&l.target)?;
        let shown = mountinfo::listed_at(&l.target).ok_or("not in mountinfo")?;
        let words: Vec<_> = shown
            .shown_options
            .split(',')
            .filter(|word| {
                let names = ["metacopy", "partial", "verity"];
                names.iter().any(|name| word.starts_with(name))
            })
            .collect();
        must!(words.concat() == expected, "{}", shown.shown_options)?;
        let remount = |options: &str| {
            let flags = libc::MS_REMOUNT;
            sys::mount("union", &l.target, "", flags, options.as_bytes())
        };
        b.works("remount with the same", remount(&shown.shown_options))?;
        b.fails(other, remount(other), libc::EINVAL)?;
        b.umount(&l.target)?;
    }
    Ok(())
}

/// In a user namespace nobody can read attributes `trusted.*`, so an option that is about them has
/// no effect there, and is refused; data-only layers are there with userxattr.
pub fn userns_mount_data(b: &mut Bench) -> Result<(), String> {
    let l = userns::Layers::new(b)?;
    l.file(b, "file", 0o644, (1000, 1000))?;
    l.dir(b, "other", 0o755, (1000, 1000))?;
    let data = b.tmpfs("data")?;
    b.file(&data.join("object"), "an object")?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        let trusted = || b.new_union().lower(&l.lower).lower(&l.upper).read_only();
        let mut impossible = vec![
            (trusted().option("metacopy", "on"), "metacopy=on: "),
            (trusted().option("verity", "on"), "verity: "),
            (trusted().data(&data), "datadir+, "),
        ];
        let mut possible = vec![trusted(), trusted().option("metacopy", "off")];
        if b.is_union() {
            impossible.push((trusted().option("partial", "on"), "partial=on: "));
            possible.push(trusted().option("partial", "off"));
        }
        for (union, name) in impossible {
            let failure = b.refused(&union, &l.target, &[libc::EPERM])?;
            let said = failure.log.iter().any(|line| line.text.contains(name));
            must!(said || !b.is_union(), "{name}: {failure}")?;
        }
        for union in possible {
            union.mount(&l.target)?;
            b.umount(&l.target)?;
        }
        l.union(b).data(&data).mount(&l.target)?;
        b.holds(&l.target.join("file"), "below")?;
        b.fails(
            "a name of the data-only layer",
            sys::stat(l.target.join("object"), 0),
            libc::ENOENT,
        )?;
        b.umount(&l.target)
    })
}
