// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::shape::Api;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "500 lower layers are mounted and read",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let below = b.tmpfs("below")?;
    let target = b.target("target")?;
    let mut union = b.new_union().api(Api::Strings);
    for number in 0..500 {
        let layer = b.dir(&below.join(number.to_string()))?;
        b.file(&layer.join(format!("f{number}")), "own")?;
        b.file(&layer.join("same"), &number.to_string())?;
        union = union.lower(layer);
    }
    let top = b.tmpfs("top")?;
    let (upper, work) = (b.dir(&top.join("upper"))?, b.dir(&top.join("work"))?);
    union.upper(upper, work).mount(&target)?;
    b.holds(&target.join("same"), "0")?;
    b.holds(&target.join("f499"), "own")?;
    let count = walk::list(&target)?.len();
    b.must(&format!("501 names, not {count}"), count == 501)?;
    b.works("unlink", sys::unlink(target.join("same")))?;
    b.fails("stat", sys::stat(target.join("same"), 0), libc::ENOENT)?;
    b.umount(&target)
}
