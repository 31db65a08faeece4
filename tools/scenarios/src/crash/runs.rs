// SPDX-License-Identifier: GPL-2.0-only
//! A list with few different elements, of which neighbours are mostly equal: the cells of a large file.

use std::ops::Range;

/// The elements, in runs of equal ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs<T> {
    /// Where each run ends, and its element.
    runs: Vec<(usize, T)>,
}

impl<T: Clone> Runs<T> {
    /// So many of an element.
    pub fn of(len: usize, element: T) -> Self {
        let mut runs = Self { runs: Vec::new() };
        runs.resize(len, element);
        runs
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.runs.last().map_or(0, |(end, _)| *end)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Every run with its place.
    pub fn iter(&self) -> impl Iterator<Item = (Range<usize>, &T)> {
        let mut start = 0;
        self.runs
            .iter()
            .map(move |(end, element)| (std::mem::replace(&mut start, *end)..*end, element))
    }

    /// Cuts it, or appends an element until there are so many.
    pub fn resize(&mut self, len: usize, element: T) {
        self.truncate(len);
        if self.len() < len {
            self.runs.push((len, element));
        }
    }

    /// Cuts it.
    pub fn truncate(&mut self, len: usize) {
        self.split(len);
        self.runs.retain(|(end, _)| *end <= len);
    }

    /// Changes the elements of a range, as far as there are any.
    pub fn change(&mut self, range: Range<usize>, mut change: impl FnMut(&mut T)) {
        if range.is_empty() {
            return;
        }
        self.split(range.start);
        self.split(range.end);
        let inside = |end: usize| end > range.start && end <= range.end;
        let runs = self.runs.iter_mut();
        for (_, element) in runs.filter(|(end, _)| inside(*end)) {
            change(element);
        }
    }

    /// The same elements in another form.
    pub fn map<U>(self, mut form: impl FnMut(T) -> U) -> Runs<U> {
        let runs = self.runs.into_iter();
        Runs {
            runs: runs.map(|(end, element)| (end, form(element))).collect(),
        }
    }

    /// Has a run end here.
    fn split(&mut self, at: usize) {
        if at == 0 {
            return;
        }
        let index = self.runs.partition_point(|(end, _)| *end < at);
        if let Some((end, element)) = self.runs.get(index)
            && *end != at
        {
            let before = (at, element.clone());
            self.runs.insert(index, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Dice;

    fn all(runs: &Runs<usize>) -> Vec<usize> {
        runs.iter()
            .flat_map(|(range, of)| range.map(|_| *of))
            .collect()
    }

    #[test]
    fn runs_are_like_a_list() {
        let mut dice = Dice::new(1);
        let (mut runs, mut list) = (Runs::of(5, 0), vec![0; 5]);
        for element in 1..2000 {
            let len = dice.roll(40);
            match dice.roll(4) {
                0 => {
                    runs.resize(len, element);
                    list.resize(len, element);
                }
                1 => {
                    runs.truncate(len);
                    list.truncate(len);
                }
                _ => {
                    let range = len..len + dice.roll(20);
                    runs.change(range.clone(), |of| *of = element);
                    let end = range.end.min(list.len());
                    for of in list.get_mut(range.start..end).unwrap_or_default() {
                        *of = element;
                    }
                }
            }
            assert_eq!((all(&runs), runs.len()), (list.clone(), list.len()));
        }
        assert!(runs.map(|of| of > 0).len() == list.len());
    }
}
