// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::mount;
use crate::scenario::Check;
use crate::shape::Api;
use crate::walk;

pub const CHECK: Check = Check {
    about: "the options in mountinfo mount the same union again",
    run,
    ..Check::DEFAULT
};

/// Options with values that are not their defaults: whatever is not the default is shown.
const OTHERS: [(&str, &str); 5] = [
    ("fsync", "strict"),
    ("fallthru", "off"),
    ("redirect_dir", "nofollow"),
    ("whiteout", "aufs"),
    ("statfs", "fuse"),
];

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let below = b.tmpfs("below")?;
    let target = b.target("target")?;
    let lowers = ["plain", "with space", "co:lon", "com,ma", "back\\slash"];
    let mut union = b.new_union().api(Api::Strings);
    for name in lowers {
        let layer = b.dir(&below.join(name))?;
        b.file(&layer.join(name.replace(['/', ' '], "-")), name)?;
        union = union.lower(layer);
    }
    if b.is_union() {
        for (key, value) in OTHERS {
            union = union.option(key, value);
        }
    }
    let (upper, work) = (b.dir(&top.join("up,per"))?, b.dir(&top.join("wo rk"))?);
    union.upper(&upper, &work).mount(&target)?;
    b.file(&target.join("new"), "new")?;
    let seen = walk::walk(&target)?;
    let shown = mount::mounted_at(&target).ok_or("the union is not in mountinfo")?;
    if b.is_union() {
        for (key, value) in OTHERS {
            let option = format!("{key}={value}");
            b.must(
                &format!("{option} is among {}", shown.super_options),
                shown.super_options.split(',').any(|word| word == option),
            )?;
        }
    }
    b.umount(&target)?;
    let mut again = b.new_union();
    for (key, value) in shown.super_options() {
        again = match value {
            Some(value) => again.option(&key, &value),
            None if key == "rw" => again,
            None => again.flag(&key),
        };
    }
    again
        .mount(&target)
        .map_err(|error| format!("with the options {}: {error}", shown.super_options))?;
    let now = walk::walk(&target)?;
    b.must(&format!("the same tree: {seen:?} and {now:?}"), seen == now)?;
    let again = mount::mounted_at(&target)
        .ok_or("the union is not in mountinfo")?
        .super_options;
    b.must(
        &format!("the same options: {} and {again}", shown.super_options),
        shown.super_options == again,
    )?;
    b.umount(&target)
}
