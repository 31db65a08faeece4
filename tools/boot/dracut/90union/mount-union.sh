#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2034,SC2154 # /lib/union.sh reads and sets them
# dracut hook: make the mounted root the lower layer of a union.
#
#   rd.union                     changes are kept in memory
#   rd.union=tmpfs[:OPTION,...]  the same; size=25% and other options of tmpfs
#   rd.union=DEVICE[:OPTION,...] changes are kept in a file system: /dev/...,
#                                LABEL=, UUID=, PARTLABEL= or PARTUUID=
#   rd.union.readonly            the changes on DEVICE are shown, and further
#                                changes are kept in memory
#   rd.union.reset               the changes on DEVICE are removed first
#   rd.union=0, or nothing       no union
#
# OPTION is one of union= in union-boot(5): dir=, required, timeout=, swap=,
# recurse=, debug, hard_ro, or one for mounting the file system of DEVICE.
#
# If the union cannot be mounted, the machine starts on the plain root,
# read-only, and the kernel log has the reason (dmesg | grep union-boot).

command -v getarg >/dev/null || . /lib/dracut-lib.sh
union_scripts=/lib
. /lib/union.sh

# union_find: wait for the device, and store its path in $union_dev.
union_find() {
	union_dev=$(label_uuid_to_dev "$union_device")
	union_tries=0
	while [ ! -b "$union_dev" ]; do
		if [ "$union_tries" -ge "${union_timeout:-10}" ]; then
			union_why="there is no $union_device"
			return 1
		fi
		sleep 1
		union_tries=$((union_tries + 1))
	done
}

# union_check: check its file system as dracut does, but without questions: a file
# system that only a person can repair is not mounted.
union_check() {
	! getargbool 0 rd.skipfsck || return 0
	(
		. /lib/fs-lib.sh
		fsck_ask_err() { :; }
		fsck_ask_reboot() { :; }
		fsck_single "$union_dev" auto
	)
	case $? in
	[0-3] | 255) ;;
	*)
		union_why="the file system on $union_device needs to be checked by hand"
		return 1
		;;
	esac
}

# union_keep: show earlier changes as the topmost lower layer, with new changes in
# memory.
union_keep() {
	union_private "$union_run"
	mkdir -p "$union_run/kept"
	if ! mount -o "$union_rw_options,ro" "$union_dev" "$union_run/kept"; then
		union_why="$union_device cannot be mounted with $union_rw_options,ro"
		return 1
	fi
	union_straight "$union_run/kept" "${union_upper#"$union_rw"/}" || return
	union_kept=$union_run/kept${union_upper#"$union_rw"}
	[ -d "$union_kept" ] || union_kept=
	union_dir=
	union_places
	union_rw_options=rw
	union_upper tmpfs "$NEWROOT"
}

# union_usr_from DIR DIR: move a separate /usr; mounts below a shared mount cannot
# be moved with it.
union_usr_from() {
	mkdir -p "$2" && mount --bind "$1" "$2" && umount "$1" && return
	union_why="/usr cannot be moved to the union"
	return 1
}

# union_mount: replace the root by the union.
union_mount() {
	union_why=$union_refused
	[ -z "$union_refused" ] || return
	if [ "$union_recurse" = 1 ] && ismounted "$NEWROOT/usr"; then
		union_why="recurse=1 is not supported with a separate /usr"
		return 1
	fi
	if ! modprobe union; then
		union_why="the module union cannot be loaded"
		return 1
	fi
	case $union_device in
	tmpfs | dir) union_upper "$union_device" "$NEWROOT" ;;
	*)
		union_find && union_check &&
			if getargbool 0 rd.union.readonly; then
				union_keep
			else
				union_upper "$union_dev" "$NEWROOT"
			fi
		;;
	esac && union_over "$NEWROOT" union || return
	# Not part of the union, and mounted by now if systemd is in the ram disk.
	if ismounted "$NEWROOT/usr"; then
		union_usr=$union_run/usr
		union_usr_from "$NEWROOT/usr" "$union_usr" || return
	fi
	# Mounted over the root, for the same reason.  The lower layer is another
	# mount of the same tree; private, it does not receive this mount.
	if ! mount --make-private "$union_lower" || ! mount --bind "$union_new" "$NEWROOT" || ! umount "$union_new"; then
		union_why="the union cannot be moved to $NEWROOT"
		return 1
	fi
	[ -z "$union_usr" ] || union_usr_from "$union_usr" "$NEWROOT/usr" || return
}

# union_back: restore the plain root.
union_back() {
	union_undo "$NEWROOT"
	! ismounted "$union_run/kept" || umount "$union_run/kept"
	[ -z "$union_usr" ] || ismounted "$NEWROOT/usr" || union_usr_from "$union_usr" "$NEWROOT/usr"
}

if getargbool 0 rd.union; then
	union_nothing
	union_usr_later=y
	union_spec=$(getarg rd.union=)
	case $union_spec in
	'' | 1 | yes | on) union_spec=tmpfs ;;
	esac
	! getargbool 0 rd.union.reset || union_reset=y
	union_take_apart
	union_usr=
	if union_mount; then
		union_say 6 "root is a union, changes are kept in $union_device"
	else
		union_back
		if [ -n "$union_required" ]; then
			union_say 2 "$union_why, and rd.union= says 'required'"
			die "union-boot: $union_why, and rd.union= says 'required'"
		fi
		union_say 3 "$union_why; starting on the plain root, read-only"
		union_plain "$NEWROOT"
	fi
fi
