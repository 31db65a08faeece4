# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The build roots: a minimal Debian with every tool that the build, the images and
# the virtual machines need; and one of sid, with the compilers of its kernels.
# Sourced by scripts/setup.

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
SID_PACKAGES="
	ca-certificates make gcc gcc-16 libc6-dev flex bison bc
	libelf-dev libssl-dev libdw-dev pahole kmod xz-utils cpio
	perl-base python3-minimal
	rustc rust-src rustfmt rust-clippy bindgen clang llvm lld sparse
"
# Raise when the way a root is made changes without a change of packages.
ROOT_FORMAT=1

# packages_of SUITE: print the packages of its build root.
packages_of() { if [ "$1" = sid ]; then echo $SID_PACKAGES; else echo $ROOT_PACKAGES; fi; }

# root_key SUITE
root_key() { echo "$ROOT_FORMAT $1 $(packages_of "$1")" | sha256sum | cut -c 1-16; }

# root_ready SUITE: true if its build root exists.
# The key is written last, before the finished root gets its name.
root_ready() { [ "$(cat "$(root_of "$1")/.union-root" 2>/dev/null)" = "$(root_key "$1")" ]; }

# Additions to the build root for another architecture; a new root lacks them.
cross_key() { echo "1 $DEBIAN" $CROSS_PACKAGES | sha256sum | cut -c 1-16; }

cross_ready() { [ "$NATIVE" = 1 ] || [ "$(cat "$ROOT/.union-$ARCH" 2>/dev/null)" = "$(cross_key)" ]; }

# make_cross: install compilers and the machine for ARCH.  apt gets a separate
# configuration for that architecture, because none of its packages is installed.
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

# in_apt CMD...: run a command of apt that sees the packages of ARCH.
in_apt() {
	if [ "$NATIVE" = 1 ]; then
		in_root "$@"
	else
		in_root env APT_CONFIG="/etc/apt/union-$ARCH.conf" "$@"
	fi
}

# Debian has the keys of the archive, some derivatives do not.
need_mmdebstrap() {
	need_tools mmdebstrap=mmdebstrap
	if ! ls /usr/share/keyrings/debian-archive-keyring.* >/dev/null 2>&1; then
		need_tools no-keyring=debian-archive-keyring
	fi
}

# The mounts of mmdebstrap below the new root must not remain, however it ends.
# An archive with outdated lists, such as a snapshot, is used if the machine's own
# apt is configured to use it.
mmdebstrap() {
	local dated='Acquire::Check-Valid-Until "false"'
	[[ $(apt-config dump 2>/dev/null) != *"$dated;"* ]] || set -- "--aptopt=$dated" "$@"
	if [ "$(id -u)" -eq 0 ]; then
		unshare --mount --propagation private mmdebstrap "$@"
	else
		command mmdebstrap "$@"
	fi
}

# make_root SUITE
make_root() {
	local suite=$1 root log tmp args=()
	root=$(root_of "$suite")
	log=$CACHE/log/${root##*/}
	tmp=$CACHE/.${root##*/}.tmp
	need_mmdebstrap
	# The result of an interrupted run is not trusted, and its space is needed.
	remove_tree "$tmp"
	need_space 8000 "$CACHE"
	[ "$(id -u)" -eq 0 ] || unshare --user --map-root-user --map-auto true 2>/dev/null ||
		die "user namespaces with subordinate ids are not available to $(id -un); run as root, or install uidmap, add $(id -un) to /etc/subuid and /etc/subgid, and set kernel.unprivileged_userns_clone=1"
	say "making the build root ($suite; about a minute, 2 GB)"
	mkdir -p "$tmp"
	rm -f "$log"

	args=(--variant=apt --components=main --include="$(packages_of "$suite" | tr ' ' ,)"
		--skip=cleanup/apt/lists --skip=output/dev
		--aptopt='Acquire::Retries "3"'
		--aptopt='APT::Sandbox::User "root"'
		--dpkgopt='path-exclude=/usr/share/man/*'
		--dpkgopt='path-exclude=/usr/share/locale/*'
		--dpkgopt='path-exclude=/usr/share/doc/*')
	run_logged "$log" unpack_suite "$tmp" "$suite"
	root_key "$suite" >"$tmp/.union-root" 2>/dev/null ||
		as_owner sh -c "echo $(root_key "$suite") >'$tmp/.union-root'"
	remove_tree "$CACHE/.root.old"
	[ ! -e "$root" ] || mv "$root" "$CACHE/.root.old"
	mv "$tmp" "$root"
	remove_tree "$CACHE/.root.old"
	say "build root ready"
}

# renew_root SUITE: upgrade its packages.
renew_root() {
	local log=$CACHE/log/apt apt=(apt-get -q -y -o APT::Sandbox::User=root -o Acquire::Retries=3)
	say "updating the build root of $1"
	run_logged "$log" in_root "${apt[@]}" update
	run_logged "$log" in_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" --no-install-recommends dist-upgrade
	run_logged "$log" in_root "${apt[@]}" clean
}

# unpack_suite DIR SUITE: from the archive of the host, or the default one; $DEBIAN
# with its updates and backports.  `args` determines the contents.
unpack_suite() {
	local dir=$1 suite=$2 mirror name more=() args=("${args[@]}")
	mirror=$(debian_mirror)
	[ "$suite" != "$DEBIAN" ] || more=("$DEBIAN-updates" "$BACKPORTS")
	set --
	if [ -n "$mirror" ]; then
		for name in "$suite" ${more[@]+"${more[@]}"}; do
			set -- "$@" "deb $mirror $name main"
		done
	elif [ "$suite" = "$DEBIAN" ]; then
		args+=("--setup-hook=sed -nE 's/^deb(.*) $DEBIAN (.*)/deb\\1 $BACKPORTS \\2/p' \"\$1/etc/apt/sources.list\" >\"\$1/etc/apt/sources.list.d/backports.list\"")
	fi
	unpack_root "$dir" "$suite" "$@"
}

# unpack_root DIR SUITE [LINE...]: unpack as root directly into DIR; as a plain user
# through a tar archive, so that the subordinate ids that mmdebstrap uses need no
# access to DIR.
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
