// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "a union can be a lower layer of another",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.file(&l.lowers[1].join("deep"), "deep")?;
    b.union(&l).mount(&l.target)?;
    b.file(&l.target.join("made"), "made")?;
    b.works("unlink", sys::unlink(l.target.join("file")))?;
    let top = b.tmpfs("top2")?;
    let (upper, work) = (b.dir(&top.join("upper"))?, b.dir(&top.join("work"))?);
    let second = b.target("second")?;
    b.new_union()
        .lower(&l.target)
        .upper(&upper, &work)
        .mount(&second)?;
    b.holds(&second.join("made"), "made")?;
    b.holds(&second.join("deep"), "deep")?;
    b.fails(
        "stat of a deleted name",
        sys::stat(second.join("file"), 0),
        libc::ENOENT,
    )?;
    b.file(&second.join("made"), "changed")?;
    b.holds(&l.target.join("made"), "made")?;
    b.works("unlink", sys::unlink(second.join("deep")))?;
    b.works("mkdir", sys::mkdir(second.join("dir/sub"), 0o755))?;
    let names: Vec<_> = walk::list(&second)?
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    b.must(
        &format!("names dir and made, not {names:?}"),
        names == [&b"dir"[..], b"made"],
    )?;
    b.umount(&second)?;
    b.umount(&l.target)
}
