# SPDX-License-Identifier: GPL-2.0-only
# The front door; each target is a thin call of a script.
#
#   KERNEL=VERSION  use this packaged kernel instead of the newest one
#   KDIR=DIR        build against this tree, which must have Rust metadata

export KERNEL KDIR

.PHONY: all module setup clean help

all: module

# Build the module: out/ABI/union.ko, linked as out/union.ko.
module:
	@scripts/build-module

# Prepare the build root and the kernel tree (done by `make` when needed).
setup:
	@scripts/setup

# Remove what was built here; the cache stays.
clean:
	rm -rf out

help:
	@echo 'make          build out/ABI/union.ko and link out/union.ko to it'
	@echo 'make setup    prepare the build root and the kernel tree in the cache'
	@echo 'make clean    remove out/; the cache stays'
	@echo 'KERNEL=V      another packaged kernel (scripts/setup --list)'
	@echo 'KDIR=DIR      a prepared kernel tree with Rust metadata instead of the build root'
