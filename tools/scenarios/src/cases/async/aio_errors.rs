// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "asynchronous requests that cannot be done say why, at once or when they are over",
    setup: |b| {
        b.file("f", "0123456789");
        b.file("written", "0123456789");
        b.dir("d");
    },
    steps: |r| {
        let aio = r.aio();
        let mut buffer = [0; 4];
        let reader = r.open("f", O_RDONLY);
        let writer = r.open("f", O_WRONLY);
        let path = r.open("f", O_PATH);
        let dir = r.open("d", O_RDONLY);
        for (fd, what) in [
            (reader.raw(), "reader"),
            (path.raw(), "path"),
            (dir.raw(), "directory"),
            (-1, "nothing"),
        ] {
            let request = vec![Control::write(fd, b"x", 0)];
            r.submit(&aio, &format!("write to {what}"), request);
            r.submit(
                &aio,
                &format!("fsync of {what}"),
                vec![Control::fsync(fd, false)],
            );
        }
        for (fd, what) in [(writer.raw(), "writer"), (dir.raw(), "directory")] {
            let request = vec![Control::read(fd, &mut buffer, 0)];
            r.submit(&aio, &format!("read of {what}"), request);
        }
        r.submit(&aio, "offset", vec![Control::write(writer.raw(), b"x", -1)]);
        r.submit(&aio, "number", vec![Control::other(77, writer.raw())]);
        r.submit(
            &aio,
            "spoiled",
            vec![Control::write(writer.raw(), b"x", 0).spoiled()],
        );
        r.submit(&aio, "nothing", vec![Control::write(writer.raw(), b"", 0)]);
        // Those before the mistake are done, those behind it are not.
        let written = r.open("written", O_RDWR);
        let request = vec![
            Control::write(written.raw(), b"a", 0),
            Control::write(-1, b"b", 1),
            Control::write(written.raw(), b"c", 2),
        ];
        r.submit(&aio, "three", request);
        let request = vec![Control::write_nowhere(written.raw(), 5)];
        r.submit(&aio, "nowhere", request);
        r.cat("written");
    },
    layers: Some(|l| {
        l.in_upper("written")?;
        if l.is_union() { l.absent("f") } else { Ok(()) }
    }),
    ..Scenario::DEFAULT
};
