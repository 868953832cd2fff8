# requirements.awk - which of a page's promises no quote covers.
#
#     awk -f requirements.awk QUOTES PAGE
#
# QUOTES has one quote a line, as it stands on the page, on one line. Of the page
# it reads the protocol and the table of the parts, and there it looks for the
# word "must", for numbers and units, which are limits, and for what stands in
# backquotes. Each that is in no quote is printed with the text around it.

# Marks each place of the text at which the quote stands
function cover(quote,    from, at, i) {
    for (from = 1; (at = index(substr(text, from), quote)) > 0; from++) {
        from += at - 1
        for (i = 0; i < length(quote); i++)
            covered[from + i] = 1
    }
}

# Blanks the names with numbers: chapter 04, parts 1 and 2, recv(2)
function blank_names(    pattern, blanks) {
    pattern = "(chapter|lab|part)s? [0-9]+( (and|to) [0-9]+)*|[a-z]\\([0-9]\\)"
    while (match(text, pattern)) {
        blanks = sprintf("%" RLENGTH "s", "")
        text = substr(text, 1, RSTART - 1) blanks substr(text, RSTART + RLENGTH)
    }
}

# Prints what matches and is not covered, but for so many bytes at its edges
function look(pattern, edge,    from, i, whole, start, size) {
    for (from = 1; match(substr(text, from), pattern); from = start + size) {
        start = from + RSTART - 1 + edge
        size = RLENGTH - 2 * edge
        whole = 1
        for (i = start; i < start + size; i++)
            whole = whole && (i in covered)
        if (!whole)
            printf "\"%s\" in: ...%s...\n", substr(text, start, size),
                substr(text, start > 60 ? start - 60 : 1, 110 + size)
    }
}

{ gsub(/\]\([^)]*\)/, "]") } # where a link goes is not said to the reader

FNR == NR {
    if ($0 != "")
        quotes[++count] = $0
    next
}

/^## / { protocol = /^## The protocol/; done = /^## Done when/; next }
/^#/ { next }
done && /^\| [0-9]+ \|/ {
    split($0, cells, / *[|] */)
    text = text " " cells[4]
}
protocol {
    sub(/^ *([0-9]+\.|-) /, " ") # an item of a list
    text = text " " $0
}

END {
    gsub(/[ \t]+/, " ", text)
    text = text " "
    for (quote = 1; quote <= count; quote++)
        cover(quotes[quote])
    blank_names()
    look("`[^`]+`", 0)
    look("[0-9]+([,.^][0-9]+)*", 0)
    look("[^a-z]must[^a-z]", 1)
    look("[^a-z](ms|seconds|bytes|KiB|MiB)[^a-zA-Z]", 1)
}
