// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "what stays while a directory is read is listed once, whatever else is made, removed or \
        renamed meanwhile; rewound, the listing is exact",
    setup: |b| every_dir(b, 60),
    steps: |r| {
        for dir in DIRS {
            let fd = r.open(dir, O_RDONLY | O_DIRECTORY);
            let mut seen = Vec::new();
            for number in 0..60 {
                seen.extend(piece(fd, 64));
                let path = format!("{dir}/{number:02}");
                // Every fourth stays; of the others some have been listed by now, and some not.
                let number = 59 - number;
                let other = format!("{dir}/{number:02}");
                let _ = match number % 4 {
                    0 => sys::chmod(&other, 0o600),
                    1 => sys::unlink(&other),
                    2 => sys::rename(&other, format!("{path}-renamed"), 0),
                    _ => sys::unlink(&other).and_then(|()| sys::mkdir(&other, 0o755)),
                };
                let new = format!("{dir}/new{number}");
                let made = sys::open(new, O_WRONLY | O_CREAT, 0o644).and_then(sys::close);
                if made.is_err() {
                    r.done(format_args!("new {number}"), made);
                }
            }
            seen.extend(pieces(fd, 64));
            let names = shown(&seen);
            let stay = (0..60).step_by(4).map(|number| format!("{number:02}"));
            let dots = [".".to_owned(), "..".to_owned()];
            let wrong: Vec<_> = stay
                .chain(dots)
                .filter(|stays| names.iter().filter(|name| *name == stays).count() != 1)
                .collect();
            r.note(format_args!("not listed once: {wrong:?}"));
            r.again(fd);
            r.ls(dir);
        }
    },
    layers: Some(|l| {
        // Number 0 was changed and stays, number 1 is gone.
        l.in_upper("lower/00")?;
        l.whiteout("lower/01")?;
        l.whiteout("merged/01")?;
        l.absent("opaque/01")?;
        l.opaque("lower/03")?;
        l.not_opaque("upper/03")
    }),
    ..Scenario::DEFAULT
};
