// SPDX-License-Identifier: GPL-2.0-only
//! Programs that imitate the load of servers.

use super::{Suite, prepare_by, run_steps};

/// Many files in the lower layer, among which these programs make theirs.
const TREE: &str =
    "mkdir -p dir; for i in $(seq 100); do echo $i >file$i; echo $i >dir/file$i; done";

pub const DBENCH: Suite = Suite {
    name: "dbench",
    about: "dbench: the calls of a file server, from a record",
    prepare: |bench| prepare_by(bench, "", TREE),
    run: |bench| {
        run_steps(
            bench,
            // Its other output is throughput; it complains because the number of its semaphore is 0.
            "run() { dbench -D . -c /usr/share/dbench/client.txt -t 2 \"$@\" >$OTHER_DIR/dbench 2>&1 || { cat $OTHER_DIR/dbench >&2; exit 1; }; ! grep -v 'barrier semaphore' $OTHER_DIR/dbench | grep -i 'error\\|failed' >&2; }",
            r#"
                one client: run 1; ls
                four clients: run 4; ls
                two clients that sync: run -s -S 2; ls
                files of before: cat file* dir/file* | sort -n | uniq -c
            "#,
        )
    },
    left_out: &[],
};

pub const FSMARK: Suite = Suite {
    name: "fs_mark",
    about: "fs_mark: many files in a directory, by several threads, synced in different ways",
    prepare: |bench| prepare_by(bench, "", TREE),
    run: |bench| {
        run_steps(
            bench,
            // With -k the files stay, to be counted and checked.
            "run() { fs_mark -s 5000 -n 100 -k -L 1 -l $OTHER_DIR/fs_mark \"$@\" >/dev/null; }
             look() { find dir* -type f | wc -l; find dir* -type f -name '*~~*' -size 5000c | wc -l; }",
            r#"
                no sync: run -S 0 -d dir; look
                fsync for each: run -S 1 -n 30 -d dir; look
                sync at the end: run -S 2 -d dir -d dir2; look
                subdirectories: run -S 4 -D 8 -N 10 -d dir3; look
                names hashed, written in pieces: run -S 0 -w 100 -r 8 -p 16 -d dir; find dir -type f | wc -l
            "#,
        )
    },
    left_out: &[],
};

pub const POSTMARK: Suite = Suite {
    name: "postmark",
    about: "postmark: small files made, read, appended to and deleted as by a mail server",
    prepare: |bench| prepare_by(bench, "", TREE),
    run: |bench| {
        run_steps(
            bench,
            // The seed is fixed: the counts are the same each time, the rates are not.
            "run() { printf '%s\\n' 'set location dir' \"$@\" run quit | postmark | sed 's/ *([^)]*)//' | grep -E '^[[:space:]]+[0-9.]+ ' | grep -v second; find dir | wc -l; }",
            r#"
                small files: run 'set number 200' 'set transactions 500'
                subdirectories: run 'set number 200' 'set transactions 300' 'set subdirectories 10'
                without stdio: run 'set number 100' 'set transactions 500' 'set buffering false' 'set size 1 20000'
                files of before: cat file* dir/file* | sort -n | uniq -c
            "#,
        )
    },
    left_out: &[],
};

pub const BONNIE: Suite = Suite {
    name: "bonnie++",
    about: "bonnie++: one large file, then many small ones",
    prepare: |bench| prepare_by(bench, "", TREE),
    run: |bench| {
        run_steps(
            bench,
            "run() { bonnie++ -q -d . -u root -m test -x 1 \"$@\" >/dev/null 2>$OTHER_DIR/bonnie || { cat $OTHER_DIR/bonnie >&2; exit 1; }; ls; }",
            r#"
                a large file: run -s 24 -r 12 -n 0 -f
                small files: run -s 0 -n 1:2000:0:4
                links: run -s 0 -n 1:-1:-1:4
            "#,
        )
    },
    left_out: &[],
};
