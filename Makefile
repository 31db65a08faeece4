# SPDX-License-Identifier: GPL-2.0-only
# The front door; each target is a thin call of a script.  `make help` lists
# the targets and the variables.

export ARCH KERNEL KDIR FILTER SHAPE JOBS SUITE UPPER SEED OPS TIME COUNT SIZE STATES FS KILLS FSTYPE TIMEOUT V CMD SHARE ROWS SUBJECTS OPTIONS QUICK MODE BOOTS AGAINST COLD DESTDIR PREFIX SBINDIR MODDIR INSTALL_MOD_PATH INSTALL_MOD_STRIP FLAVOUR PARTS EVERY ALL

.PHONY: all module user-tools tools test test-all test-debug test-suites test-random test-security test-crash test-ordering test-install test-boot test-live test-deb test-dkms test-diskless test-in-tree test-oldest test-sid test-arm64 test-containers bench unit demo vm shell lint deb install uninstall setup clean distclean help

# What another processor cannot have is refused before anything is built for it.
ifneq ($(filter arm64 aarch64,$(ARCH))$(findstring -arm64,$(KERNEL)),)
not-foreign := $(filter-out all module user-tools tools test test-arm64 install uninstall deb setup clean distclean help,$(MAKECMDGOALS))
ifneq ($(not-foreign),)
$(error make $(not-foreign) is not there for arm64: it runs on this machine, or on a Debian root, which there is for amd64 only; leave out ARCH= and KERNEL=, or see make test-arm64)
endif
endif

# What make install installs; the programs that test it are built by the
# targets that run them.
all: module user-tools

module:
	@scripts/build-module

user-tools:
	@scripts/build-tools --user

tools:
	@scripts/build-tools

test: module tools
	@scripts/test

# Hours, where make test takes minutes.
test-all: module tools
	@ALL=1 TIMEOUT=$${TIMEOUT:-28800} scripts/test

test-debug: tools
	@scripts/test-debug

test-suites: module tools
	@scripts/test-suites

test-random: module tools
	@scripts/test-random

test-security: module tools
	@scripts/test-security

test-crash: module tools
	@scripts/test-crash

test-ordering: tools
	@scripts/test-ordering

test-boot: module tools
	@scripts/test-boot

test-live: module tools
	@scripts/test-live

test-diskless: module tools
	@scripts/test-diskless

test-deb: tools
	@scripts/test-deb

test-dkms: tools
	@scripts/test-dkms

test-oldest: tools
	@scripts/test-oldest

test-sid: tools
	@scripts/test-sid

test-arm64:
	@scripts/test-arm64

test-in-tree:
	@scripts/test-in-tree

bench: module tools
	@scripts/bench

unit:
	@scripts/unit

demo: module tools
	@scripts/vm demo

vm: module tools
	@scripts/vm run

shell: module tools
	@scripts/vm shell

lint:
	@scripts/lint

deb:
	@scripts/deb

install:
	@scripts/install

uninstall:
	@scripts/install --remove

test-install: module tools
	@scripts/test-install

test-containers: module tools
	@scripts/test-containers

setup:
	@scripts/setup

clean:
	rm -rf out

distclean: clean
	@scripts/remove-cache $(if $(filter 1,$(CACHE)),--really)

define HELP
make             build the module, out/ABI/union.ko, and mount.union and union, out/bin
make demo        boot a Debian root on a union and show that it works
make test        run all tests; the last line is 'N passed, N failed'
make test-all    each scenario in every shape of layers, not only in a few: hours
make test-debug  the tests on a kernel that checks what it does; FLAVOUR=kcsan
make test-suites run programs that test file systems on a union, and compare
make test-random random operations on a union and on a plain file system
make test-security  known holes of union file systems, and malformed input
make test-crash  cut the power while a union is written to, and look at its disk
make test-ordering  in which order file systems of the upper layer bring data and
                 attributes to the disk: each day others (ALL=1: all); needs no module
make test-boot   boot a Debian from a union by its own initial ram disk, each day another
                 third of the ways (ALL=1: all)
make test-live   boot a live medium from a union by live-boot
make test-diskless  boot two machines from one NFS export, each with changes of its own
make test-deb    the Debian packages: built twice, lintian, apt, a virtual machine
make test-dkms   union-dkms on a Debian root: what may be missing, builds, upgrades, removal
make test-oldest a part of the tests on the oldest kernel series that is supported
make test-sid    a part of the tests on the kernel of Debian sid, built by sid's compilers
make test-arm64  a part of the tests on arm64, which is emulated
make test-in-tree  lay the source into that of the kernel and build it there
make bench       measure the union against overlayfs and its peers
make test-install  install, and load and mount what was installed
make test-containers  podman and buildah with mount.union as their mount_program
make unit        only the tests that need no virtual machine
make vm CMD='..' run a command in a virtual machine with a union as its root
make shell       an interactive shell there
make lint        check format, lints, unsafe code and its comments, scripts
make install     install what was built last (as root)   make uninstall  take it away
make deb         Debian packages, in out/deb: of the module for each packaged kernel
make module      only the module        make tools   all tools, those of the tests too
make setup       only fill the cache    make help    this
make clean       remove out/            make distclean CACHE=1  the cache too

KERNEL=VERSION   another packaged kernel than the newest (scripts/setup --list),
                 or the newest of a series (KERNEL=7.2) or of Debian sid (KERNEL=sid)
ARCH=arm64       module, tools, test, install, deb: for this processor, not for amd64
KDIR=DIR         build for the kernel of this tree, which must have Rust metadata
FILTER=REGEX     test: only cases whose name matches   SHAPE=NAME  only this shape
JOBS=N           test: so many machines at a time (default: one for each processor)
FLAVOUR=kcsan    test-debug: look for data races, not for misuse of memory and locks
PARTS=N EVERY=N  test-debug: an Nth of its cases (default 8, as for test-sid;
                 test-oldest and test-arm64: 4), every Nth fault of the sweeps (default 27);
                 each day others
SUITE=NAMES UPPER=TYPES test-suites: only these suites, types of upper layer
SEED=N OPS=N TIME=SECONDS   test-random: the first seed, how many operations,
                 or for how long
SEED=N COUNT=N SIZE=N   test-security: other and more malformed input
STATES=N FS=TYPES SEED=N KILLS=N   test-crash: so many states, of these types of
                 upper layer; so many machines to be killed
FS=NAMES SEED=N COUNT=N SIZE=N   test-ordering: these file systems; other seeds, more
                 of them; so many power cuts of each case
FSTYPE=overlay   test, vm, shell, demo: the kernel's overlayfs instead, to compare
ROWS=NAMES SUBJECTS=NAMES   bench: only these rows, of these (scripts/bench --help)
QUICK=1 MODE=wall BOOTS=N   bench: less, and soon   by the clock   so many boots
COLD=1           test-dkms: make the Rust metadata of both kernels
AGAINST=FILE     bench: the out/bench.json of an earlier run; what is worse now fails
SHARE=DIR        vm, shell: a directory to be seen at /mnt/share
TIMEOUT=SECONDS  test, vm: the limit of one machine
V=1              test, vm: show the console
DESTDIR=DIR PREFIX=/usr/local SBINDIR=/usr/sbin MODDIR=DIR INSTALL_MOD_PATH=DIR
                 install: where to (scripts/install --help)
INSTALL_MOD_STRIP=0   install: leave the debug information in the module
UNION_CACHE=DIR  the cache: build root, kernels, images (default ~/.cache/union)
UNION_MIRROR=URI the Debian archive to use instead of the one this machine uses
endef

help:
	$(info $(HELP))@:
