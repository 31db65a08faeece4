// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::image;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "on an xfs that is full, every change is done or leaves no trace",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    b.full_disk(&image::XFS)
}
