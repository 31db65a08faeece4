// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "six processes mount and unmount, four of them over one upper layer: it is in one union at a time and never lost",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let top = l.upper.parent().ok_or("a parent")?.to_owned();
    let mut targets = Vec::new();
    for number in 0..6 {
        b.dir(&top.join(format!("upper{number}")))?;
        b.dir(&top.join(format!("work{number}")))?;
        targets.push(b.target(&format!("target{number}"))?);
    }
    b.crowd(6, |process| {
        let target = &targets[process];
        let mut mounted = 0;
        for round in 0..40 {
            let union = if process < 4 {
                b.union(&l)
            } else {
                let own = |what: &str| top.join(format!("{what}{process}"));
                b.new_union()
                    .lowers(&l.lowers)
                    .upper(own("upper"), own("work"))
            };
            match union.mount(target) {
                Ok(()) => {
                    mounted += 1;
                    let text = format!("{process} {round}");
                    std::fs::write(target.join("file"), &text).expect("write");
                    let read = std::fs::read_to_string(target.join("file")).expect("read");
                    assert_eq!(read, text, "nobody else writes here");
                    sys::umount(target, 0).expect("umount");
                }
                Err(failure) => {
                    assert!(process < 4, "{failure}");
                    assert_eq!(failure.errno.0, libc::EBUSY, "{failure}");
                }
            }
        }
        // The four of one upper layer may starve each other.
        assert!(process < 4 || mounted == 40, "nobody is in the way");
    })?;
    b.union(&l).mount(&l.target)?;
    b.sound(&b.union(&l), &l, &[]).map(drop)
}
