// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "directories of the upper layer that are moved behind the union, into each other too, give errors or what is there",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    b.describe(&l, 0, |b| {
        b.file("a/b/c/f", "deep");
        b.file("x/y/f", "other");
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let (root, top) = (&l.target, &l.upper);
    for name in ["a/b/c/f", "x/y/f"] {
        b.works("chmod", sys::chmod(root.join(name), 0o600))?;
    }
    b.dir(&root.join("a/new/er"))?;
    b.file(&root.join("a/new/er/f"), "new")?;
    let open = b.works("open", sys::open(root.join("a/b/c"), libc::O_RDONLY, 0))?;
    let file = b.works("open", sys::open(root.join("a/b/c/f"), libc::O_RDWR, 0))?;
    for (from, to) in [
        ("a/b", "x/b"),
        ("x/b/c", "a/c"),
        ("a/new", "x/y/new"),
        ("x", "a/new"),
        ("a/new/y", "y"),
    ] {
        // What was made through the union meanwhile may stand in the way.
        let _ = sys::rename(top.join(from), top.join(to), 0);
        for path in [
            "a", "a/b", "a/b/c", "a/new", "a/new/er", "x", "x/y", "x/b", "y",
        ] {
            let path = root.join(path);
            let _ = walk::list(&path);
            let _ = sys::mkdir(path.join("made"), 0o755);
            let _ = sys::mknod(path.join("node"), libc::S_IFREG | 0o600, 0);
            let _ = sys::rename(path.join("node"), root.join("a/moved"), 0);
            let _ = sys::rename(root.join("a/moved"), path.join("node"), 0);
            let _ = sys::link(root.join("file"), path.join("link"), 0);
            let _ = sys::unlink(path.join("link"));
            let _ = sys::rmdir(path.join("made"));
            let _ = sys::rename(&path, root.join("x/y/into"), 0);
            let _ = sys::rename(&path, path.join("itself"), 0);
        }
        let _ = sys::getdents(open, 4096);
        b.must(
            "what is open is what it was",
            sys::read(file, 10, Some(0))? == b"deep",
        )?;
    }
    for name in ["a/b/c/f", "x/y/f", "a/new/er/f"] {
        // The right file or none.
        if let Ok(text) = std::fs::read_to_string(root.join(name)) {
            let right = ["deep", "other", "new", ""].contains(&text.as_str());
            b.must(
                &format!("{name} holds one of the texts, not {text:?}"),
                right,
            )?;
        }
    }
    b.works("close", sys::close(open))?;
    b.works("close", sys::close(file))?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    b.sound(&union, &l, &lowers).map(drop)
}
