// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "what an interrupted run left in the work directory is cleared away",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.dir(&l.work.join("work/stale/deep"))?;
    b.file(&l.work.join("work/stale/deep/f"), "x")?;
    b.file(&l.work.join("work/#1"), "x")?;
    b.union(&l).mount(&l.target)?;
    b.file(&l.target.join("file"), "changed")?;
    b.works("unlink", sys::unlink(l.target.join("file")))?;
    b.umount(&l.target)?;
    let left = walk::list(&l.work.join("work"))?;
    let names: Vec<_> = left
        .iter()
        .map(|entry| entry.name.escape_ascii().to_string())
        .collect();
    b.must(
        &format!("an empty work directory, not {names:?}"),
        names.is_empty(),
    )
}
