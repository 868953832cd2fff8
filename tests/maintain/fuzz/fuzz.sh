#!/bin/sh
# fuzz.sh - lets a fuzzer look for streams that lines.h cuts wrongly.
#
#   make fuzz               for 30 seconds, or FUZZ_SECONDS=...
#
# Then it does the same with an off-by-one planted, which must be found: a
# fuzzer that finds nothing anywhere proves nothing. Needs clang.
set -eu
unset CDPATH # or cd might go elsewhere
cd "$(dirname "$0")/../../.."

seconds=${FUZZ_SECONDS:-30}
clang=${CLANG:-clang}
if ! command -v "$clang" >/dev/null; then
    echo 'fuzz: needs clang, with its fuzzer and sanitizers' >&2
    exit 1
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/fuzz.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# fuzz TREE SECONDS: the answer is the fuzzer's exit status
fuzz() {
    "$clang" -std=c11 -g -O1 -fsanitize=fuzzer,address,undefined \
        -fno-sanitize-recover=all -pthread "$1/tests/maintain/fuzz/lines.c" \
        -o "$dir/fuzzer"
    mkdir -p "$dir/corpus"
    "$dir/fuzzer" -max_total_time="$2" -max_len=8192 -timeout=10 \
        -artifact_prefix="$dir/" "$dir/corpus" tests/maintain/fuzz/corpus \
        >"$dir/log" 2>&1
}

echo "fuzz: lines.h for $seconds s"
if ! fuzz . "$seconds"; then
    tail -n 40 "$dir/log" >&2
    for found in "$dir"/crash-* "$dir"/timeout-*; do
        [ ! -f "$found" ] || od -An -c "$found" >&2
    done
    echo 'fuzz: FAILED: lines.h is wrong for the stream above' >&2
    exit 1
fi
tail -n 1 "$dir/log"

mkdir -p "$dir/planted/tests/maintain/fuzz"
cp -R common "$dir/planted/"
cp tests/maintain/fuzz/lines.c "$dir/planted/tests/maintain/fuzz/"
sed 's/if (length > in->limit)/if (length > in->limit + 1)/' common/lines.h \
    >"$dir/planted/common/lines.h"
if cmp -s common/lines.h "$dir/planted/common/lines.h"; then
    echo 'fuzz: FAILED: the mistake to plant does not fit lines.h any more' >&2
    exit 1
fi
if fuzz "$dir/planted" "$seconds" || [ ! -f "$(echo "$dir"/crash-*)" ]; then
    echo 'fuzz: FAILED: a planted off-by-one was not found' >&2
    exit 1
fi
echo 'fuzz: nothing found in lines.h; a planted off-by-one was found'
