#!/usr/bin/env bats
# grade.bats - lab 02, Patience: make grade N=02

load ../grade.bash

@test "[10] part 1: the second client is greeted though the first is silent" {
    part 1 '02-loop-server/README.md, "Read it", 3 and 4; net_wait in net.h'
    play_each silent between
}

@test "[10] part 2: one byte each 0.5 s is cut as well" {
    part 2 '02-loop-server/lab/README.md, "The protocol"; net_now in net.h'
    play_each dribble stream late-byte stopped
}

@test "[10] part 3: the client that is cut reads the error line" {
    part 3 '02-loop-server/README.md, "Read it", 5; "good-bye" in net.h'
    play_each told sending gone gone-late gone-long gone-queued
}

@test "[10] part 4: normal clients and a burst of 50 are unaffected" {
    part 4 '02-loop-server/README.md, "Read it"; lines_next in lines.h'
    # glibc is to get no memory in advance: then what is lost shows at once
    export MALLOC_TOP_PAD_=0
    play_each late queue stays forms pieces too-long reset burst many
}
