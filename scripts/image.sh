# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153
# Make a read-only Debian root as an erofs image in the cache.  Sourced, after
# lib.sh, by the scripts that name an image:
#
#   IMAGE_NAME       its name in the cache
#   PACKAGES         the packages to install
#   UNINSTALLED      packages in /opt/debs, for tests without network
#   FORMAT           raise when the way it is made changes without a change of these
#   SECONDS_NEEDED   time to make it, about
#   HOOKS            further arguments for mmdebstrap
#   before_image     optional function: makes what HOOKS need, in the directory
#                    $IMAGE_TMP

. "$REPO/scripts/setup-root.sh"

# One fixed time and identity: two images of the same packages are the same.
EPOCH=1760000000
UUID=7d1f0f6c-52c3-4f0e-9d3b-756e696f6e31

IMAGES=$CACHE/images
IMAGE=$IMAGES/$IMAGE_NAME.erofs
IMAGE_TMP=$IMAGES/.$IMAGE_NAME.tmp
HOOKS=()

image_key() { echo "$FORMAT $DEBIAN $EPOCH $UUID $UNINSTALLED" $PACKAGES | sha256sum | cut -c 1-16; }

image_ready() { [ -s "$IMAGE" ] && [ "$(cat "$IMAGE.key" 2>/dev/null)" = "$(image_key)" ]; }

# make_tar FILE: make the Debian root as an archive, so that a plain user can do it,
# too.
make_tar() {
	local file=$1 mirror sources=()
	mirror=$(debian_mirror)
	[ -z "$mirror" ] || sources=("deb $mirror $DEBIAN main" "deb $mirror $DEBIAN-updates main")
	# shellcheck disable=SC2016,SC2086
	SOURCE_DATE_EPOCH=$EPOCH mmdebstrap --quiet --variant=apt --components=main --format=tar \
		--include="$(echo $PACKAGES | tr ' ' ,)" \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Retries "3"' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--customize-hook='mkdir -p "$1/opt/debs"' \
		--customize-hook='chroot "$1" sh -c "cd /opt/debs && apt-get -o APT::Sandbox::User=root download '"$UNINSTALLED"'"' \
		--customize-hook='rm -f "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap" "$1/etc/apt/apt.conf.d/99mmdebstrap"' \
		${HOOKS[@]+"${HOOKS[@]}"} \
		"$DEBIAN" "$file" ${sources[@]+"${sources[@]}"}
}

make_image() {
	local tmp=$IMAGE_TMP log=$CACHE/log/image-$IMAGE_NAME label=debian-$IMAGE_NAME
	need_mmdebstrap
	need_space 1500 "$IMAGES"
	rm -f "$log"
	rm -rf "$tmp"
	mkdir -p "$tmp"
	! declare -F before_image >/dev/null || before_image "$log"
	say "making the Debian image '$IMAGE_NAME' ($DEBIAN; about $SECONDS_NEEDED seconds)"
	run_logged "$log" make_tar "$tmp/root.tar"
	# A label of erofs has 15 characters.
	# Not compressed: a virtual machine without KVM decompresses slower than it reads.
	run_logged "$log" "$REPO/scripts/enter" mkfs.erofs --quiet -T "$EPOCH" --mkfs-time \
		-U "$UUID" -L "${label:0:15}" --tar=f "$tmp/root.erofs" "$tmp/root.tar"
	rm -f "$IMAGE.key"
	mv "$tmp/root.erofs" "$IMAGE"
	rm -rf "$tmp"
	image_key >"$IMAGE.key"
	say "image '$IMAGE_NAME' ready: $(du -m "$IMAGE" | cut -f 1) MB"
}

# image_main [ARG]: make the image if need be; with --path, print where it is.
image_main() {
	case ${1:-} in
	'' | --path) ;;
	-h | --help) sed -n '3,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0"; exit 0 ;;
	*) die "unknown argument '$1'; ${0##*/} --help lists them" ;;
	esac
	if ! image_ready; then
		with_lock images
		image_ready || make_image
	fi
	[ "${1:-}" != --path ] || echo "$IMAGE"
}
