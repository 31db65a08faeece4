// SPDX-License-Identifier: GPL-2.0-only
//! Renaming objects of every type over objects of every type.

use crate::prelude::*;

/// A copied-up object of any type replaces a copied-up one: the lower objects of both names stay hidden.
pub fn rename_kinds_copied_up(b: &mut Builder) -> Steps {
    for (from, to, dir) in What::pairs(&What::LEAVES, &What::ALL) {
        b.object(from, &format!("{dir}/old"));
        b.object(to, &format!("{dir}/new"));
    }
    steps(|r| {
        for (_, _, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            let (old, new) = (format!("{dir}/old"), format!("{dir}/new"));
            r.chown(&old, 7, 8);
            r.chown(&new, 9, 10);
            r.rename(&old, &new);
            r.see(&new);
            // Nothing may be left beneath the two.
            r.lstat(&old);
            r.unlink(&new);
            r.lstat(&new);
        }
    })
    .layers(|l| {
        for (_, to, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            if !to.is_dir() {
                l.whiteout(&format!("{dir}/old"))?;
                l.whiteout(&format!("{dir}/new"))?;
            }
        }
        Ok(())
    })
}

/// EXCHANGE of a lower object with a lower or a new one of any type leaves both names in use.
pub fn rename_kinds_exchange_lower(b: &mut Builder) -> Steps {
    for (one, two, dir) in What::pairs(&What::LEAVES, &What::ALL) {
        b.object(one, &format!("{dir}/lower"));
        b.object(one, &format!("{dir}/other"));
        if !two.is_dir() {
            b.object(two, &format!("{dir}/beneath"));
        }
    }
    steps(|r| {
        for (_, two, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            let (lower, new) = (format!("{dir}/lower"), format!("{dir}/new"));
            r.make(two, &new);
            r.rename2(&lower, &new, RENAME_EXCHANGE);
            r.see(&lower);
            r.see(&new);
            // Names of leaves of lower layers, on both sides.
            r.rename2(
                &format!("{dir}/other"),
                &format!("{dir}/beneath"),
                RENAME_EXCHANGE,
            );
            r.see(&format!("{dir}/other"));
            r.see(&format!("{dir}/beneath"));
        }
    })
    .layers(|l| {
        for (_, two, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            l.in_upper(&format!("{dir}/new"))?;
            l.in_upper(&format!("{dir}/lower"))?;
            if two.is_dir() {
                l.opaque(&format!("{dir}/lower"))?;
                // There was nothing to exchange with.
                l.absent(&format!("{dir}/other"))?;
            }
        }
        Ok(())
    })
}

/// EXCHANGE of new objects of all types, with nothing beneath them: no marks are needed.
pub fn rename_kinds_exchange_new(b: &mut Builder) -> Steps {
    b.dir("d");
    steps(|r| {
        for (one, two, dir) in What::pairs(&What::ALL, &What::ALL) {
            let (a, b) = (format!("d/{dir}-a"), format!("d/{dir}-b"));
            r.make(one, &a);
            r.make(two, &b);
            r.rename2(&a, &b, RENAME_EXCHANGE);
            r.see(&a);
            r.see(&b);
        }
        r.ls("d");
    })
    .layers(|l| {
        for (_, _, dir) in What::pairs(&What::ALL, &What::ALL) {
            l.not_opaque(&format!("d/{dir}-a"))?;
            l.not_opaque(&format!("d/{dir}-b"))?;
        }
        Ok(())
    })
}

/// A lower object of any type replaces a lower one where the types permit it; if refused, nothing is copied up.
pub fn rename_kinds_lower(b: &mut Builder) -> Steps {
    for (from, to, dir) in What::pairs(&What::LEAVES, &What::ALL) {
        b.object(from, &format!("{dir}/old"));
        b.object(to, &format!("{dir}/new"));
    }
    steps(|r| {
        for (_, _, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            r.rename(&format!("{dir}/old"), &format!("{dir}/new"));
            r.see(&format!("{dir}/new"));
            r.lstat(&format!("{dir}/old"));
        }
    })
    .layers(|l| {
        for (_, to, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            if to.is_dir() {
                l.absent(&dir)?;
            } else {
                l.whiteout(&format!("{dir}/old"))?;
                l.in_upper(&format!("{dir}/new"))?;
            }
        }
        Ok(())
    })
}

/// A lower object of any type takes a deleted name and leaves a whiteout at its own.
pub fn rename_kinds_lower_over_whiteout(b: &mut Builder) -> Steps {
    for (from, gone, dir) in What::pairs(&What::LEAVES, &What::ALL) {
        b.object(from, &format!("{dir}/from"));
        b.object(gone, &format!("{dir}/name"));
    }
    steps(|r| {
        for (_, gone, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            let name = format!("{dir}/name");
            r.remove(gone, &name);
            r.rename(&format!("{dir}/from"), &name);
            r.see(&name);
            r.ls(&dir);
        }
    })
    .layers(|l| {
        for (_, _, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            l.whiteout(&format!("{dir}/from"))?;
            l.in_upper(&format!("{dir}/name"))?;
        }
        Ok(())
    })
}

/// A new object of any type replaces a lower one where the types permit it; a directory becomes opaque.
pub fn rename_kinds_new(b: &mut Builder) -> Steps {
    for (_, to, dir) in What::pairs(&What::ALL, &What::ALL) {
        b.object(to, &format!("{dir}/new"));
    }
    steps(|r| {
        for (from, _, dir) in What::pairs(&What::ALL, &What::ALL) {
            r.make(from, &format!("{dir}/old"));
            r.rename(&format!("{dir}/old"), &format!("{dir}/new"));
            r.see(&format!("{dir}/new"));
            r.ls(&dir);
        }
    })
    .layers(|l| {
        for (from, to, dir) in What::pairs(&What::ALL, &What::ALL) {
            let (old, new) = (format!("{dir}/old"), format!("{dir}/new"));
            if from.is_dir() && to == What::Empty {
                l.opaque(&new)?;
            } else if from.is_dir() || to.is_dir() {
                l.in_upper(&old)?;
                l.absent(&new)?;
                continue;
            }
            l.absent(&old)?;
            l.in_upper(&new)?;
        }
        Ok(())
    })
}

/// NOREPLACE is refused by an object of any type in any layer, and copies nothing up.
pub fn rename_kinds_noreplace(b: &mut Builder) -> Steps {
    for what in What::ALL {
        b.object(what, &format!("lower/{what}"));
        b.upper().object(what, &format!("upper/{what}"));
        b.anywhere();
    }
    b.file("f", "text");
    steps(|r| {
        r.put("new", O_WRONLY | O_CREAT, "new");
        for what in What::ALL {
            for layer in ["lower", "upper"] {
                let name = format!("{layer}/{what}");
                r.rename2("f", &name, RENAME_NOREPLACE);
                r.rename2("new", &name, RENAME_NOREPLACE);
                r.rename2(&name, &name, RENAME_NOREPLACE);
                r.see(&name);
            }
        }
        r.ls(".");
    })
    .absent("f")
    .absent("lower")
}

/// A lower object of any type replaces one that was made through the union.
pub fn rename_kinds_over_new(b: &mut Builder) -> Steps {
    for (from, _, dir) in What::pairs(&What::LEAVES, &What::ALL) {
        b.object(from, &format!("{dir}/old"));
    }
    steps(|r| {
        for (_, to, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            r.make(to, &format!("{dir}/new"));
            r.rename(&format!("{dir}/old"), &format!("{dir}/new"));
            r.see(&format!("{dir}/new"));
            r.ls(&dir);
        }
    })
    .layers(|l| {
        for (_, to, dir) in What::pairs(&What::LEAVES, &What::ALL) {
            l.in_upper(&format!("{dir}/new"))?;
            if to.is_dir() {
                l.absent(&format!("{dir}/old"))?;
            } else {
                l.whiteout(&format!("{dir}/old"))?;
            }
        }
        Ok(())
    })
}

/// A new object of any type takes the name of a deleted one of any type, and nothing of that one shows.
pub fn rename_kinds_over_whiteout(b: &mut Builder) -> Steps {
    for (_, gone, dir) in What::pairs(&What::ALL, &What::ALL) {
        b.object(gone, &format!("{dir}/name"));
    }
    steps(|r| {
        for (from, gone, dir) in What::pairs(&What::ALL, &What::ALL) {
            let name = format!("{dir}/name");
            r.remove(gone, &name);
            r.make(from, &format!("{dir}/from"));
            r.rename(&format!("{dir}/from"), &name);
            r.see(&name);
            r.ls(&dir);
        }
    })
    .layers(|l| {
        for (from, _, dir) in What::pairs(&What::ALL, &What::ALL) {
            l.absent(&format!("{dir}/from"))?;
            l.in_upper(&format!("{dir}/name"))?;
            if from.is_dir() {
                l.opaque(&format!("{dir}/name"))?;
            }
        }
        Ok(())
    })
}

/// Sockets replace, are replaced and are exchanged like any leaf, lower or not.
pub fn rename_sockets(b: &mut Builder) -> Steps {
    for (_, what, dir) in What::pairs(&[What::Socket], &What::ALL) {
        b.object(What::Socket, &format!("{dir}/socket"));
        b.object(What::Socket, &format!("{dir}/other"));
        b.object(what, &format!("{dir}/name"));
    }
    steps(|r| {
        for (_, what, dir) in What::pairs(&[What::Socket], &What::ALL) {
            let name = format!("{dir}/name");
            if !what.is_dir() {
                r.rename2(&format!("{dir}/other"), &name, RENAME_EXCHANGE);
                r.rename2(&format!("{dir}/other"), &name, RENAME_EXCHANGE);
                r.rename(&name, &format!("{dir}/socket"));
                r.see(&format!("{dir}/socket"));
            }
            r.rename(&format!("{dir}/other"), &name);
            r.see(&name);
            r.ls(&dir);
        }
    })
    .absent("socket-full")
    .whiteout("socket-file/other")
    .in_upper("socket-file/name")
}

/// Symlinks, FIFOs and devices move.
pub fn rename_special(b: &mut Builder) -> Steps {
    b.symlink("l", "target");
    b.fifo("p");
    b.char_device("c", 1, 3);
    b.socket("s");
    b.dir("d");
    steps(|r| {
        for name in ["l", "p", "c", "s"] {
            r.rename(name, &format!("d/{name}"));
            r.lstat(&format!("d/{name}"));
        }
        r.rename("d/l", "d/p");
        r.ls("d");
        r.ls(".");
    })
}
