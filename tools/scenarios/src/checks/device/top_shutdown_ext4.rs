// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::image;
use crate::scenario::Check;

pub const CHECK: Check = Check {
    about: "an upper layer on ext4 that shuts down under load gives errors, and each name is old or new afterwards",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    b.shut_down_under_load(&image::EXT4)
}
