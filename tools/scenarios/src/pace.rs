// SPDX-License-Identifier: GPL-2.0-only
//! How many repetitions suffice: kernels with checkers take several times as long for everything.

use std::sync::atomic::{AtomicUsize, Ordering};

static SLOWNESS: AtomicUsize = AtomicUsize::new(1);

/// Sets how many times as long as usual this kernel takes.
pub fn set_slowness(factor: usize) {
    SLOWNESS.store(factor.max(1), Ordering::Relaxed);
}

/// So many repetitions if only their number matters, fewer on a slow kernel.
pub fn many(count: usize) -> usize {
    count / SLOWNESS.load(Ordering::Relaxed)
}
