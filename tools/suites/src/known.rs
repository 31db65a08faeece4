// SPDX-License-Identifier: GPL-2.0-only
//! Intended differences between a plain file system and a union, as declared in
//! Documentation/union.rst.

/// A test that may end differently.
pub struct Known {
    /// The suite.
    suite: &'static str,
    /// The test; with `*` in front, all whose names end so.
    test: &'static str,
    /// Text that the union's output must contain; another failure is not tolerated.
    says: &'static str,
    /// Why.
    reason: &'static str,
}

/// All of them.
const KNOWN: &[Known] = &[
    Known {
        suite: "pjdfstest",
        test: "*::char",
        says: "EPERM",
        reason: "it makes character devices 0:0, which are whiteouts",
    },
    Known {
        suite: "pjdfstest",
        test: "link::link_count_max",
        says: "limit is unknown",
        reason: "the C library takes the limit from the type statfs tells, which is the union's own",
    },
];

/// Why this test may differ.
pub fn reason(suite: &str, test: &str, story: &str) -> Option<&'static str> {
    let same = |known: &Known| match known.test.strip_prefix('*') {
        Some(end) => test.ends_with(end),
        None => test == known.test,
    };
    KNOWN
        .iter()
        .find(|known| known.suite == suite && same(known) && story.contains(known.says))
        .map(|known| known.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_declared_is_excused() {
        assert!(reason("pjdfstest", "link::share::char", "failed: EPERM").is_some());
        assert!(reason("pjdfstest", "link::share::char", "failed: EIO").is_none());
        assert!(reason("pjdfstest", "link::share::fifo", "failed: EPERM").is_none());
        assert!(reason("fio", "link::share::char", "failed: EPERM").is_none());
    }
}
