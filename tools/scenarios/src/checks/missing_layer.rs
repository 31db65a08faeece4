// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::shape::Api;

pub const CHECK: Check = Check {
    about: "a layer that does not exist, or is no directory, is refused by its name",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let none = l.target.join("none");
    for api in [Api::Mount, Api::Strings] {
        let union = b.new_union().api(api).lower(&none).upper(&l.upper, &l.work);
        b.refused(&union, &l.target, &[libc::ENOENT])?;
        let union = b
            .new_union()
            .api(api)
            .lowers(&l.lowers)
            .upper(&none, &l.work);
        b.refused(&union, &l.target, &[libc::ENOENT])?;
        let file = l.lowers[0].join("file");
        let union = b.new_union().api(api).lower(&file).upper(&l.upper, &l.work);
        b.refused(&union, &l.target, &[libc::ENOTDIR, libc::EINVAL])?;
    }
    Ok(())
}
