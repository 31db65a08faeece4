// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};

pub const CHECK: Check = Check {
    about: "an id-mapped upper layer stores what is made and copied under the ids of its file system",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
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
        b.must(
            &format!("{name} is of {here} here and {there} there, not {seen} and {stored}"),
            (seen, stored) == (here, there),
        )?;
    }
    b.umount(&l.target)?;
    l.upper_is(b, &["dir", "gone", "seconds"])
}
