// SPDX-License-Identifier: GPL-2.0-only
//! The scenarios, one per file.

use crate::scenario::Scenario;

mod acl_inherited;
mod acl_kept;
mod acl_set;
mod append_lower;
mod append_race;
mod big_file;
mod capability_kept;
mod chmod_lower;
mod chmod_lower_dir;
mod chown_clears_set_id;
mod chown_lower;
mod clone_file;
mod copied_up_numbers;
mod copy_file_range;
mod copy_up_keeps_metadata;
mod copy_up_race;
mod create_in_deep_lower;
mod create_new;
mod create_race;
mod denied_leaves_no_copy;
mod device_lower;
mod dir_link_counts;
mod directory_fd_changes;
mod exec_lower;
mod fadvise;
mod fallocate_lower;
mod fchdir_removed_parent;
mod fiemap;
mod fifo_changed;
mod fifo_lower;
mod file_size_limit;
mod file_times;
mod flock;
mod fsync;
mod ftruncate_fd;
mod group_permission;
mod hard_links_read;
mod hard_links_unlink;
mod hard_links_write;
mod holes_kept;
mod huge_file;
mod identity_distinct;
mod identity_kept;
mod inode_flags;
mod inotify;
mod leases;
mod link_lower;
mod link_over_whiteout;
mod link_refused;
mod link_special;
mod link_upper;
mod locks_survive_copy_up;
mod many_files;
mod many_opens;
mod mkdir_existing;
mod mkdir_over_whiteout;
mod mknod;
mod mknod_whiteout;
mod mmap_before_write;
mod mmap_private_write;
mod mmap_shared_read;
mod mmap_shared_write;
mod mmap_writers;
mod names_not_text;
mod names_odd;
mod ofd_locks;
mod old_fd_sees_write;
mod opaque_below;
mod opaque_top;
mod open_flags;
mod open_path;
mod open_truncate;
mod open_write_copies_nothing;
mod owner_changes;
mod parent_times;
mod parents_keep_metadata;
mod path_errors;
mod posix_locks;
mod private_xattrs;
mod private_xattrs_set;
mod punch_hole_lower;
mod random_1;
mod random_2;
mod random_3;
mod random_4;
mod read_only_fd_changes;
mod readahead_and_ranges;
mod readdir_empty;
mod readdir_large;
mod readdir_merged;
mod readdir_rewind;
mod readdir_seek;
mod readdir_shadow_below;
mod readdir_shadowed;
mod readdir_types;
mod readdir_unlink;
mod remove_tree;
mod rename_back;
mod rename_dir_with_whiteouts;
mod rename_exchange;
mod rename_exchange_dir;
mod rename_lower_dir;
mod rename_lower_file;
mod rename_merged_dir;
mod rename_new_dir;
mod rename_new_dir_over_lower;
mod rename_noreplace;
mod rename_open;
mod rename_over_lower;
mod rename_over_whiteout;
mod rename_refused;
mod rename_same_inode;
mod rename_special;
mod rename_whiteout;
mod rename_working_directory;
mod rmdir_lower_empty;
mod rmdir_merged;
mod rmdir_mkdir;
mod rmdir_not_empty;
mod rmdir_open;
mod root_attributes;
mod search_permission;
mod seek_hole_lower;
mod sendfile_lower;
mod set_id_dropped_by_write;
mod setgid_directory;
mod socket_lower;
mod splice_lower;
mod statfs;
mod status_flags;
mod sticky_directory;
mod symlink_chain;
mod symlink_new;
mod symlink_write_through;
mod text_busy;
mod tmpfile;
mod tmpfile_dropped;
mod tmpfile_permission;
mod touch_by_others;
mod truncate_directory;
mod truncate_extend;
mod truncate_shrink;
mod truncate_zero;
mod two_writers;
mod unlink_copied_up;
mod unlink_create;
mod unlink_lower;
mod unlink_many;
mod unlink_mkdir;
mod unlink_open_file;
mod unlink_open_upper;
mod unlink_upper;
mod unlink_wrong_kind;
mod utimens_lower;
mod whiteout_below;
mod whiteout_remade;
mod working_directory;
mod write_keeps_directory_time;
mod write_lower;
mod xattr_failed;
mod xattr_nothing_copied;
mod xattr_sizes;
mod xattrs_kinds;
mod xattrs_lower;

/// Every scenario.
pub const ALL: &[Scenario] = &[
    acl_inherited::SCENARIO,
    acl_kept::SCENARIO,
    acl_set::SCENARIO,
    append_lower::SCENARIO,
    append_race::SCENARIO,
    big_file::SCENARIO,
    capability_kept::SCENARIO,
    chmod_lower::SCENARIO,
    chmod_lower_dir::SCENARIO,
    chown_clears_set_id::SCENARIO,
    chown_lower::SCENARIO,
    clone_file::SCENARIO,
    copied_up_numbers::SCENARIO,
    copy_file_range::SCENARIO,
    copy_up_keeps_metadata::SCENARIO,
    copy_up_race::SCENARIO,
    create_in_deep_lower::SCENARIO,
    create_new::SCENARIO,
    create_race::SCENARIO,
    denied_leaves_no_copy::SCENARIO,
    device_lower::SCENARIO,
    dir_link_counts::SCENARIO,
    directory_fd_changes::SCENARIO,
    exec_lower::SCENARIO,
    fadvise::SCENARIO,
    fallocate_lower::SCENARIO,
    fchdir_removed_parent::SCENARIO,
    fiemap::SCENARIO,
    fifo_changed::SCENARIO,
    fifo_lower::SCENARIO,
    file_size_limit::SCENARIO,
    file_times::SCENARIO,
    flock::SCENARIO,
    fsync::SCENARIO,
    ftruncate_fd::SCENARIO,
    group_permission::SCENARIO,
    hard_links_read::SCENARIO,
    hard_links_unlink::SCENARIO,
    hard_links_write::SCENARIO,
    holes_kept::SCENARIO,
    huge_file::SCENARIO,
    identity_distinct::SCENARIO,
    identity_kept::SCENARIO,
    inode_flags::SCENARIO,
    inotify::SCENARIO,
    leases::SCENARIO,
    link_lower::SCENARIO,
    link_over_whiteout::SCENARIO,
    link_refused::SCENARIO,
    link_special::SCENARIO,
    link_upper::SCENARIO,
    locks_survive_copy_up::SCENARIO,
    many_files::SCENARIO,
    many_opens::SCENARIO,
    mkdir_existing::SCENARIO,
    mkdir_over_whiteout::SCENARIO,
    mknod::SCENARIO,
    mknod_whiteout::SCENARIO,
    mmap_before_write::SCENARIO,
    mmap_private_write::SCENARIO,
    mmap_shared_read::SCENARIO,
    mmap_shared_write::SCENARIO,
    mmap_writers::SCENARIO,
    names_not_text::SCENARIO,
    names_odd::SCENARIO,
    ofd_locks::SCENARIO,
    old_fd_sees_write::SCENARIO,
    opaque_below::SCENARIO,
    opaque_top::SCENARIO,
    open_flags::SCENARIO,
    open_path::SCENARIO,
    open_truncate::SCENARIO,
    open_write_copies_nothing::SCENARIO,
    owner_changes::SCENARIO,
    parent_times::SCENARIO,
    parents_keep_metadata::SCENARIO,
    path_errors::SCENARIO,
    posix_locks::SCENARIO,
    private_xattrs::SCENARIO,
    private_xattrs_set::SCENARIO,
    punch_hole_lower::SCENARIO,
    random_1::SCENARIO,
    random_2::SCENARIO,
    random_3::SCENARIO,
    random_4::SCENARIO,
    read_only_fd_changes::SCENARIO,
    readahead_and_ranges::SCENARIO,
    readdir_empty::SCENARIO,
    readdir_large::SCENARIO,
    readdir_merged::SCENARIO,
    readdir_rewind::SCENARIO,
    readdir_seek::SCENARIO,
    readdir_shadow_below::SCENARIO,
    readdir_shadowed::SCENARIO,
    readdir_types::SCENARIO,
    readdir_unlink::SCENARIO,
    remove_tree::SCENARIO,
    rename_back::SCENARIO,
    rename_dir_with_whiteouts::SCENARIO,
    rename_exchange::SCENARIO,
    rename_exchange_dir::SCENARIO,
    rename_lower_dir::SCENARIO,
    rename_lower_file::SCENARIO,
    rename_merged_dir::SCENARIO,
    rename_new_dir::SCENARIO,
    rename_new_dir_over_lower::SCENARIO,
    rename_noreplace::SCENARIO,
    rename_open::SCENARIO,
    rename_over_lower::SCENARIO,
    rename_over_whiteout::SCENARIO,
    rename_refused::SCENARIO,
    rename_same_inode::SCENARIO,
    rename_special::SCENARIO,
    rename_whiteout::SCENARIO,
    rename_working_directory::SCENARIO,
    rmdir_lower_empty::SCENARIO,
    rmdir_merged::SCENARIO,
    rmdir_mkdir::SCENARIO,
    rmdir_not_empty::SCENARIO,
    rmdir_open::SCENARIO,
    root_attributes::SCENARIO,
    search_permission::SCENARIO,
    seek_hole_lower::SCENARIO,
    sendfile_lower::SCENARIO,
    set_id_dropped_by_write::SCENARIO,
    setgid_directory::SCENARIO,
    socket_lower::SCENARIO,
    splice_lower::SCENARIO,
    statfs::SCENARIO,
    status_flags::SCENARIO,
    sticky_directory::SCENARIO,
    symlink_chain::SCENARIO,
    symlink_new::SCENARIO,
    symlink_write_through::SCENARIO,
    text_busy::SCENARIO,
    tmpfile::SCENARIO,
    tmpfile_dropped::SCENARIO,
    tmpfile_permission::SCENARIO,
    touch_by_others::SCENARIO,
    truncate_directory::SCENARIO,
    truncate_extend::SCENARIO,
    truncate_shrink::SCENARIO,
    truncate_zero::SCENARIO,
    two_writers::SCENARIO,
    unlink_copied_up::SCENARIO,
    unlink_create::SCENARIO,
    unlink_lower::SCENARIO,
    unlink_many::SCENARIO,
    unlink_mkdir::SCENARIO,
    unlink_open_file::SCENARIO,
    unlink_open_upper::SCENARIO,
    unlink_upper::SCENARIO,
    unlink_wrong_kind::SCENARIO,
    utimens_lower::SCENARIO,
    whiteout_below::SCENARIO,
    whiteout_remade::SCENARIO,
    working_directory::SCENARIO,
    write_keeps_directory_time::SCENARIO,
    write_lower::SCENARIO,
    xattr_failed::SCENARIO,
    xattr_nothing_copied::SCENARIO,
    xattr_sizes::SCENARIO,
    xattrs_kinds::SCENARIO,
    xattrs_lower::SCENARIO,
];
