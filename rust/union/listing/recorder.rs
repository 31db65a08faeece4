// SPDX-License-Identifier: GPL-2.0-only

//! Writes fallthru sets down in the background.

use crate::{
    union::listing::record_file::Records,
    vfs::{once, work::Background},
};
use kernel::{
    prelude::*,
    sync::{Arc, SetOnce},
};

/// After how many milliseconds sets are written down: whoever has read a directory does not wait for it,
/// and what comes soon after goes with it.
const DELAY: u32 = 1000;

/// The background writer of [`Records`].
pub struct Recorder {
    /// The records.
    pub records: Arc<Records>,
    /// Created on first use.
    writer: SetOnce<Background<Records>>,
}

impl Recorder {
    /// One that has nothing to write yet.
    pub fn new(records: Arc<Records>) -> Self {
        Self {
            records,
            writer: SetOnce::new(),
        }
    }

    /// Has what waits written down in a while.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn start(&self) -> Result {
        if self.writer.as_ref().is_none() {
            once::get_or_put(
                &self.writer,
                Background::new(c"union", self.records.clone())?,
            );
        }
        if let Some(writer) = self.writer.as_ref() {
            writer.start(DELAY);
        }
        Ok(())
    }

    /// Writes down what waits, and closes the file: at unmount.
    pub fn finish(self) {
        // What waits is done now, and this waits for its end.
        drop(self.writer);
        self.records.close();
    }
}
