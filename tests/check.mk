## make check        the same tests on builds that notice more, and slower ones

.PHONY: check
check: all $(TEST_PROGRAMS:=$(EXE))
	@sh tests/check/check.sh
