// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::errno::Errno;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "RWF_NOWAIT, RWF_DONTCACHE and RWF_ATOMIC are not supported, which copies nothing up",
    run,
    ..Check::DEFAULT
};

const RWF_NOWAIT: i32 = 0x08;
const RWF_ATOMIC: i32 = 0x40;
const RWF_DONTCACHE: i32 = 0x80;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.union(&l).mount(&l.target)?;
    let fd = b.works("open", sys::open(l.target.join("file"), libc::O_RDWR, 0))?;
    for flags in [RWF_NOWAIT, RWF_ATOMIC, RWF_DONTCACHE] {
        let written = sys::pwritev2(fd, &[sys::Piece::Data(b"BELOW")], 0, flags).map(drop);
        b.must(
            &format!("pwritev2 with {flags:#x} is refused: {written:?}"),
            written == Err(Errno(libc::EOPNOTSUPP)),
        )?;
    }
    b.must("nothing in the upper layer", !l.upper.join("file").exists())?;
    b.works("close", sys::close(fd))?;
    b.umount(&l.target)
}
