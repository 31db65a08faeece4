// SPDX-License-Identifier: GPL-2.0-only

//! A growable array whose growth can fail: the one place where the logic meets an allocator.
//!
//! In the kernel it stands on `KVVec`, so a large array comes from vmalloc and is charged to the
//! memory cgroup of the caller. On the host it stands on the standard library, where a test can ask
//! the n-th allocation of its thread to fail ([`fail_after`]).
//!
//! This file holds the only conditional compilation of the logic.

use core::ops::{Deref, DerefMut};

#[cfg(kernel)]
use in_kernel as system;
#[cfg(not(kernel))]
use on_host as system;

#[cfg(not(kernel))]
pub use on_host::fail_after;

/// There is no memory. The array is unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AllocError;

/// A growable array. Reading it is reading a slice; only growing it can fail.
pub struct Vec<T>(system::Array<T>);

impl<T: Clone> Vec<T> {
    /// An empty array; allocates nothing.
    pub const fn new() -> Self {
        Vec(system::Array::new())
    }

    /// Makes room for `more` further elements, which can then be added without failing. With this
    /// an operation on several arrays can be all or nothing.
    pub fn reserve(&mut self, more: usize) -> Result<(), AllocError> {
        system::reserve(&mut self.0, more)
    }

    /// Adds one element at the end.
    pub fn push(&mut self, value: T) -> Result<(), AllocError> {
        self.reserve(1)?;
        system::push(&mut self.0, value)
    }

    /// Adds a copy of each of `values` at the end; all of them or none.
    pub fn extend_from_slice(&mut self, values: &[T]) -> Result<(), AllocError> {
        self.reserve(values.len())?;
        system::extend_from_slice(&mut self.0, values)
    }

    /// Makes the array `len` elements long: cut, or filled up with copies of `value`.
    pub fn resize(&mut self, len: usize, value: T) -> Result<(), AllocError> {
        self.reserve(len.saturating_sub(self.len()))?;
        system::resize(&mut self.0, len, value)
    }

    /// Cuts the array to at most `len` elements; keeps the memory.
    pub fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Removes all elements; keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<T: Clone> Default for Vec<T> {
    fn default() -> Self {
        Vec::new()
    }
}

impl<T> Deref for Vec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Vec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

#[cfg(kernel)]
mod in_kernel {
    use super::AllocError;
    use kernel::alloc::{flags::GFP_KERNEL_ACCOUNT, KVVec};

    pub(super) type Array<T> = KVVec<T>;

    pub(super) fn reserve<T>(array: &mut Array<T>, more: usize) -> Result<(), AllocError> {
        array
            .reserve(more, GFP_KERNEL_ACCOUNT)
            .map_err(|_| AllocError)
    }

    pub(super) fn push<T>(array: &mut Array<T>, value: T) -> Result<(), AllocError> {
        array
            .push(value, GFP_KERNEL_ACCOUNT)
            .map_err(|_| AllocError)
    }

    pub(super) fn extend_from_slice<T: Clone>(
        array: &mut Array<T>,
        values: &[T],
    ) -> Result<(), AllocError> {
        array
            .extend_from_slice(values, GFP_KERNEL_ACCOUNT)
            .map_err(|_| AllocError)
    }

    pub(super) fn resize<T: Clone>(
        array: &mut Array<T>,
        len: usize,
        value: T,
    ) -> Result<(), AllocError> {
        array
            .resize(len, value, GFP_KERNEL_ACCOUNT)
            .map_err(|_| AllocError)
    }
}

#[cfg(not(kernel))]
mod on_host {
    use super::AllocError;
    use std::cell::Cell;

    pub(super) type Array<T> = std::vec::Vec<T>;

    std::thread_local! {
        /// Number of allocations of this thread that still succeed; `None`: all of them.
        static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// Lets this thread make `n` more allocations, then makes all fail; `None` ends it.
    pub fn fail_after(n: Option<usize>) {
        LEFT.with(|left| left.set(n));
    }

    fn allocation() -> Result<(), AllocError> {
        LEFT.with(|left| match left.get() {
            None => Ok(()),
            Some(0) => Err(AllocError),
            Some(n) => {
                left.set(Some(n - 1));
                Ok(())
            }
        })
    }

    pub(super) fn reserve<T>(array: &mut Array<T>, more: usize) -> Result<(), AllocError> {
        if array.capacity() - array.len() < more {
            allocation()?;
        }
        array.try_reserve(more).map_err(|_| AllocError)
    }

    // The callers below have reserved the room.

    pub(super) fn push<T>(array: &mut Array<T>, value: T) -> Result<(), AllocError> {
        array.push(value);
        Ok(())
    }

    pub(super) fn extend_from_slice<T: Clone>(
        array: &mut Array<T>,
        values: &[T],
    ) -> Result<(), AllocError> {
        array.extend_from_slice(values);
        Ok(())
    }

    pub(super) fn resize<T: Clone>(
        array: &mut Array<T>,
        len: usize,
        value: T,
    ) -> Result<(), AllocError> {
        array.resize(len, value);
        Ok(())
    }
}
