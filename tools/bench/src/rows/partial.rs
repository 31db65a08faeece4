// SPDX-License-Identifier: GPL-2.0-only
//! A file of a lower layer of which parts have been written: with `partial=on` some data are in the upper layer, and
//! the others are not.

use std::fs;
use std::io::Read;
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result, bail};

use super::data::{self, PREAD_4K};
use super::{Changes, NO_COPY_UP, Row};
use crate::stage::{Stage, forget_contents, timed};

/// What is written; no byte of the lower file is like it.
const NEW: u8 = 0xff;
/// As much as cat(1) reads at once.
const BUFFER: usize = 256 << 10;

pub const PARTIAL_PREAD_4K: Row = Row {
    name: "partial_pread_4k",
    about: "pread of 4 KiB of a file of a lower layer, every second 64 KiB of which were written (fio)",
    entries: 8,
    ready: |stage| {
        write_runs(stage, || 64 << 10)?;
        fs::read(stage.path("file"))
            .map(drop)
            .context("reading the file")
    },
    verify: |stage| verify_runs(stage, || 64 << 10),
    changes: Changes::All,
    without: NO_COPY_UP,
    ..PREAD_4K
};

pub const PARTIAL_DIRECT_WRITE_4JOB: Row = Row {
    name: "partial_direct_write_4job",
    about: "four processes write 4 KiB each with O_DIRECT into the half of a file of a lower layer that was written \
            before (fio)",
    per: "write",
    entries: 32,
    ready: |stage| {
        let file = fs::File::options().write(true).open(stage.path("file"))?;
        for mib in 0..stage.entries / 2 {
            file.write_all_at(&[NEW; 1 << 20], (mib as u64) << 20)?;
        }
        // fio finds blocks that are allocated.
        file.sync_all().context("syncing the file")
    },
    time: |stage| data::direct_write(stage, stage.entries / 2),
    verify: |stage| {
        let mut found = [0; 1];
        let file = fs::File::open(stage.path("file"))?;
        file.read_exact_at(&mut found, (stage.entries as u64) << 19)?;
        if found[0] != 1 {
            bail!("the other half of the file is not what it was");
        }
        Ok(())
    },
    ..PARTIAL_PREAD_4K
};

pub const PARTIAL_READ_1G: Row = Row {
    name: "partial_read_1g",
    about: "read a file of 1 GiB of a lower layer, every second piece of which (64 KiB to 1 MiB) was written",
    per: "file",
    entries: 1024,
    ready: |stage| {
        let mut lengths = Lengths::default();
        write_runs(stage, || lengths.next())?;
        forget_contents()
    },
    time: |stage| {
        let mut buffer = vec![0; BUFFER];
        timed(1, || {
            let mut file = fs::File::open(stage.path("file"))?;
            while file.read(&mut buffer)? > 0 {}
            Ok(())
        })
    },
    verify: |stage| {
        let mut lengths = Lengths::default();
        verify_runs(stage, || lengths.next())
    },
    warm_up: false,
    long: true,
    counted: false,
    ..PARTIAL_PREAD_4K
};

/// Lengths that look random, always the same.
#[derive(Default)]
struct Lengths(u64);

impl Lengths {
    fn next(&mut self) -> u64 {
        // Knuth's constants.
        const FACTOR: u64 = 6_364_136_223_846_793_005;
        const SUMMAND: u64 = 1_442_695_040_888_963_407;
        self.0 = self.0.wrapping_mul(FACTOR).wrapping_add(SUMMAND);
        ((self.0 >> 40) % 241 + 16) << 12
    }
}

/// Calls `act` with every second piece of the file, the first one left out.
fn each_run(
    stage: &Stage,
    mut length: impl FnMut() -> u64,
    mut act: impl FnMut(u64, u64) -> Result<()>,
) -> Result<()> {
    let size = (stage.entries as u64) << 20;
    let mut at = length();
    while at < size {
        let end = (at + length()).min(size);
        act(at, end)?;
        at = end + length();
    }
    Ok(())
}

fn write_runs(stage: &Stage, length: impl FnMut() -> u64) -> Result<()> {
    let new = vec![NEW; 1 << 20];
    let file = fs::File::options().write(true).open(stage.path("file"))?;
    each_run(stage, length, |at, end| {
        let run = &new[..(end - at) as usize];
        file.write_all_at(run, at).context("writing a run")
    })
}

/// Looks at the borders of the pieces.
fn verify_runs(stage: &Stage, length: impl FnMut() -> u64) -> Result<()> {
    let file = fs::File::open(stage.path("file"))?;
    let byte = |at| {
        let mut found = [0];
        file.read_exact_at(&mut found, at).map(|()| found[0])
    };
    let old = |at: u64| ((at % (1 << 20)) % 251) as u8 + 1;
    let size = (stage.entries as u64) << 20;
    each_run(stage, length, |at, end| {
        let is_right = byte(at - 1)? == old(at - 1)
            && byte(at)? == NEW
            && byte(end - 1)? == NEW
            && (end == size || byte(end)? == old(end));
        if !is_right {
            bail!("the file is not right around what was written at {at}");
        }
        Ok(())
    })
}
