// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "renames over names that ten lower layers know in turn as file, directory and whiteout",
    setup: |b| {
        for layer in (0..10).rev() {
            b.lower(layer);
            for first in 0..3 {
                match (layer + first) % 3 {
                    0 => drop(b.file(&format!("n{first}"), format!("layer {layer}"))),
                    1 => drop(b.file(&format!("n{first}/in{layer}"), "x")),
                    _ => b.whiteout(&format!("n{first}")),
                }
            }
        }
        b.file("f", "text");
    },
    steps: |r| {
        r.ls(".");
        for name in ["n0", "n1", "n2"] {
            r.see(name);
            r.remove_tree(name, Vec::pop);
            let _ = sys::unlink(name);
            r.rename("f", name);
            r.see(name);
            r.make(What::Full, "new");
            r.rename("new", name);
            r.rename(name, "f");
            r.rename("new", name);
            r.see(name);
        }
        r.mkdir("n0/in1");
        r.see("n0/in1");
        r.ls(".");
    },
    layers: Some(|l| {
        l.opaque("n0")?;
        l.opaque("n1")?;
        // The topmost lower layer has a whiteout there.
        l.not_opaque("n2")?;
        l.in_upper("f")
    }),
    ..Scenario::DEFAULT
};
