// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;

use crate::scenario::Check;
use crate::selinux::{self, LABEL};
use crate::shape::Api;
use crate::sys;

pub const CHECK: Check = Check {
    about: "with SELinux, copies have the label the union shows: that of context=, else that of the lower object",
    run,
    ..Check::DEFAULT
};

const BELOW: &str = "u:object_r:below_t";
const SHOWN: &str = "u:object_r:shown_t";

fn run(b: &mut Bench) -> Result<(), String> {
    selinux::enforce(b)?;
    let l = b.layout(1)?;
    let below = &l.lowers[0];
    std::os::unix::fs::symlink("target", below.join("link")).map_err(|error| error.to_string())?;
    let names = ["file", "dir", "link"];
    for name in names {
        let label = format!("{BELOW}\0");
        let set = sys::setxattr(below.join(name), LABEL, label.as_bytes(), 0);
        b.works("labelling", set)?;
    }
    let label = |path: &Path| selinux::label(b, path);
    let same = |path: &Path, expected: &str| match label(path)? {
        found if found == expected => Ok(()),
        found => Err(format!(
            "{} must be labelled {expected}, it is {found}",
            path.display()
        )),
    };
    for (context, api) in [
        (Some(SHOWN), Api::Mount),
        (Some(SHOWN), Api::Strings),
        (None, Api::Mount),
    ] {
        let mut union = b.union(&l).api(api);
        if let Some(context) = context {
            union = union.option("context", context);
        }
        union.mount(&l.target)?;
        let expected = context.unwrap_or(BELOW);
        for name in names {
            same(&l.target.join(name), expected)?;
            let (old, away) = (l.target.join(name), l.target.join("away"));
            // A directory of a lower layer is not renamed; its mode is changed.
            if name == "dir" {
                b.works("chmod", sys::chmod(&old, 0o700))?;
            } else {
                b.works("rename", sys::rename(&old, &away, 0))?;
                b.works("rename back", sys::rename(&away, &old, 0))?;
            }
            same(&l.upper.join(name), expected)?;
            same(&old, expected)?;
        }
        b.file(&l.target.join("new"), "text")?;
        let new = context.unwrap_or(selinux::BASE.trim_end_matches('\0'));
        same(&l.upper.join("new"), new)?;
        b.umount(&l.target)?;
        // The other rounds copy anew.
        for path in [&l.upper, &l.work] {
            std::fs::remove_dir_all(path).map_err(|error| error.to_string())?;
            b.dir(path)?;
        }
    }
    Ok(())
}
