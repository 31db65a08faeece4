// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::mount::Union;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "what overlayfs writes with all its features on is understood or refused",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    for path in ["moved/sub", "kept"] {
        b.dir(&l.lowers[1].join(path))?;
    }
    b.file(&l.lowers[1].join("moved/sub/f"), "deep")?;
    b.file(&l.lowers[1].join("kept/data"), "data below")?;
    Union::new("overlay")
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .option("redirect_dir", "on")
        .option("metacopy", "on")
        .option("index", "off")
        .mount(&l.target)?;
    b.works(
        "rename",
        sys::rename(l.target.join("moved"), l.target.join("renamed"), 0),
    )?;
    b.works("chmod", sys::chmod(l.target.join("kept/data"), 0o600))?;
    let seen = walk::walk(&l.target)?;
    b.umount(&l.target)?;
    b.union(&l).mount(&l.target)?;
    let mut refused = Vec::new();
    for (path, text) in [("renamed/sub/f", "deep"), ("kept/data", "data below")] {
        match std::fs::read_to_string(l.target.join(path)) {
            Ok(found) => b.must(
                &format!("{path} holds {text:?}, not {found:?}"),
                found == text,
            )?,
            Err(error) if error.raw_os_error() == Some(libc::EIO) => refused.push(path),
            Err(error) => return Err(format!("{path}: {error}")),
        }
    }
    if refused.is_empty() {
        let now = walk::walk(&l.target)?;
        b.must(&format!("the same tree: {seen:?} and {now:?}"), seen == now)?;
    }
    b.umount(&l.target)
}
