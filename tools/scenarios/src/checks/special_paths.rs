// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::shape::Api;

pub const CHECK: Check = Check {
    about: "layers with odd letters in their paths, by each interface",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let below = b.tmpfs("below")?;
    let target = b.target("target")?;
    for (number, api) in [Api::Mount, Api::Strings, Api::Fds].into_iter().enumerate() {
        let top = b.tmpfs(&format!("top{number}"))?;
        let mut union = b.new_union().api(api);
        for name in ["a:b", "c,d", "e\\f", "g h", "=", "ü", "::"] {
            let layer = b.dir(&below.join(name))?;
            b.file(&layer.join("same"), name)?;
            union = union.lower(layer);
        }
        let (upper, work) = (b.dir(&top.join("u:p,p"))?, b.dir(&top.join("w\\o"))?);
        union
            .upper(&upper, &work)
            .mount(&target)
            .map_err(|error| format!("{api:?}: {error}"))?;
        b.holds(&target.join("same"), "a:b")?;
        b.file(&target.join("same"), "top")?;
        b.holds(&upper.join("same"), "top")?;
        b.umount(&target)?;
    }
    Ok(())
}
