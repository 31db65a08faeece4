// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::mount::Union;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a file whose data overlayfs left below is never read as zeros",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    Union::new("overlay")
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .option("redirect_dir", "on")
        .option("metacopy", "on")
        .mount(&l.target)?;
    b.works("chmod", sys::chmod(l.target.join("file"), 0o600))?;
    b.umount(&l.target)?;
    let top = b.tmpfs("top2")?;
    let (upper, work) = (b.dir(&top.join("upper"))?, b.dir(&top.join("work"))?);
    // The old upper layer is the bottom now, without the layer that has the data.
    let union = b.new_union().lower(&l.upper).upper(&upper, &work);
    if union.mount(&l.target).is_err() {
        return Ok(());
    }
    match std::fs::read_to_string(l.target.join("file")) {
        Ok(text) => b.must(
            &format!("the data or an error, not {text:?}"),
            text == "below",
        )?,
        Err(_) => b.must(
            "writing is refused too",
            std::fs::write(l.target.join("file"), "x").is_err(),
        )?,
    }
    b.umount(&l.target)
}
