// SPDX-License-Identifier: GPL-2.0-only
//! Exhausted quotas.

use crate::bench::Bench;
use crate::changes;
use crate::image::Image;
use crate::sys::{self, QuotaOf};

/// The user, or the project, that has a quota.
const WHO: u32 = 1000;

impl Bench<'_> {
    /// Makes every change as a user whose quota grows step by step, first in inodes, then in blocks.
    pub fn quota(&self, image: &Image, option: &str, of: QuotaOf) -> Result<(), String> {
        let disk = self.looped(image)?;
        let upper_fs = self.target("upper_fs")?;
        disk.mount(&upper_fs, 0, option)?;
        let l = self.layout_on(&upper_fs, 1)?;
        self.describe(&l, 0, |b| changes::lower(b, WHO))?;
        let lowers = self.lower_trees(&l)?;
        let fd = self.works("open", sys::open(&upper_fs, libc::O_RDONLY, 0))?;
        if of == QuotaOf::Project {
            for dir in [&l.upper, &l.work] {
                let fd = self.works("open", sys::open(dir, libc::O_RDONLY, 0))?;
                self.works("setting the project", sys::set_project(fd, WHO))?;
                sys::close(fd)?;
            }
        }
        let union = self.union(&l);
        union.mount(&l.target)?;
        self.works("preparing", changes::prepare(&l.target, WHO))?;
        // The quota of a project limits a tree, and for xfs a full tree is a full file system.
        let errno = match (image.fstype, of) {
            ("xfs", QuotaOf::Project) => libc::ENOSPC,
            _ => libc::EDQUOT,
        };
        let steps = [0, 1, 2, 4, 8, 16, 32, 64, 256, 1024, 4096];
        let failures = changes::squeeze(self, &l, WHO, errno, &steps, |room| {
            let usage = self.works("Q_GETQUOTA", sys::quota_used(fd, of, WHO))?;
            // With hardly any room there are hardly any inodes; neither limit may be 0, which means none.
            let kib = (usage.bytes >> 10) + room;
            let inodes = usage.inodes + room.min(8) / 2;
            self.works(
                "Q_SETQUOTA",
                sys::set_quota(fd, of, WHO, kib.max(1), inodes.max(1)),
            )
        })?;
        must!(
            failures >= 12,
            "the copies of a dozen files must have been too large, {failures} times"
        )?;
        self.works("no limits", sys::set_quota(fd, of, WHO, 0, 0))?;
        sys::close(fd)?;
        self.sound(&union, &l, &lowers).map(drop)
    }
}
