#!/usr/bin/env bats
# requirements.bats - what the labs' pages ask for is graded: each lab's
# requirements.md, a table, says by which check, and which wrong answers break
# it. Here pages, tables, graders and wrong answers are held to each other; that
# they do what they say is make selftest's.

bats_require_minimum_version 1.8.0

setup_file() {
    export LC_ALL=C # awk counts bytes
}

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    missing=$BATS_TEST_TMPDIR/missing
    : >"$missing"
    LABS=$(echo tests/labs/*/grade.bats)
    LABS=${LABS//tests\/labs\//}
    LABS=${LABS//\/grade.bats/}
    [ "$(wc -w <<<"$LABS")" -ge 6 ]
}

# missing WHAT...: one thing that is not as it should be
missing() {
    echo "$*" | tee -a "$missing"
}

# none_missing: the last word of a test
none_missing() {
    [ ! -s "$missing" ]
}

page_of() {
    case $1 in
    bonus) echo 05-select/lab/bonus/README.md ;;
    *) echo "$1"-*/lab/README.md ;;
    esac
}

# rows LAB: each row of its table, its cells with tabs between them
rows() {
    [ -f "tests/labs/$1/requirements.md" ] || return 0
    sed -n 's/[[:blank:]]*|[[:blank:]]*/	/g; s/^	\([0-9].*\)	$/\1/p' \
        "tests/labs/$1/requirements.md"
}

# quotes LAB: without their quotation marks
quotes() {
    rows "$1" | cut -f 3 | sed 's/^"//; s/"$//'
}

# words CELL: of a list with commas, one a line
words() {
    tr -d ' ' <<<"$1" | tr ',' '\n'
}

# body LAB PART: what its test does
body() {
    awk -v part="@test \"[10] part $2:" \
        '/^@test/ { inside = index($0, part) == 1 } inside' \
        "tests/labs/$1/grade.bats"
}

# head_of LAB WRONG: the first line of a wrong answer
head_of() {
    head -n 1 "tests/labs/$1/wrong/$2".* 2>/dev/null
}

@test "every lab has a table of its requirements, in which nothing is left out" {
    local lab no part quote check wrong last
    for lab in $LABS; do
        [ -f "tests/labs/$lab/requirements.md" ] ||
            missing "lab $lab: there is no tests/labs/$lab/requirements.md"
        last=0
        while IFS=$'\t' read -r no part quote check wrong; do
            [ "$no" = $((last + 1)) ] ||
                missing "lab $lab: behind row $last comes row $no"
            last=$no
            case $part:$check:$wrong in
            -:-:-) ;;
            [1-9]:*[a-z]*:*[a-z]*) ;;
            *) missing "lab $lab, row $no: \"$part\", \"$check\", \"$wrong\"" \
                'is neither a part with checks and wrong answers nor three -' ;;
            esac
            [ "$part" = - ] || [ -n "$(body "$lab" "$part")" ] ||
                missing "lab $lab, row $no: there is no part $part"
        done < <(rows "$lab")
        [ "$last" -ge 4 ] || missing "lab $lab: $last rows"
    done
    none_missing
}

@test "every row quotes its page" {
    local lab page no part quote rest
    for lab in $LABS; do
        page=" $(tr -s '[:space:]' ' ' <"$(page_of "$lab")") "
        while IFS=$'\t' read -r no part quote rest; do
            case $quote in
            '"'?*'"') ;;
            *) missing "lab $lab, row $no: not in quotation marks: $quote" ;;
            esac
            quote=${quote#\"}
            quote=${quote%\"}
            case $page in
            *"$quote"*) ;;
            *) missing "lab $lab, row $no: not on the page: $quote" ;;
            esac
        done < <(rows "$lab")
    done
    none_missing
}

@test "every must, limit and answer on a page has a row" {
    local lab line
    for lab in $LABS; do
        quotes "$lab" >"$BATS_TEST_TMPDIR/quotes"
        echo >>"$BATS_TEST_TMPDIR/quotes" # else awk takes the page for it
        while read -r line; do
            missing "lab $lab: no row has $line"
        done < <(awk -f tests/labs/requirements.awk "$BATS_TEST_TMPDIR/quotes" \
            "$(page_of "$lab")")
    done
    none_missing
}

@test "every row names checks of its part, and two wrong answers of its part" {
    local lab no part quote check wrong word count
    for lab in $LABS; do
        while IFS=$'\t' read -r no part quote check wrong; do
            [ "$part" != - ] || continue
            for word in $(words "$check"); do
                body "$lab" "$part" | grep -q "[^a-z-]$word\([^a-z-]\|\$\)" ||
                    missing "lab $lab, row $no: part $part plays no $word"
            done
            count=0
            for word in $(words "$wrong"); do
                count=$((count + 1))
                case $(head_of "$lab" "$word") in
                *"part $part ("?*"): "?* | *"part $part "[a-z]*" ("?*"): "?*) ;;
                '') missing "lab $lab, row $no: there is no wrong/$word" ;;
                *) missing "lab $lab, row $no: wrong/$word does not begin with" \
                    "\"part $part (words): what is wrong\"" ;;
                esac
            done
            [ "$count" -ge 2 ] ||
                missing "lab $lab, row $no: $count wrong answers, two are needed"
        done < <(rows "$lab")
    done
    none_missing
}

@test "every wrong answer says which part it loses and why, and has a row" {
    local lab file name
    for lab in $LABS; do
        rows "$lab" | cut -f 5 | tr -d ' ' | tr ',' '\n' \
            >"$BATS_TEST_TMPDIR/named"
        for file in "tests/labs/$lab"/wrong/*; do
            head -n 1 "$file" | grep -q 'part [0-9]\( mostly\)\?\( with [0-9 ]*[0-9]\)\? ([^)][^)]*): .' ||
                missing "$file does not begin with \"part N (words): what is wrong\""
            name=${file##*/}
            grep -qx -e "${name%.*}" "$BATS_TEST_TMPDIR/named" ||
                missing "lab $lab: no row names wrong/${name%.*}"
        done
    done
    none_missing
}

@test "every lab has 25 wrong answers, the bonus 10, and four right ones" {
    local lab least wrong right
    for lab in $LABS; do
        least=25
        [ "$lab" != bonus ] || least=10
        wrong=$(find "tests/labs/$lab/wrong" -type f | wc -l)
        right=$(find "tests/labs/$lab/right" -type f 2>/dev/null | wc -l)
        [ "$wrong" -ge "$least" ] ||
            missing "lab $lab: $((wrong)) wrong answers, $least are needed"
        [ "$right" -ge 4 ] ||
            missing "lab $lab: $((right)) right answers, four are needed"
    done
    none_missing
}
