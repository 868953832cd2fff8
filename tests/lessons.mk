## make lessons      bring the diffs and excerpts in the lessons up to date
## make lessons-all  check every lesson, with the experiments: a minute or two

.PHONY: lessons lessons-all
lessons:
	@sh tests/lessons.sh

lessons-all: all tests/peer$(EXE)
	@unset MAKEFLAGS MFLAGS MAKELEVEL; \
	    LESSONS=all bats $(BATSFLAGS) tests/lessons.bats
