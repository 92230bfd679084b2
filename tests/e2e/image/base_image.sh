#!/bin/sh
# Makes a substitute for python:slim from Debian's packages, where no registry of images can be reached.
#
#   base_image.sh NAME [BUILDAH OPTION]...
#
# Needs root, debootstrap and buildah. DEBIAN_SUITE chooses the release, and with it the version of Python.
set -eu
name=$1
shift
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "${DEBIAN_SUITE:-trixie}" "$root" >&2
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
ln -s python3 "$root/usr/bin/python"

container=$(buildah "$@" from scratch)
buildah "$@" add --quiet "$container" "$root" / >&2
buildah "$@" config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
buildah "$@" commit --quiet --rm "$container" "$name" >&2
