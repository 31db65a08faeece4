// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a file of a union cannot be swapped to, wherever it lies",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    // The head of a swap area: version 1, the last page, then its signature at the end of the page.
    let page = sys::page_size();
    let mut area = vec![0; 64 * page];
    area[1024] = 1;
    area[1028] = 63;
    area[page - 10..page].copy_from_slice(b"SWAPSPACE2");
    for path in [l.lowers[0].join("lower"), l.upper.join("upper")] {
        std::fs::write(path, &area).map_err(|error| error.to_string())?;
    }
    b.union(&l).mount(&l.target)?;
    for name in ["lower", "upper"] {
        b.works("chmod", sys::chmod(l.target.join("upper"), 0o600))?;
        b.fails("swapon", sys::swapon(l.target.join(name)), libc::EINVAL)?;
        // It can be written to as before.
        b.file(&l.target.join(name), "not a swap area")?;
    }
    b.umount(&l.target)
}
