// SPDX-License-Identifier: GPL-2.0-only
//! Quotas of the upper layer.

use crate::bench::Bench;
use crate::image;
use crate::sys::QuotaOf;

/// Within a project's quota on ext4, every change is done or fails with EDQUOT without a trace.
pub fn quota_project_ext4(b: &mut Bench) -> Result<(), String> {
    b.quota(&image::EXT4, "prjquota", QuotaOf::Project)
}

/// Within a project's quota on xfs, every change is done or fails without a trace.
pub fn quota_project_xfs(b: &mut Bench) -> Result<(), String> {
    b.quota(&image::XFS, "pquota", QuotaOf::Project)
}

/// Within a user's quota on ext4, every change is done or fails with EDQUOT without a trace.
pub fn quota_user_ext4(b: &mut Bench) -> Result<(), String> {
    b.quota(&image::EXT4, "usrquota", QuotaOf::User)
}

/// Within a user's quota on xfs, every change is done or fails with EDQUOT without a trace.
pub fn quota_user_xfs(b: &mut Bench) -> Result<(), String> {
    b.quota(&image::XFS, "uquota", QuotaOf::User)
}
