// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::image;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "the disk of an upper layer on ext4 dies under load: errors, and each name old or new when it is well again",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    b.disk_dies_under_load(&image::EXT4)
}
