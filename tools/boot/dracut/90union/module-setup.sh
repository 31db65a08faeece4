#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# dracut module: rd.union on the kernel command line makes the root the lower
# layer of a union.

check() {
	require_kernel_modules union
}

depends() {
	echo base fs-lib
}

installkernel() {
	# The file system for changes may differ from the root's.
	hostonly="" instmods union ext4 xfs btrfs f2fs
}

# shellcheck disable=SC2154 # dracut sets moddir
install() {
	inst_multiple mount umount modprobe mkdir chmod chown stat mv rm sleep sync
	# The upper layer is checked like the root.
	inst_multiple -o e2fsck fsck.f2fs
	inst_simple "$moddir/union.sh" /lib/union.sh
	inst_simple "$moddir/union-settings" /lib/union-settings
	inst_simple "$moddir/union-fstab" /lib/union-fstab
	# After the root is mounted, whatever its source.
	inst_hook pre-pivot 10 "$moddir/mount-union.sh"
}
