#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# dracut module: with rd.union on the kernel command line the root becomes the
# lower layer of a union.

check() {
	require_kernel_modules union
}

depends() {
	echo base fs-lib
}

installkernel() {
	# What changes are kept in need not be what the root is.
	hostonly="" instmods union ext4 xfs btrfs f2fs
}

# shellcheck disable=SC2154 # dracut sets moddir
install() {
	inst_multiple mount umount modprobe mkdir chmod chown stat mv rm sleep sync
	# The layer on top is checked as the root is.
	inst_multiple -o e2fsck fsck.f2fs
	inst_simple "$moddir/union.sh" /lib/union.sh
	inst_simple "$moddir/union-settings" /lib/union-settings
	inst_simple "$moddir/union-fstab" /lib/union-fstab
	# When the root is mounted, from wherever it comes.
	inst_hook pre-pivot 10 "$moddir/mount-union.sh"
}
