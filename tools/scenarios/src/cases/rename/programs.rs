// SPDX-License-Identifier: GPL-2.0-only
//! The calls by which programs replace whole directories: each is moved aside, a new one takes its place, and the old one
//! is removed or comes back.

use std::path::Path;

use crate::prelude::*;
use crate::walk;

/// Records everything in a directory in one line.
pub(super) fn look(r: &mut Run, path: &str) {
    let found = walk::outline(Path::new(path));
    let lines: Vec<_> = found
        .iter()
        .map(|(name, line)| format!("{name}: {line}"))
        .collect();
    r.note(format_args!("{path} holds {lines:?}"));
}

/// Makes a directory with some files, as an archive that is unpacked.
pub(super) fn unpack(r: &mut Run, path: &str, files: &[&str]) {
    r.mkdir(path);
    for file in files {
        if let Some((dir, _)) = file.split_once('/') {
            let dir = format!("{path}/{dir}");
            if sys::stat(&dir, 0).is_err() {
                r.mkdir(&dir);
            }
        }
        let data = format!("new {file}");
        r.put(&format!("{path}/{file}"), O_WRONLY | O_CREAT | O_EXCL, data);
    }
}

/// apt's lists are moved away and fetched anew, as the advice for damaged ones says: each file is made in `partial` and
/// renamed.
pub fn rename_like_apt(b: &mut Builder) -> Steps {
    b.dir("apt/lists/partial").mode(0o700).owner(42, 0);
    b.dir("apt/lists/auxfiles");
    for name in ["InRelease", "Packages", "Translation"] {
        b.file(&format!("apt/lists/{name}"), name);
    }
    b.file("apt/lists/lock", "").mode(0o640);
    b.file("apt/lists/partial/Sources.FAILED", "half a file");
    steps(|r| {
        r.rename("apt/lists/partial", "apt/lists/partial.old");
        r.mkdir_mode("apt/lists/partial", 0o700);
        r.chown("apt/lists/partial", 42, 0);
        r.rename(
            "apt/lists/partial.old/Sources.FAILED",
            "apt/lists/partial/Sources",
        );
        r.rmdir("apt/lists/partial.old");
        look(r, "apt");
        r.rename("apt/lists", "apt/lists.old");
        r.mkdir("apt/lists");
        r.mkdir_mode("apt/lists/partial", 0o700);
        for name in ["InRelease", "Packages", "Sources"] {
            let part = format!("apt/lists/partial/{name}");
            r.put(&part, O_WRONLY | O_CREAT, format!("new {name}"));
            r.utimens(&part, OLD);
            r.rename(&part, &format!("apt/lists/{name}"));
        }
        // What the server still has in the same state is taken from the old lists.
        r.rename("apt/lists.old/Translation", "apt/lists/Translation");
        look(r, "apt");
        r.remove_tree("apt/lists.old", Vec::pop);
        r.lstat("apt/lists.old");
        r.see("apt/lists/Packages");
        r.see("apt/lists");
    })
    .opaque("apt/lists")
    .absent("apt/lists.old")
}

/// dpkg replaces files beside hard links to the old ones, moves a directory aside for a file and a link, and renames new
/// directories to names that were removed.
pub fn rename_like_dpkg(b: &mut Builder) -> Steps {
    for name in ["etc/conf", "usr/bin/tool", "usr/lib/plain"] {
        b.file(name, name);
    }
    for name in ["usr/share/doc/tool/README", "usr/share/doc/tool/en/INDEX"] {
        b.file(name, name);
    }
    b.file("usr/lib/was-dir/data", "data");
    b.file("usr/include/readline/readline.h", "h");
    b.file("usr/share/doc/tool-common/copyright", "c");
    steps(|r| {
        // A file, with the old one as `.dpkg-tmp` meanwhile.
        for name in ["usr/bin/tool", "usr/lib/plain"] {
            let (new, old) = (format!("{name}.dpkg-new"), format!("{name}.dpkg-tmp"));
            r.put(&new, O_WRONLY | O_CREAT | O_EXCL, format!("new {name}"));
            r.utimens(&new, OLD);
            r.link(name, &old);
            r.rename(&new, name);
            r.unlink(&old);
        }
        // A conffile: the new version is put aside first, then the changed one.
        r.put("etc/conf", O_WRONLY | O_APPEND, " edited");
        r.put("etc/conf.dpkg-new", O_WRONLY | O_CREAT, "new conf");
        r.unlink("etc/conf.dpkg-old");
        r.link("etc/conf", "etc/conf.dpkg-old");
        r.rename("etc/conf.dpkg-new", "etc/conf");
        look(r, "etc");
        // A directory that becomes a file.
        r.put("usr/lib/was-dir.dpkg-new", O_WRONLY | O_CREAT, "now a file");
        r.rename("usr/lib/was-dir.dpkg-new", "usr/lib/was-dir");
        r.rename("usr/lib/was-dir", "usr/lib/was-dir.dpkg-tmp");
        r.rename("usr/lib/was-dir.dpkg-new", "usr/lib/was-dir");
        look(r, "usr/lib");
        r.remove_tree("usr/lib/was-dir.dpkg-tmp", Vec::pop);
        // One that was removed is made again under another name.
        r.remove_tree("usr/include/readline", Vec::pop);
        r.mkdir_mode("usr/include/readline.dpkg-new", 0);
        r.chmod("usr/include/readline.dpkg-new", 0o755);
        r.utimens("usr/include/readline.dpkg-new", OLD);
        r.rename("usr/include/readline.dpkg-new", "usr/include/readline");
        r.see("usr/include/readline");
        // dpkg-maintscript-helper dir_to_symlink, when the unpacking fails, and when it does not.
        let doc = "usr/share/doc/tool";
        for fails in [true, false] {
            r.rename(doc, &format!("{doc}.dpkg-backup"));
            r.mkdir(doc);
            r.put(&format!("{doc}/.dpkg-staging-dir"), O_WRONLY | O_CREAT, "");
            r.put(&format!("{doc}/NEWS"), O_WRONLY | O_CREAT, "news");
            look(r, "usr/share/doc");
            if fails {
                r.remove_tree(doc, Vec::pop);
                r.rename(&format!("{doc}.dpkg-backup"), doc);
                look(r, "usr/share/doc");
                continue;
            }
            r.rename(&format!("{doc}/NEWS"), "usr/share/doc/tool-common/NEWS");
            r.unlink(&format!("{doc}/.dpkg-staging-dir"));
            r.rmdir(doc);
            r.symlink("tool-common", doc);
            r.remove_tree(&format!("{doc}.dpkg-backup"), Vec::pop);
        }
        look(r, "usr");
        r.readlink(doc);
        r.cat(&format!("{doc}/NEWS"));
    })
    .opaque("usr/include/readline")
    .absent("usr/share/doc/tool.dpkg-backup")
}

/// rustup moves files and directories of a toolchain into its directory of temporary files, moves the unpacked ones into
/// place, and undoes all that in the opposite order when one of them is missing.
pub fn rename_like_rustup(b: &mut Builder) -> Steps {
    const FILES: [&str; 3] = ["bin/rustc", "lib/librustc.so", "bin/cargo"];
    const DIRS: [&str; 3] = ["share/doc/rust", "lib/rustlib/etc", "share/man"];
    for file in FILES {
        b.file(&format!("toolchains/stable/{file}"), file)
            .mode(0o755);
    }
    for dir in DIRS {
        b.file(&format!("toolchains/stable/{dir}/html/index"), dir);
        b.file(&format!("toolchains/stable/{dir}/README"), dir);
    }
    b.file("toolchains/stable/lib/rustlib/components", "rustc\ncargo\n");
    b.file("toolchains/nightly/bin/rustc", "nightly")
        .mode(0o755);
    b.dir("tmp");
    b.dir("downloads");
    steps(|r| {
        let home = "toolchains/stable";
        for (attempt, fails) in [true, false].into_iter().enumerate() {
            let mut backups = Vec::new();
            for (number, dir) in DIRS.iter().enumerate() {
                let temporary = format!("tmp/{attempt}{number}_dir");
                r.mkdir(&temporary);
                let backup = format!("{temporary}/bk");
                r.rename(&format!("{home}/{dir}"), &backup);
                backups.push((backup, format!("{home}/{dir}")));
            }
            for (number, file) in FILES.iter().enumerate() {
                let backup = format!("tmp/{attempt}{number}_file");
                r.rename(&format!("{home}/{file}"), &backup);
                backups.push((backup, format!("{home}/{file}")));
            }
            let package = format!("tmp/{attempt}_package");
            r.mkdir(&package);
            unpack(r, &format!("{package}/doc"), &["html/index", "html/new"]);
            unpack(r, &format!("{package}/bin"), &["rustc", "cargo"]);
            r.rename(&format!("{package}/doc"), &format!("{home}/{}", DIRS[0]));
            for file in ["bin/rustc", "bin/cargo"] {
                r.rename(&format!("{package}/{file}"), &format!("{home}/{file}"));
            }
            look(r, "tmp");
            if fails {
                // No such file in the package: everything back.
                r.rename(&format!("{package}/lib"), &format!("{home}/lib/missing"));
                for file in ["bin/cargo", "bin/rustc"] {
                    r.unlink(&format!("{home}/{file}"));
                }
                r.remove_tree(&format!("{home}/{}", DIRS[0]), Vec::pop);
                for (backup, place) in backups.iter().rev() {
                    r.rename(backup, place);
                }
            }
            r.remove_tree("tmp", Vec::pop);
            r.mkdir("tmp");
            look(r, home);
        }
        // `rustup toolchain` with another name, and one that is removed as a whole.
        r.rename("toolchains/nightly", "toolchains/nightly-2026");
        r.rename(home, "tmp/removed");
        look(r, "toolchains");
        r.rename("tmp/removed", "toolchains/stable");
        r.see(&format!("{home}/bin/rustc"));
        r.cat(&format!("{home}/lib/rustlib/components"));
    })
}

/// npm moves packages aside within node_modules, unpacks new ones, takes over what is unchanged in them, and removes the
/// old ones; when one cannot be unpacked, the old ones come back.
pub fn rename_like_npm(b: &mut Builder) -> Steps {
    const PACKAGES: [(&str, &str); 3] = [
        ("left", ".left-Kf83hWq1"),
        ("@scope/right", "@scope/.right-x92LmZ0p"),
        ("@scope/other", "@scope/.other-Q7dT5bYc"),
    ];
    for (package, _) in PACKAGES {
        let dir = format!("node_modules/{package}");
        b.file(&format!("{dir}/package.json"), package);
        b.file(&format!("{dir}/lib/index.js"), package);
        b.file(&format!("{dir}/node_modules/child/package.json"), "child");
        b.file(&format!("{dir}/node_modules/@in/child/index.js"), "child");
    }
    b.file("node_modules/left/cli.js", "#!").mode(0o755);
    b.symlink("node_modules/.bin/left", "../left/cli.js");
    b.file("node_modules/.package-lock.json", "{}");
    b.file("node_modules/kept/package.json", "kept");
    steps(|r| {
        for fails in [true, false] {
            for (package, retired) in PACKAGES {
                r.rename(
                    &format!("node_modules/{package}"),
                    &format!("node_modules/{retired}"),
                );
            }
            r.rename("node_modules/.bin/left", "node_modules/.bin/.left-Uw4hR1dz");
            look(r, "node_modules");
            for (package, _) in PACKAGES {
                unpack(
                    r,
                    &format!("node_modules/{package}"),
                    &["package.json", "lib/index.js", "cli.js"],
                );
                if fails {
                    break;
                }
            }
            if fails {
                for (package, retired) in PACKAGES {
                    let package = format!("node_modules/{package}");
                    if sys::stat(&package, 0).is_ok() {
                        r.remove_tree(&package, Vec::pop);
                    }
                    r.rename(&format!("node_modules/{retired}"), &package);
                }
                r.rename("node_modules/.bin/.left-Uw4hR1dz", "node_modules/.bin/left");
                look(r, "node_modules");
                continue;
            }
            r.symlink("../left/cli.js", "node_modules/.bin/left");
            // Children that did not change move from the old package to the new one.
            for (package, retired) in PACKAGES {
                r.mkdir(&format!("node_modules/{package}/node_modules"));
                for child in ["child", "@in"] {
                    r.rename(
                        &format!("node_modules/{retired}/node_modules/{child}"),
                        &format!("node_modules/{package}/node_modules/{child}"),
                    );
                }
            }
            look(r, "node_modules");
            for (_, retired) in PACKAGES {
                r.remove_tree(&format!("node_modules/{retired}"), Vec::pop);
            }
            r.unlink("node_modules/.bin/.left-Uw4hR1dz");
        }
        look(r, "node_modules");
        // `npm ci` begins with an empty directory.
        r.rename("node_modules", ".node_modules-old");
        r.mkdir("node_modules");
        r.rename(".node_modules-old/@scope", "node_modules/@scope");
        r.remove_tree(".node_modules-old", Vec::pop);
        look(r, "node_modules");
    })
    .opaque("node_modules")
    .absent(".node_modules-old")
}

/// conda holds an unpacked package beside the new one, links its files into environments, renames those to be removed,
/// and environments as a whole.
pub fn rename_like_conda(b: &mut Builder) -> Steps {
    for package in ["zlib-1.2-0", "python-3.12-1"] {
        for file in ["info/files", "info/index.json", "lib/lib.so", "bin/run"] {
            b.file(&format!("pkgs/{package}/{file}"), package);
        }
    }
    for file in ["conda-meta/history", "lib/lib.so", "bin/run", "lib/own"] {
        b.file(&format!("envs/base/{file}"), "base");
    }
    b.file("envs/old/conda-meta/history", "old");
    steps(|r| {
        // A damaged package is unpacked again; the first time that fails.
        let (package, held) = ("pkgs/zlib-1.2-0", "pkgs/zlib-1.2-0.c~");
        for fails in [true, false] {
            r.rename(package, held);
            unpack(r, package, &["info/files", "info/index.json", "lib/lib.so"]);
            look(r, "pkgs");
            if fails {
                r.remove_tree(package, Vec::pop);
                r.rename(held, package);
            } else {
                r.remove_tree(held, Vec::pop);
            }
            look(r, "pkgs");
        }
        // What goes is renamed first, and removed when all of the new ones are there.
        for file in ["lib/lib.so", "bin/run"] {
            let path = format!("envs/base/{file}");
            r.rename(&path, &format!("{path}.c~"));
        }
        r.link("pkgs/zlib-1.2-0/lib/lib.so", "envs/base/lib/lib.so");
        r.link("pkgs/python-3.12-1/bin/run", "envs/base/bin/run");
        r.put("envs/base/bin/run.sh", O_WRONLY | O_CREAT, "#!/envs/base");
        for file in ["lib/lib.so", "bin/run"] {
            r.unlink(&format!("envs/base/{file}.c~"));
        }
        look(r, "envs");
        // The other name sees what is written to one of them.
        r.put("envs/base/bin/run", O_WRONLY, "PYTHON");
        r.cat("pkgs/python-3.12-1/bin/run");
        // A package moves to the trash; its file stays in the environment.
        r.mkdir("pkgs/.trash");
        r.rename("pkgs/python-3.12-1", "pkgs/.trash/python-3.12-1.c~");
        r.stat("envs/base/bin/run");
        r.remove_tree("pkgs/.trash", Vec::pop);
        r.stat("envs/base/bin/run");
        // Two environments change places by a third name.
        r.rename("envs/base", "envs/.swap");
        r.rename("envs/old", "envs/base");
        r.rename("envs/.swap", "envs/old");
        look(r, "envs");
        r.put("envs/old/lib/own", O_WRONLY | O_APPEND, " changed");
        r.rename2("envs/base", "envs/old", RENAME_EXCHANGE);
        look(r, "envs");
    })
    .absent("pkgs/.trash")
    .absent("pkgs/zlib-1.2-0.c~")
}

/// pip hides packages under names that begin with a tilde, composer and gem in a directory of their own, and bring them
/// back when an installation fails.
pub fn rename_like_pip(b: &mut Builder) -> Steps {
    for package in ["requests", "urllib3"] {
        for file in ["__init__.py", "sub/__init__.py", "sub/deep/data"] {
            b.file(&format!("site-packages/{package}/{file}"), package);
        }
        let about = format!("site-packages/{package}-1.0.dist-info");
        b.file(&format!("{about}/RECORD"), package);
    }
    b.file("site-packages/six.py", "six");
    b.dir("tmp");
    steps(|r| {
        for fails in [true, false] {
            for package in ["equests", "rllib3"] {
                let name = match package {
                    "equests" => "requests",
                    _ => "urllib3",
                };
                // As many characters as the package has, so that no path gets longer.
                r.mkdir(&format!("site-packages/~{package}"));
                r.rename(
                    &format!("site-packages/{name}"),
                    &format!("site-packages/~{package}"),
                );
                r.rename(
                    &format!("site-packages/{name}-1.0.dist-info"),
                    &format!("site-packages/~{package}-1.0.dist-info"),
                );
            }
            r.rename("site-packages/six.py", "tmp/six.py");
            unpack(
                r,
                "site-packages/requests",
                &["__init__.py", "sub/__init__.py"],
            );
            look(r, "site-packages");
            if fails {
                r.remove_tree("site-packages/requests", Vec::pop);
                for (hidden, name) in [("~equests", "requests"), ("~rllib3", "urllib3")] {
                    for end in ["", "-1.0.dist-info"] {
                        r.rename(
                            &format!("site-packages/{hidden}{end}"),
                            &format!("site-packages/{name}{end}"),
                        );
                    }
                }
                r.rename("tmp/six.py", "site-packages/six.py");
                look(r, "site-packages");
            }
        }
        for hidden in [
            "~equests",
            "~rllib3",
            "~equests-1.0.dist-info",
            "~rllib3-1.0.dist-info",
        ] {
            r.remove_tree(&format!("site-packages/{hidden}"), Vec::pop);
        }
        look(r, ".");
    })
    .opaque("site-packages/requests")
    .absent("site-packages/~equests")
}

/// rpm puts a database that it has rebuilt into the place of the old one; createrepo does so with an index.
pub fn rename_like_rpm(b: &mut Builder) -> Steps {
    for file in ["rpmdb.sqlite", "rpmdb.sqlite-wal", ".rpm.lock", "Packages"] {
        b.file(&format!("var/lib/rpm/{file}"), file);
    }
    for file in ["repomd.xml", "primary.xml", "extra.xml"] {
        b.file(&format!("repo/repodata/{file}"), file);
    }
    steps(|r| {
        let lock = r.open("var/lib/rpm/.rpm.lock", O_RDWR);
        for number in [17, 18] {
            let (new, old) = (
                format!("var/lib/rpmrebuilddb.{number}"),
                format!("var/lib/rpmold.{number}"),
            );
            unpack(r, &new, &["rpmdb.sqlite", "Packages"]);
            r.rename("var/lib/rpm", &old);
            r.rename(&new, "var/lib/rpm");
            look(r, "var/lib");
            r.remove_tree(&old, Vec::pop);
        }
        // The file is gone, and still in use.
        r.pread(lock, 20, 0);
        r.fstat(lock);
        r.close(lock);
        look(r, "var");
        // A repository: everything that is not made anew is taken over.
        unpack(r, "repo/.repodata", &["repomd.xml", "primary.xml"]);
        r.rename("repo/repodata", "repo/repodata.old.4711");
        r.rename("repo/.repodata", "repo/repodata");
        r.rename(
            "repo/repodata.old.4711/extra.xml",
            "repo/repodata/extra.xml",
        );
        r.remove_tree("repo/repodata.old.4711", Vec::pop);
        look(r, "repo");
    })
    .opaque("var/lib/rpm")
    .opaque("repo/repodata")
}

/// git moves work trees, submodules and its own directory, renames the logs of branches, and takes objects over from
/// the quarantine of a push.
pub fn rename_like_git(b: &mut Builder) -> Steps {
    for file in ["HEAD", "config", "index", "refs/heads/main", "packed-refs"] {
        b.file(&format!("repo/.git/{file}"), file);
    }
    for log in ["main", "topic/one", "topic/two"] {
        b.file(&format!("repo/.git/logs/refs/heads/{log}"), log);
    }
    b.file("repo/.git/objects/ab/cdef", "an object").mode(0o444);
    b.dir("repo/.git/objects/pack");
    b.file("repo/.git/worktrees/tree/gitdir", "tree/.git");
    b.file("tree/.git", "gitdir: repo/.git/worktrees/tree");
    b.file("tree/src/main.c", "main");
    b.file("tree/src/deep/er/other.c", "other");
    b.file("repo/sub/.git/HEAD", "sub");
    b.file("repo/sub/.git/objects/12/34", "its object");
    b.file("repo/sub/file", "file");
    steps(|r| {
        // git mv, and git worktree move.
        r.rename("tree/src", "tree/lib");
        r.rename("tree/lib/deep", "tree/deep");
        r.rename("tree", "moved");
        r.put(
            "repo/.git/worktrees/tree/gitdir",
            O_WRONLY | O_TRUNC,
            "moved/.git",
        );
        look(r, "moved");
        // git branch -m: a log that stands in the way of a directory, and the other way round.
        let logs = "repo/.git/logs/refs";
        r.rename(
            &format!("{logs}/heads/main"),
            &format!("{logs}/.tmp-renamed-log"),
        );
        r.rename(
            &format!("{logs}/.tmp-renamed-log"),
            &format!("{logs}/heads/topic"),
        );
        r.mkdir(&format!("{logs}/heads/main"));
        r.rename(
            &format!("{logs}/.tmp-renamed-log"),
            &format!("{logs}/heads/main/next"),
        );
        r.rename(&format!("{logs}/heads/topic"), &format!("{logs}/heads/old"));
        look(r, logs);
        // git submodule absorbgitdirs.
        r.mkdir("repo/.git/modules");
        r.rename("repo/sub/.git", "repo/.git/modules/sub");
        r.put(
            "repo/sub/.git",
            O_WRONLY | O_CREAT,
            "gitdir: ../.git/modules/sub",
        );
        look(r, "repo/sub");
        // A push: objects are linked or renamed from the quarantine, directories made.
        let quarantine = "repo/.git/objects/tmp_objdir-incoming-3Fz";
        unpack(r, quarantine, &["ab/new", "cd/other", "pack/pack-1.pack"]);
        for object in ["ab/new", "cd/other", "pack/pack-1.pack"] {
            let place = format!("repo/.git/objects/{object}");
            if let Some((dir, _)) = place.rsplit_once('/') {
                r.mkdir(dir);
            }
            r.link(&format!("{quarantine}/{object}"), &place);
            r.unlink(&format!("{quarantine}/{object}"));
        }
        r.remove_tree(quarantine, Vec::pop);
        // git init --separate-git-dir.
        r.rename("repo/.git", "store");
        r.put("repo/.git", O_WRONLY | O_CREAT, "gitdir: ../store");
        look(r, "store");
        look(r, "repo");
        r.cat("store/modules/sub/objects/12/34");
    })
    .absent("tree/lib")
    .in_upper("moved")
    .in_upper("store")
}

/// A deployment puts each release into place by two renames, keeps the last ones, and goes back to one of them; a link
/// names the current one.
pub fn rename_deployments(b: &mut Builder) -> Steps {
    for file in ["index.html", "css/site.css", "data/db", "data/deep/er"] {
        b.file(&format!("app/{file}"), "first");
        b.file(&format!("releases/1/{file}"), "one");
    }
    b.symlink("current", "releases/1");
    steps(|r| {
        for number in 2..5 {
            unpack(r, "app.new", &["index.html", "css/site.css"]);
            r.put("app.new/number", O_WRONLY | O_CREAT, format!("{number}"));
            // What users have stored stays, wherever it is.
            r.rename("app/data", "app.new/data");
            r.rename("app", &format!("app.old{number}"));
            r.rename("app.new", "app");
            r.put("app/data/db", O_WRONLY | O_APPEND, format!(" {number}"));
            look(r, "app");
        }
        // Back to the one before the last, and to the first.
        for back in [4, 2] {
            r.rename(&format!("app.old{back}/data"), "app/none");
            r.rename("app/data", &format!("app.old{back}/data"));
            r.rename("app", "app.failed");
            r.rename(&format!("app.old{back}"), "app");
            r.remove_tree("app.failed", Vec::pop);
            look(r, "app");
        }
        // The link is replaced at once, its old target renamed afterwards.
        r.rename("app", "releases/2");
        r.symlink("releases/2", "current.tmp");
        r.rename("current.tmp", "current");
        r.rename("releases/1", "releases/.1");
        r.cat("current/data/db");
        r.rename("releases", "archive");
        r.symlink("archive", "releases");
        r.cat("current/data/db");
        look(r, "archive");
        look(r, ".");
    })
    .in_upper("archive")
    .absent("app.new")
}
