// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::crash::kmsg::Kmsg;
use crate::mount;
use crate::scenario::Check;
use crate::{sys, walk};

pub const CHECK: Check = Check {
    about: "what a mounted union writes to can be another one's lower layer, as when a container's layer is \
        committed; it is said whose it is, and no other union writes there",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.file(&l.lowers[1].join("gone"), "below")?;
    b.union(&l).mount(&l.target)?;
    b.file(&l.target.join("file"), "changed")?;
    b.file(&l.target.join("dir/new"), "new")?;
    b.works("unlink", sys::unlink(l.target.join("gone")))?;
    let second = b.target("second")?;
    let inside = l.upper.join("dir");
    let device = mount::mounted_at(&l.target).ok_or("not mounted")?.device;

    let mut log = Kmsg::open()?;
    // Read-only, as a layer is committed; alone; and below an upper layer of its own.
    let read_only = b.new_union().lower(&l.upper).lowers(&l.lowers);
    read_only.mount(&second)?;
    b.same(
        "the same tree",
        &walk::walk(&l.target)?,
        &walk::walk(&second)?,
    )?;
    b.umount(&second)?;
    let said = log.news();
    if b.is_union() {
        let names = |line: &&String| {
            line.contains(&format!("union {device} with upperdir"))
                && line.contains(&*l.upper.to_string_lossy())
        };
        b.must(
            &format!("a line that names the union {device}: {said:?}"),
            said.iter().filter(names).count() == 1,
        )?;
    }
    let own = b.dir(&l.upper.with_file_name("own"))?;
    let own_work = b.dir(&l.upper.with_file_name("own-work"))?;
    let over = b
        .new_union()
        .lower(&inside)
        .lower(&l.lowers[1])
        .upper(&own, &own_work);
    over.mount(&second)?;
    b.holds(&second.join("new"), "new")?;
    b.file(&second.join("new"), "elsewhere")?;
    b.holds(&l.target.join("dir/new"), "new")?;
    b.umount(&second)?;

    // What is written to belongs to one union.
    let lowers = || b.new_union().lower(&l.lowers[1]);
    for (upper, work) in [
        (&l.upper, &own_work),
        (&own, &l.work),
        (&inside, &own_work),
        (&own, &l.work.join("work")),
    ] {
        let union = lowers().upper(upper, work);
        if !b.is_union() {
            // overlayfs says so, and goes on.
            continue;
        }
        let failure = b.refused(&union, &second, &[libc::EBUSY])?;
        let names = failure.log.iter().any(|line| line.contains(&device));
        b.must(&format!("the holder's device {device}: {failure}"), names)?;
    }
    b.umount(&l.target)?;
    lowers().upper(&l.upper, &l.work).mount(&second)?;
    b.umount(&second)
}
