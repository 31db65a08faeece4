# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# One kernel: the packaged image and modules, unpacked, and a tree to build
# Rust modules against.  Sourced by scripts/setup.
#
# The packaged headers have no Rust metadata.  It is generated here
# (scripts/rust-metadata). Its symbols are then compared with those of the packaged
# kernel, so that a difference is an error here and not at insmod.

# Raise when the way a kernel is prepared changes.
KERNEL_FORMAT=1

# The release of the chosen kernel, with the apt and the compilers for it.
KERNEL_SUITE=$(suite_of "${KERNEL:-}")

# compiler_key ABI: its modules and trees must be rebuilt with another rustc.  $DEBIAN
# keeps the same one.
compiler_key() {
	[ "$(suite_of "$1")" = "$DEBIAN" ] ||
		awk '/^Package: / { here = $2 == "rustc" } here && /^Version: / { print " " $2 }' \
			"$(root_of "$1")/var/lib/dpkg/status" 2>/dev/null || true
}

# kernel_key ABI: print the key of the current way to prepare it.
kernel_key() {
	local flavour
	flavour=$(flavour_of "$1")
	if [ -n "$flavour" ]; then flavour_key "$flavour"; else echo "$KERNEL_FORMAT$(compiler_key "$1")"; fi
}

# kernel_ready ABI: true if it exists and was prepared in the current way.
kernel_ready() { [ "$(cat "$KERNELS/$1/.ready" 2>/dev/null)" = "$(kernel_key "$1")" ]; }

# in_root CMD...: run apt and the compilers in their root.
in_root() { UNION_ROOT=$(root_of "$KERNEL_SUITE") "$REPO/scripts/enter" "$@"; }

update_lists() {
	say "updating the package lists of the build root"
	run_logged "$CACHE/log/apt" in_apt apt-get -q -o APT::Sandbox::User=root update
}

# available_kernels: print lines 'ABI PACKAGE-VERSION SERIES', newest first, for every
# kernel of the supported series whose image, headers and source are available in one
# version.
available_kernels() {
	local sources
	# shellcheck disable=SC2016
	sources=$(in_apt sh -c 'apt-cache search --names-only "^linux-source-[0-9.]+$" | cut -d" " -f1 | xargs -r apt-cache madison' |
		awk -F' *[|] *' '{ gsub(/ /, "", $1); sub(/^linux-source-/, "", $1); print $2, $1 }')
	# shellcheck disable=SC2016
	in_apt sh -c 'apt-cache search --names-only "^linux-(image|headers|binary|modules)-[0-9][^ ]*-$1$" | cut -d" " -f1 | xargs -r apt-cache madison' sh "$KERNEL_ENDING" |
		awk -F' *[|] *' -v sources="$sources" '
			BEGIN {
				n = split(sources, line, "\n")
				for (i = 1; i <= n; i++) { split(line[i], w, " "); series[w[1]] = w[2] }
			}
			{
				gsub(/ /, "", $1)
				split($1, w, "-"); kind = w[2]
				abi = substr($1, length("linux-" kind "-") + 1)
				if (abi ~ /-(rt|cloud)-/ || abi ~ /unsigned/) next
				seen[abi " " $2, kind] = 1; pair[abi " " $2] = $2
			}
			END {
				for (p in pair)
					if ((p, "image") in seen && (p, "headers") in seen && pair[p] in series)
						print p, series[pair[p]]
			}' | sort -t' ' -k2,2Vr -k1,1 |
		while read -r abi version series; do
			# Older ones lack interfaces; only suitable ones are listed.
			[ "$(printf '%s\n' "$OLDEST" "$series" | sort -V | head -n 1)" != "$OLDEST" ] ||
				echo "$abi $version $series"
		done
}

# chosen_abi: print the kernel of KERNEL= or the earlier default, if the package lists
# are not needed for that.
chosen_abi() {
	local dir
	if [ -z "${KERNEL:-}" ]; then
		default_abi
		return
	fi
	for dir in "$KERNELS/$KERNEL" "$KERNELS/$KERNEL"+*-"$ARCH" "$KERNELS/$(flavour_abi "$KERNEL")" \
		"$TREES/$KERNEL" "$TREES/$KERNEL"+*-"$ARCH"; do
		if [ -e "$dir/.ready" ] && [ "$(suite_of "${dir##*/}")" = "$KERNEL_SUITE" ]; then
			basename "$dir"
			return
		fi
	done
	# A series or a release: the newest one here, like the default until --update.
	case $KERNEL in
	sid) kernels_here '*' ;;
	*[!0-9.]* | *.*.*) ;;
	*.*) kernels_here "$KERNEL.*" ;;
	esac | tail -n 1
}

# kernels_here VERSION: print the prepared kernels of this release, newest last.
kernels_here() {
	local dir
	for dir in "$KERNELS/"$1+*-"$ARCH"; do
		[ "$(suite_of "${dir##*/}")" != "$KERNEL_SUITE" ] || ! kernel_ready "${dir##*/}" || echo "${dir##*/}"
	done | sort -V
}

# resolve_kernel [PIN]: print the release of the kernel to use.  A pin is a release, a
# version of it, or a series or sid, whose newest kernel is used.
resolve_kernel() {
	local pin=${1#sid} line
	line=$(available_kernels | match_kernel "$pin")
	if [ -z "$line" ]; then
		update_lists
		line=$(available_kernels | match_kernel "$pin")
	fi
	[ -n "$line" ] ||
		die "no kernel '${pin:-$OLDEST or newer}' whose image, headers and source agree in $(archive_of "$KERNEL_SUITE"); available: $(available_kernels | cut -d' ' -f1 | paste -sd' ')"
	echo "${line%% *}"
}

# archive_of SUITE: print the archive of its kernels.
archive_of() { if [ "$1" = "$DEBIAN" ]; then echo "$BACKPORTS"; else echo "$1"; fi; }

match_kernel() {
	awk -v pin="$1" '
		found { next }
		pin == "" || $1 == pin || $2 == pin || $3 == pin || index($1, pin "+") == 1 { print; found = 1 }'
}

remember_default() {
	[ "$(default_abi)" = "$1" ] && return
	mkdir -p "$KERNELS"
	echo "$1" >"$KERNELS/.default.tmp"
	mv "$KERNELS/.default.tmp" "$(default_file)"
}

# find_packages ABI: set $version and $series to those of its packages.
find_packages() {
	local abi=$1
	read -r _ version series < <(available_kernels | awk -v abi="$abi" '$1 == abi') || true
	if [ -z "${version:-}" ]; then
		update_lists
		read -r _ version series < <(available_kernels | awk -v abi="$abi" '$1 == abi') || true
	fi
	[ -n "${version:-}" ] ||
		die "kernel $abi is no longer available; run scripts/setup --update, or choose one of scripts/setup --list with KERNEL="
}

make_kernel() {
	local abi=$1 version series tmp log
	tmp=$KERNELS/.$abi.tmp
	log=$CACHE/log/kernel-$abi
	remove_tree "$tmp"
	need_space 6000 "$KERNELS"
	find_packages "$abi"
	mkdir -p "$tmp/debs" "$tmp/unpacked" "$tmp/build"
	rm -f "$log"

	say "downloading kernel $abi (image, modules, headers, source; 350 MB)"
	run_logged "$log" download_kernel "$tmp/debs" "$abi" "$version" "$series"
	say "unpacking"
	run_logged "$log" unpack_kernel "$tmp" "$abi" "$series"
	say "making the Rust metadata of $abi (about 80 s)"
	run_logged "$log" in_root "$REPO/scripts/rust-metadata" make "$tmp/unpacked/usr/src/linux-headers-$abi" "$tmp/build"
	run_logged "$log" in_root "$REPO/scripts/check-kernel" "$tmp/build"
	run_logged "$log" unpack_modules "$tmp" "$abi"

	remove_tree "$tmp/debs" "$tmp/unpacked"
	ln -s build "$tmp/source"
	kernel_key "$abi" >"$tmp/.ready"
	remove_tree "$KERNELS/.$abi.old"
	[ ! -e "$KERNELS/$abi" ] || mv "$KERNELS/$abi" "$KERNELS/.$abi.old"
	mv "$tmp" "$KERNELS/$abi"
	remove_tree "$KERNELS/.$abi.old"
	remove_unusable
	say "kernel $abi ready"
}

# Raise when the way a tree is made changes.
TREE_FORMAT=1

tree_key() { echo "$TREE_FORMAT$(compiler_key "$1")"; }

tree_ready() { [ "$(cat "$TREES/$1/.ready" 2>/dev/null)" = "$(tree_key "$1")" ]; }

# make_tree ABI: make only what modules are built against (640 MB), for packages: no
# image, no modules, and only the headers of the source.
make_tree() {
	local abi=$1 common=${1%%-*} version series tmp=$TREES/.$1.tmp log=$CACHE/log/tree-$1
	remove_tree "$tmp"
	need_space 2500 "$TREES"
	find_packages "$abi"
	mkdir -p "$tmp/debs" "$tmp/unpacked"
	rm -f "$log"
	say "making a tree to build modules for $abi (160 MB to download, about 80 s)"
	run_logged "$log" download "$tmp/debs" "linux-headers-$abi=$version" "linux-headers-$common-common=$version" \
		"linux-source-$series=$version"
	run_logged "$log" unpack_debs "$tmp"
	run_logged "$log" in_root "$REPO/scripts/rust-metadata" unpack \
		"$tmp/unpacked/usr/src/linux-source-$series.tar.xz" "$tmp/build"
	run_logged "$log" in_root "$REPO/scripts/rust-metadata" make "$tmp/unpacked/usr/src/linux-headers-$abi" "$tmp/build"
	run_logged "$log" in_root "$REPO/scripts/check-kernel" "$tmp/build"
	tree_key "$abi" >"$tmp/build/.ready"
	remove_tree "$TREES/$abi"
	mv "$tmp/build" "$TREES/$abi"
	remove_tree "$tmp"
}

# Kernels of sid whose compilers the build root no longer has: modules cannot be built
# for them, and each takes 2.6 GB.
remove_unusable() {
	local dir
	[ "$KERNEL_SUITE" != "$DEBIAN" ] || return 0
	for dir in "$KERNELS"/*+*-"$ARCH"; do
		[ "$(suite_of "${dir##*/}")" != "$KERNEL_SUITE" ] || kernel_ready "${dir##*/}" || remove_tree "$dir"
	done
}

# download_kernel DIR ABI VERSION SERIES
download_kernel() {
	local abi=$2 version=$3 series=$4
	download_image "$1" "$abi" "$version" \
		"linux-headers-$abi=$version" "linux-headers-${abi%%-*}-common=$version" "linux-source-$series=$version"
}

# download_image DIR ABI VERSION [PACKAGE=VERSION...]: download the packages of the image
# and others.  The image is one package in older series and several in newer ones: those
# of its dependencies with the same version belong to it.
download_image() {
	local dir=$1 abi=$2 version=$3 parts
	shift 3
	# shellcheck disable=SC2016
	parts=$(in_apt apt-cache show "linux-image-$abi=$version" | sed -n 's/^Depends: //p' | tr , '\n' |
		sed -nE "s/^ *(linux-(binary|modules|base)-[^ ]+) \(= .*/\1=$version/p")
	# shellcheck disable=SC2086
	download "$dir" "linux-image-$abi=$version" "$@" $parts
}

# download DIR PACKAGE=VERSION...
download() {
	local dir=$1
	shift
	(cd "$dir" && in_apt apt-get -q -o APT::Sandbox::User=root -o Acquire::Retries=3 download "$@")
}

# unpack_debs DIR: unpack the packages in DIR/debs into DIR/unpacked.
unpack_debs() {
	local deb
	for deb in "$1"/debs/*.deb; do
		in_root dpkg-deb -x "$deb" "$1/unpacked" || return
	done
}

unpack_kernel() {
	local tmp=$1 abi=$2 series=$3
	unpack_debs "$tmp" || return
	# Recent packages have the image next to the modules, older ones in /boot.
	mv "$tmp/unpacked/usr/lib/modules/$abi/vmlinuz" "$tmp/vmlinuz" 2>/dev/null ||
		mv "$tmp/unpacked/boot/vmlinuz-$abi" "$tmp/vmlinuz" || return
	in_root tar -C "$tmp/build" --strip-components=1 --no-same-owner \
		-xf "$tmp/unpacked/usr/src/linux-source-$series.tar.xz"
}

# The modules are compressed; busybox and a minimal initramfs need them uncompressed.
unpack_modules() {
	local tmp=$1 abi=$2 from=$1/unpacked/usr/lib/modules # merged /usr
	[ -d "$from" ] || from=$tmp/unpacked/lib/modules
	mkdir -p "$tmp/modules/lib/modules" &&
		mv "$from/$abi" "$tmp/modules/lib/modules/$abi" &&
		rm -f "$tmp/modules/lib/modules/$abi/"{build,source} &&
		find "$tmp/modules" -name '*.ko.xz' -print0 |
		in_root xargs -0 -r -n 200 -P "$(nproc)" xz -d &&
		in_root depmod -b "$tmp/modules" "$abi"
}
