// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::elf;
use crate::fuse::{self, Manner, Tree};
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};
use crate::walk;

pub const CHECK: Check = Check {
    about: "set-id programs, capabilities and devices a user shows by FUSE get no power in the union, nor in the upper layer",
    run,
    ..Check::DEFAULT
};

const SETUID: [u8; 20] = [
    1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];
const USER: u32 = 2000;

/// What a user would like to have: programs of root, of somebody his namespace cannot name, and a device.
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

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs copies set-id bits up by design".into());
    }
    // As udev(7) has it.
    b.works("chmod", sys::chmod("/dev/fuse", 0o666))?;
    // As fusermount(1) mounts it for a user, below a union of root's.
    let l = b.layout(1)?;
    let lower = b.target("fuse")?;
    let flags = libc::MS_NOSUID | libc::MS_NODEV;
    fuse::mount(b, &lower, flags, &tree(), Manner::Honest)?;
    let union = b.new_union().lower(&lower).upper(&l.upper, &l.work);
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    for round in 0..2 {
        for name in ["roots", "unmapped", "capable"] {
            powerless(b, &at(name))?;
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
    b.umount(&l.target)?;
    for name in ["roots", "unmapped", "capable"] {
        powerless(b, &l.upper.join(name))?;
    }
    b.umount(&lower)?;
    in_user_namespace(b)
}

/// The user mounts both himself, as root of a namespace.
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
            b.must(
                &format!("{what} of a file of nobody is refused: {result:?}"),
                result.is_err(),
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
    // A set-id program of his own is all he has got.
    let stat = b.works("stat", sys::stat(l.upper.join("roots"), 0))?;
    b.must("it is his", (stat.st_uid, stat.st_gid) == (1000, 1000))?;
    l.upper_is(b, &["roots"])?;
    let left = b.works("listing", walk::list(&l.work.join("work")))?;
    b.must("an empty work directory", left.is_empty())
}

/// A program gives its user, who is nobody special, nothing.
fn powerless(b: &Bench, path: &Path) -> Result<(), String> {
    let show = path.to_string_lossy().into_owned();
    let end = process::child(|| {
        sys::become_for_good(USER, USER).expect("root may");
        process::exec(&show, &[&show]);
        std::process::exit(99);
    })?;
    // As himself, or with the error of setuid(2).
    let expected = [End::Status(USER as u8 as i32), End::Status(255)];
    b.must(
        &format!("{show} runs as whoever runs it: {end:?}"),
        expected.contains(&end),
    )
}
