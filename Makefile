# Everything is built by the one rule in common/chapter.mk; this file loops
# over the chapters. GNU make, 3.81 (macOS) or newer.
#
## Learn
##   make               build every chapter
##   make 03-threaded   build one (or, in its directory: make)
##   make demo          see three clients with each of the five servers
##   make watch N=03    see live what its server waits in; LAB=1: what yours does;
##                      PORT=..., SERVER='python3 server.py'
##   make break N=02    list a chapter's famous mistakes; CASE=...: live one
##   make test          run all tests; N=03: a chapter's; T=reset: those with
##                      this word in their name
##   make bench         measure all five servers; in ten seconds: QUICK=1
##   make balance       several of 05's servers behind a load balancer; one dies
##   make clean         remove what was built
## In a class
##   make lab N=03      lab 03: what to do; builds the file you change
##   make grade N=03    grade it, exit 0 at full marks only; without N: all;
##                      P=2: part 2; LAB=FILE: another file; REPORT=junit, tap
##   make hint N=03 P=2   the next hint for part 2: one step further each time
##   make reset N=03    the starter again; your file is kept as server.c.1, ...
##   make class N=03 DIR=submissions OUT=grades   grade a whole class, in a
##                      sandbox: see tests/labs/README.md
##   make handout DIR=../labs   a copy for students, without the answers
## Maintain
##   make lessons       bring the excerpts in the lessons up to date
##   make pictures      draw NN-*/timeline.svg anew, from a run like the demo's
##   make lessons-all   check every lesson, with its experiments
##   make break-all     does every experiment still show its difference?
##   make mutants       check that a test catches each mistake (N=, CASE=)
##   make selftest      the graders graded: right answers, and of known wrong ones
##                      the part that they must lose; WHOLE=1: all parts
##   make check         the tests on builds that notice more, and slower ones
##   make fuzz          let a fuzzer look for streams that lines.h cuts wrongly
##   make portable      other compilers, standards, C libraries, machines
##   make environments  what readers do first, in odd places (CASE=)
##   make windows       build all for Windows, with mingw-w64
##   make test-windows  run the tests against that, under wine
#
# Yours to set, on the command line or in the environment: CC, CFLAGS,
# CPPFLAGS, LDFLAGS, LDLIBS, and for `make test` which programs are tested:
# make test N=03 SERVER='python3 server.py'

CHAPTERS := 01-blocking 02-loop-server 03-threaded 04-nonblocking 05-select
PROGRAMS := $(foreach c,$(CHAPTERS),$c/server $c/client) tests/crowd/crowd

include common/chapter.mk
include tests/make.mk

.PHONY: help $(CHAPTERS)

$(CHAPTERS): %: %/server$(EXE) %/client$(EXE)

help:
	@sed -n 's/^## //p' Makefile

CLEAN += $(COMMON).build*
