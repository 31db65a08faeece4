// SPDX-License-Identifier: GPL-2.0-only
//! Periodic signals.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::{Result, check};

static CAUGHT: AtomicU32 = AtomicU32::new(0);

extern "C" fn caught(_signal: libc::c_int) {
    CAUGHT.fetch_add(1, Ordering::Relaxed);
}

/// Sends this process SIGALRM again and again; it is caught, and interrupts every call that can be interrupted.
pub fn alarm_every(time: Duration) -> Result<()> {
    // SAFETY: all zero is a valid sigaction: no flags, so calls are not started again.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = caught as extern "C" fn(libc::c_int) as usize;
    call!(sigaction(
        libc::SIGALRM,
        &raw const action,
        std::ptr::null_mut()
    ))?;
    let time = libc::timeval {
        tv_sec: time.as_secs() as i64,
        tv_usec: i64::from(time.subsec_micros()),
    };
    let timer = libc::itimerval {
        it_interval: time,
        it_value: time,
    };
    call!(setitimer(
        libc::ITIMER_REAL,
        &raw const timer,
        std::ptr::null_mut()
    ))
    .map(drop)
}

/// How many of them have come.
pub fn alarms() -> u32 {
    CAUGHT.load(Ordering::Relaxed)
}
