// SPDX-License-Identifier: GPL-2.0-only

//! What a file may show: now, and after a crash.

use std::ops::Range;

use union_model::disk::{Cell, CELLS, PAGE, ZERO};

/// A moment.
pub(crate) type Time = u32;

/// A value from a moment on, up to the next one; `None`: the file does not reach so far.
type Value = (Time, Option<Cell>);

/// A granule has come to the upper file.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    at: Time,
    /// The cells that were the lower file's until then.
    cells: Range<usize>,
}

/// The history of a file, back to what is durable.
#[derive(Clone, Debug)]
pub(crate) struct Oracle {
    now: Time,
    cells: Vec<Vec<Value>>,
    sizes: Vec<(Time, usize)>,
    came: Vec<Option<Came>>,
    /// The lowest size there was.
    limit: usize,
}

impl Oracle {
    /// A file with these durable contents, of which the cells up to `limit` may be a lower file's,
    /// in so many granules.
    pub(crate) fn new(cells: &[Cell], limit: usize, granules: usize) -> Self {
        let value = |cell| vec![(0, cells.get(cell).copied())];
        Oracle {
            now: 0,
            cells: (0..CELLS).map(value).collect(),
            sizes: vec![(0, cells.len())],
            came: vec![None; granules],
            limit,
        }
    }

    /// A new moment.
    pub(crate) fn tick(&mut self) -> Time {
        self.now += 1;
        self.now
    }

    /// The size now.
    pub(crate) fn size(&self) -> usize {
        self.sizes.last().expect("a size").1
    }

    /// What the file shows now.
    pub(crate) fn contents(&self) -> Vec<Option<Cell>> {
        let last = |values: &Vec<Value>| values.last().expect("a value").1;
        self.cells.iter().map(last).collect()
    }

    fn set(&mut self, cell: usize, value: Option<Cell>) {
        self.cells[cell].push((self.now, value));
    }

    /// Cells are written.
    pub(crate) fn write(&mut self, cells: Range<usize>, value: Cell) {
        let size = self.size();
        for cell in size..cells.start {
            self.set(cell, Some(ZERO));
        }
        for cell in cells.clone() {
            self.set(cell, Some(value));
        }
        // It may end early, and its pages may get to the disk one after the other.
        for size in size + 1..=cells.end {
            self.sizes.push((self.now, size));
        }
    }

    /// The size changes.
    pub(crate) fn resize(&mut self, size: usize) {
        let before = self.size();
        for cell in size..before {
            // A file system may make the rest of a page zeros before it cuts the file.
            if cell < size.next_multiple_of(PAGE) {
                self.set(cell, Some(ZERO));
            }
            self.set(cell, None);
        }
        for cell in before..size {
            self.set(cell, Some(ZERO));
        }
        self.sizes.push((self.now, size));
    }

    /// The size has changed: what is beyond it has left its granule.
    pub(crate) fn cut(&mut self) {
        self.limit = self.limit.min(self.size());
        for came in self.came.iter_mut().flatten() {
            came.cells.end = came.cells.end.min(self.limit);
        }
    }

    /// Whether a granule with these cells is in the upper file; an operation that began at `since`
    /// has brought it there, if it was not.
    pub(crate) fn note_granule(
        &mut self,
        granule: usize,
        cells: Range<usize>,
        is_present: bool,
        since: Time,
    ) {
        let came = &mut self.came[granule];
        if !is_present {
            *came = None;
        } else if came.is_none() {
            let cells = cells.start..cells.end.min(self.limit);
            *came = Some(Came { at: since, cells });
        }
    }

    /// What the file showed at `since` is durable, in these cells, and its size if it is said.
    pub(crate) fn make_durable(&mut self, cells: Range<usize>, size: bool, since: Time) {
        for values in &mut self.cells[cells] {
            forget(values, since);
        }
        if size {
            forget(&mut self.sizes, since);
        }
    }

    /// An operation has failed, or data got lost: the file shows this, each cell as it was just before
    /// `since`, or at any time from then on.
    pub(crate) fn settle_for(&mut self, cells: &[Cell], since: Time) -> Result<(), String> {
        for cell in 0..CELLS {
            let value = cells.get(cell).copied();
            let values = &self.cells[cell];
            let before = values.iter().rposition(|(time, _)| *time < since);
            let first = before.unwrap_or(0);
            // Of data that got lost beyond the old end the size may remain.
            let was_beyond = values[first..].iter().any(|(_, value)| value.is_none());
            let is_known = values[first..].iter().any(|(_, known)| *known == value)
                || value == Some(ZERO) && was_beyond;
            if !is_known {
                return Err(format!("cell {cell} shows {value:x?}, not of {values:x?}"));
            }
            if values.last().expect("a value").1 != value {
                self.set(cell, value);
            }
        }
        if self.size() != cells.len() {
            self.sizes.push((self.now, cells.len()));
        }
        Ok(())
    }

    /// The same where nothing can be seen but the size: all is as it was before, or as it was to be.
    pub(crate) fn settle_for_before(&mut self, before: &Self, size: usize) {
        for (cell, before) in before.contents().into_iter().enumerate() {
            let values = self.cells[cell].iter().rev();
            let value = match before {
                _ if cell >= size => None,
                None => values
                    .map(|(_, value)| *value)
                    .find(Option::is_some)
                    .flatten(),
                value => value,
            };
            self.set(cell, value);
        }
        self.sizes.push((self.now, size));
        // Nor is it known what has come with which granule.
        for came in self.came.iter_mut().flatten() {
            came.cells = 0..0;
        }
    }

    /// Whether a crash now may leave this.
    pub(crate) fn check(&self, cells: &[Cell]) -> Result<(), String> {
        let mut why = format!(
            "size {} after a crash, not of {:?}",
            cells.len(),
            self.sizes
        );
        let mut is_allowed = false;
        for (time, size) in &self.sizes {
            if *size == cells.len() {
                match self.check_cells(cells, *time) {
                    Ok(()) => is_allowed = true,
                    Err(cell) => why = cell,
                }
            }
        }
        if !is_allowed {
            return Err(why);
        }
        self.check_granules(cells)
    }

    /// Whether a file with the size of that moment may have these cells: what was cut off by then is
    /// gone, of the rest any state may have reached the disk.
    fn check_cells(&self, cells: &[Cell], time: Time) -> Result<(), String> {
        for (cell, value) in cells.iter().enumerate() {
            let values = &self.cells[cell];
            let is_cut = |(at, value): &Value| value.is_none() && *at <= time;
            let cut = values.iter().rposition(is_cut);
            let first = cut.map_or(0, |cut| cut + 1);
            let is_known = values[first..].iter().any(|(_, it)| *it == Some(*value));
            // The size may be on the disk before the data are.
            let is_early = cut.is_some() && *value == ZERO;
            if !(is_known || is_early) {
                return Err(format!(
                    "cell {cell} of {} shows {value:x} after a crash, not of {values:x?}",
                    cells.len()
                ));
            }
        }
        Ok(())
    }

    /// A granule that has come to the upper file shows none or all of what has come with it.
    fn check_granules(&self, cells: &[Cell]) -> Result<(), String> {
        for (granule, came) in self.came.iter().enumerate() {
            let Some(Came { at, cells: range }) = came else {
                continue;
            };
            let shown = || range.clone().filter(|cell| *cell < cells.len());
            let old = |cell: usize| {
                let values = self.cells[cell].iter();
                let old = values.take_while(|(time, _)| time < at);
                old.into_iter()
                    .any(|(_, value)| *value == Some(cells[cell]))
            };
            let new = |cell: usize| {
                let values = &self.cells[cell];
                let new = &values[first_at(values, *at)..];
                new.iter().any(|(_, value)| *value == Some(cells[cell]))
            };
            if !shown().all(old) && !shown().all(new) {
                return Err(format!(
                    "granule {granule} is torn after a crash: {cells:x?}"
                ));
            }
        }
        Ok(())
    }
}

/// The first value that is one at or after `since`.
fn first_at<T>(values: &[(Time, T)], since: Time) -> usize {
    values
        .iter()
        .rposition(|(time, _)| *time < since)
        .map_or(0, |before| match values.get(before + 1) {
            Some((time, _)) if *time <= since => before + 1,
            _ => before,
        })
}

fn forget<T>(values: &mut Vec<(Time, T)>, since: Time) {
    // The last value at that moment, of several.
    let last = values.iter().rposition(|(time, _)| *time <= since);
    values.drain(..last.unwrap_or(0));
}
