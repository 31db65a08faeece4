// SPDX-License-Identifier: GPL-2.0-only
//! Lines of the kernel's log that report a failure of the kernel itself.

/// Words that only such lines have.
const WORDS: &[&str] = &[
    "[ cut here ]",
    "BUG:",
    "BUG ",
    "Oops",
    "Kernel panic",
    "KASAN:",
    "UBSAN:",
    "ODEBUG:",
    "general protection fault",
    "refcount_t:",
    "VFS: Busy inodes",
    "blocked for more than",
    "INFO: task",
    "INFO: rcu",
    "panicked",
    "possible recursive locking",
    "circular locking dependency",
    "inconsistent lock state",
    "trying to register non-static key",
    "suspicious RCU usage",
    "lock held when returning to user space",
];

/// Words after which the machine is soon silent: a lock that is never released stops everything.
const LAST: &[&str] = &[
    "lock held when returning to user space",
    "blocked for more than",
];

/// Whether a line of the log, without its time, reports a failure.
pub fn is_failure(text: &str) -> bool {
    text.starts_with("WARNING:") || WORDS.iter().any(|word| text.contains(word))
}

/// Whether a line of the console does. Other programs may print `WARNING:`, so there it counts
/// only behind a time.
pub fn is_failure_on_console(line: &str) -> bool {
    let text = without_time(line);
    match text.len() < line.len() {
        true => is_failure(text),
        false => WORDS.iter().any(|word| line.contains(word)),
    }
}

/// Whether the machine will soon be silent after this line.
pub fn is_last(line: &str) -> bool {
    LAST.iter().any(|word| line.contains(word))
}

/// A line of the console without the time, and without the task that some kernels print behind it:
/// `[   12.345678][    T1] text`.
fn without_time(line: &str) -> &str {
    let inside = line.strip_prefix('[').map(str::trim_start);
    if !inside.is_some_and(|inside| inside.starts_with(|c: char| c.is_ascii_digit())) {
        return line;
    }
    let mut text = line;
    while text.starts_with('[')
        && let Some((_, rest)) = text.split_once(']')
    {
        text = rest.trim_start();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_found_behind_times() {
        for line in [
            "[    1.0] WARNING: fs/x.c:1 at f+0x1/0x2, CPU#0: init/1",
            "[    1.0][    T1] WARNING: possible circular locking dependency detected",
            "[    1.0] ------------[ cut here ]------------",
            "[    1.0] watchdog: BUG: soft lockup",
            "Kernel panic - not syncing",
        ] {
            assert!(is_failure_on_console(line), "{line}");
        }
    }

    #[test]
    fn warnings_of_other_programs_are_none() {
        for line in [
            "WARNING: not of the kernel",
            "[WARN] WARNING: not of the kernel",
            "[    1.0] systemd[1]: WARNING: not of the kernel",
        ] {
            assert!(!is_failure_on_console(line), "{line}");
        }
        assert!(is_failure("WARNING: of the kernel"));
    }
}
