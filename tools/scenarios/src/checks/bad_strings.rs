// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "odd option strings are refused or taken, and never more",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let lower = l.lowers[0].to_string_lossy().into_owned();
    let strings = [
        "lowerdir=".to_owned(),
        "lowerdir=:".to_owned(),
        format!("lowerdir={lower}:"),
        format!("lowerdir=:{lower}"),
        format!("lowerdir={lower}\\"),
        format!("lowerdir={lower}::{lower}"),
        format!("lowerdir={}", "x".repeat(3000)),
        format!("lowerdir={}", ":".repeat(3000)),
        format!("lowerdir={}", "\\".repeat(3000)),
        format!("{}=1", "k".repeat(255)),
        "lowerdir".to_owned(),
        ",,,".to_owned(),
        "=".to_owned(),
        "upperdir=,workdir=".to_owned(),
    ];
    for text in strings {
        match sys::mount("union", &l.target, b.fstype, 0, text.as_bytes()) {
            Ok(()) => b.umount(&l.target)?,
            Err(error) => b.must(
                &format!("an ordinary error for {:.40}, not {error}", text),
                [libc::EINVAL, libc::ENOENT, libc::ENAMETOOLONG, libc::ELOOP].contains(&error.0),
            )?,
        }
    }
    Ok(())
}
