// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "a copy-up that finds no space leaves no trace",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.file(&l.lowers[0].join("big"), &"x".repeat(3 << 20))?;
    let small = b.target("small")?;
    b.works(
        "mounting a small tmpfs",
        sys::mount("tmpfs", &small, "tmpfs", 0, b"size=1m,mode=755"),
    )?;
    let (upper, work) = (b.dir(&small.join("upper"))?, b.dir(&small.join("work"))?);
    b.new_union()
        .lowers(&l.lowers)
        .upper(&upper, &work)
        .mount(&l.target)?;
    let big = l.target.join("big");
    let result = sys::open(&big, libc::O_WRONLY, 0).and_then(|fd| {
        let result = sys::write(fd, b"y", None);
        sys::close(fd).and(result)
    });
    b.fails("writing", result, libc::ENOSPC)?;
    let size = b.works("stat", sys::stat(&big, 0))?.st_size;
    b.must(&format!("size 3 MiB, not {size}"), size == 3 << 20)?;
    b.file(&l.target.join("tiny"), "there is room for this")?;
    b.umount(&l.target)?;
    let left = walk::walk(&upper)?;
    b.must(
        &format!("nothing of it in the upper layer: {:?}", left.keys()),
        !left.contains_key("big"),
    )?;
    let left = walk::walk(&work)?;
    let left: Vec<_> = left
        .keys()
        .filter(|path| path.starts_with("work/"))
        .collect();
    b.must(
        &format!("nothing left in the work directory: {left:?}"),
        left.is_empty(),
    )
}
