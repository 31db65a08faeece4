// SPDX-License-Identifier: GPL-2.0-only
//! Real mounts. They need root and a kernel that knows the type, so they run only when asked to:
//!
//! ```sh
//! scripts/test-mount                                              # in a virtual machine with the module
//! UNION_FSTYPE=overlay cargo test -p mount-union -- --ignored     # here, with the kernel's overlayfs
//! ```
//!
//! `MOUNT_UNION` names the program when it is not where cargo built it.

use std::process::{Command, Output};

/// Runs a shell script in an empty directory on a tmpfs, in a mount namespace of its own: `$M` is mount.union, `m` the
/// mount point, `l1`, `l2`, `l3` are lower layers with the files `one`, `two`, `three`; `u` and `w` are empty.
fn run(script: &str) -> Output {
    let program = std::env::var("MOUNT_UNION")
        .unwrap_or_else(|_| env!("CARGO_BIN_EXE_mount-union").to_owned());
    let prologue = "set -eu
        work=$(mktemp -d)
        trap 'cd /; umount -l \"$work\"; rmdir \"$work\"' EXIT
        mount -t tmpfs -o mode=0755 work \"$work\"
        cd \"$work\"
        mkdir m l1 l2 l3 u w
        echo 1 >l1/one; echo 2 >l2/two; echo 3 >l3/three
        ro() { mount --bind \"$1\" m; mount -o remount,bind,ro m; }
        ";
    Command::new("unshare")
        .args([
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            &format!("{prologue}\n{script}"),
        ])
        .env("M", program)
        .output()
        .expect("unshare starts")
}

/// The script succeeds and prints exactly this.
#[track_caller]
fn prints(script: &str, expected: &str) {
    let output = run(script);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{script}\n{:?}\n{out}{err}",
        output.status
    );
    assert_eq!(out.trim_end(), expected, "{script}\n{err}");
}

/// mount.union fails with this status, and says all this.
#[track_caller]
fn fails(script: &str, status: i32, words: &[&str]) {
    let output = run(script);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{script}\n{err}");
    for word in words {
        assert!(err.contains(word), "{script}\n{err}");
    }
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn layers_by_name() {
    prints(
        "$M union m -o lowerdir=l1:l2:l3,upperdir=u,workdir=w; touch m/new; rm m/one; echo $(ls m) / $(ls l1 u/new)",
        "new three two / u/new l1: one",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn the_first_of_two_layers_wins() {
    prints(
        "echo other >l2/one; $M union m -o lowerdir=l1:l2; cat m/one",
        "1",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn escaped_paths() {
    prints(
        r"mv l1 'l,1:x\y'; $M union m -o 'lowerdir=l\,1\:x\\y:l2,upperdir=u,workdir=w'; echo $(ls m)",
        "one two",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn without_a_top_it_is_read_only() {
    prints(
        "$M label m -o lowerdir=l1:l2; touch m/x 2>/dev/null || echo $(ls m); grep -c ^label /proc/mounts",
        "one two\n1",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn more_than_a_page_of_options() {
    prints(
        "long=$(printf 'p%.0s' $(seq 200)); lowers=
         for i in $(seq 100); do mkdir -p $long/$long/$i; touch $long/$long/$i/f$i; lowers=$lowers:$PWD/$long/$long/$i; done
         $M union m -o lowerdir=${lowers#:},upperdir=u,workdir=w; ls m | wc -l",
        "100",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn flags_of_the_mount() {
    prints(
        "$M union m -o lowerdir=l1:l2,upperdir=u,workdir=w,nodev,noexec,noatime,x-foo=bar,defaults
         grep $PWD/m /proc/mounts | cut -d ' ' -f 4 | cut -d , -f 1-4",
        "rw,nodev,noexec,noatime",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn remount() {
    prints(
        "$M union m -o lowerdir=l1:l2,upperdir=u,workdir=w,nodev
         $M union m -o remount,ro; touch m/x 2>/dev/null || echo read-only
         $M union m -o remount,rw,noexec; touch m/x; grep $PWD/m /proc/mounts | cut -d ' ' -f 4 | cut -d , -f 1-3",
        "read-only\nrw,nodev,noexec",
    );
}

/// mount(8) repeats what the kernel lists, without escapes.
#[test]
#[ignore = "mounts; needs root and the file system"]
fn remount_with_all_options_repeated() {
    prints(
        r"mv l1 'l,1'; $M union m -o 'lowerdir=l\,1:l2,upperdir=u,workdir=w'
          $M union m -o 'remount,ro,lowerdir+=l,1,lowerdir+=l2,upperdir=u,workdir=w'
          touch m/x 2>/dev/null || echo read-only $(ls m)",
        "read-only one two",
    );
}

/// The names of layers on detached mounts lead nowhere.
#[test]
#[ignore = "mounts; needs root and the file system"]
fn remount_of_the_seeds_form() {
    prints(
        "ro l1; $M tmpfs m; $M tmpfs m -o remount,ro,lowerdir+=$PWD/m,upperdir=/upper,workdir=/work
         touch m/x 2>/dev/null || echo read-only $(ls m)",
        "read-only one",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn podman_form_ignores_what_it_does_not_know() {
    prints(
        "$M -o lowerdir=$PWD/l1:$PWD/l2,upperdir=$PWD/u,workdir=$PWD/w,frob=1 $PWD/m 2>/dev/null; echo $(ls m)",
        "one two",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn seeds_form_on_tmpfs() {
    prints(
        "ro l1; $M tmpfs m -o top.size=1m; touch m/new; echo $(ls m); umount m; echo $(ls m)",
        "new one\none",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn seeds_form_takes_all_that_is_mounted_there() {
    prints(
        "ro l1; ro l2; ro l3; $M tmpfs m; echo $(ls m); umount m; echo $(ls m)",
        "one three two\nthree",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn seeds_form_stops_at_what_is_writable() {
    prints(
        "ro l1; mount --bind l2 m; ro l3; $M tmpfs m; echo $(ls m)",
        "three",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn seeds_form_with_a_directory_keeps_changes() {
    prints(
        "mkdir top; chmod 1751 l1; ro l1; $M $PWD/top m; touch m/kept; umount m; $M $PWD/top m
         echo $(ls m) $(stat -c %a m)",
        "kept one 1751",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn seeds_form_with_a_device_keeps_changes() {
    prints(
        "truncate -s 64m img; mkfs.ext4 -q img; device=$(losetup -f --show img); ro l1
         $M $device m; touch m/kept; umount m; $M $device m -o top.dir=.; echo $(ls m); umount m; losetup -d $device",
        "kept one",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn lower_by_name_and_a_device_on_top() {
    prints(
        "$M tmpfs m -o lowerdir=l1:l2; touch m/new; echo $(ls m)",
        "new one two",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn fake_mounts_nothing() {
    prints(
        "$M union m -f -o lowerdir=l1,upperdir=u,workdir=w; grep -c $PWD/m /proc/mounts || true",
        "0",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn failures_say_what_was_wrong() {
    fails(
        "$M union m -o lowerdir=l1:/nope",
        32,
        &["lowerdir=/nope", "No such file", "create it"],
    );
    fails(
        "$M union m -o lowerdir=l1/one",
        32,
        &["lowerdir=l1/one", "Not a directory"],
    );
    fails(
        "$M union m -o lowerdir=l1:l2,frob",
        32,
        &["option frob", "Unknown parameter", "-s"],
    );
    fails("$M union nope -o lowerdir=l1", 32, &["mount point nope"]);
    fails("$M union m -o upperdir=u", 1, &["workdir"]);
    fails("$M tmpfs m", 32, &["nothing is mounted"]);
    fails(
        "mount --bind l1 m; $M tmpfs m",
        32,
        &["read-write", "remount,ro"],
    );
    fails("ro l1; $M nonesuch m", 32, &["no top layer", "tmpfs"]);
    fails(
        "$M union m -o lowerdir=l1:l2,upperdir=u,workdir=u",
        32,
        &["mounting"],
    );
    fails("$M m", 1, &["no lower layer"]);
    fails(
        "export UNION_FSTYPE=nonesuch; $M union m -o lowerdir=l1",
        32,
        &["nonesuch", "modprobe"],
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn in_another_namespace() {
    prints(
        "unshare --mount sleep 5 & sleep 1; $M union $PWD/m -N $! -o lowerdir=$PWD/l1:$PWD/l2
         echo here $(ls m), there $(nsenter --target $! --mount ls $PWD/m); kill $!",
        "here , there one two",
    );
}
