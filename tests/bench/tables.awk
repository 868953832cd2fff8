# tables.awk - medians of what bench.sh has measured, as tables, and as the CSV
# that the chart is drawn from.
#
# A ratio is taken within each round, from two runs side by side, and the
# median of these ratios is what counts.

BEGIN {
    FS = ","
    bare["02"] = "visits"
    bare["03"] = "threads"
    bare["04"] = "polling"
    bare["05"] = "select"
    title["01"] = "01-blocking"
    title["02"] = "02-loop-server"
    title["03"] = "03-threaded"
    title["04"] = "04-nonblocking"
    title["05"] = "05-select"
    title["visits"] = "bare visits"
    title["threads"] = "bare threads"
    title["polling"] = "bare polling"
    title["select"] = "bare select"
    title["epoll"] = "bare epoll"
    count = split("01 02 visits 03 threads 04 polling 05 select epoll", order,
        " ")
}

NR == 1 { next }

{
    key = $2 SUBSEP $3 SUBSEP $4 SUBSEP $5
    if (!(key in seen)) {
        seen[key] = 1
        sizes[$2 SUBSEP $3] = sizes[$2 SUBSEP $3] " " $4 ":" $5
    }
    for (i = 6; i <= 13; i++)
        if ($i != "")
            values[key, i] = values[key, i] " " $i
    rate[key, $1] = $6
    if ($1 > rounds)
        rounds = $1
}

# The median of numbers in a text, or nothing.
function median(text,    n, i, j, list, swap) {
    n = split(text, list, " ")
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && list[j - 1] + 0 > list[j] + 0; j--) {
            swap = list[j]
            list[j] = list[j - 1]
            list[j - 1] = swap
        }
    if (n == 0)
        return ""
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

# How much of another's rate, round by round.
function ratio(what, name, other, size, idle,    r, text, mine, theirs) {
    for (r = 1; r <= rounds; r++) {
        mine = rate[what, name, size, idle, r]
        theirs = rate[what, other, size, idle, r]
        if (mine != "" && theirs > 0)
            text = text " " mine / theirs
    }
    return median(text)
}

# – is one column, but not one byte: no %8s for it.
function cell(width, text, format) {
    if (text == "")
        return sprintf("%" (width - 1) "s–", "")
    return sprintf("%" width "s", sprintf(format, text))
}

function row(what, name, size, idle,    key, of, to) {
    key = what SUBSEP name SUBSEP size SUBSEP idle
    of = name in bare ? ratio(what, name, bare[name], size, idle) : ""
    to = name == "epoll" ? "" : ratio(what, name, "epoll", size, idle)
    printf "%s,%s,%s,%s", what, title[name], size, idle >csv
    for (i = 6; i <= 13; i++)
        printf ",%s", median(values[key, i]) >csv
    printf ",%s,%s\n", of, to >csv
    if (what == "rest") {
        printf "%-17s%8s %%\n", title[name],
            sprintf("%.2f", median(values[key, 10]))
        return
    }
    printf "%-17s%5s%9s", title[name], what == "alone" ? idle : size,
        sprintf("%.0f", median(values[key, 6]))
    printf "%s", cell(7, of, "%.2f")
    if (what != "visit")
        printf "%s", cell(7, to, "%.2f")
    printf "%s%s", cell(7, median(values[key, 7]), "%.0f"),
        cell(8, median(values[key, 8]), "%.0f")
    printf "%s", cell(7, median(values[key, 9]), "%.1f")
    if (what == "alone")
        printf "%s", cell(9, median(values[key, 13]), "%.1f")
    else
        printf "%s%s", cell(5, median(values[key, 10]), "%.0f"),
            cell(6, median(values[key, 11]), "%.0f")
    printf "\n"
}

function table(what,    o, n, i, list, pair) {
    for (o = 1; o <= count; o++) {
        n = split(sizes[what SUBSEP order[o]], list, " ")
        for (i = 1; i <= n; i++) {
            split(list[i], pair, ":")
            row(what, order[o], pair[1], pair[2])
        }
    }
}

END {
    print "what,server,clients,silent,per_second,p50_us,p99_us," \
        "server_cpu_us,server_busy_percent,crowd_busy_percent," \
        "all_greeted_ms,kib_per_client,of_bare,of_epoll" >csv
    printf "Round trips: a line, its answer, the next line (median of %d)\n\n",
        rounds
    heads = "%-17s%5s%9s%7s%7s%7s%8s%7s%5s%6s\n"
    printf heads, "", "cli-", "round", "of", "of", "half", "99 %", "CPU", "", ""
    printf heads, "", "ents", "trips/s", "bare", "epoll", "<= us", "<= us",
        "us", "busy", "crowd"
    table("talk")
    printf "\nOne client talks, others are connected and silent\n\n"
    heads = "%-17s%5s%9s%7s%7s%7s%8s%7s%9s\n"
    printf heads, "", "si-", "round", "of", "of", "half", "99 %", "CPU",
        "KiB per"
    printf heads, "", "lent", "trips/s", "bare", "epoll", "<= us", "<= us",
        "us", "client"
    table("alone")
    printf "\nVisits: connect, greeting, a line, close\n\n"
    heads = "%-17s%5s%9s%7s%7s%8s%7s%5s%6s\n"
    printf heads, "", "cli-", "", "of", "half", "99 %", "CPU", "", ""
    printf heads, "", "ents", "visits/s", "bare", "<= us", "<= us", "us",
        "busy", "crowd"
    table("visit")
    printf "\n500 clients connect at once: until all are greeted\n\n"
    for (o = 1; o <= count; o++) {
        ms = median(values["talk", order[o], 500, 0, 12])
        if (ms != "")
            printf "%-17s%8.0f ms\n", title[order[o]], ms
    }
    printf "\nNobody talks, 5 clients are connected: of one processor\n\n"
    table("rest")
}
