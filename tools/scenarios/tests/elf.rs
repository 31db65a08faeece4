// SPDX-License-Identifier: GPL-2.0-only
//! A program that scenarios execute from a file of several layers does what it says.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use union_scenarios::elf;

fn status(name: &str, blocks: &[u8]) -> i32 {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, elf::adds(blocks)).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    let status = std::process::Command::new(&path).status().unwrap();
    status.code().expect("no signal")
}

#[test]
fn every_block_counts() {
    assert_eq!(elf::adds(&[1, 2, 3]).len(), 3 * elf::BLOCK);
    let [none, first, second, both] = [
        status("none", &[0, 0]),
        status("first", &[1, 0]),
        status("second", &[0, 1]),
        status("both", &[1, 1]),
    ];
    assert_eq!(none, 0);
    assert!(first != 0 && second != 0);
    assert_eq!((first + second) % 256, both);
}
