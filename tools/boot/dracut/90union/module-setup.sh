#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# dracut module: with rd.union on the kernel command line the root becomes the
# lower layer of a union.

check() {
	require_kernel_modules union
}

depends() {
	echo base
}

installkernel() {
	# What changes are kept in need not be what the root is.
	hostonly="" instmods union ext4 xfs btrfs f2fs
}

install() {
	inst_multiple mount umount modprobe mkdir chmod chown stat mv rm sleep
	# When the root is mounted, from wherever it comes.
	# shellcheck disable=SC2154 # dracut sets it
	inst_hook pre-pivot 10 "$moddir/mount-union.sh"
}
