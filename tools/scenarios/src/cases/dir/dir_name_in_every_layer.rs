// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

const LAYERS: usize = 6;
/// As many types as a name can have in a layer; prime to the number of layers.
const MAKES: usize = 7;

pub const SCENARIO: Scenario = Scenario {
    about: "a name that is something else in each layer is listed once, with the topmost type, and \
        a directory shows no more than what lies above the first thing that ends the merge",
    setup: |b| {
        for name in 0..MAKES {
            for layer in 0..LAYERS {
                let path = format!("d/{name}");
                if layer == 0 {
                    b.upper();
                } else {
                    b.lower(layer - 1);
                }
                match (name + layer * 3) % MAKES {
                    0 => drop(b.file(&path, format!("of {layer}"))),
                    1 => drop(b.symlink(&path, &format!("to-{layer}"))),
                    2 => drop(b.fifo(&path)),
                    3 => drop(b.char_device(&path, 1, layer as u32)),
                    4 => b.whiteout(&path),
                    make => {
                        if make == 5 {
                            b.opaque(&path);
                        } else {
                            b.dir(&path);
                        }
                        b.file(&format!("{path}/in-{layer}"), "x");
                    }
                }
                // Directories in all layers, one of them opaque, and one that is no directory.
                let path = format!("d/dir{name}");
                match layer {
                    _ if layer == name => drop(b.opaque(&path)),
                    4 if name % 2 == 1 => b.whiteout(&path),
                    _ => drop(b.dir(&path)),
                }
                if layer != 4 || name % 2 == 0 || layer == name {
                    b.file(&format!("{path}/same"), format!("of {layer}"));
                    b.file(&format!("{path}/in-{layer}"), "x");
                }
            }
        }
    },
    steps: |r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        r.types(fd);
        for name in r.names("d") {
            let path = format!("d/{name}");
            r.see(&path);
            r.listed_number("d", &name);
            if name.starts_with("dir") {
                r.cat(&format!("{path}/same"));
            }
        }
        // What is copied up is still listed once, as what it is.
        for name in r.names("d") {
            r.chown(&format!("d/{name}"), 3, 3);
        }
        r.types(fd);
        for name in 0..MAKES {
            r.remove_tree(&format!("d/{name}"), Vec::pop);
            let _ = sys::unlink(format!("d/{name}"));
        }
        r.types(fd);
    },
    layers: Some(|l| l.whiteout("d/0")),
    ..Scenario::DEFAULT
};
