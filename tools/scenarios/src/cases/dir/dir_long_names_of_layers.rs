// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "names of 255 bytes that differ in the last byte alone are told apart in all layers",
    setup: |b| {
        for layer in 0..5 {
            b.lower(layer);
            for last in 0..8 {
                // Some are in all layers, some in one.
                if last < 3 || last == layer + 3 {
                    b.file(&long(last), format!("of {layer}"));
                }
            }
        }
        // Hides one below it, and not its neighbours.
        b.lower(2).whiteout(&long(7));
        b.lower(1).dir(&long(9));
        b.upper().whiteout(&long(1));
        b.symlink(&long(8), "x");
    },
    steps: |r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let list = |r: &mut Run, size| {
            let _ = sys::lseek(fd.raw(), 0, SEEK_SET);
            for entry in shown(&pieces(fd, size)) {
                r.note(format_args!(
                    "{} bytes, ..{}",
                    entry.len(),
                    &entry[entry.len() - 1..]
                ));
            }
        };
        list(r, 280);
        for last in 0..10 {
            r.done(last, sys::chmod(long(last), 0o600));
        }
        list(r, 600);
        r.done("unlink", sys::unlink(long(2)));
        r.done("rename", sys::rename(long(0), long(1), 0));
        list(r, 4096);
        r.note(String::from_utf8_lossy(
            &slurp(&long(1)).unwrap_or_default(),
        ));
    },
    layers: Some(|l| {
        l.whiteout(&long(0))?;
        l.in_upper(&long(1))?;
        l.whiteout(&long(2))
    }),
    ..Scenario::DEFAULT
};

fn long(last: usize) -> String {
    format!("d/{}{last}", "n".repeat(254))
}
