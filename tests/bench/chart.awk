# chart.awk - draws bench.csv: what a round trip costs the server with more and
# more clients, and how long one takes while others are silent.

BEGIN {
    FS = ","
    W = 300
    H = 220
    TOP = 64
    # A bare loop has its model's colour, and a broken line.
    dash["bare threads"] = dash["bare polling"] = "4 3"
    dash["bare select"] = dash["bare epoll"] = "4 3"
    class["03-threaded"] = class["bare threads"] = "three"
    class["04-nonblocking"] = class["bare polling"] = "four"
    class["05-select"] = class["bare select"] = "five"
    class["bare epoll"] = "bare"
}

$1 == "talk" && $8 != "" && ($2 in class) { add(1, $2, $3, $8) }
$1 == "talk" && $3 == 1 && ($2 in class) { add(2, $2, 0, $6) }
$1 == "alone" && ($2 in class) { add(2, $2, $4, $6) }

function add(panel, name, x, y) {
    if (!((panel, x) in place)) {
        place[panel, x] = ++places[panel]
        label[panel, places[panel]] = x
    }
    if (!((panel, name) in line))
        order[panel, ++lines[panel]] = name
    line[panel, name] = line[panel, name] " " place[panel, x] ":" y
    if (y > most[panel])
        most[panel] = y
}

function at(panel, i) {
    return left + (i - 0.5) * W / places[panel]
}

function text(x, y, anchor, class, what) {
    printf "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" class=\"%s\">", x, y,
        anchor, class
    print what "</text>"
}

function draw(panel, title, under,    i, j, n, y, top, step, list, pair, path,
    name) {
    left = panel == 1 ? 60 : 460
    text(left, TOP - 22, "start", "title", title)
    step = 1
    for (i = 0; most[panel] / step > 6; i++)
        step = i % 3 == 1 ? step / 2 * 5 : step * 2
    top = step * int(most[panel] / step + 1)
    for (y = 0; y <= top; y += step) {
        printf "<path class=\"tick\" d=\"M%d %.1fh%d\"/>\n", left,
            TOP + H - y * H / top, W
        text(left - 8, TOP + H - y * H / top + 4, "end", "small", y)
    }
    for (i = 1; i <= places[panel]; i++)
        text(at(panel, i), TOP + H + 18, "middle", "small", label[panel, i])
    text(left + W / 2, TOP + H + 38, "middle", "small", under)
    for (j = 1; j <= lines[panel]; j++) {
        name = order[panel, j]
        n = split(line[panel, name], list, " ")
        path = ""
        for (i = 1; i <= n; i++) {
            split(list[i], pair, ":")
            path = path (i == 1 ? "M" : "L") sprintf("%.1f %.1f",
                at(panel, pair[1]), TOP + H - pair[2] * H / top)
        }
        printf "<path class=\"line %s\" stroke-dasharray=\"%s\" d=\"%s\"/>\n",
            class[name], (name in dash) ? dash[name] : "none", path
    }
}

END {
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"800\"" \
        " height=\"396\" viewBox=\"0 0 800 396\" role=\"img\"" \
        " aria-labelledby=\"title desc\">"
    print "<title id=\"title\">What the models cost</title>"
    print "<desc id=\"desc\">Left: microseconds of processor time that a" \
        " round trip costs the server with 1 to 500 clients. Right: how long" \
        " one client's takes while others are silent. The numbers stand in" \
        " bench.csv.</desc>"
    print "<style>"
    print "svg { font: 14px system-ui, sans-serif; color: #1f2328; }"
    print "text { fill: currentColor; }"
    print ".title { font-weight: 600; } .small { font-size: 12px; }"
    print ".card { fill: #ffffff; stroke: #d0d7de; }"
    print ".tick { stroke: currentColor; opacity: 0.15; }"
    print ".line { fill: none; stroke-width: 2.5; }"
    print ".three { stroke: #bc4c00; } .four { stroke: #8250df; }"
    print ".five { stroke: #1a7f37; } .bare { stroke: #6e7781; }"
    print "@media (prefers-color-scheme: dark) {"
    print "svg { color: #e6edf3; }"
    print ".card { fill: #0d1117; stroke: #3d444d; }"
    print ".three { stroke: #f0883e; } .four { stroke: #bc8cff; }"
    print ".five { stroke: #3fb950; } .bare { stroke: #9198a1; }"
    print "}"
    print "</style>"
    print "<rect class=\"card\" x=\"0.5\" y=\"0.5\" width=\"799\"" \
        " height=\"395\" rx=\"6\"/>"
    draw(1, "Processor time per round trip, in microseconds",
        "clients, all talking")
    draw(2, "Time for one round trip, in microseconds",
        "silent clients beside it")
    # Each model above its bare loop: that is the order of the rows.
    for (j = 1; j <= lines[2]; j++) {
        name = order[2, j]
        x = 60 + int((j - 1) / 2) * 180
        y = 352 + (j - 1) % 2 * 20
        printf "<path class=\"line %s\" stroke-dasharray=\"%s\"" \
            " d=\"M%d %dh24\"/>\n", class[name],
            (name in dash) ? dash[name] : "none", x, y
        text(x + 32, y + 4, "start", "small", name)
    }
    print "</svg>"
}
