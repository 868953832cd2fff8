# What the root's Makefile does besides building the chapters: targets, each of
# which hands on to a script. What they are for stands there, above `make help`.
#
# Programs that are built on request are added to EXTRA, other files to CLEAN,
# for `make clean`.

# Variables of the command line reach the scripts through the environment. What
# make hands on to make does not: the scripts call make themselves, and must not
# find this one's job server, whose descriptors are bats' own.
QUIETLY = @unset MAKEFLAGS MFLAGS MAKELEVEL;

# --- Programs that the tests need: make tests/peer builds one -----------------

HEADER_CHECKS := $(patsubst %.c,%,$(wildcard tests/headers/*.c))
LAB_CHECKS := $(patsubst %.c,%,$(wildcard tests/labs/*/check.c))
TEST_PROGRAMS := tests/peer $(HEADER_CHECKS)
# Bare loops to measure against; epoll is Linux's
BENCH := $(addprefix tests/bench/,visits threads polling select)
BENCH += $(if $(filter Linux,$(shell uname -s)),tests/bench/epoll)
# What a server waits in: Linux tells it, and it is drawn anywhere but on Windows
WATCH := $(if $(EXE),,tests/watch/timeline)
WATCH += $(if $(EXE),,$(if $(filter Linux,$(shell uname -s)),tests/watch/watch))
TEST_PROGRAMS += $(WATCH) $(patsubst %/watch,%/parse,$(filter %/watch,$(WATCH)))
EXTRA += $(TEST_PROGRAMS) $(LAB_CHECKS) $(BENCH)

$(HEADER_CHECKS:=$(EXE)): tests/headers/tap.h
$(LAB_CHECKS:=$(EXE)): tests/labs/labpeer.h
$(BENCH:=$(EXE)): tests/bench/bare.h
tests/watch/parse $(WATCH): $(wildcard tests/watch/*.h)

.PHONY: test-programs bench-programs
test-programs: all $(TEST_PROGRAMS:=$(EXE))
bench-programs: $(BENCH:=$(EXE))

# --- Learn ---------------------------------------------------------------------

.PHONY: test demo watch pictures bench balance break
test:
	@$(MAKE) -qs test-programs || \
	    $(MAKE) --no-print-directory -j2 test-programs
	@command -v bats >/dev/null || \
	    { echo 'bats is missing: run sh common/setup.sh' >&2; exit 1; }
	$(QUIETLY) bash tests/lib/run.sh

demo: all $(WATCH)
	@sh tests/crowd/demo.sh

watch: all $(WATCH)
	$(QUIETLY) sh tests/watch/watch.sh

pictures: all $(WATCH)
	@sh tests/crowd/demo.sh --pictures

bench: all bench-programs
	@sh tests/bench/bench.sh

CLEAN += tests/bench/out

balance: all
	@sh tests/balance/balance.sh

break:
	@sh tests/break/break.sh "$$N" "$$CASE"

# --- In a class: see tests/labs/lab.sh -------------------------------------------

LAB_TASKS := $(dir $(wildcard 0?-*/lab/README.md 0?-*/lab/*/README.md))
EXTRA += $(LAB_TASKS:=server)
CLEAN += $(LAB_TASKS:=.hints)

.PHONY: lab grade class hint reset handout selftest
grade class selftest: $(LAB_CHECKS:=$(EXE))
lab grade class hint reset handout selftest:
	@COMPILE='$(subst ','\'',$(COMPILE))' LDLIBS='$(LDLIBS)' \
	    bash tests/labs/lab.sh $@

# --- Maintain --------------------------------------------------------------------

.PHONY: lessons lessons-all break-all mutants check fuzz portable environments
lessons:
	@sh tests/lessons/lessons.sh

lessons-all: test-programs
	$(QUIETLY) LESSONS=all bats tests/lessons/lessons.bats

break-all:
	@sh tests/break/break.sh --all "$$N" "$$CASE"

mutants:
	@sh tests/break/mutants.sh "$$N" "$$CASE"

check: test-programs
	@sh tests/maintain/check/check.sh

fuzz:
	@sh tests/maintain/fuzz/fuzz.sh

portable:
	@sh tests/maintain/portable.sh

environments:
	@sh tests/maintain/environments.sh

WINDOWS_CC := x86_64-w64-mingw32-gcc

.PHONY: windows test-windows
windows:
	@$(MAKE) CC=$(WINDOWS_CC) EXE=.exe PTHREAD= LDLIBS=-lws2_32 test-programs

test-windows: windows test-programs
	@sh tests/maintain/windows.sh
