// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "set-user-id bits of a nosuid layer do not reach an upper layer that honours them",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs copies them by design".into());
    }
    let l = b.layout(1)?;
    let file = l.lowers[0].join("suid");
    b.file(&file, "text")?;
    b.works("chmod", sys::chmod(&file, 0o4755))?;
    let below = l.lowers[0].parent().ok_or("a parent")?;
    b.works(
        "remount",
        sys::mount(
            "",
            below,
            "",
            libc::MS_REMOUNT | libc::MS_BIND | libc::MS_NOSUID,
            b"",
        ),
    )?;
    b.union(&l).mount(&l.target)?;
    b.works("truncate", sys::truncate(l.target.join("suid"), 2))?;
    b.works(
        "utimens",
        sys::utimens(l.target.join("suid"), (5, 5), (5, 5), 0),
    )?;
    b.umount(&l.target)?;
    let mode = b.works("stat", sys::stat(l.upper.join("suid"), 0))?.st_mode & 0o7777;
    b.must(
        &format!("mode 0755 in the upper layer, not {mode:04o}"),
        mode == 0o755,
    )
}
