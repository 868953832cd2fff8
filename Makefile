# Everything is built by the one rule in common/chapter.mk; this file loops
# over the chapters. GNU make, 3.81 (macOS) or newer.
#
## make              build every chapter
## make 03-threaded  build one chapter (or: make -C 03-threaded)
## make test         run all tests; one chapter's: make test N=03
## make demo         see three clients with each of the five servers
## make clean        remove what was built
## make help         show this list
#
# Yours to set, on the command line or in the environment: CC, CFLAGS,
# CPPFLAGS, LDFLAGS, LDLIBS, and for `make test` which programs are tested:
# make test N=03 SERVER='python3 server.py'

CHAPTERS := 01-blocking 02-loop-server 03-threaded 04-nonblocking 05-select
PROGRAMS := $(foreach c,$(CHAPTERS),$c/server $c/client) common/crowd

include common/chapter.mk

# Further targets, each file with its own `##` lines. Programs that they build
# on request they add to EXTRA, other files to CLEAN, for `make clean`.
include $(sort $(wildcard tests/*.mk tests/*/make.mk))

.PHONY: demo help test $(CHAPTERS)

$(CHAPTERS): %: %/server$(EXE) %/client$(EXE)

# The tests call make themselves. They must not find this make's job server:
# its descriptors are bats' own. Variables set on the command line still reach
# them, through the environment.
test: all $(TEST_PROGRAMS:=$(EXE))
	@command -v bats >/dev/null || \
	    { echo 'bats is missing: run sh common/setup.sh' >&2; exit 1; }
	@unset MAKEFLAGS MFLAGS MAKELEVEL; \
	    $(if $(N),bats $(BATSFLAGS),bash tests/run.sh tests/labs/*.bats) \
	    tests/$(N)*.bats

demo: all
	@sh tests/demo.sh

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

CLEAN += $(COMMON).build*
