// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Connects and has the server take a word from it.
fn meet(r: &mut Run, server: Fd, path: &str) {
    let client = r.connect(path);
    if client.raw() >= 0 {
        let served = sys::accept(server.raw()).and_then(|served| {
            sys::write(client.raw(), b"hello", None)?;
            let word = sys::read(served, 10, None)?;
            sys::close(served)?;
            Ok(word.escape_ascii().to_string())
        });
        r.call("the server heard", served);
        r.close(client);
    }
}

pub const SCENARIO: Scenario = Scenario {
    about: "a listening socket is reached by whatever name it has now, and by no name it had",
    setup: |b| {
        b.file("lower/x", "x");
        b.lower(0).file("merged/a", "a");
        b.lower(1).file("merged/gone", "gone");
        b.upper().file("merged/u", "u");
    },
    steps: |r| {
        for dir in ["lower", "merged"] {
            let at = |name: &str| format!("{dir}/{name}");
            r.unlink(&at("gone"));
            let server = r.bind(&at("gone"));
            meet(r, server, &at("gone"));
            r.chmod(&at("gone"), 0o700);
            meet(r, server, &at("gone"));
            r.link(&at("gone"), &at("second"));
            r.rename(&at("gone"), "moved");
            meet(r, server, &at("gone"));
            meet(r, server, "moved");
            let result = std::fs::write("/proc/sys/vm/drop_caches", "2");
            r.expect("caches are dropped", result.is_ok());
            meet(r, server, &at("second"));
            r.symlink("../moved", &at("symlink"));
            meet(r, server, &at("symlink"));
            r.bind(&at("symlink"));
            r.open("moved", O_RDWR);
            r.unlink("moved");
            meet(r, server, "moved");
            meet(r, server, &at("second"));
            r.close(server);
            r.connect(&at("second"));
            // The name outlives the socket, and is in the way of the next.
            r.bind(&at("second"));
        }
        for name in ["lower/x", "merged", "merged/a", "none/x", "lower/x/y"] {
            r.bind(name);
            r.connect(name);
        }
    },
    ..Scenario::DEFAULT
};
