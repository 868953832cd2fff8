#!/bin/sh
# watch.sh - shows live what a chapter's server waits in: make watch N=03
#
#   N        the chapter, 01 to 05
#   PORT     where it listens (65432)
#   LAB=1    the student's server instead: NN-chapter/lab/server
#   SERVER   another program, started in the chapter: 'python3 server.py'
set -eu
unset CDPATH # or cd might go elsewhere
cd "$(dirname "$0")/../.."

fail() {
    echo "watch: $*" >&2
    exit 1
}

chapter=$(find . -maxdepth 1 -name "${N:-none}-*" | sed 's:^\./::')
[ -d "$chapter" ] || fail 'which chapter? make watch N=01 to N=05'
[ -x tests/watch/watch ] ||
    fail 'only Linux tells what a thread waits in; make demo works anywhere'
title=$chapter
server=./server
if [ -n "${LAB-}" ]; then
    title="lab $N"
    server=./lab/server
    [ -f "$chapter/lab/server.c" ] || fail "there is none: make lab N=$N"
    make -s "$chapter/lab/server"
fi
cd "$chapter"
# shellcheck disable=SC2086 # SERVER may hold several words
exec ../tests/watch/watch --title "$title" -- ${SERVER:-$server} \
    "${PORT:-65432}"
