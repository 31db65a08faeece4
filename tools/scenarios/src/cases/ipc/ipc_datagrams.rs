// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "datagrams find a socket by its name in the union, and the answer finds the sender by his",
    setup: |b| {
        b.file("lower/x", "x");
        b.lower(0).file("merged/a", "a");
        b.lower(1).file("merged/b", "b");
    },
    steps: |r| {
        r.hold();
        for dir in ["lower", "merged"] {
            let (server, client) = (format!("{dir}/server"), format!("{dir}/client"));
            let receiver = sys::datagram_socket(&server);
            let sender = sys::datagram_socket(&client);
            r.expect("both are bound", receiver.is_ok() && sender.is_ok());
            let (receiver, sender) = (receiver.unwrap_or(-1), sender.unwrap_or(-1));
            let mut to = server.clone();
            for when in ["bound", "chmod", "rename"] {
                match when {
                    "chmod" => r.chmod(&server, 0o600),
                    "rename" => {
                        to = format!("{dir}/moved");
                        r.rename(&server, &to)
                    }
                    _ => true,
                };
                r.call("send", sys::send_to(sender, &to, when.as_bytes()));
                let (text, from) = sys::receive_from(receiver).unwrap_or_default();
                r.note(format_args!("received {} from {from}", text.escape_ascii()));
                r.call("answer", sys::send_to(receiver, &from, b"answer"));
                let (text, from) = sys::receive_from(sender).unwrap_or_default();
                r.note(format_args!("received {} from {from}", text.escape_ascii()));
            }
            r.call("send to the old name", sys::send_to(sender, &server, b"x"));
            r.connect(&to);
            r.unlink(&to);
            r.call("send to nobody", sys::send_to(sender, &to, b"x"));
        }
    },
    ..Scenario::DEFAULT
};
