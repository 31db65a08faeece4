// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::image;
use crate::scenario::Check;
use crate::sys::QuotaOf;

pub const CHECK: Check = Check {
    about: "within a user's quota on ext4, every change is done or fails with EDQUOT without a trace",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    b.quota(&image::EXT4, "usrquota", QuotaOf::User)
}
