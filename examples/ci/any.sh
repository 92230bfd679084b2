#!/bin/sh
# examples/ci/any.sh
set -eu
make-emulator serve --log-format none > emulator.txt &
trap 'kill $!' EXIT
eval "$(make-emulator env --wait 60)"
"$@" # the command that runs your tests
