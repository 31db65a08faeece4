// SPDX-License-Identifier: GPL-2.0-only
//! Short mounts: at each unmount the kernel waits for all processors.

/// Has the kernel wait for RCU as fast as it can.
const EXPEDITED: &str = "/sys/kernel/rcu_expedited";

/// Does something while unmounting is fast.
pub fn with_fast_unmounts<T>(work: impl FnOnce() -> T) -> T {
    let _ = std::fs::write(EXPEDITED, "1");
    let done = work();
    let _ = std::fs::write(EXPEDITED, "0");
    done
}
