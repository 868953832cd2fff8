#!/bin/sh
# windows.sh - the tests against the Windows programs, run by wine.
#
#   make test-windows                      builds them first
#   sh tests/maintain/windows.sh tests/chapters/05-*.bats    these files only
#
# The peer stays a Linux program: so each test has one end on either system.
# Then each chapter's own two programs talk across, both ways, and the checks
# of the headers run as a Windows program. A skipped test says why. Not proven
# here is what a console shows: to wine a pseudo-terminal is one, which is enough
# to see that the programs leave it as it was.
set -eu
unset CDPATH # or cd might go elsewhere
cd "$(dirname "$0")/../.."

[ $# -gt 0 ] || set -- tests/chapters/0?-*.bats tests/chapters/abuse.bats tests/chapters/every-chapter.bats

# A caller's make must not talk into ours, nor decide what is tested.
unset MAKEFLAGS MFLAGS MAKELEVEL CC CFLAGS CPPFLAGS LDFLAGS LDLIBS EXE PTHREAD

for program in wine wineserver bats; do
    command -v "$program" >/dev/null || {
        echo "windows.sh: $program is missing (packages wine64, bats)" >&2
        exit 1
    }
done

dir=$(mktemp -d "${TMPDIR:-/tmp}/windows.XXXXXX")
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

cleanup() {
    wineserver -k >/dev/null 2>&1 || :
    wineserver -w >/dev/null 2>&1 || : # it writes to its directory to the end
    rm -rf "$dir"
}

# A home of its own, made before the first test: that takes wine ten seconds.
# Its server stays, or each program would wait for it to start anew.
export WINEPREFIX="$dir/wine" WINEDEBUG=-all
mkdir "$WINEPREFIX"
echo 'preparing wine'
wineserver -p
wine wineboot -i </dev/null >"$dir/wineboot" 2>&1 || {
    cat "$dir/wineboot" >&2
    exit 1
}

# run TITLE COMMAND...: and keeps what it says, for the count
failed=''
run() {
    printf '\n%s\n' "$1"
    title=$1
    shift
    # The exit status is the command's, not tee's
    { "$@" </dev/null 2>&1 || echo "exit status $?" >"$dir/failed"; } |
        tee -a "$dir/log"
    [ ! -e "$dir/failed" ] || failed="$failed
  $title: $(cat "$dir/failed")"
    rm -f "$dir/failed"
}

across='prints the conversation and nothing else'
across="$across|and the client prints nothing else"
across="$across|shows the greeting, sends one line"
run 'Windows programs, each against a peer on this system' \
    env SERVER='wine server.exe' CLIENT='wine client.exe' bats "$@"
run 'Windows servers and the clients of this system' \
    env SERVER='wine server.exe' bats -f "$across" tests/chapters/0?-*.bats
run 'The servers of this system and Windows clients' \
    env CLIENT='wine client.exe' bats -f "$across" tests/chapters/0?-*.bats
run 'The console, and the keyboard' bats tests/maintain/windows/windows.bats
for header in lines talk net; do
    run "$header.h, as a Windows program" wine "tests/headers/$header.exe"
done

# count PATTERN: lines of all logs; wine's own line ends are \r\n
count() {
    grep -Ec "$1" "$dir/log" || :
}

total=$(count '^(not )?ok [0-9]')
skipped=$(count '^ok [0-9].* # skip')
bad=$(count '^not ok [0-9]')
printf '\ntest-windows: %d run, %d passed, %d failed, %d skipped\n' \
    $((total - skipped)) $((total - skipped - bad)) "$bad" "$skipped"
[ "$skipped" -eq 0 ] || grep -E '^ok [0-9].* # skip' "$dir/log" |
    sed 's/^ok [0-9]* /  skipped: /'
[ -z "$failed" ] || {
    printf 'failed:%s\n' "$failed"
    exit 1
}
