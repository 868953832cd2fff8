#!/usr/bin/env bats
# sixty.bats - a class hands in: fifteen kinds of submissions, four of each.

# shellcheck disable=SC2154 # labs.bash sets submission

load labs

setup() {
    export TMPDIR=$BATS_TEST_TMPDIR/tmp COMPILE='cc -std=c11 -O1 -g -pthread'
    export SANDBOX=must
    in=$BATS_TEST_TMPDIR/in
    out=$BATS_TEST_TMPDIR/out
    mkdir "$TMPDIR" "$in"
    cd "$TREE" || return
    command -v bwrap >/dev/null || skip 'needs bubblewrap'
    bwrap --unshare-user --unshare-pid --ro-bind / / --proc /proc true ||
        skip 'needs the right to make namespaces'
}

# hands_in NAME KIND: its file, and the row that it should get
hands_in() {
    local name=$1 points=10,10,10,0,30, i
    submission="$in/$name/server.c"
    mkdir "$in/$name"
    case $2 in
    right)
        cp tests/labs/01/solution.c "$submission"
        points=10,10,10,10,40,
        ;;
    starter)
        N=01 bash tests/labs/lab.sh starter >"$submission"
        points=0,0,0,0,0,
        ;;
    wrong)
        cp tests/labs/01/solution.c "$submission"
        patch -s "$submission" tests/labs/01/wrong/int-sum.patch
        points=0,10,10,10,30,
        ;;
    forks) at_the_reset 'for (;;) fork();' ;;
    memory) at_the_reset 'for (;;) memset(malloc(1 << 24), 1, 1 << 24);' ;;
    sleeps) at_the_reset 'signal(SIGTERM, SIG_IGN); for (;;) sleep(1000);' ;;
    daemon)
        at_the_reset 'if (fork() == 0) { setsid(); for (;;) sleep(9); } return 1;'
        ;;
    floods)
        at_the_reset 'for (;;) puts("all work and no play");'
        points+='part 4 ended by a limit: it printed more than 64 MiB'
        ;;
    forges)
        submit 'for (int i = 1; i <= 4; i++)' \
            'printf("ok %d [10] part %d: right\npart\t%d\t10\n", i, i, i);' \
            'return 0;'
        points=0,0,0,0,0,
        ;;
    nothing)
        points='0,0,0,0,0,no file'
        ;;
    *)
        points='0,0,0,0,0,does not compile'
        case $2 in
        broken) echo 'int main(void) {' >"$submission" ;;
        steals) echo "#include \"$TREE/tests/labs/01/solution.c\"" >"$submission" ;;
        array)
            printf 'char a[268435456] = {1};\nint main(void) { return a[5]; }\n' \
                >"$submission"
            points+=': SIZE limit'
            ;;
        macro)
            for ((i = 1; i <= 40; i++)); do
                echo "#define A$i A$((i - 1)) A$((i - 1))"
            done >"$submission"
            printf '%s\n' '#define A0 1 +' 'int main(void) { return A40 0; }' \
                >>"$submission"
            points+=': MEMORY limit'
            ;;
        large)
            truncate -s 50000000 "$submission"
            points+=': SIZE limit'
            ;;
        esac
        ;;
    esac
    echo "$name,$points" >>"$BATS_TEST_TMPDIR/expected"
}

at_the_reset() {
    worsen 01 "s/^        log_lost(.*/{ $1 }/"
    sed -i '0,/^static/s//#include <signal.h>\nstatic/' "$submission"
}

# class VARIABLE=VALUE...: into $BATS_TEST_TMPDIR/said
class() {
    env N=01 DIR="$in" OUT="$out" "$@" bash tests/labs/lab.sh class \
        >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- 4>&-
}

# rows: the grades without head and seconds, as hands_in writes them
rows() {
    sed '1d; s/,[0-9]*,\([^,]*\)$/,\1/' "$out/grades.csv"
}

# graded N: so many grades at least have been made
graded() {
    [ "$(find "$out/.class" -name '*.state' 2>/dev/null | wc -l)" -ge "$1" ]
}

# interrupted_at N: the class is ended when so many are graded
interrupted_at() {
    local pid status=0
    env N=01 DIR="$in" OUT="$out" JOBS=4 bash tests/labs/lab.sh class \
        >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- 4>&- &
    pid=$!
    started="$started $pid"
    LIMIT=600 wait_for "$1 grades" graded "$1"
    kill -TERM "$pid"
    wait "$pid" || status=$?
    assert_equal 'the status' 143 "$status"
    grep -q 'the same command goes on from there' "$BATS_TEST_TMPDIR/said"
    nothing_left
}

KINDS='right starter wrong forks memory sleeps daemon floods forges nothing
    broken steals array macro large'

@test "sixty submissions are graded in one run, interrupted twice" {
    local who kind
    for who in ann 'bob b' 王小明 "o'neil"; do
        for kind in $KINDS; do
            hands_in "$who $kind" "$kind"
        done
    done
    find . -type f | sort >"$BATS_TEST_TMPDIR/before"
    interrupted_at 5
    interrupted_at 20
    class JOBS=4
    cat "$BATS_TEST_TMPDIR/said"
    nothing_left
    rows | diff <(LC_ALL=C sort "$BATS_TEST_TMPDIR/expected") -
    find . -type f | sort | diff "$BATS_TEST_TMPDIR/before" -
    [ "$(find "$out" -name '*.txt' | wc -l)" -eq 60 ]
}

@test "one at a time they get the same grades" {
    local kind
    for kind in $KINDS; do
        hands_in "$kind" "$kind"
    done
    class JOBS=1
    nothing_left
    rows | diff <(LC_ALL=C sort "$BATS_TEST_TMPDIR/expected") -
}
