// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "files that are unlinked while others copy them up stay deleted",
    run,
    ..Check::DEFAULT
};

const FILES: usize = 120;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for number in 0..FILES {
            b.file(&format!("d/{number}"), vec![b'x'; 5000]);
        }
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let dir = l.target.join("d");
    b.crowd(4, |process| {
        for number in 0..FILES {
            let path = dir.join(number.to_string());
            match process {
                0 => drop(sys::chmod(&path, 0o600)),
                1 => drop(sys::truncate(&path, 10)),
                2 => {
                    if let Ok(fd) = sys::open(&path, libc::O_WRONLY, 0) {
                        // The file may be gone, but who has it open may go on.
                        assert_eq!(sys::write(fd, b"written", None), Ok(7));
                        sys::close(fd).expect("close");
                    }
                }
                _ => sys::unlink(&path).expect("only this process unlinks"),
            }
        }
    })?;
    let tree = b.sound(&union, &l, &lowers)?;
    let left: Vec<_> = tree.keys().filter(|path| path.starts_with("d/")).collect();
    b.must(
        &format!("every file is gone, not {left:?}"),
        left.is_empty(),
    )
}
