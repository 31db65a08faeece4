// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys::{self, Map};

pub const CHECK: Check = Check {
    about: "a mapped file is copied up, cut and grown: who looks at its pages sees them or is killed by SIGBUS",
    run,
    ..Check::DEFAULT
};

const SIZE: usize = 64 << 10;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        b.file("f", vec![b'f'; SIZE]);
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    let file = l.target.join("f");
    for round in 0..12 {
        union.mount(&l.target)?;
        let mut children = Vec::new();
        for number in 0..4 {
            let file = &file;
            children.push(process::background(move || match number {
                0 => {
                    for _ in 0..6 {
                        sys::truncate(file, 0).expect("truncate");
                        sys::truncate(file, SIZE as i64).expect("truncate");
                    }
                }
                1 => sys::chmod(file, 0o600 + round).expect("chmod"),
                _ => {
                    let shared = number == 3;
                    let (access, protection) = if shared {
                        (libc::O_RDWR, libc::PROT_READ | libc::PROT_WRITE)
                    } else {
                        (libc::O_RDONLY, libc::PROT_READ)
                    };
                    let fd = sys::open(file, access, 0).expect("open");
                    let mut map = Map::new(fd, SIZE, protection, libc::MAP_SHARED).expect("mmap");
                    for _ in 0..4 {
                        assert!(
                            map.bytes()
                                .iter()
                                .all(|byte| [0, b'f', b'w'].contains(byte))
                        );
                        if shared {
                            map.store(SIZE / 2, b"w");
                        }
                    }
                }
            })?);
        }
        for (number, child) in children.into_iter().enumerate() {
            let end = process::wait(child)?;
            let killed = number >= 2 && end == End::Signal(libc::SIGBUS);
            b.must(
                &format!("process {number} ends well, not with {end:?}"),
                killed || end == End::Done,
            )?;
        }
        let size = b.works("stat", sys::stat(&file, 0))?.st_size;
        b.must("the last size counts", size == SIZE as i64)?;
        b.sound(&union, &l, &lowers)?;
        // The next round begins with the lower file again.
        b.works("unlink behind", sys::unlink(l.upper.join("f")))?;
    }
    Ok(())
}
