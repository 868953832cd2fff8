# shellcheck shell=bash
# class.sh - make class: grades a folder of submissions, one after the other or
# several at a time. A part of lab.sh, which sources it. From the environment:
#
#   N      the lab
#   DIR    the submissions: NAME/server.c or NAME.c
#   OUT    where the grades go: grades.csv, NAME.txt for each, and .class, which
#          remembers what was graded
#   JOBS   how many at a time; one a processor, if not said
#   AGAIN  1: grade also what has not changed
#
# A submission's grade is made whole or not at all: its state in OUT/.class is
# written last, in one step. So whoever interrupts this can go on later.
#
# shellcheck disable=SC2154 # n, start, work: lab.sh

names=()  # of the submissions, in order
files=()  # of each, or nothing
faults=() # of each: why there is no file
class_jobs=1
class_workers=() # a process group each

# do_class: called by lab.sh
do_class() {
    local problem
    find_lab "${N-}"
    find_submissions
    find_out
    need_bats
    case ${SANDBOX-} in
    '' | must)
        if problem=$(sandbox_problem); then
            SANDBOX=must
        elif [ "${SANDBOX-}" = must ]; then
            not_graded "no sandbox: $problem"
        else
            complain "no sandbox, only limits: $problem"
            SANDBOX=no
        fi
        ;;
    no) ;;
    *) usage "there is no SANDBOX=$SANDBOX: must, no, or none" ;;
    esac
    export SANDBOX
    mkdir -p "$states" && echo "$n" >"$states/lab" || exit 1
    make_work
    trap 'interrupted 129' HUP
    trap 'interrupted 130' INT
    trap 'interrupted 143' TERM
    keys
    grade_class
    write_csv
    summary
    [ ! -s "$work/failed" ]
}

# --- What there is to grade --------------------------------------------------

# from_start PATH: as seen from where the command was given
from_start() {
    case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "${FROM:-$start}/$1" ;;
    esac
}

# find_submissions: sets dir, names, files and faults
find_submissions() {
    local LC_ALL=C path name file fault
    [ -n "${DIR-}" ] || usage 'which submissions? say DIR=/path/to/them'
    dir=$(from_start "$DIR")
    [ -d "$dir" ] || usage "there is no directory $DIR"
    dir=$(real_place "$dir")
    for path in "$dir"/*; do
        [ -e "$path" ] || [ -L "$path" ] || continue # an empty DIR
        name=${path##*/}
        file=$path
        fault=''
        if [ -d "$path" ]; then
            file=$path/server.c
        elif [ "${name%.c}" != "$name" ]; then
            name=${name%.c}
            [ ! -d "$dir/$name" ] ||
                usage "two submissions of $name: $name.c and the directory $name"
        else
            complain "not a submission, ignored: $name"
            continue
        fi
        case $name in
        *[[:cntrl:]]*) usage "a name with a control character: ${name//[[:cntrl:]]/?}" ;;
        esac
        # What a link shows is not the student's, but the instructor's
        if [ -L "$path" ] || [ -L "$file" ]; then
            fault='no file: it is a link'
        elif [ ! -f "$file" ]; then
            fault='no file'
        elif [ ! -r "$file" ]; then
            fault='no file: it cannot be read'
        fi
        names+=("$name")
        files+=("$file")
        faults+=("$fault")
    done
    [ "${#names[@]}" -gt 0 ] ||
        usage "no submissions in $DIR: they are called NAME/server.c or NAME.c"
}

# find_out: sets out and states, and class_jobs
find_out() {
    [ -n "${OUT-}" ] || usage 'where do the grades go? say OUT=/path/to/them'
    out=$(real_place "$(from_start "$OUT")")
    case $out/ in
    */../*) usage "$OUT: behind a new directory there is no .." ;;
    "$dir"/*) usage "OUT is inside DIR, and would be graded next time" ;;
    esac
    states=$out/.class
    if [ -e "$out" ] && [ ! -d "$out" ]; then
        usage "$OUT is a file"
    elif [ -d "$states" ]; then
        [ "$(cat "$states/lab" 2>/dev/null)" = "$n" ] ||
            usage "$OUT has grades of another lab: name another directory"
    elif [ -d "$out" ] && [ -n "$(ls -A "$out")" ]; then
        usage "$OUT is not empty, and not from make class: name a new directory"
    fi
    case ${JOBS:-1} in
    *[!0-9]* | 0*) usage "JOBS=$JOBS is no number of jobs" ;;
    esac
    class_jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}
}

# hash: of standard input, in hexadecimal digits
hash() {
    { sha256sum 2>/dev/null || shasum -a 256 2>/dev/null || cksum; } |
        tr -cd '0-9a-f'
}

# keys: what a grade depends on: the grader, and then the file
keys() {
    grader=$({
        echo "$n $COMPILE $LDLIBS"
        cat tests/labs/{lab.sh,sandbox.sh,grade.bash,labpeer.h} \
            "$own"/grade.bats "$own"/check.c tests/labs/03/check.c \
            common/*.h 2>/dev/null
    } | hash)
}

# key NUMBER: of this submission
key() {
    if [ -n "${faults[$1]}" ]; then
        echo "$grader ${faults[$1]}"
    else
        echo "$grader $(hash <"${files[$1]}")"
    fi
}

# is_graded NUMBER: nothing has changed since
is_graded() {
    local known
    [ "${AGAIN-}" != 1 ] && [ -f "$out/${names[$1]}.txt" ] &&
        read -r known <"$states/${names[$1]}.state" &&
        [ "$known" = "$(key "$1")" ]
} 2>/dev/null

# --- Grading -----------------------------------------------------------------

# grade_class: all that is to be graded
grade_class() {
    local i worker
    todo=()
    for ((i = 0; i < ${#names[@]}; i++)); do
        is_graded "$i" || todo+=("$i")
    done
    already=$((${#names[@]} - ${#todo[@]}))
    finished=0
    class_start=$SECONDS
    [ "${#todo[@]}" -gt 0 ] || return 0
    mkfifo "$work/ended"
    exec 5<>"$work/ended"
    # With job control each worker leads a process group, which ends as a whole
    set -m
    for ((worker = 0; worker < class_jobs; worker++)); do
        work_through </dev/null &
        class_workers+=("$!")
    done
    set +m
    exec 6<"$work/ended" 5>&- # it ends when the last worker has
    progress
    while read -r _ <&6; do
        finished=$((finished + 1))
        progress
    done
    exec 6<&-
    [ ! -t 2 ] || printf '\r\033[K' >&2
    class_workers=()
    wait
}

# work_through: grades what no other worker has taken yet
work_through() {
    local i
    trap - EXIT HUP INT # they are the parent's
    # Only when the grade that runs has cleaned up
    trap 'exit 143' TERM
    exec 6<&-
    for i in "${todo[@]}"; do
        mkdir "$work/$i" 2>/dev/null || continue # of several, one succeeds
        grade_submission "$i" "$work/$i"
        rm -rf "${work:?}/$i/"* # taken it stays
        echo "$i" >&5
    done
} 2>/dev/null

# progress: one line, for who watches
progress() {
    local all=${#names[@]} left='' seconds
    [ -t 2 ] || return 0
    if [ "$finished" -gt 0 ]; then
        seconds=$(((SECONDS - class_start) * (${#todo[@]} - finished) / finished))
        left=", about $((seconds / 60)):$(printf '%02d' $((seconds % 60))) left"
    fi
    printf '\r\033[K%s of %s graded%s' $((already + finished)) "$all" "$left" >&2
}

# interrupted STATUS: whatever runs is ended; what is graded stays
interrupted() {
    local worker
    trap '' HUP INT TERM
    for worker in ${class_workers[@]+"${class_workers[@]}"}; do
        kill -TERM -- "-$worker" 2>/dev/null
    done
    wait
    [ ! -t 2 ] || printf '\r\033[K' >&2
    complain "interrupted with $((${already:-0} + ${finished:-0})) of" \
        "${#names[@]} graded: the same command goes on from there"
    exit "$1"
}

# grade_submission NUMBER DIR: makes its table and its state
grade_submission() {
    local i=$1 tmp=$2 name=${names[$1]} part since=$SECONDS known
    known=$(key "$i")
    if [ -n "${faults[$i]}" ]; then
        printf '%s\n' "${faults[$i]}" >"$tmp/table"
        {
            printf 'problem\t%s\n' "${faults[$i]}"
            for ((part = 1; part <= $(parts); part++)); do
                printf 'part\t%s\t0\n' "$part"
            done
        } >"$tmp/rows"
        : >"$tmp/words"
    else
        # The path as it was given: students read it
        env -u P -u DIR -u OUT N="$n" REPORT=class TMPDIR="$work" \
            FROM="${FROM:-$start}" LAB="${DIR%/}${files[$i]#"$dir"}" \
            bash tests/labs/lab.sh grade >"$tmp/said" 2>"$tmp/words" 5>&- || :
        # First the rows, then an empty line and the table. All of it is
        # lab.sh's: what the compiler and the submission say is not here.
        sed '/^$/,$d' "$tmp/said" >"$tmp/rows"
        sed '1,/^$/d' "$tmp/said" >"$tmp/table"
        if [ "$(grep -c '^part' "$tmp/rows")" -ne "$(parts)" ]; then
            echo "$name" >>"$work/failed"
            known='' # next time once more
            printf 'problem\tnot graded: %s\n' \
                "$(tail -n 1 "$tmp/words" | cut -c 1-200 | tr -d '[:cntrl:]')" \
                >"$tmp/rows"
        fi
    fi
    cat "$tmp/words" "$tmp/table" >"$out/.class/$name.new" &&
        mv "$out/.class/$name.new" "$out/$name.txt" &&
        {
            echo "$known"
            printf 'seconds\t%s\n' $((SECONDS - since))
            cat "$tmp/rows"
        } >"$states/$name.new" &&
        mv "$states/$name.new" "$states/$name.state" ||
        echo "$name" >>"$work/failed"
}

# --- Results -----------------------------------------------------------------

write_csv() {
    local i part
    {
        printf name
        for ((part = 1; part <= $(parts); part++)); do
            printf ',part %s' "$part"
        done
        echo ',total,seconds,remark'
        for ((i = 0; i < ${#names[@]}; i++)); do
            csv_field "${names[$i]}"
            state_fields "${names[$i]}"
        done
    } >"$states/csv.new" && mv "$states/csv.new" "$out/grades.csv"
}

# csv_field TEXT: quoted where that is needed, as RFC 4180 says
csv_field() {
    case $1 in
    *[,\"]* | ' '* | *' ') printf '"%s"' "${1//\"/\"\"}" ;;
    *) printf '%s' "$1" ;;
    esac
}

# state_fields NAME: ",10,0,10,10,30,12,remark" for its row
state_fields() {
    local key value more points='' total=0 seconds='' remark='' graded=''
    while IFS=$'\t' read -r key value more; do
        case $key in
        seconds) seconds=$value ;;
        problem) remark=$value ;;
        part)
            graded=yes
            if [ "$more" = - ]; then
                points=$points,
                remark="${remark:+$remark; }part $value could not be graded"
            else
                points=$points,$more
                total=$((total + more))
            fi
            ;;
        limit) remark="${remark:+$remark; }part $value ended by a limit: $more" ;;
        esac
    done < <(sed 1d "$states/$1.state")
    if [ -z "$graded" ]; then
        for ((key = 1; key <= $(parts); key++)); do
            points=$points,
        done
        total=''
    fi
    printf '%s,%s,%s,' "$points" "$total" "$seconds"
    csv_field "$remark"
    echo
}

# summary: how many have how many points, and what most of them lack
summary() {
    local i states_of=()
    for ((i = 0; i < ${#names[@]}; i++)); do
        states_of+=("$states/${names[$i]}.state")
    done
    printf 'lab %s, %s; submissions: %s' "$n" "$(title)" "${#names[@]}"
    [ "$already" -eq 0 ] || printf ', %s of them unchanged' "$already"
    printf '\n\n'
    # shellcheck disable=SC2016 # for awk
    LC_ALL=C awk -F '\t' -v parts="$(parts)" '
        function end_of_one() {
            if (!seen)
                return
            if (graded)
                with[total]++
            else
                ungraded++
            if (problem != "" && graded) {
                sub(/:.*/, "", problem)
                problems[problem]++
            }
            seen = graded = total = 0
            problem = ""
        }
        FNR == 1 { end_of_one(); seen = 1; next }
        $1 == "problem" { problem = $2 }
        $1 == "part" {
            graded = 1
            total += $3
            # Who has no program has failed no part in particular
            if ($3 == "0" && problem == "")
                failed[$2]++
        }
        $1 == "cause" {
            sub(/; its last words: .*/, "", $3)
            times = ++causes[$2, $3]
            if (times > most[$2]) {
                most[$2] = times
                cause[$2] = $3
            }
        }
        END {
            end_of_one()
            print "  points  submissions"
            for (t = parts * 10; t >= 0; t -= 10)
                if (with[t] > 0)
                    printf "   %2d/%d  %11d\n", t, parts * 10, with[t]
            for (p in problems)
                printf "%s  %s: %d\n", (listed++ ? "" : "\n"), p, problems[p]
            if (ungraded > 0)
                printf "\n  not graded: %d\n", ungraded
            print "\n  part  failed  commonest likely cause"
            for (p = 1; p <= parts; p++)
                printf "  %4d  %6d  %s\n", p, failed[p],
                    (p in cause ? cause[p] " (" most[p] ")" : "")
        }' "${states_of[@]}"
    if [ -s "$work/failed" ]; then
        printf '\nnot graded, see their .txt: %s\n' \
            "$(sort -u "$work/failed" | paste -s -d, - | sed 's/,/, /g')"
    fi
    printf '\nthe grades: %s\n' "$out/grades.csv"
}
