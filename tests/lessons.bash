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
#         TEXT ⏎        typed by the reader, and then Enter. An optional
#                       `message> ` before it is the client's prompt, which
#                       programs print for terminals alone: not compared. A
#                       lone `message>`, waiting, is skipped.
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
#       programs that still run are killed then.
#       needs= skips the session where a program (or ipv6) is missing. in= names a
#       directory, from the root. wait= allows more than 10 s for a block. slow
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
# what stands in (parentheses) in `  | ` lines of `make break` are not compared:
# see LESSONS_BLUR.
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
# or behind it. Look at them with `sh tests/lessons.sh --hunks FROM TO`.
#
# TRY ONE LESSON: `make lessons && bats tests/lessons.bats -f '^05'`. A block
# that does not come out right is reported with the README's line number.
#
# CHECKED in every README.md of the root, the chapters, common and the labs
# (of the latter three things: links, files, targets):
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
        / \342\217\216$/ { # U+23CE, the return key
            sub(/ \342\217\216$/, "")
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
# an input of its own, and leaves its exit status behind. With job control
# (-m) each command is a process group, which can be interrupted as by Ctrl-C.
# Such a group outlives a test that is killed, so each has a watcher in it.
# shellcheck disable=SC2016 # all of it is for that shell
LESSONS_TERMINAL='
    set -m
    at=$1 status=0 n=0
    exec 6<>"$at/commands"
    : >"$at/ready"
    watched() {
        while sleep 1 && kill -0 $$ && kill -0 $PPID; do :; done \
            >/dev/null 2>&1 </dev/null && kill -KILL 0 &
        watcher=$!
        { (exit "$status"); eval "$command"; } <"$at/input.$n"
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
        echo "$status" >"$at/status.tmp"
        mv "$at/status.tmp" "$at/status.$n"
    done'

# lessons_open NAME DIRECTORY: a terminal, unless it is open already
lessons_open() {
    at=$play/$1
    [ ! -d "$at" ] || return 0
    mkdir "$at"
    mkfifo "$at/commands"
    : >"$at/out"
    echo 0 >"$at/seen"
    echo 0 >"$at/count"
    (cd "$2" && LC_ALL=C exec bash -c "$LESSONS_TERMINAL" terminal "$at" \
        </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&-) &
    echo $! >"$at/pid"
    lessons_until 'the terminal opens' test -e "$at/ready"
}

# lessons_run COMMAND
lessons_run() {
    local n
    n=$(($(cat "$at/count") + 1))
    echo "$n" >"$at/count"
    mkfifo "$at/input.$n"
    # Keeps the input open until Ctrl-D, or the end
    sleep 300 >"$at/input.$n" 2>/dev/null 3>&- 4>&- 5>&- &
    echo $! >"$at/holder"
    printf '%s\n' "$1" 1<>"$at/commands"
}

lessons_type() {
    printf '%s\n' "$1" 1<>"$at/input.$(cat "$at/count")"
}

lessons_has_ended() {
    [ "$(cat "$at/count")" = 0 ] || [ -e "$at/status.$(cat "$at/count")" ]
}

# lessons_end_input: Ctrl-D
lessons_end_input() {
    local holder
    holder=$(cat "$at/holder")
    kill "$holder" 2>/dev/null || :
    wait "$holder" 2>/dev/null || :
}

lessons_signal() {
    kill "-$1" -- "-$(cat "$at/group")" 2>/dev/null || :
}

# lessons_close: ends what still runs in every terminal of the session
lessons_close() {
    local pid
    for at in "$play"/*; do
        [ -d "$at" ] || continue
        if ! lessons_has_ended; then
            lessons_signal TERM
            lessons_until 'it ends' lessons_has_ended 2>/dev/null ||
                lessons_signal KILL
        fi
        cat "$at/pid" "$at/holder" >"$at/pids" 2>/dev/null
        while read -r pid; do
            kill -KILL "$pid" 2>/dev/null || :
            wait "$pid" 2>/dev/null || :
        done <"$at/pids"
    done
}

# lessons_until WHAT COMMAND...: asks until it is true, for at most $limit s
lessons_until() {
    local what=$1 end=$((SECONDS + limit))
    shift
    until "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then
            lessons_wrong "waited $limit s in vain: $what"
            return 1
        fi
        sleep 0.02 2>/dev/null || sleep 1 # POSIX knows whole seconds only
    done
}

# ------------------------------------------------------- what is compared

# LESSONS_BLUR: a part of an awk program, a function that takes out of a text
# what differs from run to run
# shellcheck disable=SC2016 # it is awk
LESSONS_BLUR='
    function blur(s) {
        gsub(/[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9]/, "TIME", s)
        gsub(/(^|[ (])[0-9.]+ ms/, " N ms", s)
        gsub(/pid[ =][0-9]+/, "pid N", s)
        if (s ~ /^  \| /)
            gsub(/\([^)]*\)/, "(N)", s)
        if (s ~ /polled [0-9]+ rounds/) {
            sub(/polled [0-9]+ rounds/, "polled N rounds", s)
            sub(/[0-9]+ calls/, "N calls", s)
            sub(/[0-9]+ found/, "N found", s)
        }
        return s
    }'

# lessons_same EXPECTED ACTUAL: whether a line of the text and one of the run
# are the same, apart from what is blurred, and with the names that ports have
lessons_same() {
    expected=$1 actual=$2 port=$port names=$play/names LC_ALL=C \
        awk "$LESSONS_BLUR"'
        # The next address with a port: what is before it into `front`, its
        # port into `number`, what follows into `rest`.
        function cut(s) {
            if (!match(s, /(127\.0\.0\.1|\[::1\]):[0-9]+/)) {
                front = s
                number = rest = ""
                return
            }
            front = substr(s, 1, RSTART - 1)
            number = substr(s, RSTART, RLENGTH)
            rest = substr(s, RSTART + RLENGTH)
            match(number, /[0-9]+$/)
            front = front substr(number, 1, RSTART - 1)
            number = substr(number, RSTART)
        }
        function server(s, real, shown,    before) {
            before = ""
            while (match(s, "(^|[^0-9])" real "([^0-9]|$)")) {
                before = before substr(s, 1, RSTART - 1)
                number = substr(s, RSTART, RLENGTH)
                s = substr(s, RSTART + RLENGTH)
                sub(real, shown, number)
                before = before number
            }
            return before s
        }
        BEGIN {
            e = blur(ENVIRON["expected"])
            a = blur(ENVIRON["actual"])
            port = ENVIRON["port"]
            if (port != "") {
                a = server(a, port, 65432)
                a = server(a, port < 65535 ? port + 1 : port - 1, 65433)
            }
            file = ENVIRON["names"]
            while ((getline pair <file) > 0) {
                split(pair, two, " ")
                real[two[1]] = two[2]
                shown[two[2]] = two[1]
            }
            close(file)
            more = ""
            while (e != "" || a != "") {
                cut(e)
                ef = front
                en = number
                e = rest
                cut(a)
                if (ef != front || (en == "") != (number == ""))
                    exit 1
                a = rest
                if (en == "" || en == number)
                    continue
                if (en == 65432 || (en in real && real[en] != number) ||
                    (number in shown && shown[number] != en))
                    exit 1
                real[en] = number
                shown[number] = en
                more = more en " " number "\n"
            }
            printf "%s", more >>file
        }'
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

# lessons_unread: how many lines the terminal has printed that are not taken
lessons_unread() {
    echo $(($(lessons_printed) - $(cat "$at/seen")))
}

# A last line without an end counts once the program has ended
lessons_printed() {
    local count
    count=$(($(wc -l <"$at/out")))
    if lessons_has_ended && [ -n "$(tail -c 1 "$at/out" | tr -d '\n')" ]; then
        count=$((count + 1))
    fi
    echo "$count"
}

lessons_has_more() {
    [ "$(lessons_unread)" -gt 0 ]
}

# lessons_take: the next line that was printed, into $actual
lessons_take() {
    local seen
    seen=$(($(cat "$at/seen") + 1))
    echo "$seen" >"$at/seen"
    actual=$(sed -n "${seen}p" "$at/out")
}

# What 04 and 05 say by the clock may come on a slow machine, unasked
lessons_by_the_clock() {
    case $1 in
    *' polled '*' rounds, '* | *' quiet for '*' s') ;;
    *) return 1 ;;
    esac
}

# lessons_expect TEXT: the next line of the terminal's output
lessons_expect() {
    while lessons_until "a line: $1" lessons_has_more; do
        lessons_take
        case $1 in
        'listening on '*)
            if [ -z "$port" ]; then
                port=$(LC_ALL=C sed -n \
                    's/^listening on .*:\([0-9]*\)$/\1/p' <<<"$actual")
            fi
            ;;
        esac
        if lessons_same "$1" "$actual"; then
            any=''
            return 0
        fi
        if [ -z "$any" ] && ! lessons_by_the_clock "$actual"; then
            lessons_wrong "  expected: $1
  actual:   $actual"
            return 1
        fi
    done
    return 1
}

# lessons_expect_end: the last command has ended and said nothing more
lessons_expect_end() {
    lessons_until 'the program ends' lessons_has_ended || return
    lessons_expect_silence
    [ ! -e "$at/holder" ] || lessons_end_input
}

# lessons_expect_silence: all that was printed was expected
lessons_expect_silence() {
    while lessons_has_more; do
        lessons_take
        if [ -z "$any" ] && ! lessons_by_the_clock "$actual"; then
            lessons_wrong "  not expected: $actual"
            return 1
        fi
    done
}

# lessons_wrong WHAT: says so, with what the terminals show
lessons_wrong() {
    printf '%s, line %s:\n%s\n' "$file" "$line" "$1"
    local each
    for each in "$play"/*; do
        if [ -d "$each" ]; then
            printf -- '--- the end of terminal %s (%s lines compared):\n' \
                "${each##*/}" "$(cat "$each/seen")"
            tail -n 12 "$each/out" | cut -c 1-200
        fi
    done
}

# --------------------------------------------------------------------- play

# lessons_play FILE TREE SCRATCH: plays every session of a README (a path in the
# tree). Prints what is wrong, and behind `# ` what is left out. Returns 1 if
# anything is wrong.
lessons_play() {
    local file=$1 tree=$2 scratch=$3 line kind text
    local play='' port='' any='' limit=10 at='' left='' bad=0
    local script=$scratch/script sessions=0 last='' left_for=''
    local alone=''
    lessons_script "$tree/$file" >"$script"
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
                : >"$play/names"
                port='' any=''
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
    limit=10
    [ "$directory" != "$file" ] || directory=.
    for word in $1; do
        case $word in
        needs=*)
            for program in $(tr , ' ' <<<"${word#needs=}"); do
                if ! lessons_have "$program"; then
                    echo "# $file, line $line: left out, no $program"
                    left_for=missing
                    return 1
                fi
            done
            ;;
        in=*) directory=${word#in=} ;;
        wait=*) limit=${word#wait=} ;;
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
    local wrong=0
    lessons_close
    if [ -z "$left" ]; then
        for at in "$play"/*; do
            if [ -d "$at" ]; then
                lessons_expect_silence || wrong=1
            fi
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
        path=$(dirname "$1")/$path
        [ "${target%%#*}" != '' ] || path=$1
        if [ ! -e "$path" ]; then
            echo "$1, line $number: no such file: $target"
        elif [ -n "$anchor" ]; then
            [ ! -d "$path" ] || path=$path/README.md
            lessons_anchors "$path" | grep -Fqx -- "${anchor#?}" ||
                echo "$1, line $number: no such heading: $target"
        fi
    done
}

# lessons_bad_files FILE: prints the names of files that are not there
lessons_bad_files() {
    local number name
    lessons_quoted "$1" | grep -E \
        '^[0-9]+:(\.{1,2}/)*[A-Za-z0-9][A-Za-z0-9_.*/-]*(/|\.(c|h|py|sh|md|mk|bats|bash|patch|svg|txt))[A-Za-z0-9_.*-]*$' |
        while IFS=: read -r number name; do
            grep -Eq "(^|[[:space:]])$name([[:space:]]|\$)" \
                tests/lessons.names && continue
            case $name in
            NN-*/*) name="0?-*/${name#*/}" ;; # and there are other patterns
            esac
            # shellcheck disable=SC2086,SC2010
            ls -d "$(dirname "$1")"/$name $name 0?-*/$name $name.c \
                2>/dev/null | grep -q . ||
                echo "$1, line $number: no such file: $name"
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
    sed 's/#.*//' tests/lessons.names | tr -s ' ' '\n' | awk 'NF {
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
    cat Makefile common/chapter.mk tests/*.mk | awk '
        /^(\.PHONY:|[a-z][a-z_\/.-]*( [a-z][a-z_\/.-]*)*:([^=]|$))/ {
            sub(/:[^=].*|:$/, "", $0)
            for (i = 1; i <= NF; i++)
                print $i
        }'
    ls -d 0?-*
    echo server
    echo client
    # Programs for tests, each from the one .c file of its name
    printf '%s\n' tests/*.c | sed 's/\.c$//'
}

# lessons_bad_targets FILE: prints targets that no Makefile has, and CASEs that
# have no patch
lessons_bad_targets() {
    local number words word n name skip
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
                    [ -n "$skip" ] || grep -Fqx -- "$word" \
                        "$BATS_FILE_TMPDIR/targets" ||
                        echo "$1, line $number: no such target: $word"
                    skip=''
                    ;;
                esac
            done
            case $name in
            '' | NAME | CASE) ;;
            *)
                [ -n "$(find "${n:-0}"*/break -name "$name.patch")" ] ||
                    echo "$1, line $number: no such CASE: $name"
                ;;
            esac
        done
}
