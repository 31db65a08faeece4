#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# dracut hook: makes the mounted root the lower layer of a union.
#
#   rd.union                     changes are kept in memory
#   rd.union=tmpfs[:OPTION,...]  the same; size=25% and other options of tmpfs
#   rd.union=DEVICE              changes are kept in a file system: /dev/...,
#                                LABEL=, UUID=, PARTLABEL= or PARTUUID=
#   rd.union.readonly            what DEVICE has is shown, and further changes
#                                are kept in memory
#   rd.union.reset               what DEVICE has is removed first
#   rd.union=0, or nothing       no union
#
# When the union cannot be mounted, the machine starts on the plain root,
# read-only, and the kernel log says why (dmesg | grep union-boot).

command -v getarg >/dev/null || . /lib/dracut-lib.sh

# systemd leaves mounts below /run/initramfs alone until everything else has
# been stopped, and then makes them read-only as it does with the root: so the
# file system on top is clean after a shutdown.
union_run=/run/initramfs/union

union_say() {
	union_level=$1
	shift
	echo "<$union_level>union-boot: $*" >/dev/kmsg
}

# union_device SPEC: waits for the device; its path is then in $union_dev.
union_device() {
	union_dev=$(label_uuid_to_dev "$1")
	union_tries=0
	while [ ! -b "$union_dev" ]; do
		if [ "$union_tries" -ge 100 ]; then
			union_why="there is no $1"
			return 1
		fi
		sleep 0.1
		union_tries=$((union_tries + 1))
	done
}

# union_layer DIR: makes an upper layer with its work directory there.  It
# lends its root directory to the union: it gets the mode and owner that the
# root has, and its name only when it is complete.
union_layer() {
	[ -d "$1/upper" ] || {
		mkdir -p "$1/upper.new" &&
			chmod "$(stat -c %a "$NEWROOT")" "$1/upper.new" &&
			chown "$(stat -c %u:%g "$NEWROOT")" "$1/upper.new" &&
			mv "$1/upper.new" "$1/upper"
	} && mkdir -p "$1/work" && return
	union_why="$1 is not writable"
	return 1
}

# union_memory [OPTIONS]: changes are kept in memory.
union_memory() {
	mount -t tmpfs -o "mode=0755${1:+,$1}" tmpfs "$union_run/rw" && return
	union_why="no tmpfs can be mounted with '$1'"
	return 1
}

# union_top SPEC: mounts what the changes are kept in, at rw.  Earlier changes
# that must stay as they are become a lower layer, the topmost one.
union_top() {
	union_lower=$union_run/lower
	case $1 in
	'' | 1 | yes | on | tmpfs) union_memory ;;
	tmpfs:*) union_memory "${1#tmpfs:}" ;;
	*)
		union_device "$1" || return
		if getargbool 0 rd.union.readonly; then
			mkdir -p "$union_run/kept"
			union_at=$union_run/kept
			union_options=ro
		else
			union_at=$union_run/rw
			union_options=rw
		fi
		if ! mount -o "$union_options" "$union_dev" "$union_at"; then
			union_why="$1 cannot be mounted"
			return 1
		fi
		if [ "$union_options" = ro ]; then
			[ ! -d "$union_at/upper" ] || union_lower=$union_at/upper:$union_lower
			union_memory
		elif getargbool 0 rd.union.reset; then
			union_say 5 "removing what $1 has"
			rm -rf "$union_at/upper" "$union_at/work"
		fi
		;;
	esac
}

# union_mount SPEC: the union in the place of the root.
union_mount() {
	if ! modprobe union; then
		union_why="the module union cannot be loaded"
		return 1
	fi
	if ismounted "$NEWROOT/usr"; then
		union_why="a /usr of its own is not supported"
		return 1
	fi
	[ -d /run/initramfs ] || mkdir -m 0700 /run/initramfs
	mkdir -p "$union_run/lower" "$union_run/rw"
	[ -e /run/union ] || ln -s initramfs/union /run/union
	# The file system, not only this mount: nobody may change a lower layer.
	if ! mount -o remount,ro "$NEWROOT"; then
		union_why="the root cannot be made read-only"
		return 1
	fi
	if ! mount --bind "$NEWROOT" "$union_run/lower"; then
		union_why="the root cannot be mounted once more"
		return 1
	fi
	union_top "$1" && union_layer "$union_run/rw" || return
	# Over the root: what is below a shared mount cannot be moved.
	mount -t union -o "lowerdir=$union_lower,upperdir=$union_run/rw/upper,workdir=$union_run/rw/work" \
		union "$NEWROOT" && return
	union_why="the union cannot be mounted; the kernel log says why"
	return 1
}

# union_undo: takes back what has been mounted.
union_undo() {
	for union_at in rw kept lower; do
		! ismounted "$union_run/$union_at" || umount "$union_run/$union_at"
	done
	mount -o remount,ro "$NEWROOT" || union_say 2 "the root cannot be made read-only"
}

if getargbool 0 rd.union; then
	union_spec=$(getarg rd.union=)
	if union_mount "$union_spec"; then
		union_say 6 "root is a union, changes are kept in ${union_spec:-tmpfs}"
	else
		union_say 3 "$union_why; starting on the plain root, read-only"
		union_undo
	fi
fi
