// SPDX-License-Identifier: GPL-2.0-only
//! Making a failing sequence short: delta debugging, as Zeller and Hildebrandt describe it.
//!
//! proptest leaves out one element at a time, and each try here makes two trees, mounts one and walks both.  Its
//! strategies know nothing of what happened before, while a step is chosen by what the tree has become.

/// A shortest sequence that results from leaving out `items`, and still `fails`. `fails` may give up by always
/// returning false.
pub fn shrink<T: Clone>(items: Vec<T>, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut items = items;
    let mut piece = items.len().div_ceil(2);
    while piece > 0 && !items.is_empty() {
        let mut from = 0;
        let mut shorter = false;
        while from < items.len() {
            let to = (from + piece).min(items.len());
            let rest = [&items[..from], &items[to..]].concat();
            if fails(&rest) {
                items = rest;
                shorter = true;
            } else {
                from = to;
            }
        }
        // Single ones again and again, until none can be left out.
        if !shorter || piece > 1 {
            piece /= 2;
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_is_left() {
        let needed = [3, 500, 501, 1999];
        let mut tries = 0;
        let left = shrink((0..2000).collect(), |items| {
            tries += 1;
            needed.iter().all(|one| items.contains(one))
        });
        assert_eq!(left, needed);
        assert!(tries < 150, "{tries}");
    }

    #[test]
    fn what_becomes_needless_goes_as_well() {
        // 7 is needed only as long as 8 is there.
        let left = shrink((0..10).collect(), |items| {
            items.contains(&2) && (!items.contains(&8) || items.contains(&7))
        });
        assert_eq!(left, [2]);
    }

    #[test]
    fn what_never_fails_stays() {
        assert_eq!(shrink(vec![1, 2, 3], |_| false), [1, 2, 3]);
    }
}
