#!/bin/sh
# setup.sh - installs what this repository needs and the machine lacks:
# a C compiler (cc), make and bats.
#
#   sh common/setup.sh
#
# Asks no questions, but for a password where sudo wants one. Run it again at
# any time: where all is there it does nothing.
set -eu

say() {
    printf 'setup: %s\n' "$*"
}

die() {
    say "$@" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# A Mac has a cc and a make that do nothing but open a window, until the
# command line tools are installed.
is_stub() {
    have xcode-select && ! xcode-select -p >/dev/null 2>&1
}

# A compiler can be there without the C library's headers.
compiler_works() {
    have cc && echo '#include <stdio.h>' | cc -fsyntax-only -x c - 2>/dev/null
}

# The tests need 1.8; some distributions still have 1.2.
bats_is_old() {
    case $(bats --version 2>/dev/null) in
    'Bats 0.'* | 'Bats 1.'[0-7] | 'Bats 1.'[0-7].*) return 0 ;;
    *) return 1 ;;
    esac
}

missing_tools() {
    { ! is_stub && compiler_works; } || echo cc
    { ! is_stub && have make; } || echo make
    { have bats && ! bats_is_old; } || echo bats
}

# packages CC MAKE BATS: those, of the packages named, whose tool is missing
packages() {
    for tool in $missing; do
        case $tool in
        cc) echo "$1" ;;
        make) echo "$2" ;;
        bats) echo "$3" ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "must be root, and there is no sudo; as root, run: $*"
    fi
}

missing=$(missing_tools)
if [ -z "$missing" ]; then
    say 'cc, make and bats are all here: nothing to do'
    exit 0
fi
# shellcheck disable=SC2086 # all on one line
say 'missing:' $missing

# The unquoted $(packages …) below are lists of names, meant to be split.
# shellcheck disable=SC2046
if have apt-get; then
    # The lists may be old, but where one source fails the others may do
    as_root apt-get -q update || say 'apt-get update failed; trying without'
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y install --no-install-recommends \
        $(packages 'gcc libc6-dev' make bats)
elif have dnf; then
    as_root dnf -y install $(packages gcc make bats) ||
        die 'dnf failed (RHEL and its kin have bats in EPEL:' \
            'install epel-release first)'
elif have apk; then
    as_root apk add --no-cache $(packages build-base make bats)
elif have pacman; then
    # Refreshing the lists without upgrading the system is asking for trouble,
    # except in a fresh container, which has none
    sync=-S
    [ -n "$(ls /var/lib/pacman/sync 2>/dev/null)" ] || sync=-Sy
    as_root pacman $sync --needed --noconfirm $(packages gcc make bats)
elif have brew; then
    if is_stub; then
        xcode-select --install || true
        die 'install the command line tools in the window that has opened,' \
            'then run this again'
    fi
    # Homebrew itself refuses to run as root
    brew install $(packages gcc make bats-core)
else
    die 'found none of apt-get, dnf, apk, pacman and brew; please install' \
        'a C compiler (cc), make and bats (bats-core) by hand'
fi

missing=$(missing_tools)
if have bats && bats_is_old; then
    die "$(bats --version) is too old, 1.8 is needed; how to get a newer one:" \
        'https://bats-core.readthedocs.io'
fi
# shellcheck disable=SC2086 # all on one line
[ -z "$missing" ] || die 'still missing:' $missing
say 'cc, make and bats are installed'
