// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::mount::Union;
use crate::scenario::Check;
use crate::shape::Api;

pub const CHECK: Check = Check {
    about: "a bad option is refused, and the log of the fs_context names it",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let named = |union: Union, word: &str| -> Result<(), String> {
        let failure = b.refused(&union, &l.target, &[libc::EINVAL])?;
        let said = failure.log.iter().any(|line| line.contains(word));
        b.must(
            &format!("a log line with {word:?}, not {:?}", failure.log),
            said,
        )
    };
    named(b.union(&l).option("nonesuch", "1"), "nonesuch")?;
    named(b.union(&l).flag("nonesuch"), "nonesuch")?;
    named(b.union(&l).option("fsync", "sometimes"), "fsync")?;
    named(b.union(&l).option("xino", "maybe"), "xino")?;
    named(b.union(&l).flag("upperdir"), "upperdir")?;
    let text = b.union(&l).api(Api::Mount).option("nonesuch", "1");
    b.refused(&text, &l.target, &[libc::EINVAL])?;
    Ok(())
}
