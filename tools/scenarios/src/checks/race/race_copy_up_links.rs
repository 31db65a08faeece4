// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "the names of a lower file that are copied up at once become files of their own, each with its data",
    run,
    ..Check::DEFAULT
};

const FILES: usize = 60;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for number in 0..FILES {
            let first = format!("0/{number}");
            b.file(&first, vec![b'.'; 5000]);
            for process in 1..4 {
                b.link(&format!("{process}/{number}"), &first);
            }
        }
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    b.crowd(4, |process| {
        for number in 0..FILES {
            let path = l.target.join(format!("{process}/{number}"));
            let fd = sys::open(&path, libc::O_WRONLY, 0).expect("open");
            sys::write(fd, &[b'0' + process as u8], None).expect("write");
            sys::close(fd).expect("close");
        }
    })?;
    for process in 0..4 {
        for number in 0..FILES {
            let path = l.target.join(format!("{process}/{number}"));
            let data = std::fs::read(&path).map_err(|error| error.to_string())?;
            let right = data.len() == 5000
                && data[0] == b'0' + process
                && data[1..].iter().all(|byte| *byte == b'.');
            b.must(
                &format!("{} has what was written to it", path.display()),
                right,
            )?;
            let links = b.works("stat", sys::stat(&path, 0))?.st_nlink;
            b.must(&format!("one link, not {links}"), links == 1)?;
        }
    }
    b.sound(&union, &l, &lowers).map(drop)
}
