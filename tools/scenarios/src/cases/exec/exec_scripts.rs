// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "scripts run by the interpreter they name, each found in whichever layer it is",
    setup: |b| {
        b.file("d/prog", elf::exits_with(42)).mode(0o755);
        b.file("lower", "#!d/prog\n").mode(0o755);
        b.file("arguments", "#! d/prog -x y \nrest").mode(0o755);
        b.file("no end of line", "#!d/prog").mode(0o755);
        b.file("plain", "#!d/prog\n");
        b.file("missing", "#!d/none\n").mode(0o755);
        b.file("to plain", "#!plain\n").mode(0o755);
        b.file("to dir", "#!d\n").mode(0o755);
        b.file("to script", "#!lower\n").mode(0o755);
        b.file("to itself", "#!to itself\n").mode(0o755);
        b.file("itself", "#!itself\n").mode(0o755);
        b.file("empty", "").mode(0o755);
        b.file("text", "exit 3\n").mode(0o755);
        b.file("nothing", "#!\n").mode(0o755);
        b.upper().file("upper", "#!d/prog\n").mode(0o755);
        b.anywhere();
    },
    steps: |r| {
        for name in [
            "lower",
            "arguments",
            "no end of line",
            "plain",
            "missing",
            "to plain",
            "to dir",
            "to script",
            "to itself",
            "itself",
            "empty",
            "text",
            "nothing",
            "upper",
            "d",
        ] {
            r.exec(&format!("./{name}"), &["argument"]);
        }
        // The interpreter is another one now, the script is not.
        r.put("new", O_WRONLY | O_CREAT, elf::exits_with(43));
        r.chmod("new", 0o755);
        r.rename("new", "d/prog");
        r.exec("./lower", &[]);
        r.put("lower", O_WRONLY | O_TRUNC, "#!upper\n");
        r.exec("./lower", &[]);
        r.unlink("d/prog");
        r.exec("./lower", &[]);
    },
    layers: Some(|l| {
        l.whiteout("d/prog")?;
        l.upper_is(&["upper", "d", "d/prog", "lower"])
    }),
    ..Scenario::DEFAULT
};
