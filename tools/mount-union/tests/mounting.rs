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

/// mount.union fails with this status, and prints all this; returns its output.
#[track_caller]
fn fails(script: &str, status: i32, words: &[&str]) -> String {
    let output = run(script);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{script}\n{err}");
    for word in words {
        assert!(err.contains(word), "{script}\n{err}");
    }
    err.into_owned()
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
fn data_only_layers_by_name() {
    prints(
        "for layers in l1:l2::l3 l1,lowerdir+=l2,datadir+=l3; do
             $M union m -o lowerdir=$layers,upperdir=u,workdir=w
             echo $(ls m) / $(grep -o 'datadir+=[^,]*' /proc/self/mountinfo)
             $M union m -o remount,ro,lowerdir=$layers,upperdir=u,workdir=w
             $M union m -o remount,datadir+=l3
             $M union m -o remount,lowerdir=l1:l2 2>/dev/null || echo other layers; umount m
         done
         ro l1; $M tmpfs m -o datadir+=l3; ls m",
        "one two / datadir+=l3\nother layers\none two / datadir+=l3\nother layers\none",
    );
}

/// The example of union.rst.
#[test]
#[ignore = "mounts; needs root and the file system"]
fn an_image_of_files_whose_data_are_in_a_store() {
    prints(
        "mkdir -p store/9a image/bin; cp /bin/true store/9a/3f51
         truncate -r /bin/true image/bin/true; chmod 755 image/bin/true
         setfattr -n trusted.overlay.metacopy image/bin/true
         setfattr -n trusted.overlay.redirect -v /9a/3f51 image/bin/true
         see() { ls m; cmp m/bin/true /bin/true && m/bin/true && stat -c %a:%u m/bin/true; umount m; }
         $M image m -o lowerdir=image::store; see
         $M image m -o lowerdir=image::store,uidmapping=0:1000:10; see
         $M image m -o lowerdir=image::store,verity=on; see
         $M image m -o lowerdir=image::store,verity=require; cat m/bin/true 2>/dev/null || echo no digest; umount m
         $M image m -o lowerdir=image::l1; cat m/bin/true 2>/dev/null || echo no data; umount m
         $M image m -o lowerdir=image::store,upperdir=u,workdir=w; chmod 700 m/bin/true; see
         $M image m -o lowerdir=image::store,upperdir=u,workdir=w; see; getfattr -d -m. store/9a/3f51",
        "bin\n755:0\nbin\n755:1000\nbin\n755:0\nno digest\nno data\nbin\n700:0\nbin\n700:0",
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
fn without_an_upper_layer_it_is_read_only() {
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

/// mount(8) repeats the kernel's listing, without escapes.
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

/// The kernel lists one string of layers with its escapes, which mount(8) repeats.
#[test]
#[ignore = "mounts; needs root and the file system"]
fn remount_of_what_the_kernel_has_parsed() {
    prints(
        r"mv l1 'l,1'; mv l2 'l:2'; mv u 'u,:'; mv w 'w,'
          mount -i -t $UNION_FSTYPE -o 'lowerdir=l\,1:l\:2,upperdir=u\,\:,workdir=w\,' union m
          cp $M /sbin/mount.$UNION_FSTYPE; mount -o remount,ro m; rm /sbin/mount.$UNION_FSTYPE
          touch m/x 2>/dev/null || echo read-only $(ls m)",
        "read-only one two",
    );
}

/// The size of a mounted tmpfs stays, and fstab(5) repeats it.
#[test]
#[ignore = "mounts; needs root and the file system"]
fn remount_of_the_upper_layer_is_not_done() {
    for options in [
        "remount,ro,lowerdir=l1,upper.size=9M",
        "remount,ro,lowerdir+=l1,upperdir=/upper,workdir=/work,upper.size=9M",
    ] {
        prints(
            &format!(
                "$M tmpfs m -o lowerdir=l1,upper.size=5M; $M tmpfs m -o {options} 2>&1 | grep -c 'upper.* are ignored'
                 touch m/x 2>/dev/null || echo read-only; echo $(($(stat -f -c '%b*%S' m)))"
            ),
            "1\nread-only\n5242880",
        );
    }
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

/// In a user namespace there are no `trusted.*` attributes.
#[test]
#[ignore = "mounts; needs root and the file system"]
fn in_a_user_namespace() {
    prints(
        "unshare --user --map-root-user --mount sh -eu -c '
             mount -t tmpfs tmpfs m; mkdir m/u m/w m/m
             $M union m/m -v -o lowerdir=l1:l2,upperdir=m/u,workdir=m/w | grep -c userxattr.added
             rm m/m/one; echo $(ls m/m); grep -c m/m.*userxattr /proc/mounts
             umount m/m; $M union m/m -v -o userxattr,lowerdir=l1:l2,upperdir=m/u,workdir=m/w | grep added || echo $(ls m/m)'",
        "1\ntwo\n1\ntwo",
    );
    prints(
        "$M union m -v -o lowerdir=l1,upperdir=u,workdir=w | grep added || echo nothing",
        "nothing",
    );
}

/// mount(8) drops its rights before it starts a helper, but not before it calls the kernel.
#[test]
#[ignore = "mounts; needs root and the file system"]
fn by_a_user_of_fstab() {
    prints(
        "user() { setpriv --reuid nobody --regid nogroup --clear-groups \"$@\"; }
         echo \"union $PWD/m union user,noauto,lowerdir=$PWD/l1:$PWD/l2,upperdir=$PWD/u,workdir=$PWD/w 0 0\" >fstab
         mount --bind fstab /etc/fstab; cp $M /sbin/mount.$UNION_FSTYPE
         [ $UNION_FSTYPE = union ] || sed -i 's/ union user/ overlay user/' fstab
         user mount $PWD/m 2>err && echo mounted without rights; rm /sbin/mount.$UNION_FSTYPE
         grep -c 'mount -i DIR' err
         user mount -i $PWD/m; grep $PWD/m /proc/mounts | cut -d ' ' -f 4 | cut -d , -f 1-4; echo $(ls m)
         user umount $PWD/m; ls m | wc -l",
        "1\nrw,nosuid,nodev,noexec\none two\n0",
    );
}

/// mount(8) with root's rights, which starts the helper.
#[test]
#[ignore = "mounts; needs root and the file system"]
fn flags_that_user_implies() {
    prints(
        "$M union m -o user,lowerdir=l1,exec; grep $PWD/m /proc/mounts | cut -d ' ' -f 4 | cut -d , -f 2-4",
        "nosuid,nodev,relatime",
    );
}

const PODMAN: &str =
    "podman() { $M -o \"lowerdir=$PWD/l1:$PWD/l2,upperdir=$PWD/u,workdir=$PWD/w$1\" $PWD/m; }";

#[test]
#[ignore = "mounts; needs root and the file system"]
fn podman_form_ignores_what_it_does_not_know() {
    prints(
        &format!(
            "{PODMAN}; podman ,frob=1,private,timeout=5,fsync=0 2>err; echo $(ls m)
             grep -c does.not.apply err; grep -c 'frob.*ignored' err; grep $PWD/m /proc/mounts | grep -c volatile"
        ),
        "one two\n1\n1\n1",
    );
    fails(
        &format!("{PODMAN}; podman ,squash_to_uid=5"),
        32,
        &["squash_to_uid", "_CONTAINERS_OVERLAY_DISABLE_IDMAP"],
    );
}

/// The options with which containers/storage unpacks layers, and the type by which it knows whether they are mounted.
#[test]
#[ignore = "mounts; needs root and the file system"]
fn podman_form_is_what_podman_takes_it_for() {
    prints(
        &format!(
            "touch l1/.wh.two; {PODMAN}; podman ''; echo $(ls m) $(stat -f -c %t m); umount m
             podman ,whiteout=overlay,statfs=union; echo $(ls -A m) $(stat -f -c %t m)"
        ),
        "one 65735546\n.wh.two one two 756e696f",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn podman_form_waits_for_a_lazy_unmount() {
    prints(
        &format!(
            "{PODMAN}; podman ''; touch m/new; (exec <m/new; umount -l m; sleep 1) & sleep 0.5
             podman ''; echo $(ls m)"
        ),
        "new one two",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn podman_form_shares_what_is_left_elsewhere() {
    prints(
        &format!(
            "{PODMAN}; podman ''; touch m/new; unshare --mount --propagation private sleep 60 & sleep 1
             umount m; podman ''; echo $(ls m); kill $!"
        ),
        "new one two",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn seeds_form_on_tmpfs() {
    prints(
        "ro l1; $M tmpfs m -o upper.size=1m; touch m/new; echo $(ls m); umount m; echo $(ls m)",
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
        "mkdir upper; chmod 1751 l1; ro l1; $M $PWD/upper m; touch m/kept; umount m; $M $PWD/upper m
         echo $(ls m) $(stat -c %a m)",
        "kept one 1751",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn seeds_form_with_a_device_keeps_changes() {
    prints(
        "truncate -s 64m img; mkfs.ext4 -q img; device=$(losetup -f --show img); ro l1
         $M $device m; touch m/kept; umount m; $M $device m -o upper.dir=.; echo $(ls m); umount m; losetup -d $device",
        "kept one",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn lower_by_name_and_a_device_for_the_upper_layer() {
    prints(
        "$M tmpfs m -o lowerdir=l1:l2; touch m/new; echo $(ls m)",
        "new one two",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn lower_by_name_and_a_place_in_a_directory_for_the_upper_layer() {
    prints(
        "mkdir upper; chmod 1751 l1; $M $PWD/upper m -o lowerdir=l1,upper.dir=a/b; touch m/new
         echo $(ls m) $(ls upper/a/b) $(stat -c %a m)",
        "new one upper work 1751",
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
    // Neither the missing layer nor the form of podman is tested here.
    fails("$M tmpfs m -o frob", 32, &["option frob"]);
    fails("$M union m -o lowerdir=/nope,frob", 32, &["option frob"]);
    fails("$M union m -f -o lowerdir=l1,frob", 32, &["option frob"]);
    let err = fails(
        "$M union m -o lowerdir=l1,metacopy=nonsense",
        32,
        &["metacopy=nonsense", "kernel: "],
    );
    assert!(!err.contains("kernel: e "), "{err}");
    // Nor is the option that is missing because of the mistake.
    for (mistyped, option) in [
        ("uperdir=u,workdir=w", "option uperdir=u"),
        ("upperdir=u,workdri=w", "option workdri=w"),
        (" upperdir=u,workdir=w", "option  upperdir=u"),
    ] {
        fails(
            &format!("$M union m -o 'lowerdir=l1,{mistyped}'"),
            32,
            &[option, "Unknown parameter"],
        );
    }
    fails(
        "$M union m -o lowerdir=l1,upper.size=5M",
        1,
        &["no file system for the upper layer", "tmpfs"],
    );
    // It would be listed as the source, and hold nothing.
    fails(
        "$M tmpfs m -o lowerdir=l1,upperdir=u,workdir=w",
        1,
        &["a new tmpfs and upperdir both"],
    );
    fails(
        "$M tmpfs m -o lowerdir=l1,upper.sise=5M",
        32,
        &["option upper.sise=5M", "tmpfs(5)"],
    );
    fails(
        "$M tmpfs m -f -o lowerdir=l1,upper.type=ext4",
        1,
        &["upper.type is for devices"],
    );
    fails(
        "$M $PWD/u m -o lowerdir=l1,upper.dir=../w",
        32,
        &["upper.dir=../w", "'..'"],
    );
    fails(
        "$M tmpfs m -o lowerdir=l1,upper.noatime",
        1,
        &["option upper.noatime", "-o noatime"],
    );
    fails("$M union m -o lowerdir=l1::l2:l3", 1, &["data-only"]);
    fails(
        "$M union m -o lowerdir=l1,datadir+=/nope",
        32,
        &["datadir+=/nope", "No such file", "create it"],
    );
    fails("$M union m -o lowerdir=l1,private", 1, &["private"]);
    fails("$M union nope -o lowerdir=l1", 32, &["mount point nope"]);
    fails("$M union m -o upperdir=u", 1, &["workdir"]);
    fails("$M tmpfs m", 32, &["nothing is mounted"]);
    fails(
        "mount --bind l1 m; $M tmpfs m",
        32,
        &["read-write", "remount,ro"],
    );
    fails("ro l1; $M nonesuch m", 32, &["no upper layer", "tmpfs"]);
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

/// A union with mapped owners at `m`: `l1` has files of root, of 5, and of 70000, which no map has.
const MAPPED: &str = "mkdir disk; mkdir disk/u disk/w; touch l1/five l1/beyond; chown 5:6 l1/five; chown 70000:70000 l1/beyond
    own() { stat -c '%n %u:%g' \"$@\"; }
    $M union m -o lowerdir=l1:l2,upperdir=disk/u,workdir=disk/w,uidmapping=:0:100000:65536,gidmapping=0:200000:65536
    ";

#[test]
#[ignore = "mounts; needs root and the file system"]
fn owners_are_mapped_in_all_layers() {
    prints(
        &format!("{MAPPED} own m m/one m/two m/five m/beyond; own l1/five"),
        "m 100000:200000\nm/one 100000:200000\nm/two 100000:200000\nm/five 100005:200006\nm/beyond 65534:65534\nl1/five 5:6",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn what_is_written_is_stored_under_the_ids_of_the_layers() {
    // Files of a mounter outside of all maps are stored with an unused id.
    prints(
        &format!(
            "{MAPPED} chown 100007:200008 m/five; rm m/one; mkdir m/mine; setpriv --reuid 100000 --regid 200000 --clear-groups mkdir m/new
             own m/five m/new m/mine; cd disk/u; own five new mine; test -c one && rmdir ../../m/mine"
        ),
        "m/five 100007:200008\nm/new 100000:200000\nm/mine 0:0\nfive 7:8\nnew 0:0\nmine 4294967294:4294967294",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn owners_are_mapped_without_an_upper_layer_and_on_a_new_one() {
    prints(
        "chown 5:5 l1/one; $M union m -o lowerdir=l1:l2,uidmapping=0:1000:10; stat -c %u:%g m/one; umount m
         ro l1; $M tmpfs m -o uidmapping=0:1000:10,gidmapping=0:1000:10; stat -c %u:%g m m/one
         setpriv --reuid 1003 --regid 1003 --clear-groups true; rm m/one; ls m",
        "1005:5\n1000:1000\n1005:1005",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn a_mapped_union_is_remounted_with_what_fstab_says() {
    prints(
        &format!(
            "{MAPPED} $M union m -o remount,ro,lowerdir=l1:l2,upperdir=disk/u,workdir=disk/w,uidmapping=0:100000:65536,gidmapping=0:200000:65536
             chmod 600 m/five 2>/dev/null || echo read-only"
        ),
        "read-only",
    );
}

#[test]
#[ignore = "mounts; needs root and the file system"]
fn owners_that_cannot_be_mapped() {
    fails(
        "mkdir l1/m; mount -t proc proc l1/m; $M union m -o lowerdir=l1/m,uidmapping=0:1000:10",
        32,
        &[
            "layer l1/m: its owners cannot be mapped",
            "does not support",
        ],
    );
    fails(
        "$M union m -o lowerdir=l1,uidmapping=0:1000:10:5:2000:10",
        32,
        &[
            "option uidmapping: the kernel refuses it",
            "must not overlap",
        ],
    );
    // Root of another user namespace than that of the layer's file system.
    fails(
        "exec unshare --user --map-root-user --mount $M union m -o lowerdir=l1,uidmapping=0:0:1",
        32,
        &[
            "its owners cannot be mapped",
            "_CONTAINERS_OVERLAY_DISABLE_IDMAP",
        ],
    );
    fails(
        "mkdir u/w; mount -t tmpfs t w; mkdir w/w; $M union m -o lowerdir=l1,upperdir=u,workdir=w/w,uidmapping=0:1000:10",
        32,
        &["on different mounts"],
    );
}
