// SPDX-License-Identifier: GPL-2.0-only
//! Building the image of a container, step by step like buildah. For each step of a Containerfile the layers so far are
//! mounted with an empty upper layer, the step runs, all is unmounted, the upper layer is packed and unpacked as
//! another layer (`commit` and `ApplyDiff` of containers/storage). podman itself would spend most of the time on its
//! own start, its locks and checksums.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::programs::archive;
use super::tree::{Tree, sources};
use super::{Changes, NO_COPY_UP, Row};
use crate::site::{self, Layers};
use crate::stage::{Stage, program, timed};
use crate::subject::Subject;

/// The steps: `COPY` of an archive, and `RUN` of everyday commands on the files of the base and of earlier steps.
const STEPS: &[&str] = &[
    "mkdir opt && tar -xf $ARCHIVE -C opt",
    "rm -r src/part1",
    "mv src/part2 src/moved",
    "cp -a src/part3 src/copied",
    "sed -i s/old/edited/ src/part4/*.c",
    "for f in src/part5/*.c; do ln $f $f.linked; done",
    "chmod -R g-w,o-rwx src/part6",
    "cp /bin/true ping && setcap cap_net_raw+ep ping",
    "rm -r opt/src && mkdir -p opt/src/part7 && echo new >opt/src/part7/file",
    "find . -type f -name '*.c' -exec cat {} + >all && mv all src/part7/all",
];

pub const PODMAN_BUILD: Row = Row {
    name: "podman_build",
    about: "build the image of a container in ten steps, each a layer (mount, run, unmount, pack, unpack)",
    per: "image",
    entries: 400,
    tree: Tree {
        name: "base image",
        fill: |layer, _, _, entries| sources(layer, 0..entries, "old"),
        large: false,
    },
    ready: |stage| {
        archive(stage.entries)?;
        stage.subject.unmount(stage.at)?;
        site::fresh(&stage.layers.upper)?;
        (0..=STEPS.len()).try_for_each(|number| {
            let step = step(stage, number);
            fs::create_dir_all(step.upper)?;
            fs::create_dir_all(step.work).context("the directories of a step")
        })?;
        stage.subject.mount(&step(stage, 0), stage.at)
    },
    time: |stage| {
        timed(1, || {
            stage.subject.unmount(stage.at)?;
            for (number, command) in STEPS.iter().enumerate() {
                let layers = step(stage, number);
                stage.subject.mount(&layers, stage.at)?;
                let mut shell = Command::new("sh");
                shell.env("ARCHIVE", archive(stage.entries)?);
                stage
                    .program(shell.args(["-euc", command]))
                    .with_context(|| format!("step {number}"))?;
                stage.subject.unmount(stage.at)?;
                commit(stage, &layers, number)?;
            }
            // The result, as a container would see it.
            stage.subject.mount(&step(stage, STEPS.len()), stage.at)
        })
    },
    verify: |stage| {
        for gone in ["src/part1", "src/part2", "opt/src/part0", "all"] {
            if stage.path(gone).exists() {
                bail!("{gone} is there");
            }
        }
        let count = |dir: &str| Ok::<_, anyhow::Error>(fs::read_dir(stage.path(dir))?.count());
        let found = [
            count("src/moved")?,
            count("src/copied")?,
            count("src/part5")?,
            count("opt/src")?,
        ];
        if found != [50, 50, 100, 1] {
            bail!("directories have {found:?} entries");
        }
        let edited = fs::read_to_string(stage.path("src/part4/file200.c"))?;
        let all = fs::read_to_string(stage.path("src/part7/all"))?;
        if !edited.starts_with("edited") || !all.contains(&edited) {
            bail!("the files of src/part4 have not been edited");
        }
        Ok(())
    },
    changes: Changes::All,
    warm_up: true,
    without: NO_COPY_UP,
    ..Row::DEFAULT
};

/// The layers in which a step runs.
fn step(stage: &Stage, number: usize) -> Layers {
    let at = |number: usize, part: &str| -> PathBuf {
        stage.layers.upper.join(number.to_string()).join(part)
    };
    let before = (0..number).rev().map(|number| at(number, "layer"));
    Layers {
        lowers: before.chain(stage.layers.lowers.iter().cloned()).collect(),
        upper: at(number, "diff"),
        work: at(number, "work"),
        plain: stage.layers.plain.clone(),
        options: stage.layers.options.clone(),
    }
}

/// Makes a layer of the upper layer of a step. The plain directory has no layers, and already holds the result.
fn commit(stage: &Stage, layers: &Layers, number: usize) -> Result<()> {
    if stage.subject == Subject::Native {
        return Ok(());
    }
    let packed = layers.work.with_file_name("packed.tar");
    let layer = layers.work.with_file_name("layer");
    fs::create_dir(&layer)?;
    let mut pack = tar("-cf", &packed);
    program(pack.arg("-C").arg(&layers.upper).arg("."))
        .with_context(|| format!("packing layer {number}"))?;
    let mut unpack = tar("-xpf", &packed);
    program(unpack.arg("-C").arg(&layer)).with_context(|| format!("unpacking layer {number}"))?;
    Ok(())
}

/// tar with the options for whiteouts, opaque directories and capabilities.
fn tar(what: &str, archive: &std::path::Path) -> Command {
    let mut command = Command::new("tar");
    command.args([
        "--numeric-owner",
        "--xattrs",
        "--xattrs-include=trusted.overlay.opaque",
        "--xattrs-include=user.overlay.opaque",
        "--xattrs-include=user.fuseoverlayfs.opaque",
        "--xattrs-include=security.capability",
    ]);
    command.arg(what).arg(archive);
    command
}
