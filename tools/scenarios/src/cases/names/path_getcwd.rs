// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "the current directory is named by getcwd after renames above it, and has no name once it is removed",
    setup: |b| {
        b.file("lower/sub/f", "text");
        b.upper().dir("upper/sub");
    },
    steps: |r| {
        let root = r.root();
        let start = r.open(".", O_PATH);
        r.chdir("upper/sub");
        r.getcwd(&root);
        r.rename("../../upper", "../../moved");
        r.getcwd(&root);
        r.chdir("..");
        r.getcwd(&root);
        r.rmdir("sub");
        r.rmdir("../moved");
        r.getcwd(&root);
        r.chdir("..");
        r.getcwd(&root);
        r.fchdir(start);
        r.chdir("lower/sub");
        r.chmod(".", 0o700);
        r.getcwd(&root);
        r.unlink("f");
        r.rmdir("../sub");
        r.getcwd(&root);
        r.mkdir("../sub");
        r.getcwd(&root);
        r.ls(".");
        r.chdir(".");
        r.stat("../sub");
    },
    layers: Some(|l| l.opaque("lower/sub")),
    ..Scenario::DEFAULT
};
