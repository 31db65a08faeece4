// SPDX-License-Identifier: GPL-2.0-only
//! Quotas that are used up.

use crate::bench::Bench;
use crate::changes;
use crate::image::Image;
use crate::sys::{self, QuotaOf};

/// The user, or the project, that has a quota.
const WHO: u32 = 1000;

impl Bench<'_> {
    /// Makes every change as a user whose quota grows bit by bit, first in inodes, then in blocks.
    pub fn quota(&self, image: &Image, option: &str, of: QuotaOf) -> Result<(), String> {
        let disk = self.looped(image)?;
        let top = self.target("top")?;
        disk.mount(&top, 0, option)?;
        let l = self.layout_on(&top, 1)?;
        self.describe(&l, 0, |b| changes::lower(b, WHO))?;
        let lowers = self.lower_trees(&l)?;
        let fd = self.works("open", sys::open(&top, libc::O_RDONLY, 0))?;
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
        // A project's quota is a size of the tree, and a full tree is a full file system to xfs.
        let errno = match (image.fstype, of) {
            ("xfs", QuotaOf::Project) => libc::ENOSPC,
            _ => libc::EDQUOT,
        };
        let steps = [0, 1, 2, 4, 8, 16, 32, 64, 256, 1024, 4096];
        let failures = changes::squeeze(self, &l, WHO, errno, &steps, |room| {
            let usage = self.works("Q_GETQUOTA", sys::quota_used(fd, of, WHO))?;
            // While there is hardly room, there are hardly inodes; neither limit may be 0, which is none.
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
