#!/bin/sh
# Installs make-emulator in an environment of its own. The options are in the variables VERSION and EXTRAS.
set -eu

prefix=${PREFIX:-/usr/local}
environment=$prefix/share/make-emulator
requirement="make-emulator${EXTRAS:+[$EXTRAS]}"
if [ "${VERSION:-latest}" != latest ]; then requirement="$requirement==$VERSION"; fi

is_new_enough() { "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; }

for python in "$prefix/bin/python3" "$prefix/python/current/bin/python3" python3; do
  if is_new_enough "$python"; then break; fi
  python=
done
if [ -z "$python" ] && command -v apt-get > /dev/null; then
  echo "Installing Python from the packages of the image ..."
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends python3 python3-venv > /dev/null
  rm -rf /var/lib/apt/lists/*
  if is_new_enough python3; then python=python3; fi
fi
if [ -z "$python" ]; then
  echo "make-emulator needs Python 3.11 or newer: add the feature ghcr.io/devcontainers/features/python" >&2
  exit 1
fi

"$python" -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir "$requirement"
mkdir -p "$prefix/bin"
ln -sf "$environment/bin/make-emulator" "$prefix/bin/make-emulator"
"$prefix/bin/make-emulator" --version
