// SPDX-License-Identifier: GPL-2.0-only
//! The checks, one per file.

use crate::scenario::Check;

mod bad_options;
mod bad_strings;
mod busy;
mod changed_behind;
mod drop_caches;
mod file_system_listed;
mod garbage_marks;
mod immutable_below;
mod in_use_by_overlayfs;
mod incompatible_work;
mod interfaces;
mod killed_copy_up;
mod layers_unmounted;
mod load_unload;
mod many_layers;
mod metacopy_below;
mod missing_layer;
mod mounted_twice;
mod mounts_below;
mod nested_marks;
mod no_lower_layer;
mod no_space;
mod nosuid_lower;
mod numbers_after_move;
mod numbers_kept_remount;
mod overlapping_layers;
mod overlayfs_features;
mod overlayfs_layers;
mod passfs;
mod passfs_ext4;
mod passfs_tmpfs;
mod read_only;
mod read_only_one_layer;
mod read_only_top_layer;
mod remount;
mod remount_unchanged;
mod shared_lower;
mod show_options;
mod special_paths;
mod stacking_too_deep;
mod stale_work;
mod unfit_top_layer;
mod union_over_overlayfs;
mod union_over_union;
mod upper_in_use;
mod upper_without_work;
mod user_namespace;
mod volatile;
mod walk_race;
mod work_elsewhere;
mod xattr_whiteouts;

/// Every check.
pub const ALL: &[Check] = &[
    bad_options::CHECK,
    bad_strings::CHECK,
    busy::CHECK,
    changed_behind::CHECK,
    drop_caches::CHECK,
    file_system_listed::CHECK,
    garbage_marks::CHECK,
    immutable_below::CHECK,
    in_use_by_overlayfs::CHECK,
    incompatible_work::CHECK,
    interfaces::CHECK,
    killed_copy_up::CHECK,
    layers_unmounted::CHECK,
    load_unload::CHECK,
    many_layers::CHECK,
    metacopy_below::CHECK,
    missing_layer::CHECK,
    mounted_twice::CHECK,
    mounts_below::CHECK,
    nested_marks::CHECK,
    no_lower_layer::CHECK,
    no_space::CHECK,
    nosuid_lower::CHECK,
    numbers_after_move::CHECK,
    numbers_kept_remount::CHECK,
    overlapping_layers::CHECK,
    overlayfs_features::CHECK,
    overlayfs_layers::CHECK,
    passfs::CHECK,
    passfs_ext4::CHECK,
    passfs_tmpfs::CHECK,
    read_only::CHECK,
    read_only_one_layer::CHECK,
    read_only_top_layer::CHECK,
    remount::CHECK,
    remount_unchanged::CHECK,
    shared_lower::CHECK,
    show_options::CHECK,
    special_paths::CHECK,
    stacking_too_deep::CHECK,
    stale_work::CHECK,
    unfit_top_layer::CHECK,
    union_over_overlayfs::CHECK,
    union_over_union::CHECK,
    upper_in_use::CHECK,
    upper_without_work::CHECK,
    user_namespace::CHECK,
    volatile::CHECK,
    walk_race::CHECK,
    work_elsewhere::CHECK,
    xattr_whiteouts::CHECK,
];
