// SPDX-License-Identifier: GPL-2.0-only
//! Mounting and unmounting.

use anyhow::Context;
use rustix::mount::UnmountFlags;

use super::Row;
use crate::stage::{Took, timed};

/// How often.
const TIMES: usize = 5;

pub const MOUNT_100: Row = Row {
    name: "mount_100",
    about: "mount with 100 lower layers and unmount",
    per: "mount",
    layers: 100,
    entries: 1,
    time: |stage| {
        stage.subject.unmount(stage.at)?;
        let mut ns = 0.0;
        for _ in 0..TIMES {
            ns += timed(1, || {
                stage.subject.mount(stage.layers, stage.at)?;
                rustix::mount::unmount(stage.at, UnmountFlags::empty()).context("umount")
            })?
            .ns;
            stage.subject.wait_for_daemon()?;
        }
        stage.subject.mount(stage.layers, stage.at)?;
        Ok(Took {
            ns,
            operations: TIMES as f64,
        })
    },
    ..Row::DEFAULT
};
