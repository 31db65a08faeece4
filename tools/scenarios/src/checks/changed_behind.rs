// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "names of the upper layer that vanish behind the union give errors only",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    b.file(&l.target.join("new"), "x")?;
    b.file(&l.target.join("file"), "changed")?;
    b.works("mkdir", sys::mkdir(l.target.join("made"), 0o755))?;
    for name in ["new", "file"] {
        b.works("unlink behind", sys::unlink(l.upper.join(name)))?;
    }
    b.works("rmdir behind", sys::rmdir(l.upper.join("made")))?;
    for name in ["new", "file", "made"] {
        let path = l.target.join(name);
        let _ = sys::stat(&path, 0);
        let _ = sys::rename(&path, l.target.join("renamed"), 0);
        let _ = sys::unlink(&path);
        let _ = sys::rmdir(&path);
        let _ = sys::link(&path, l.target.join("linked"), 0);
        let _ = sys::mkdir(path.join("sub"), 0o755);
        let _ = std::fs::write(&path, "again");
    }
    let _ = walk::list(&l.target);
    b.umount(&l.target)
}
