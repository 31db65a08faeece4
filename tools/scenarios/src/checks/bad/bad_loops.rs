// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "a union cannot be made a layer of itself, by whatever way",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
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
    // Twice the same, by two ways, is no loop.
    let union = b.new_union().lower(l.upper.join("inside")).lower(&l.target);
    union.mount(&second)?;
    b.holds(&second.join("file"), "below")?;
    b.umount(&second)?;
    // Over its own mount point, once as a second level and not once more.
    b.new_union().lower(&l.target).mount(&second)?;
    b.holds(&second.join("file"), "below")?;
    let union = b.new_union().lower(&second).lower(&l.target);
    b.refused(&union, &third, &[libc::EINVAL])?;
    let union = b
        .new_union()
        .lower(&second)
        .upper(second.join("dir"), second.join("inside"));
    b.must(
        "an upper layer on a read-only union is refused",
        union.mount(&third).is_err(),
    )?;
    b.file(&l.target.join("file"), "changed below")?;
    b.umount(&second)?;
    // A layer that contains the mount point: the mount is not seen through it.
    b.dir(&l.upper.join("here"))?;
    let here = l.lowers[1].join("here");
    b.dir(&here)?;
    let union = b.new_union().lower(&l.lowers[1]);
    union.mount(&here)?;
    b.must("no endless path", !here.join("here/here").exists())?;
    b.umount(&here)?;
    b.umount(&l.target)
}
