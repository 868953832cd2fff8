# The labs: a task per chapter, and a grader. See lab.sh here.
#
## make lab N=03     lab 03: what to do; builds the file you change
## make grade N=03   grade it, exit 0 at full marks only; without N: all labs;
##                   P=2: part 2; LAB=FILE: another file; REPORT=junit or tap
## make hint N=03 P=2   the next hint for part 2: one step further each time
## make reset N=03   the starter again; your file is kept as server.c.1, .2, ...
## make handout DIR=../labs   a copy for students, without the answers
## make selftest     the graders graded: right and known wrong answers

LAB_CHECKS := $(patsubst %.c,%,$(wildcard tests/labs/*/check.c))
LAB_TASKS := $(dir $(wildcard 0?-*/lab/README.md 0?-*/lab/*/README.md))
EXTRA += $(LAB_CHECKS) $(LAB_TASKS:=server)
CLEAN += $(LAB_TASKS:=.hints)

.PHONY: lab grade hint reset handout selftest

# The checks are built first; what make was told reaches the script through
# the environment.
$(LAB_CHECKS:=$(EXE)): tests/labs/labpeer.h
grade selftest: $(LAB_CHECKS:=$(EXE))
lab grade hint reset handout selftest:
	@COMPILE='$(subst ','\'',$(COMPILE))' LDLIBS='$(LDLIBS)' \
	    bash tests/labs/lab.sh $@
