// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::changes;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "copies that failed or were deleted again give every block and every inode back at once",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let l = b.layout_on(&top, 1)?;
    b.describe(&l, 0, |b| {
        changes::lower(b, 0);
        for number in 0..40 {
            b.file(&format!("dir/{number}"), vec![b'x'; 100_000]);
        }
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    b.works("preparing", changes::prepare(&l.target, 0))?;
    b.works(
        "copying the directory",
        sys::chmod(l.target.join("dir"), 0o700),
    )?;
    b.works("a whiteout", sys::unlink(l.target.join("dir/0")))?;
    let used = || {
        let stat = sys::statfs(&top)?;
        Ok::<_, crate::errno::Errno>((stat.f_blocks - stat.f_bfree, stat.f_files - stat.f_ffree))
    };

    let before = used()?;
    let size = format!("size={}", (before.0 + 3) * sys::page_size() as u64);
    let resize = |options: &str| sys::mount("", &top, "", libc::MS_REMOUNT, options.as_bytes());
    b.works("a small upper layer", resize(&size))?;
    for round in 0..10 {
        for number in 1..40 {
            let result = sys::chmod(l.target.join(format!("dir/{number}")), 0o600);
            b.fails(&format!("copy, round {round}"), result, libc::ENOSPC)?;
        }
    }
    let after = used()?;
    b.must(
        &format!("after failed copies: {after:?}, before: {before:?}"),
        after == before,
    )?;

    b.works("a large upper layer", resize("size=100m"))?;
    for number in 1..40 {
        let path = l.target.join(format!("dir/{number}"));
        b.works("copy", sys::chmod(&path, 0o600))?;
        let fd = b.works("open", sys::open(&path, libc::O_RDWR, 0))?;
        b.works("unlink", sys::unlink(&path))?;
        b.works(
            "write to what has no name",
            sys::write(fd, b"x", Some(200_000)),
        )?;
        b.works("close", sys::close(fd))?;
    }
    // Whiteouts are links of one inode, and a name is not counted.
    let blocks = used()?.0;
    b.must(
        &format!("blocks after copies that were deleted: {blocks}, {before:?}"),
        blocks == before.0,
    )?;
    b.sound(&union, &l, &lowers).map(drop)
}
