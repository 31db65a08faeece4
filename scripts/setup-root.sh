# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The build root: a minimal Debian with every tool the build, the images and
# the virtual machines need.  Sourced by scripts/setup.

ROOT_PACKAGES="
	ca-certificates make gcc gcc-14 libc6-dev flex bison bc
	libelf-dev libssl-dev libdw-dev pahole kmod xz-utils zstd cpio rsync file
	perl-base python3-minimal
	rustc rust-src rustfmt rust-clippy bindgen
	clang-19 llvm-19 lld-19 libclang-19-dev sparse shellcheck
	qemu-system-x86 qemu-utils
	e2fsprogs xfsprogs btrfs-progs erofs-utils squashfs-tools libarchive-tools
	busybox-static
	attr acl fdisk procps
"
# Raise when the way the root is made changes without a change of packages.
ROOT_FORMAT=1

root_key() { echo "$ROOT_FORMAT $SUITE" $ROOT_PACKAGES | sha256sum | cut -c 1-16; }

# The key is written last, before the finished root gets its name.
root_ready() { [ "$(cat "$ROOT/.union-root" 2>/dev/null)" = "$(root_key)" ]; }

# What the build root has been given for another processor; a new root lacks it.
cross_key() { echo "1 $SUITE" $CROSS_PACKAGES | sha256sum | cut -c 1-16; }

cross_ready() { [ "$NATIVE" = 1 ] || [ "$(cat "$ROOT/.union-$ARCH" 2>/dev/null)" = "$(cross_key)" ]; }

# make_cross: compilers and the machine for ARCH.  apt looks at the packages of
# that processor, of which nothing is installed, by a configuration of its own.
make_cross() {
	local log=$CACHE/log/root-$ARCH
	need_space 1500 "$CACHE"
	say "adding compilers and QEMU for $ARCH to the build root (about a minute, 500 MB)"
	rm -f "$log"
	run_logged "$log" in_root apt-get -q -o APT::Sandbox::User=root update
	# shellcheck disable=SC2086
	run_logged "$log" in_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y -o APT::Sandbox::User=root -o Acquire::Retries=3 --no-install-recommends install $CROSS_PACKAGES
	# shellcheck disable=SC2016
	run_logged "$log" in_root sh -c 'mkdir -p "/var/lib/apt/lists-$1/partial" && cat >"/etc/apt/union-$1.conf" <<-END
		APT::Architecture "$1";
		APT::Architectures { "$1"; };
		Dir::State::lists "/var/lib/apt/lists-$1";
		Dir::State::status "/dev/null";
		Dir::Cache::pkgcache "";
		Dir::Cache::srcpkgcache "";
	END
	' sh "$ARCH"
	run_logged "$log" in_apt apt-get -q -o APT::Sandbox::User=root update
	# shellcheck disable=SC2016
	run_logged "$log" in_root sh -c 'echo "$2" >"/.union-$1"' sh "$ARCH" "$(cross_key)"
}

# in_apt CMD...: a command of apt that sees the packages of ARCH.
in_apt() {
	if [ "$NATIVE" = 1 ]; then
		in_root "$@"
	else
		in_root env APT_CONFIG="/etc/apt/union-$ARCH.conf" "$@"
	fi
}

# The keys of the archive are there on Debian, but not on every derivative.
need_mmdebstrap() {
	need_tools mmdebstrap=mmdebstrap
	if ! ls /usr/share/keyrings/debian-archive-keyring.* >/dev/null 2>&1; then
		need_tools no-keyring=debian-archive-keyring
	fi
}

# What mmdebstrap mounts below the new root must not outlive it, however it ends.
mmdebstrap() {
	if [ "$(id -u)" -eq 0 ]; then
		unshare --mount --propagation private mmdebstrap "$@"
	else
		command mmdebstrap "$@"
	fi
}

make_root() {
	local tmp=$CACHE/.root.tmp include args=()
	need_mmdebstrap
	# What an interrupted run left is not trusted, and its space is needed.
	remove_tree "$tmp"
	need_space 8000 "$CACHE"
	[ "$(id -u)" -eq 0 ] || unshare --user --map-root-user --map-auto true 2>/dev/null ||
		die "user namespaces with subordinate ids are not available to $(id -un); run as root, or install uidmap, add $(id -un) to /etc/subuid and /etc/subgid, and set kernel.unprivileged_userns_clone=1"
	say "making the build root ($SUITE; about a minute, 2 GB)"
	mkdir -p "$tmp"
	rm -f "$CACHE/log/root"

	include=$(echo $ROOT_PACKAGES | tr ' ' ,)
	args=(--variant=apt --components=main --include="$include"
		--skip=cleanup/apt/lists --skip=output/dev
		--aptopt='Acquire::Retries "3"'
		--aptopt='APT::Sandbox::User "root"'
		--dpkgopt='path-exclude=/usr/share/man/*'
		--dpkgopt='path-exclude=/usr/share/locale/*'
		--dpkgopt='path-exclude=/usr/share/doc/*')
	run_logged "$CACHE/log/root" unpack_suite "$tmp"
	root_key >"$tmp/.union-root" 2>/dev/null ||
		as_owner sh -c "echo $(root_key) >'$tmp/.union-root'"
	remove_tree "$CACHE/.root.old"
	[ ! -e "$ROOT" ] || mv "$ROOT" "$CACHE/.root.old"
	mv "$tmp" "$ROOT"
	remove_tree "$CACHE/.root.old"
	say "build root ready"
}

# unpack_suite DIR: $SUITE with its updates and backports, from the archive of the
# host, or the default one; what is in it is said by `args`.
unpack_suite() {
	local dir=$1 mirror args=("${args[@]}")
	mirror=$(debian_mirror)
	if [ -n "$mirror" ]; then
		set -- "deb $mirror $SUITE main" "deb $mirror $SUITE-updates main" \
			"deb $mirror $BACKPORTS main"
	else
		args+=("--setup-hook=sed -nE 's/^deb(.*) $SUITE (.*)/deb\\1 $BACKPORTS \\2/p' \"\$1/etc/apt/sources.list\" >\"\$1/etc/apt/sources.list.d/backports.list\"")
		set --
	fi
	unpack_root "$dir" "$SUITE" "$@"
}

# unpack_root DIR SUITE [LINE...]: as root straight into DIR; as a plain user
# by way of a tar archive, so that DIR need not be reachable for the
# subordinate ids mmdebstrap works with.
unpack_root() {
	local dir=$1 suite=$2
	shift 2
	if [ "$(id -u)" -eq 0 ]; then
		mmdebstrap --mode=root --format=directory "${args[@]}" "$suite" "$dir" "$@"
	else
		mmdebstrap --mode=unshare --format=tar "${args[@]}" "$suite" - "$@" |
			as_owner tar -C "$dir" --numeric-owner --exclude='./dev/*' -xpf -
	fi
}
