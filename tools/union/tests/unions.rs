// SPDX-License-Identifier: GPL-2.0-only
//! The program on real unions. They need root and the module, so they run only when asked to: `scripts/test-mount`.
//!
//! `UNION` names the program when it is not where cargo built it.

use std::process::{Command, Output};

/// Runs a shell script in an empty directory on a tmpfs, in a mount namespace of its own: `$U` is the program, a union
/// of `u` over `l1` and `l2` is mounted on `m`.
fn run(script: &str) -> Output {
    let program = std::env::var("UNION").unwrap_or_else(|_| env!("CARGO_BIN_EXE_union").to_owned());
    let prologue = "set -eu
        work=$(mktemp -d)
        trap 'cd /; umount -l \"$work\"; rmdir \"$work\"' EXIT
        mount -t tmpfs -o mode=0755 work \"$work\"
        cd \"$work\"
        mkdir -p m l1/both l2/both l2/tree/deep u w
        echo 1 >l1/one; echo 2 >l2/two; echo a >l1/both/a; echo b >l2/both/b; echo x >l2/tree/deep/x
        mount -t union -o lowerdir=l1:l2,upperdir=u,workdir=w union m
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
        .env("U", program)
        .output()
        .expect("unshare starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

/// The script succeeds and prints exactly this.
#[track_caller]
fn prints(script: &str, expected: &str) {
    let output = run(script);
    let err = text(&output.stderr);
    assert!(
        output.status.success(),
        "{script}\n{:?}\n{err}",
        output.status
    );
    assert_eq!(text(&output.stdout), expected, "{script}\n{err}");
}

/// The script fails, and prints all this.
#[track_caller]
fn fails(script: &str, words: &[&str]) {
    let output = run(script);
    let err = text(&output.stderr);
    assert!(!output.status.success(), "{script}\n{err}");
    for word in words {
        assert!(err.contains(word), "{script}\nno {word:?} in {err}");
    }
}

#[test]
#[ignore = "needs root and the module"]
fn restore_brings_files_and_trees_back() {
    prints(
        "rm -r m/two m/tree; ls m; $U restore m/two m/tree; cat m/two m/tree/deep/x; ls m",
        "both\none\nm/two\nm/tree\n2\nx\nboth\none\ntree\ntwo",
    );
    prints(
        "rm m/two; cd m; $U restore two; rm two; $U restore two; cat two",
        "two\ntwo\n2",
    );
}

#[test]
#[ignore = "needs root and the module"]
fn restore_says_why_not() {
    fails("$U restore m/two", &["m/two: exists"]);
    fails(
        "$U restore m/three",
        &["m/three: no deleted object of a lower layer"],
    );
    fails(
        "echo >m/new; rm m/new; $U restore m/new",
        &["m/new: no deleted object of a lower layer"],
    );
    fails("$U restore u/two", &["u: not on a union"]);
    fails("$U restore none/two", &["none: No such file"]);
    fails(
        "rm m/two; mount -o remount,ro m; $U restore m/two",
        &["read-only"],
    );
    fails(
        "rm m/two; $U restore m/two m/three m/..",
        &["m/three", "m/..: does not end"],
    );
    fails("$U restore", &["Usage"]);
}

#[test]
#[ignore = "needs root and the module"]
fn fallthrus_tell_the_layers() {
    let script =
        "touch m/both/new; rm m/both/a; $U fallthrus m/both | tr -s ' ' | cut -d' ' -f1,3-";
    prints(script, "file a l1\nfile b l2");
    let script = "$U fallthrus m | tr -s ' ' | cut -d' ' -f1,3- | sort";
    prints(
        script,
        "directory both l1 l2\ndirectory tree l2\nfile one l1\nfile two l2",
    );
    prints(
        "$U fallthrus --json m/both | grep -c '\"type\": \"file\"'",
        "2",
    );
    fails("$U fallthrus l1", &["not on a union"]);
    fails("$U fallthrus m/one", &["m/one"]);
}

#[test]
#[ignore = "needs root and the module"]
fn stats_count() {
    let script = "ls m/both; $U stats m | tr -s ' ' | grep -E 'merged|recorded'";
    prints(script, "a\nb\n fallthrus.merged 1\n records.recorded 0");
    let script =
        "ls m/both >o; umount m; mount -t union -o lowerdir=l1:l2,upperdir=u,workdir=w union m
        ls m/both; $U stats m/both/a --json | grep -E 'merged|loaded' | tr -d ' ,'";
    prints(script, "a\nb\n\"merged\":0\n\"loaded\":1");
    fails("$U stats u", &["not on a union"]);
}

#[test]
#[ignore = "needs root and the module"]
fn settle_copies_what_is_below() {
    let script = "chmod 600 m/one; mv m/both/a m/both/c; ln -s one m/symbolic
        $U settle m; $U settle m; $U settle m/one; cat u/one u/both/c; test ! -e u/two";
    prints(
        script,
        "2 files settled, 4 bytes copied\n0 files settled, 0 bytes copied\n\
         0 files settled, 0 bytes copied\n1\na",
    );
    prints(
        "chmod 600 m/one m/two; ln m/one m/link; $U settle --json m | tr -d ' \\n'",
        "{\"bytes\":4,\"errors\":[],\"files\":2,\"whole\":true}",
    );
    let script = "chmod 600 m/one; chmod 600 m/two; mkdir m/inner; mount -t tmpfs inner m/inner
        echo x >m/inner/x; mkfifo m/fifo; $U settle m/two m/tree; $U status --list m";
    prints(script, "1 files settled, 2 bytes copied\nm/one");
    // As overlayfs with its default options has it.
    let script = "chmod 600 m/one; mv m/tree/deep/x m/both/x; $U settle m >o; umount m
        mount -t overlay -o lowerdir=l1:l2,upperdir=u,workdir=w,metacopy=off overlay m
        cat m/one m/both/x";
    prints(script, "1\nx");
}

/// A large file that was written to keeps overlayfs from using the upper layer until the whole union is settled.
#[test]
#[ignore = "needs root and the module"]
fn settle_large_files() {
    let script = "umount m; yes below | head -c 1000000 >l1/large; cp l1/large large
        union() { mount -t union -o lowerdir=l1:l2,upperdir=u,workdir=w union m; }
        overlay() { mount -t overlay -o lowerdir=l1:l2,upperdir=u,workdir=w,metacopy=off overlay m; }
        change() { printf above | dd of=$1 bs=1 seek=500000 conv=notrunc 2>/dev/null; }
        union; change m/large; change large; $U status --list m; umount m
        overlay 2>/dev/null && exit 1
        union; $U settle m/both >o; umount m
        overlay 2>/dev/null && exit 1
        union; $U settle m; umount m
        overlay; cmp m/large large; cmp u/large large";
    prints(script, "m/large\n1 files settled, 995904 bytes copied");
}

#[test]
#[ignore = "needs root and the module"]
fn settle_says_why_not() {
    fails("$U settle u", &["u: on tmpfs, not on a union"]);
    fails("$U settle m/none", &["m/none: No such file"]);
    fails(
        "ln -s one m/link; $U settle m/link",
        &["m/link: neither a directory nor a regular file"],
    );
    fails(
        "chmod 600 m/one; mount -o remount,ro m; $U settle m",
        &["m/one: the union, or its upper layer, is read-only"],
    );
    fails("$U settle", &["Usage"]);
    // Only the owner has the right; the others go on.
    let script = "chmod 644 m/one; chmod 666 m/two
        setpriv --reuid 1000 --clear-groups $U settle m >o && exit 1; cat o; $U status --list m";
    prints(script, "1 files settled, 2 bytes copied\nm/one");
    fails(
        "chmod 600 m/one; chmod 644 m/two; setpriv --reuid 1000 --clear-groups $U settle m",
        &["m/one: Permission denied", "m/two: not permitted"],
    );
}

#[test]
#[ignore = "needs root and the module"]
fn settle_accepts_another_lower_file() {
    // A layer that was unpacked anew: other inodes, times in whole seconds.
    let begin = "M='mount -t union -o lowerdir=l1:l2,upperdir=u,workdir=w,partial=on union m'
        umount m; for f in big tree/large; do yes old | head -c 200000 >l2/$f; touch -d @5 l2/$f; done; $M
        for f in big tree/large; do printf new | dd of=m/$f conv=notrunc 2>o; done; umount m
        for f in big tree/large; do cp l2/$f l2/copy; touch -d @5 l2/copy; mv l2/copy l2/$f; done; ";
    fails(
        &format!("{begin} $M; $U settle m"),
        &[
            "m/big: Input/output error",
            "m/tree/large",
            "--accept-lower",
        ],
    );
    prints(
        &format!("{begin} $M; $U settle --accept-lower m; head -c 8 m/big; tail -c 4 m/tree/large"),
        "2 files settled, 391808 bytes copied\nnew\nold\nold",
    );
    prints(
        &format!(
            "{begin} $M; $U settle --accept-lower m/tree/large; head -c 8 m/tree/large; head -c 1 m/big || echo no"
        ),
        "1 files settled, 195904 bytes copied\nnew\nold\nno",
    );
    fails(
        &format!("{begin} echo more >>l2/big; $M; $U settle --accept-lower m"),
        &["m/big: the lower file has another size"],
    );
    fails(
        &format!(
            "{begin} $M; chmod 666 m/big m/tree/large; setpriv --reuid 1000 --clear-groups $U settle --accept-lower m"
        ),
        &["m/big: not permitted"],
    );
}

#[test]
#[ignore = "needs root and the module"]
fn status_counts() {
    let script = "echo new >m/new; chmod 600 m/one; chmod 600 m/two; $U settle m/two >o
        $U status m | tr -s ' '; $U status --list m; $U status --json --list m | tr -d ' \\n'";
    prints(
        script,
        "m\n files.lower 3\n files.upper 3\n files.without_data 1\n files.in_parts 0\n bytes.copied 0\n\
         \x20bytes.saved 2\nm/one\n\
         [{\"bytes\":{\"copied\":0,\"saved\":2},\"errors\":[],\"files\":{\"in_parts\":0,\"lower\":3,\"upper\":3,\
         \"without_data\":1},\"path\":\"m\",\"without_data\":[\"m/one\"]}]",
    );
    let script = "umount m; yes old | head -c 200000 >l2/big; mount -t union -o lowerdir=l1:l2,upperdir=u,workdir=w union m
        printf new | dd of=m/big conv=notrunc 2>o; $U status m/big | tr -s ' '; $U status --list m";
    prints(
        script,
        "m/big\n files.lower 0\n files.upper 1\n files.without_data 0\n files.in_parts 1\n bytes.copied 4096\n\
         \x20bytes.saved 195904\nm/big",
    );
    fails("$U status l1", &["not on a union"]);
    fails("$U status m m/none", &["m/none: No such file"]);
    // There is nothing to count.
    prints("$U status m/none 2>o || wc -l <o", "1");
    // A lower file that is gone, or is another one.
    let exchanged = "umount m; yes old | head -c 200000 >l2/big; cp l2/big l2/gone
        M='mount -t union -o lowerdir=l1:l2,upperdir=u,workdir=w union m'; $M
        for f in big gone; do printf new | dd of=m/$f conv=notrunc 2>o; done; umount m; rm l2/gone; echo >>l2/big; $M
        $U status m";
    fails(
        exchanged,
        &[
            "m/big: Input/output error (os error 5); the kernel log says why",
            "m/gone: Input/output error (os error 5); the kernel log says why",
        ],
    );
}
