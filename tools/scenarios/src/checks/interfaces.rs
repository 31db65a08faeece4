// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::shape::Api;
use crate::walk;

pub const CHECK: Check = Check {
    about: "mount strings, fsconfig strings and descriptors give the same union",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(3)?;
    b.file(&l.lowers[2].join("third"), "third")?;
    let mut seen = Vec::new();
    for api in [Api::Mount, Api::Strings, Api::Fds] {
        b.union(&l)
            .api(api)
            .mount(&l.target)
            .map_err(|error| format!("{api:?}: {error}"))?;
        seen.push(walk::walk(&l.target)?);
        b.umount(&l.target)?;
    }
    let joined: Vec<_> = l
        .lowers
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    b.new_union()
        .option("lowerdir", &joined.join(":"))
        .upper(&l.upper, &l.work)
        .mount(&l.target)
        .map_err(|error| format!("lowerdir= through fsconfig: {error}"))?;
    seen.push(walk::walk(&l.target)?);
    b.umount(&l.target)?;
    b.must(
        &format!("the same tree each time: {seen:?}"),
        seen.iter().all(|tree| *tree == seen[0]),
    )
}
