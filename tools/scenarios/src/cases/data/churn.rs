// SPDX-License-Identifier: GPL-2.0-only
//! Random changes.

use crate::prelude::*;

/// Random changes of a lower file that was deleted before the first of them.
pub fn data_churn_deleted(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 30_000]);
    steps(|r| {
        let reader = r.open("f", O_RDONLY);
        let one = r.open("f", O_RDWR);
        let two = r.open("f", O_RDWR | O_APPEND);
        r.unlink("f");
        r.put("f", O_WRONLY | O_CREAT, "another file");
        r.churn(&[reader, one, two], 6, 60);
        r.cat("f");
    })
    .upper_is(&["f"])
}

/// A hundred random changes of a lower file, by descriptors from before the copy-up and after it.
pub fn data_churn_lower(b: &mut Builder) -> Steps {
    b.file("f", vec![b'.'; 30_000]);
    steps(|r| {
        let reader = r.open("f", O_RDONLY);
        let one = r.open("f", O_RDWR);
        let two = r.open("f", O_RDWR);
        r.churn(&[reader, one, two], 1, 50);
        let later = r.open("f", O_RDWR | O_APPEND);
        r.churn(&[reader, one, two, later], 2, 50);
    })
    .in_upper("f")
}

/// Random changes of a sparse lower file with other names, which then loses its own.
pub fn data_churn_sparse(b: &mut Builder) -> Steps {
    b.sparse(
        "d/f",
        45_000,
        &[(8_192, &[b'a'; 4096]), (20_480, &[b'b'; 5_000])],
    );
    steps(|r| {
        let reader = r.open("d/f", O_RDONLY);
        let one = r.open("d/f", O_RDWR);
        let two = r.open("d/f", O_RDWR | libc::O_DSYNC);
        r.churn(&[reader, one, two], 3, 30);
        r.link("d/f", "other");
        r.rename("d/f", "moved");
        r.churn(&[reader, one, two], 4, 30);
        r.unlink("moved");
        r.churn(&[reader, one, two], 5, 30);
        r.cat("other");
    })
    .whiteout("d/f")
    .in_upper("other")
}
