// SPDX-License-Identifier: GPL-2.0-only
//! Executing a large file of which some pieces have been written.

use super::exec::{start, try_to_write};
use crate::prelude::*;

/// A program each granule of which adds `number` to its status, as long as any of these files.
fn adds(number: u8) -> Vec<u8> {
    const { assert!(elf::BLOCK == partial::GRANULE) };
    let mut program = elf::adds(&[number; partial::SIZE / partial::GRANULE]);
    program.resize(partial::SIZE, b'.');
    program
}

/// A program is executed that is partly an old one and partly a new one: every instruction counts.
pub fn part_exec(b: &mut Builder) -> Steps {
    let old = adds(1);
    for layout in Layout::ALL {
        b.file(layout.name(), &old).mode(0o755);
    }
    partial::on_each(
        |r, layout| {
            let new = adds(2);
            layout.write_from(r, |piece| new[piece.clone()].to_vec());
        },
        |r, layout| {
            let path = format!("./{}", layout.name());
            r.exec(&path, &[]);
            let newer = adds(3);
            r.with(layout.name(), O_RDWR, |r, fd| {
                for (at, length) in partial::WRITES {
                    r.pwrite(fd, &newer[*at..at + length], *at as i64);
                }
                // It is open for writing.
                r.exec(&path, &[]);
            });
            r.exec(&path, &[]);
        },
    )
}

/// While such a program runs, nobody writes to it.
pub fn part_exec_busy(b: &mut Builder) -> Steps {
    /// A program that waits, whatever is behind it.
    fn waits(generation: u64) -> Vec<u8> {
        let mut program = partial::data(generation, 0, partial::SIZE);
        let code = elf::waits();
        program[..code.len()].copy_from_slice(&code);
        program
    }
    let old = waits(2);
    for layout in Layout::ALL {
        b.file(layout.name(), &old).mode(0o755);
    }
    partial::on_each(
        |r, layout| {
            let new = waits(3);
            layout.write_from(r, |piece| new[piece.clone()].to_vec());
        },
        |r, layout| {
            let pid = start(r, layout.name());
            try_to_write(r, layout.name());
            r.whole(layout.name());
            process::kill(pid);
            r.note(format_args!("{:?}", process::wait(pid)));
            r.with(layout.name(), O_RDWR, |r, fd| {
                r.write_ranges(fd, 4, partial::WRITES);
            });
        },
    )
    .not_on(&["chroot"], shape::NO_PROC)
}
