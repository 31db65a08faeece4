# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
# Make and boot a Debian, with the initial ram disks that its own programs make.
# Sourced, after lib.sh, by scripts that set, before boot_start:
#
#   BOOT_NAME    name of the lane: its files are in out/NAME
#   BOOT_IMAGE   the script that makes the image of the root
#   BOOT_NEEDS   files and directories, besides the image and the module, that
#                its disks and initial ram disks are made of
#
# and a function inside(), which makes the disks in the build root, so that a
# plain user can create files of any owner.  FILTER, JOBS, KERNEL, TIMEOUT and V
# are as in scripts/test-boot.

# boot_start ARG...: set the paths; with --inside, run inside() and exit.
boot_start() {
	# Needed when called directly: plain make does not build the test programs.
	[ "${1:-}" = --inside ] || "$REPO/scripts/build-tools"
	packaged_kernel
	abi=$KERNEL
	module=$REPO/out/$abi/union.ko
	[ "$module" -ef "$REPO/out/union.ko" ] ||
		die "what was built last is not for $abi; build it with make module KERNEL=$abi"
	image=$("$BOOT_IMAGE" --path)
	boot=$REPO/out/$BOOT_NAME
	root=$boot/root
	log=$REPO/out/log/$BOOT_NAME
	if [ "${1:-}" = --inside ]; then
		mkdir -p "$boot"
		inside
		exit
	fi
}

boot_key() {
	{
		echo "$abi $BACKPORTS"
		cat "$image.key" "$0" "${BASH_SOURCE[0]}" "$REPO/scripts/install" "$REPO/scripts/install.list" "$module" "$REPO/out/bin/mount.union"
		find "$REPO/tools/vm/guest" "${BOOT_NEEDS[@]}" -type f -print -exec cat {} +
	} | sha256sum
}

# boot_ready: true if out/NAME is up to date.
boot_ready() { [ "$(cat "$boot/.key" 2>/dev/null)" = "$(boot_key)" ]; }

# boot_make [CMD...]: rebuild out/NAME, without the initial ram disks; CMD runs
# first, with out/NAME in place.
boot_make() {
	remove_tree "$boot"
	rm -f "$log"
	if [ $# -gt 0 ]; then
		mkdir -p "$boot"
		"$@"
	fi
	run_logged "$log" env KERNEL="$abi" "$REPO/scripts/enter" "$0" --inside
}

boot_made() { boot_key >"$boot/.key"; }

# boot_root: inside: unpack the Debian of the image, and install our files and the
# probe.
boot_root() {
	fsck.erofs --extract="$root" --preserve "$image"
	DESTDIR=$root PREFIX=/usr "$REPO/scripts/install" >/dev/null
	boot_probe
	echo union-test >"$root/etc/hostname"
	: >"$root/etc/machine-id"
}

# boot_probe: the program that reports on each boot.
boot_probe() {
	local guest=$REPO/tools/vm/guest etc=$root/etc
	install -m 755 "$guest/boot-probe" "$root/usr/local/sbin/boot-probe"
	install -m 644 "$guest/boot-probe.service" "$etc/systemd/system/"
	mkdir -p "$etc/systemd/system/multi-user.target.wants"
	ln -sf ../boot-probe.service "$etc/systemd/system/multi-user.target.wants/"
}

# boot_kernel: inside: install the packaged kernel.
boot_kernel() {
	local from=$KERNELS/$abi to=$root/usr/lib/modules/$abi
	mkdir -p "$to" "$root/boot"
	cp -a "$from/modules/lib/modules/$abi/." "$to/"
	cp "$from/vmlinuz" "$root/boot/vmlinuz-$abi"
	cp "$from/build/.config" "$root/boot/config-$abi"
}

# boot_in CMD...: run a command in that Debian.
boot_in() { run_logged "$log" env UNION_ROOT="$root" "$REPO/scripts/enter" "$@"; }

# boot_initrd NAME: run update-initramfs, and keep its output.
boot_initrd() {
	boot_in depmod "$abi"
	boot_in sh -c "rm -f /boot/initrd.img-$abi; update-initramfs -c -k $abi >/boot/said 2>&1 || { cat /boot/said; exit 1; }"
	cp "$root/boot/initrd.img-$abi" "$boot/$1"
	cp "$root/boot/said" "$boot/$1.said"
}

# boot_dracut [ARG...]: run dracut.
boot_dracut() {
	boot_in dracut --force --no-hostonly --kver "$abi" "$@" /boot/initrd-dracut
	cp "$root/boot/initrd-dracut" "$boot/"
	: >"$boot/initrd-dracut.said"
}

# boot_run [ARG...]: boot all cases of the lane.
boot_run() {
	exec "$REPO/out/bin/union-vm" boot --set "$BOOT_NAME" --folder "$boot" "$@"
}
