// SPDX-License-Identifier: GPL-2.0-only
//! Work that several threads do at the same time, a machine each.

use anyhow::{Result, anyhow};

/// How many processors this machine has.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does `work` for all items in parallel and waits for all; returns the results in the order of the
/// items, or the first error in that order.
pub fn each<Item, Done>(
    items: impl IntoIterator<Item = Item>,
    work: impl Fn(Item) -> Result<Done> + Sync,
) -> Result<Vec<Done>>
where
    Item: Send,
    Done: Send,
{
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = items
            .into_iter()
            .map(|item| scope.spawn(move || work(item)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                let ended = thread.join();
                ended.unwrap_or_else(|_| Err(anyhow!("the thread of a machine panicked")))
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;
    use std::sync::Barrier;

    #[test]
    fn all_work_at_once_and_keep_their_order() {
        let met = Barrier::new(3);
        let done = each(0..3, |number| {
            met.wait();
            Ok(number * 2)
        });
        assert_eq!(done.unwrap(), [0, 2, 4]);
    }

    #[test]
    fn the_first_error_counts() {
        let done: Result<Vec<()>> = each(0..3, |number| match number {
            0 => Ok(()),
            number => bail!("number {number}"),
        });
        assert_eq!(done.unwrap_err().to_string(), "number 1");
    }
}
