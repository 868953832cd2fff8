# lessons.bash - plays the lessons: what a README shows is run and compared.
#
# CONVENTIONS, for whoever writes a lesson. All fenced blocks have one of these
# info strings; there are no indented code blocks.
#
#   ```console [TERMINAL] [needs=PROGRAM,...] [in=DIRECTORY] [wait=SECONDS] [slow]
#       A transcript, run in the chapter's directory of a built copy of the
#       tree (the root README's: in its root). Lines are
#         $ COMMAND     run by bash. A lone `$` at the end of a block: the
#                       program before it has ended. `$ echo $?` works.
#         TEXT ⏎        typed by the reader, and then Enter; ⏎ alone: only that.
#                       An optional `message> ` before it is the client's
#                       prompt, which programs print for terminals alone: not
#                       compared. A lone `message>`, waiting, is skipped.
#         ^D   ^C       typed: end of input; the program is interrupted
#         ...           any number of lines, also none (sparingly)
#         other lines   output, stdout and stderr, compared line by line
#       TERMINAL is a name without `=`: server, client, client-2, nc. The
#       blocks between two headings (of any level) are one session. They are
#       played strictly in the order of the text, and each must be complete
#       before the next begins; a block whose TERMINAL was there before goes
#       on in it. So: server (starts, listens), client (connects, types),
#       server again (what it has printed since). Without TERMINAL: a terminal
#       of its own, which is waited for until its last command has ended.
#       At the end of a session nothing unexpected may have been printed;
#       programs that still run are killed then. Lines that 04 and 05 print
#       by the clock may come at any time; the messages of 04's reports are
#       added up until they are as many as in the text's.
#       needs= skips the session where a program (or ipv6) is missing. in= names a
#       directory, from the root. wait= allows a block more than the suite's
#       limit (LIMIT in helpers.bash). slow
#       (`make break`: a second or more each) leaves the session out unless
#       LESSONS=all is set; `make lessons-all` sets it.
#   ```text             output that cannot be played everywhere (ss, strace,
#                       tcpdump, another machine, root): captured from a real
#                       run; the prose names the system. Not compared.
#   ```sh               commands to copy, not run here. make's targets and
#                       named files in them are checked.
#   ```diff ```mermaid ```c ```python   as they say; not run
#
# Ports: the text says 65432. The first server of a session listens on port 0
# and all later commands and outputs have its real port put for 65432; `./server`
# and `./client` without arguments get theirs. Other ports in 127.0.0.1:NNNNN
# and [::1]:NNNNN are names: one in the text is one in the run, throughout the
# session. Date and time, `N ms`, `pid N`, the numbers of 04's `polled` line, and
# what stands in (parentheses) in `  | ` lines of `make break` and `make balance`,
# and what stands behind PROXY TCP4 are not compared: see lessons_blur.
#
# GENERATED PIECES: write these two lines, and `make lessons` fills in between
#   <!-- file 03-threaded/server.c ^static.bool.receive ^} -->
#   <!-- end file -->
# is the part of a file from the first line that matches the awk pattern FROM to
# the next that matches TO (no blanks in either: . stands for one), at most 15
# lines. And
#   <!-- hunk net_would_block 03-threaded/server.c 04-nonblocking/server.c -->
#   <!-- end hunk -->
# is the first hunk of the diff between two files in which a changed line matches
# the pattern: only the hunks that carry the idea, each with a sentence before
# or behind it. Look at them with `sh tests/lessons/lessons.sh --hunks FROM TO`.
#
# TRY ONE LESSON: `make lessons && bats tests/lessons/lessons.bats -f '^05'`. A block
# that does not come out right is reported with the README's line number.
#
# CHECKED in every README.md of the root, the chapters, common and the labs (of
# the latter three things: links, files, targets), and in 05-select/BALANCE.md:
#   links and anchors   relative ones: the file is there, the heading too
#   `path/to/file.c`    in backquotes, from the README's directory, the root or a
#                       chapter; patterns, `NN-` for any chapter
#   `name()`            a function of the sources, or a known call of the
#                       system or the C library (lessons.names); also
#                       `some_name`, `SOME_NAME` where there is a _ in it
#   make TARGET         in backquotes or in sh and console blocks
#   make break N= CASE= the patch is there

# ------------------------------------------------------ a README as a script

# lessons_script FILE: prints what is to be played, an event a line:
# LINE-NUMBER KIND TEXT, separated by tabs. KIND is one of
#   session  a heading: those before it end
#   block    TEXT is the info string behind `console`
#   command, type, eof, interrupt, any, out, prompt, end
#   bad      TEXT says what is wrong with the file
lessons_script() {
    LC_ALL=C awk '
        function event(kind, text) {
            printf "%d\t%s\t%s\n", NR, kind, text
        }
        /^ +```/ { event("bad", "a fenced block is not at the left margin") }
        !fenced && /^```/ {
            fenced = 1
            info = substr($0, 4)
            console = info ~ /^console( |$)/
            if (console)
                event("block", substr(info, 9))
            else if (info !~ /^(text|sh|diff|mermaid|c|python)$/)
                event("bad", "unknown info string: " info)
            next
        }
        !fenced && /^#/ { event("session", $0) }
        !fenced && /^(    |\t)/ && before ~ /^$/ && !listed {
            event("bad", "an indented code block: use a fenced one")
        }
        !fenced && /^([-*]|[0-9]+\.) / { listed = 1 }
        !fenced && /^[^ \t]/ && !/^([-*]|[0-9]+\.) / { listed = 0 }
        { before = $0 }
        !fenced { next }
        /^```$/ {
            if (console)
                event("end", "")
            fenced = 0
            before = ""
            next
        }
        !console { next }
        /^\$ ./ { event("command", substr($0, 3)); next }
        /^\$ *$/ { event("prompt", ""); next }
        /^\^D$/ { event("eof", ""); next }
        /^\^C$/ { event("interrupt", ""); next }
        /^\.\.\.$/ { event("any", ""); next }
        /^message> ?$/ { next }
        /(^| )\342\217\216$/ { # U+23CE, the return key
            sub(/ ?\342\217\216$/, "")
            sub(/^message> /, "")
            event("type", $0)
            next
        }
        { event("out", $0) }
        END {
            if (fenced)
                event("bad", "a fenced block has no end")
            event("session", "the end of the file")
        }' "$1"
}

# ----------------------------------------------------------------- terminals

# What runs in a terminal: a shell that takes commands from a FIFO, gives each
# an input, and leaves its exit status behind. With job control (-m) each
# command is a process group, which can be interrupted as by Ctrl-C. Such a
# group outlives a player that is killed, so each has a watcher in it: it sees
# the end of a pipe that the player alone could write to.
# shellcheck disable=SC2016 # all of it is for that shell
LESSONS_TERMINAL='
    set -m
    at=$1 status=0 n=0
    exec 6<>"$at/commands"
    : >"$at/ready"
    settle() {
        return "$1"
    }
    watched() {
        { read -r _; kill -KILL 0; } <&18 >/dev/null 2>&1 &
        watcher=$!
        {
            : >"$at/started.$n"
            settle "$status"
            eval "$command"
        } <"$at/input" 18<&-
        status=$?
        kill "$watcher"
        return "$status"
    }
    while kill -0 $PPID; do
        IFS= read -r -t 5 command <&6 || continue
        n=$((n + 1))
        case $command in
        cd\ *) eval "$command" >>"$at/out" 2>&1; status=$? ;;
        *)
            watched </dev/null >>"$at/out" 2>&1 6<&- &
            echo $! >"$at/group"
            wait $!
            status=$?
            ;;
        esac
        echo "$status" >"$at/status.$n"
    done'

# The terminals of a session are numbered: $t is the one that is looked at, $at
# its directory. What is known of each is in arrays: its name in $names, the
# number of its commands in $commands, of the lines that were compared in $seen,
# and what 04's reports add up to in $polled. Its programs' input is descriptor
# 20 + t, open until Ctrl-D.

# lessons_open NAME DIRECTORY: a terminal, unless it is open already
lessons_open() {
    local each
    for ((t = 0; t < ${#names[@]}; t++)); do
        at=$play/$1
        [ "${names[t]}" != "$1" ] || return 0
    done
    at=$play/$1
    names[t]=$1 commands[t]=0 seen[t]=0 polled[t]=0
    mkdir "$at"
    mkfifo "$at/commands" "$at/input"
    : >"$at/out"
    (
        for ((each = 19; each <= 20 + t; each++)); do
            eval "exec $each>&-"
        done
        cd "$2" && LC_ALL=C exec bash -c "$LESSONS_TERMINAL" terminal "$at" \
            </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&-
    ) &
    pids[t]=$!
    lessons_until 'the terminal opens' test -e "$at/ready"
}

# lessons_look T: at this terminal
lessons_look() {
    t=$1 at=$play/${names[$1]}
}

# lessons_run COMMAND
lessons_run() {
    commands[t]=$((commands[t] + 1))
    eval "exec $((20 + t))<>\"\$at/input\""
    printf '%s\n' "$1" 1<>"$at/commands"
}

lessons_type() {
    printf '%s\n' "$1" >&$((20 + t))
}

lessons_has_ended() {
    [ "${commands[t]}" = 0 ] || [ -s "$at/status.${commands[t]}" ]
}

# lessons_end_input: Ctrl-D. Before it has opened it, a program would wait for
# somebody who writes.
lessons_end_input() {
    lessons_until 'the program starts' test -e "$at/started.${commands[t]}" ||
        return
    eval "exec $((20 + t))>&-"
}

lessons_signal() {
    local group=''
    read -r group <"$at/group" || :
    [ -z "$group" ] || kill "-$1" -- "-$group" 2>/dev/null || :
}

# lessons_close: ends what still runs in every terminal of the session
lessons_close() {
    local each
    for ((each = 0; each < ${#names[@]}; each++)); do
        lessons_look "$each"
        if ! lessons_has_ended; then
            lessons_signal TERM
            lessons_until 'it ends' lessons_has_ended 2>/dev/null ||
                lessons_signal KILL
        fi
        eval "exec $((20 + t))>&-"
        kill -KILL "${pids[t]}" 2>/dev/null || :
        wait "${pids[t]}" 2>/dev/null || :
    done
}

# lessons_until WHAT COMMAND...: asks until it is true, for at most $limit s from
# now, or from when its caller began
lessons_until() {
    local what=$1 end=$((${began:-SECONDS} + limit))
    shift
    until "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then
            lessons_wrong "waited $limit s in vain: $what"
            return 1
        fi
        nap 0.02
    done
}

# ------------------------------------------------------- what is compared

LESSONS_TIME='[0-9]{4}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9]'
LESSONS_ADDRESS='(127\.0\.0\.1|\[::1\]):[0-9]+'

# lessons_blur TEXT: into $blurred, without what differs from run to run
lessons_blur() {
    blurred=$1
    lessons_replace "$LESSONS_TIME" TIME
    lessons_replace '(^|[ (])[0-9.]+ ms' ' N ms'
    lessons_replace 'pid[ =][0-9]+' 'pid N'
    lessons_replace 'PROXY TCP4 [0-9. ]+' 'PROXY N'
    case $blurred in
    '  | '*) lessons_replace '\([^)]*\)' '(N)' ;;
    *' polled '*' rounds, '*)
        lessons_replace 'polled [0-9]+ rounds' 'polled N rounds'
        lessons_replace '[0-9]+ calls' 'N calls'
        lessons_replace '[0-9]+ found' 'N found'
        ;;
    esac
}

# lessons_replace PATTERN TEXT: in $blurred, wherever it matches
lessons_replace() {
    local before='' found
    while [[ $blurred =~ $1 ]]; do
        found=${BASH_REMATCH[0]}
        before+=${blurred%%"$found"*}$2
        blurred=${blurred#*"$found"}
    done
    blurred=$before$blurred
}

# lessons_renumber NUMBER SHOWN: in $blurred, where it stands alone
lessons_renumber() {
    local before='' found alone="(^|[^0-9])$1([^0-9]|\$)"
    while [[ $blurred =~ $alone ]]; do
        found=${BASH_REMATCH[0]}
        before+=${blurred%%"$found"*}${found/"$1"/$2}
        blurred=${blurred#*"$found"}
    done
    blurred=$before$blurred
}

# lessons_cut TEXT: the next address with a port: what is before the port into
# $front, the port into $number, what follows into $rest
lessons_cut() {
    local found
    front=$1 number='' rest=''
    if [[ $1 =~ $LESSONS_ADDRESS ]]; then
        found=${BASH_REMATCH[0]}
        number=${found##*:}
        front=${1%%"$found"*}${found%"$number"}
        rest=${1#*"$found"}
    fi
}

# lessons_same EXPECTED ACTUAL: whether a line of the text and one of the run
# are the same, apart from what is blurred, and with the names that ports have:
# the pairs in $ports, to which new ones are added
lessons_same() {
    local expected actual shown front number rest pair blurred
    local -a new=()
    lessons_blur "$1"
    expected=$blurred
    lessons_blur "$2"
    if [ -n "$port" ]; then
        lessons_renumber "$port" 65432
        lessons_renumber $((port < 65535 ? port + 1 : port - 1)) 65433
    fi
    actual=$blurred
    while [ -n "$expected$actual" ]; do
        lessons_cut "$expected"
        expected=$rest shown=$number pair=$front
        lessons_cut "$actual"
        actual=$rest
        [ "$front" = "$pair" ] || return 1
        [ "$shown" != "$number" ] || continue
        [ -n "$shown" ] && [ -n "$number" ] && [ "$shown" != 65432 ] || return 1
        for pair in ${ports[@]+"${ports[@]}"} ${new[@]+"${new[@]}"}; do
            case $pair in
            "$shown $number") ;;
            "$shown "* | *" $number") return 1 ;;
            esac
        done
        new+=("$shown $number")
    done
    ports+=(${new[@]+"${new[@]}"})
}

# lessons_rewrite COMMAND: with the ports of this run
lessons_rewrite() {
    LC_ALL=C awk -v port="${port:-0}" '
        {
            while (match($0, /(^|[^0-9])65432([^0-9]|$)/)) {
                word = substr($0, RSTART, RLENGTH)
                sub(/65432/, port, word)
                $0 = substr($0, 1, RSTART - 1) word substr($0, RSTART + RLENGTH)
            }
            done = ""
            while (match($0, /(\/|python3 )(server(\.py)?|client)( |$)/)) {
                word = substr($0, RSTART, RLENGTH)
                done = done substr($0, 1, RSTART + RLENGTH - 1)
                $0 = substr($0, RSTART + RLENGTH)
                sub(/ $/, "", word)
                if (done !~ / $/)
                    done = done " "
                if (word ~ /server/ && $0 !~ /^ *(-|[0-9]+( |$))/)
                    done = done port " "
                else if (word ~ /client/ && $0 ~ /^ *($|[0-9]*[<>|&;)])/)
                    done = done "127.0.0.1 " port " "
                else if (word ~ /client/ && $0 !~ /^ *(-|[^ ]+ +[0-9]+)/) {
                    match($0, /^ *[^ ]+/)
                    done = done substr($0, 1, RLENGTH) " " port
                    $0 = substr($0, RLENGTH + 1)
                }
            }
            sub(/ +$/, "", $0)
            print done $0
        }' <<<"$1"
}

# lessons_has_more: whether a line was printed that was not compared yet; it is
# put into $actual. A last line without an end counts once the program has ended.
lessons_has_more() {
    local skip=${seen[t]} ended=''
    ! lessons_has_ended || ended=yes
    {
        while [ $((skip -= 1)) -ge 0 ]; do
            IFS= read -r actual || return 1
        done
        IFS= read -r actual || { [ -n "$actual" ] && [ -n "$ended" ]; }
    } <"$at/out"
}

# lessons_take: and now it is
lessons_take() {
    seen[t]=$((seen[t] + 1))
}

# lessons_by_the_clock LINE: what 04 and 05 say by the clock may come on a slow
# machine, unasked. What 04 reports is added up.
lessons_by_the_clock() {
    case $1 in
    *' polled '*' rounds, '*' messages')
        set -- "${1##*, }"
        polled[t]=$((polled[t] + ${1% messages}))
        ;;
    *' quiet for '*' s') ;;
    *) return 1 ;;
    esac
}

# lessons_expect TEXT: the next line of the terminal's output
lessons_expect() {
    local actual='' began=$SECONDS
    case $1 in
    *' polled '*' rounds, '*' messages')
        lessons_expect_report "$1"
        return
        ;;
    esac
    while lessons_until "a line: $1" lessons_has_more; do
        lessons_take
        if [ -z "$port" ] && [[ $1 = 'listening on '* ]] &&
            [[ $actual =~ ^'listening on '.*:([0-9]+)$ ]]; then
            port=${BASH_REMATCH[1]}
        fi
        if lessons_same "$1" "$actual"; then
            any=''
            return 0
        fi
        if ! lessons_by_the_clock "$actual" && [ -z "$any" ]; then
            lessons_wrong "  expected: $1
  actual:   $actual"
            return 1
        fi
    done
    return 1
}

# lessons_expect_report TEXT: a report of 04's. Where the machine is slow, several
# tell together of the messages that the text has in one.
lessons_expect_report() {
    local messages=${1##*, } actual='' began=$SECONDS
    messages=${messages% messages}
    while [ "${polled[t]}" -lt "$messages" ]; do
        lessons_until "a line: $1" lessons_has_more || return
        lessons_take
        if ! lessons_by_the_clock "$actual" ||
            ! lessons_same "$1" "${actual%, *}, $messages messages"; then
            lessons_wrong "  expected: $1
  actual:   $actual"
            return 1
        fi
    done
    if [ "${polled[t]}" -gt "$messages" ]; then
        lessons_wrong "  expected: $messages messages in all
  actual:   ${polled[t]}"
        return 1
    fi
    polled[t]=0
}

# lessons_expect_end: the last command has ended and said nothing more
lessons_expect_end() {
    lessons_until 'the program ends' lessons_has_ended || return
    lessons_expect_silence || return
    eval "exec $((20 + t))>&-"
}

# lessons_expect_silence: all that was printed was expected
lessons_expect_silence() {
    local actual=''
    while lessons_has_more; do
        lessons_take
        if ! lessons_by_the_clock "$actual" && [ -z "$any" ]; then
            lessons_wrong "  not expected: $actual"
            return 1
        fi
    done
}

# lessons_wrong WHAT: says so, with what the terminals show
lessons_wrong() {
    printf '%s, line %s:\n%s\n' "$file" "$line" "$1"
    local each
    for ((each = 0; each < ${#names[@]}; each++)); do
        printf -- '--- the end of terminal %s (%s lines compared):\n' \
            "${names[each]}" "${seen[each]}"
        tail -n 12 "$play/${names[each]}/out" | cut -c 1-200
    done
}

# --------------------------------------------------------------------- play

# lessons_play FILE TREE SCRATCH: plays every session of a README (a path in the
# tree). Prints what is wrong, and behind `# ` what is left out. Returns 1 if
# anything is wrong.
lessons_play() {
    local file=$1 tree=$2 scratch=$3 line kind text
    # shellcheck disable=SC2153 # helpers.bash sets LIMIT
    local play='' port='' any='' limit=$LIMIT at='' left='' bad=0
    local script=$scratch/script sessions=0 last='' left_for=''
    local alone='' t=0
    local -a names=() commands=() seen=() polled=() pids=() ports=()
    lessons_script "$tree/$file" >"$script"
    mkfifo "$scratch/alive"
    # The watchers read from 18; who could write is here, and not to be inherited
    exec 19<>"$scratch/alive"
    exec 18<"$scratch/alive"
    while IFS=$'\t' read -r line kind text <&5; do
        if [ "$kind" = session ]; then
            [ -z "$play" ] || lessons_finish || bad=1
            last=$port play='' left=''
        elif [ "$kind" = bad ]; then
            printf '%s, line %s: %s\n' "$file" "$line" "$text"
            bad=1
        elif [ -n "$left" ]; then
            continue # the rest of a session that went wrong, or cannot be
        else
            if [ -z "$play" ]; then
                sessions=$((sessions + 1))
                play=$scratch/play.$sessions
                mkdir "$play"
                names=() ports=() port='' any=''
            fi
            if ! "lessons_do_$kind" "$text"; then
                left=yes
                [ "$left_for" = missing ] || bad=1
            fi
        fi
    done 5<"$script"
    return "$bad"
}

# lessons_have PROGRAM: also the word ipv6, for an address ::1
lessons_have() {
    if [ "$1" != ipv6 ]; then
        command -v "$1" >/dev/null
    elif [ -d /proc/net ]; then
        grep -q '^0*1 ' /proc/net/if_inet6 2>/dev/null
    fi
}

# What the events do; `read` has stripped no blanks inside TEXT
lessons_do_block() {
    local word name='' directory=${file%/*} program
    left_for=wrong
    limit=$LIMIT
    [ "$directory" != "$file" ] || directory=.
    for word in $1; do
        case $word in
        needs=*)
            word=${word#needs=}
            for program in ${word//,/ }; do
                if ! lessons_have "$program"; then
                    echo "# $file, line $line: left out, no $program"
                    left_for=missing
                    return 1
                fi
            done
            ;;
        in=*) directory=${word#in=} ;;
        wait=*) [ "$limit" -ge "${word#wait=}" ] || limit=${word#wait=} ;;
        slow)
            if [ "${LESSONS-}" != all ]; then
                left_for=missing
                return 1
            fi
            ;;
        *=*)
            lessons_wrong "unknown word: $word"
            return 1
            ;;
        *) name=$word ;;
        esac
    done
    # Experiments compile: where others compute as well, that takes its time
    [ "${LESSONS-}" != all ] || limit=$((limit * 5))
    alone=''
    [ -n "$name" ] || { alone=yes name=line-$line; }
    lessons_open "$name" "$tree/$directory"
}

lessons_do_command() {
    lessons_expect_end || return
    case $1 in
    *client*) # without a server: a port where nobody listens any more, or ever
        port=${port:-${last:-1}}
        ;;
    esac
    lessons_run "$(lessons_rewrite "$1")"
}

lessons_do_type() {
    lessons_type "$1"
}

lessons_do_eof() {
    lessons_end_input
}

# A test that runs in the background of a script is deaf to SIGINT, and so are
# its programs: they get what ends them just as well.
lessons_do_interrupt() {
    lessons_signal INT
    lessons_signal TERM
}

lessons_do_any() {
    any=yes
}

lessons_do_out() {
    lessons_expect "$1"
}

lessons_do_prompt() {
    lessons_expect_end
}

lessons_do_end() {
    if [ -n "$alone" ]; then
        lessons_expect_end || return
    fi
    any=''
}

# lessons_finish: the end of a session
lessons_finish() {
    local wrong=0 each
    lessons_close
    if [ -z "$left" ]; then
        for ((each = 0; each < ${#names[@]}; each++)); do
            lessons_look "$each"
            lessons_expect_silence || wrong=1
        done
    fi
    return "$wrong"
}

# ---------------------------------------------------- what the texts name

# Everything below runs in the root of the tree; FILE is a README in it.

# lessons_prose FILE: "LINE-NUMBER:" and the text, without fenced blocks
lessons_prose() {
    awk '/^```/ { fenced = !fenced; next } !fenced { print NR ":" $0 }' "$1"
}

# lessons_quoted FILE: "LINE-NUMBER:" and what stands in backquotes, one a line
lessons_quoted() {
    lessons_prose "$1" | awk '{
        number = $0
        sub(/:.*/, "", number)
        sub(/^[0-9]+:/, "")
        n = split($0, part, "`")
        for (i = 2; i < n || (i == n && n % 2 == 0); i += 2)
            print number ":" part[i]
    }'
}

# lessons_anchors FILE: the names that its headings have in links
lessons_anchors() {
    lessons_prose "$1" | LC_ALL=C sed -n \
        -e 's/^[0-9]*:##* //' -e t1 -e '/<a  *\(id\|name\)="/!d' \
        -e 's/.*<a  *\(id\|name\)="\([^"]*\)".*/\2/p' -e d -e :1 \
        -e 's/\[\([^]]*\)\]([^)]*)/\1/g' \
        -e 'y/ABCDEFGHIJKLMNOPQRSTUVWXYZ /abcdefghijklmnopqrstuvwxyz-/' \
        -e 's/[]`~!@#$%^&*()+={}|\\:;"'"'"'<>,.?\/[]//g' -e p
}

# lessons_bad_links FILE: prints the links that lead nowhere
lessons_bad_links() {
    local number target path anchor
    lessons_prose "$1" | awk '{
        number = $0
        sub(/:.*/, "", number)
        while (match($0, /\]\([^) ]+\)|(src|href)="[^"]+"/)) {
            target = substr($0, RSTART, RLENGTH)
            $0 = substr($0, RSTART + RLENGTH)
            gsub(/^(\]\(|src="|href=")|[)"]$/, "", target)
            print number, target
        }
    }' | while read -r number target; do
        case $target in
        http://* | https://* | mailto:*) continue ;;
        esac
        anchor=${target#"${target%%#*}"}
        path=${target%%#*}
        if [ -z "$path" ]; then
            path=$1
        elif [ "${1%/*}" != "$1" ]; then
            path=${1%/*}/$path
        fi
        if [ ! -e "$path" ]; then
            echo "$1, line $number: no such file: $target"
        elif [ -n "$anchor" ]; then
            [ ! -d "$path" ] || path=$path/README.md
            lessons_has_anchor "$path" "${anchor#?}" ||
                echo "$1, line $number: no such heading: $target"
        fi
    done
}

# lessons_has_anchor FILE NAME: asks lessons_anchors once for each file
lessons_has_anchor() {
    local kept=$TMP/anchors.${1//\//:} line
    [ -e "$kept" ] || lessons_anchors "$1" >"$kept"
    while IFS= read -r line; do
        [ "$line" != "$2" ] || return 0
    done <"$kept"
    return 1
}

# lessons_bad_files FILE: prints the names of files that are not there
lessons_bad_files() {
    local number name known each here=''
    [ "${1%/*}" = "$1" ] || here=${1%/*}/
    known=" $(tr '\n' ' ' <tests/lessons/lessons.names) "
    lessons_quoted "$1" | grep -E \
        '^[0-9]+:(\.{1,2}/)*[A-Za-z0-9][A-Za-z0-9_.*/-]*(/|\.(c|h|py|sh|md|mk|bats|bash|patch|svg|txt))[A-Za-z0-9_.*-]*$' |
        while IFS=: read -r number name; do
            case $known in *" $name "*) continue ;; esac
            name=${name/NAME./*.} # stands for any
            case $name in
            */lab/server | */lab/server.c) continue ;; # the student's own
            NN-*/*) name="0?-*/${name#*/}" ;; # and there are other patterns
            */NN/*) name="${name%%/NN/*}/0?/${name#*/NN/}" ;;
            esac
            [ "$here" != tests/ ] || here='tests/*/'
            # shellcheck disable=SC2086,SC2231 # patterns
            for each in "${1%/*}"/$name $here$name $name 0?-*/$name \
                common/$name $name.c ''; do
                [ ! -e "$each" ] || break
            done
            [ -n "$each" ] || echo "$1, line $number: no such file: $name"
        done
}

# lessons_words DIRECTORY...: all words of the sources; with `(` behind them,
# those that are called
lessons_words() {
    find "$@" -name '*.[ch]' -o -name '*.py' -o -name '*.sh' | sort |
        xargs cat | awk '{
            while (match($0, /[A-Za-z_][A-Za-z0-9_]*[(]?/)) {
                word = substr($0, RSTART, RLENGTH)
                $0 = substr($0, RSTART + RLENGTH)
                seen[word] = 1
                if (sub(/[(]$/, "", word))
                    seen[word] = 1
            }
        } END {
            for (word in seen)
                print word
        }'
    sed 's/#.*//' tests/lessons/lessons.names | tr -s ' ' '\n' | awk 'NF {
        print
        print $0 "("
    }'
}

# lessons_bad_names FILE: prints functions that nobody defines or calls, and
# other names with a _ that do not occur
lessons_bad_names() {
    lessons_quoted "$1" | awk -v file="$1" '
        FILENAME != "-" {
            known[$0] = 1
            next
        }
        {
            number = $0
            sub(/:.*/, "", number)
            sub(/^[0-9]+:/, "")
            if (/^[A-Za-z_][A-Za-z0-9_]*\(/ && !/^[A-Za-z0-9_]+\([0-9][a-z]*\)$/)
                sub(/\(.*/, "(")
            else if (!/^[A-Za-z0-9_]*_[A-Za-z0-9_]*$/)
                next
            if (!($0 in known))
                print file ", line " number ": unknown name: " $0
        }' "$BATS_FILE_TMPDIR/words" -
}

# lessons_targets: what make can be asked for
lessons_targets() {
    cat Makefile common/chapter.mk tests/make.mk | awk '
        /^(\.PHONY:|[a-z][a-z_\/.-]*( [a-z][a-z_\/.-]*)*:([^=]|$))/ {
            sub(/:[^=].*|:$/, "", $0)
            for (i = 1; i <= NF; i++)
                print $i
        }'
    ls -d 0?-*
    echo server
    echo client
    # Programs for tests, each from the one .c file of its name
    printf '%s\n' tests/*.c tests/*/*.c | sed 's/\.c$//'
}

# lessons_bad_targets FILE: prints targets that no Makefile has, and CASEs that
# have no patch
lessons_bad_targets() {
    local number words word n name skip targets found
    targets=" $(tr '\n' ' ' <"$BATS_FILE_TMPDIR/targets") "
    {
        lessons_quoted "$1"
        awk '/^```/ { sh = !sh && /^```(sh|console)/; next }
            sh { sub(/^\$ /, ""); sub(/ +#.*/, ""); print NR ":" $0 }' "$1"
    } | sed -n 's/^\([0-9]*:\)\(.*&& \)*\(make\( .*\)*\)$/\1\3/p' |
        while IFS=: read -r number words; do
            n='' name='' skip=''
            for word in ${words#make}; do
                case $word in
                '&&' | '|' | '>'* | '#'* | '2>'*) break ;;
                -C | -j) skip=yes ;;
                N=*) n=${word#N=} ;;
                CASE=*) name=${word#CASE=} ;;
                -* | *=* | *…* | *...*) ;;
                *)
                    case $skip$targets in
                    yes* | *" $word "*) ;;
                    *) echo "$1, line $number: no such target: $word" ;;
                    esac
                    skip=''
                    ;;
                esac
            done
            case $name in
            '' | NAME | CASE) ;;
            *)
                found=("${n:-0}"*/"break/$name.patch")
                [ -e "${found[0]}" ] ||
                    echo "$1, line $number: no such CASE: $name"
                ;;
            esac
        done
}
