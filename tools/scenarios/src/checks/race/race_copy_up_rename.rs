// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "what is written to a file while it is renamed is found under the new name",
    run,
    ..Check::DEFAULT
};

const FILES: usize = 100;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    b.describe(&l, 1, |b| {
        for number in 0..FILES {
            b.file(&format!("from/{number}"), vec![b'.'; 5000]);
        }
        b.dir("to");
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let (from, to) = (l.target.join("from"), l.target.join("to"));
    b.crowd(3, |process| {
        for number in 0..FILES {
            let name = number.to_string();
            if process == 0 {
                sys::rename(from.join(&name), to.join(&name), 0).expect("only this one renames");
                continue;
            }
            let mark = [b'0' + process as u8];
            let mut found = sys::open(from.join(&name), libc::O_WRONLY, 0);
            if found.is_err() {
                found = sys::open(to.join(&name), libc::O_WRONLY, 0);
            }
            let fd = found.expect("it is here or there");
            sys::write(fd, &mark, Some(process as i64)).expect("write");
            sys::close(fd).expect("close");
        }
    })?;
    let mut expected = vec![b'.'; 5000];
    expected[1..3].copy_from_slice(b"12");
    for number in 0..FILES {
        let data = std::fs::read(to.join(number.to_string())).map_err(|error| error.to_string())?;
        b.must(
            &format!("both writes are in file {number}"),
            data == expected,
        )?;
    }
    let tree = b.sound(&union, &l, &lowers)?;
    b.must(
        "no old name is left",
        !tree.keys().any(|path| path.starts_with("from/")),
    )
}
