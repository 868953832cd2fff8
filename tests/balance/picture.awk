# picture.awk - draws what two balancers wrote into their logs: who was on which
# server, and which newcomers were sent to the dead one. A column is half a
# second.
#
#   awk -v servers=3 -v clients=90 -f picture.awk WITH-A-CHECK.log WITHOUT.log
#
# A line of theirs: SECOND MS-IT-TOOK CLIENT SERVER FROM END (balance.cfg). END
# is SC where the server could not be reached. A client that is cut off has a
# good end there, --: what the kernel of a killed program sends looks like a
# good-bye. So it is told by its server and its time.

FNR == 1 { file++ }

# The crowd's conversations last, newcomers' do not
/^[0-9]/ && file == 1 && $2 > 300 {
    begin[++n] = $1
    end[n] = $1 + $2 / 1000
    server[n] = $4
    if (!start || $1 < start)
        start = $1
    if (end[n] > last)
        last = end[n]
}

/^[0-9]/ && $6 ~ /^SC/ {
    refused[file, ++many[file]] = $1
    dead = $4
}

function column(t) {
    return int((t - start) * 2)
}

function row(name, numbers, key, c) {
    printf "%-20s", name
    for (c = 0; c <= columns; c++)
        printf "%4s", (key, c) in numbers ? numbers[key, c] : "."
    print ""
}

function lost(how, file) {
    printf "  | %s newcomers are lost for (%.1f s, %d of them)\n", how,
        many[file] ? refused[file, many[file]] - refused[file, 1] : 0,
        many[file]
}

END {
    columns = column(last)
    for (i = 1; i <= n; i++) {
        for (c = column(begin[i]); c <= column(end[i]); c++) {
            middle = start + c / 2 + 0.25
            if (begin[i] <= middle && middle < end[i])
                here[server[i], c]++
        }
        if (server[i] == dead && begin[i] < refused[1, 1]) {
            cut["cut", column(end[i])]++
            if (!cuts++ || end[i] < first_cut)
                first_cut = end[i]
            if (end[i] > last_cut)
                last_cut = end[i]
        }
    }
    for (file = 1; file <= 2; file++)
        for (i = 1; i <= many[file]; i++)
            sent[file, column(refused[file, i])]++
    printf "%-20s", "clients"
    for (c = 0; c <= columns; c++)
        printf "%4s", c % 2 ? "" : c / 2 " s"
    print ""
    for (s = 1; s <= servers; s++)
        row("  on server-" s, here, "server-" s)
    row("cut off", cut, "cut")
    print "newcomers sent to the dead server"
    row("  with a check", sent, 1)
    row("  without", sent, 2)
    print ""
    printf "  | cut off: %d of the first %d clients (within %.2f s)\n",
        cuts, clients, last_cut - first_cut
    lost("with a check,", 1)
    lost("without one,", 2)
}
