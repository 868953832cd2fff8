# shellcheck shell=bash
# sandbox.sh - what stands before a stranger's program: bubblewrap (bwrap) on
# two levels, and limits. For lab.sh, and for grade.bash, which runs inside.
#
#   outer   a whole grade: no network but a loopback of its own, no processes
#           but its own; it reads the system and this copy of the tutorial, and
#           writes nothing but a /tmp that ends with it
#   inner   the compiler and the graded program: of the outer level it has the
#           network, in which the check meets the server, and that is all. The
#           grader's files and processes are not there for it.
#
# SANDBOX says which: must (or nothing is graded), no (limits alone), unset
# (as lab.sh thinks fit); inside: this is the outer level already.

# bwrap's arguments on both levels: the system's files, read-only. What a
# system does not have is left out (-try).
SYSTEM_FILES=(--perms 0755 --dir /etc)
for place in /usr /bin /sbin /lib /lib32 /lib64 /libx32 /nix /gnu \
    /etc/alternatives /etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d \
    /etc/localtime; do
    SYSTEM_FILES+=(--ro-bind-try "$place" "$place")
done

OUTER_BYTES=2147483648 # of the outer /tmp, which is memory: programs and logs
INNER_BYTES=67108864   # of the graded program's own
PROCESSES=640          # and threads, of one graded program

# A user for one grade, if root grades: those that systemd gives to services
# for a while. Limits do not bind root.
SANDBOX_USER=$((61184 + $$ % 4336))

# --- The outer level ---------------------------------------------------------

# in_sandbox SOURCE COMMAND...: becomes the command, on the outer level. There
# the source is /submission/server.c, and no more of it than one byte above
# what is compiled.
in_sandbox() {
    local source=$1 bats path=$PATH
    shift
    local level=(--unshare-pid --unshare-net --unshare-ipc --unshare-uts
        --unshare-cgroup-try --die-with-parent "${SYSTEM_FILES[@]}"
        --dev /dev --perms 1777 --size "$OUTER_BYTES" --tmpfs /tmp)
    # A bats of one's own
    bats=$(readlink -f "$(command -v bats)") || bats=''
    case $bats in
    '' | /usr/* | /bin/* | /nix/* | /gnu/*) ;;
    *)
        show_directory "${bats%/*/*}"
        path=${bats%/*}:$path
        ;;
    esac
    show_directory "$PWD"
    level+=(--chdir "$PWD"
        --perms 0444 --ro-bind-data 9 /submission/server.c
        --setenv PATH "$path" --setenv TMPDIR /tmp --setenv HOME /tmp
        --setenv SANDBOX inside --unsetenv FROM)
    if [ "$(id -u)" -eq 0 ]; then
        # Root needs no namespace of users, and must stop to be root. A /proc
        # of bwrap's would have places that are covered; then the kernel allows
        # no new one on the inner level. (bash, as sh may drop its functions, which
        # a bats hands on to another one.)
        # shellcheck disable=SC2016 # for the shell inside
        set -- --dir /proc --remount-ro / -- bash -c \
            'mount -t proc proc /proc && exec "$@"' bash \
            setpriv --reuid "$SANDBOX_USER" --regid "$SANDBOX_USER" \
            --clear-groups --bounding-set=-all --inh-caps=-all -- "$@"
    else
        set -- --unshare-user --proc /proc --remount-ro / -- "$@"
    fi
    exec bwrap "${level[@]}" "$@" 9< <(head -c $((SOURCE_BYTES + 1)) "$source")
}

# show_directory DIR: read-only. bwrap would keep what is above it for root.
show_directory() {
    local above=${1#/} at=''
    while [ "$above" != "${above#*/}" ]; do
        at=$at/${above%%/*}
        above=${above#*/}
        level+=(--perms 0755 --dir "$at") # none if it is there
    done
    level+=(--ro-bind "$1" "$1")
}

# sandbox_problem: says why there can be no sandbox here; or succeeds silently
sandbox_problem() {
    local said
    if ! command -v bwrap >/dev/null; then
        echo 'bubblewrap is not installed'
        return 1
    fi
    said=$(in_sandbox /dev/null bash tests/labs/lab.sh inside 2>&1) || true
    [ "$said" = inside ] && return
    said=${said%%$'\n'*}
    echo "bubblewrap does not work here (${said:-it says nothing})"
    return 1
}

# --- The inner level ---------------------------------------------------------

# confined HOW DIR COMMAND...: becomes the command, on the inner level; only
# there, or without a sandbox it just becomes it. DIR is there as it is, to be
# read or written (HOW: --ro-bind or --bind).
confined() {
    local how=$1 dir=$2 name earlier=$PWD/tests/labs/earlier-headers.h
    shift 2
    [ "${SANDBOX-}" = inside ] || exec "$@"
    local level=(--unshare-user --unshare-pid --unshare-ipc --unshare-uts
        --unshare-cgroup-try "${SYSTEM_FILES[@]}" --proc /proc --dev /dev
        --perms 1777 --size "$INNER_BYTES" --tmpfs /dev/shm --remount-ro /dev
        --perms 1777 --size "$INNER_BYTES" --tmpfs /tmp --chdir /tmp
        --size 1048576 --tmpfs "$PWD" --ro-bind /submission /submission
        "$how" "$dir" "$dir" --ro-bind "$PWD/common" "$PWD/common"
        --ro-bind "$earlier" "$earlier" --ro-bind "$PWD/tests/lib" "$PWD/tests/lib")
    # Places from which ../../common/ is found, and no more of them
    for name in ${lab:+"$lab" "$own"}; do
        level+=(--dir "$PWD/$name")
    done
    level+=(--remount-ro "$PWD" --remount-ro / --clearenv --setenv PATH "$PATH" --setenv HOME /tmp)
    for name in LC_ALL TZ MALLOC_TOP_PAD_ TSAN_OPTIONS ASAN_OPTIONS UBSAN_OPTIONS; do
        [ -z "${!name-}" ] || level+=(--setenv "$name" "${!name}")
    done
    # A session of its own: by its group the graders know the server's children
    exec bwrap "${level[@]}" -- setsid "$@"
}

# inner_process MONITOR: the graded program's process as the outer level sees
# it. bwrap stays, and starts an init, which starts the program.
inner_process() {
    local init
    init=$(child_of "$1") && child_of "$init"
}

# child_of PID: the first child
child_of() {
    local file fields
    for file in /proc/[0-9]*/stat; do
        # The name, in (), may hold blanks; then come state and parent
        { read -r fields <"$file"; } 2>/dev/null || continue
        # shellcheck disable=SC2086 # words
        set -- "$1" ${fields##*) }
        if [ "$3" = "$1" ]; then
            file=${file%/stat}
            echo "${file#/proc/}"
            return
        fi
    done
    return 1
}

# --- Limits, with a sandbox or without ---------------------------------------

# limit_processes: this program's and its children's. The system counts all
# that the user runs: in the sandbox nothing else; elsewhere nobody knows how
# many (another container's may count), but no more than run at all.
limit_processes() {
    local running=0
    [ -r /proc/loadavg ] || return 0 # macOS
    if [ "${SANDBOX-}" != inside ]; then
        read -r _ _ _ running _ </proc/loadavg
        running=${running#*/}
    fi
    ulimit -u $((running + PROCESSES)) 2>/dev/null || :
    # If the system runs out of memory, it is this one who has to go
    echo 1000 2>/dev/null >/proc/self/oom_score_adj || :
}
