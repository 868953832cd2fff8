#!/usr/bin/env bats
# setup.bats - common/setup.sh, in a box: a PATH of fakes, where package
# managers only note how they were called: nothing is installed. And run.sh.
#
# shellcheck disable=SC2030,SC2031 # run sets status and output in each test

bats_require_minimum_version 1.8.0

# The box: what the script uses that is not under test
setup_file() {
    bin=$BATS_FILE_TMPDIR/bin
    mkdir "$bin"
    for tool in sh env ls cp; do
        ln -s "$(command -v "$tool")" "$bin/$tool"
    done
    fake id 'echo 0'
    fake true 'exit 0'
}

setup() {
    setup_sh=$BATS_TEST_DIRNAME/../../common/setup.sh
    bin=$BATS_TEST_TMPDIR/bin
    calls=$BATS_TEST_TMPDIR/calls
    cp -RP "$BATS_FILE_TMPDIR/bin" "$bin"
    : >"$calls"
}

# fake NAME BODY...: a program in the box, a line of shell per argument
fake() {
    local name=$1
    shift
    printf '%s\n' '#!/bin/sh' "$@" >"$bin/$name"
    chmod +x "$bin/$name"
}

# A package manager that notes its call and, like a real one, makes what it
# installs appear
fake_manager() {
    fake "$1" "echo \"$1 \$*\" >>'$calls'" \
        "case \"\$*\" in *bats*)" \
        "    for t in cc make bats; do cp '$bin/true' '$bin/'\$t; done ;;" \
        "esac"
}

# A sudo that notes that it was asked
fake_sudo() {
    fake sudo "printf 'sudo ' >>'$calls'" "exec \"\$@\""
}

run_setup() {
    PATH=$bin run sh "$setup_sh"
    printf 'status %s, output:\n%s\ncalls:\n%s\n' "$status" "$output" \
        "$(<"$calls")"
}

# expect_output TEXT: the output contains TEXT
expect_output() {
    case $output in
    *"$1"*) ;;
    *) false ;;
    esac
}

expect_calls() {
    printf '%s\n' "$@" | diff -u - "$calls"
}

@test "where cc, make and bats are there, setup does nothing and says so" {
    for tool in cc make bats; do
        fake "$tool" 'exit 0'
    done
    fake_manager apt-get
    run_setup
    [ "$status" -eq 0 ]
    [ "$output" = 'setup: cc, make and bats are all here: nothing to do' ]
    [ ! -s "$calls" ]
}

@test "a bats that is too old counts as missing" {
    fake cc 'exit 0'
    fake make 'exit 0'
    fake bats 'echo Bats 1.2.1'
    fake_manager apt-get
    run_setup
    [ "$status" -eq 0 ]
    expect_calls 'apt-get -q update' 'apt-get -q -y install'\
' --no-install-recommends bats'
}

@test "where the packages have only such a bats, setup says so" {
    fake cc 'exit 0'
    fake make 'exit 0'
    fake bats 'echo Bats 1.2.1'
    fake apt-get 'exit 0'
    run_setup
    [ "$status" -eq 1 ]
    expect_output 'Bats 1.2.1 is too old, 1.8 is needed'
}

@test "each package manager is asked for the three tools, by root without sudo" {
    local manager wanted
    fake_sudo
    while read -r manager wanted; do
        fake_manager "$manager"
        : >"$calls"
        run_setup
        [ "$status" -eq 0 ]
        tail -n 1 "$calls" | grep -Ex "$manager $wanted"
        rm "$bin/$manager" "$bin/cc" "$bin/make" "$bin/bats"
    done <<'    end'
        apt-get -q -y install --no-install-recommends gcc libc6-dev make bats
        dnf -y install gcc make bats
        apk add --no-cache build-base make bats
        pacman -Sy? --needed --noconfirm gcc make bats
    end
}

@test "apt-get is told to ask no questions" {
    fake apt-get "echo \"\$DEBIAN_FRONTEND\" >>'$calls'"
    run_setup
    [ "$(sed -n 2p "$calls")" = noninteractive ]
}

@test "an apt-get update that fails does not stop the installation" {
    fake_manager apt-get
    sed -i.old '2a\
case "$*" in *update) exit 100 ;; esac' "$bin/apt-get"
    run_setup
    [ "$status" -eq 0 ]
    [ "$(wc -l <"$calls")" -eq 2 ]
}

@test "a dnf that does not know bats leads to a word on EPEL" {
    fake dnf 'exit 1'
    run_setup
    [ "$status" -eq 1 ]
    expect_output EPEL
}

@test "brew installs gcc, make and bats-core, and never with sudo" {
    fake id 'echo 1000'
    fake_sudo
    fake_manager brew
    run_setup
    [ "$status" -eq 0 ]
    expect_calls 'brew install gcc make bats-core'
}

@test "a Mac without command line tools is sent to their installer" {
    for tool in cc make bats; do
        fake "$tool" 'exit 0'
    done
    fake xcode-select "[ \"\$1\" = -p ] && exit 1" \
        "echo \"xcode-select \$*\" >>'$calls'"
    fake_manager brew
    run_setup
    [ "$status" -eq 1 ]
    expect_output 'run this again'
    expect_calls 'xcode-select --install'
}

@test "only what is missing is installed" {
    fake cc 'exit 0'
    fake make 'exit 0'
    fake_manager apt-get
    run_setup
    [ "$status" -eq 0 ]
    [ "$(sed -n 2p "$calls")" = \
        'apt-get -q -y install --no-install-recommends bats' ]
}

@test "a compiler without the C library's headers counts as missing" {
    fake cc 'exit 1'
    fake make 'exit 0'
    fake_manager dnf
    run_setup
    expect_calls 'dnf -y install gcc bats'
}

@test "who is not root installs through sudo" {
    fake id 'echo 1000'
    fake_sudo
    fake_manager apt-get
    run_setup
    [ "$status" -eq 0 ]
    [ "$(grep -c '^sudo apt-get' "$calls")" -eq 2 ]
}

@test "who is not root and has no sudo is told what to run as root" {
    fake id 'echo 1000'
    fake_manager apk
    run_setup
    [ "$status" -eq 1 ]
    expect_output 'as root, run: apk add --no-cache'
    [ ! -s "$calls" ]
}

@test "without a known package manager the three tools are named" {
    run_setup
    [ "$status" -eq 1 ]
    for tool in 'C compiler' make bats; do
        expect_output "$tool"
    done
}

@test "an installation that fails makes setup fail" {
    fake dnf 'exit 0'
    run_setup
    [ "$status" -eq 1 ]
    expect_output 'still missing: cc make bats'
}

# One file of tests has ended, and of the other one the first test
some_ended() {
    grep -q 'ok 2 two' said && grep -qs 'ok 1 three' kept/*/other.bats/tap
}

@test "make test that is interrupted shows what has ended, and leaves nothing" {
    local tree=$BATS_TEST_DIRNAME/../.. pid tries=0 status=0
    mkdir -p "$BATS_TEST_TMPDIR/tests/lib" "$BATS_TEST_TMPDIR/kept"
    cp "$tree/tests/lib/run.sh" "$BATS_TEST_TMPDIR/tests/lib"
    cd "$BATS_TEST_TMPDIR" || return
    echo 'setup_suite() { :; }' >tests/lib/setup_suite.bash
    mkfifo silent
    printf '@test "%s" { :; }\n' one two >tests/one.bats
    printf '@test "%s" { %s; }\n' three : four "read -r _ <'$PWD/silent'" \
        >tests/other.bats
    env TMPDIR="$PWD/kept" JOBS=2 bash tests/lib/run.sh tests/one.bats \
        tests/other.bats >said 2>&1 3>&- 4>&- &
    pid=$!
    until some_ended; do # each time a program or two: slow enough
        tries=$((tries + 1))
        [ "$tries" -lt 5000 ] || break
    done
    kill -TERM "$pid" # like Ctrl-C, but nobody starts bats so that it is ignored
    wait "$pid" || status=$?
    cat said
    [ "$status" -eq 143 ]
    [ "$(grep -c '^ok ' said)" -eq 3 ]
    grep -q '^ok [1-3] three$' said
    grep -q '^# interrupted after 3 tests$' said
    [ -z "$(ls -A kept)" ]
}

@test "make test picks tests by chapter and by a word, and says if there is none" {
    local tree=$BATS_TEST_DIRNAME/../..
    mkdir -p "$BATS_TEST_TMPDIR/tests/lib" "$BATS_TEST_TMPDIR/tests/chapters" \
        "$BATS_TEST_TMPDIR/03-threaded"
    cp "$tree/tests/lib/run.sh" "$BATS_TEST_TMPDIR/tests/lib"
    cd "$BATS_TEST_TMPDIR" || return
    echo 'setup_suite() { :; }' >tests/lib/setup_suite.bash
    printf '@test "%s" { :; }\n' 'a reset (RST)' 'a burst' >tests/one.bats
    cp tests/one.bats tests/chapters/03-threaded.bats
    cp tests/one.bats tests/chapters/abuse.bats
    unset N T
    choose tests/one.bats
    [ "$status" -eq 0 ]
    expect_output '1..2'
    export T='(RST'
    choose tests/one.bats
    [ "$status" -eq 0 ]
    expect_output 'ok 1 a reset (RST)'
    expect_output '1..1'
    export N=03 T=burst
    choose
    [ "$status" -eq 0 ]
    expect_output '1..2'
    N=3 T=nosuch
    choose
    [ "$status" -eq 1 ]
    expect_output 'no test of chapter 3 has "nosuch" in its name'
    N=9
    choose
    [ "$status" -eq 2 ]
    expect_output 'there is no chapter N=9'
}

# choose [FILE...]: runs run.sh, whose bats must not take this one's variables
choose() {
    run choose_alone "$@"
    echo "status $status: $output"
}

choose_alone() (
    for name in "${!BATS_@}"; do
        [ "$name" = BATS_ROOT ] || unset "$name"
    done
    bash tests/lib/run.sh "$@" 3>&- 4>&-
)

@test "a clone that Git for Windows makes has scripts that run" {
    command -v git >/dev/null || skip 'git is not here'
    # A hook of git's has variables of its own repository in its environment
    # shellcheck disable=SC2046 # names
    unset $(git rev-parse --local-env-vars)
    local tree=$BATS_TEST_DIRNAME/../..
    mkdir "$BATS_TEST_TMPDIR/from"
    cp "$tree/.gitattributes" "$tree/tests/lib/run.sh" "$BATS_TEST_TMPDIR/from"
    cd "$BATS_TEST_TMPDIR" || return
    git -C from init -q
    git -C from add .
    git -C from -c user.name=a -c user.email=a@example.com commit -q -m a
    git clone -q -c core.autocrlf=true from to
    cmp from/run.sh to/run.sh
}

# Such a commit would go to the repository whose hook runs the tests.
@test "from a hook of git's that test touches no other repository" {
    [ -z "${NESTED-}" ] || skip 'this is the inner one'
    command -v git >/dev/null || skip 'git is not here'
    # shellcheck disable=SC2046 # names
    unset $(git rev-parse --local-env-vars)
    cd "$BATS_TEST_TMPDIR" || return
    git init -q outer
    git -C outer -c user.name=a -c user.email=a@example.com commit -q -m first \
        --allow-empty
    NESTED=yes GIT_DIR=$PWD/outer/.git GIT_INDEX_FILE=$PWD/outer/.git/index \
        run env -u BATS_ROOT bats -f 'Git for Windows' "$BATS_TEST_FILENAME"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(git -C outer rev-list --count HEAD)" -eq 1 ]
}

# A class makes a repository of its own from a copy.
@test "in another repository, and in a clone of that, all files stay as they are" {
    command -v git >/dev/null || skip 'git is not here'
    local tree=$BATS_TEST_DIRNAME/../.. file count=0
    # shellcheck disable=SC2046 # names
    unset $(git rev-parse --local-env-vars)
    cd "$BATS_TEST_TMPDIR" || return
    mkdir from
    tar -cf - --exclude=./.git -C "$tree" . | tar -xf - -C from
    git -C from init -q
    git -C from add . 2>/dev/null
    git -C from -c user.name=a -c user.email=a@example.com commit -q -m a
    git clone -q -c core.autocrlf=true from to
    while IFS= read -r -d '' file; do
        cmp "from/$file" "to/$file" || return
        count=$((count + 1))
    done < <(git -C from ls-files -z)
    [ "$count" -ge 100 ]
}
