# The programs that the tests need besides the chapters': built by the rule in
# common/chapter.mk, before the tests or one by one (make tests/peer).

HEADER_CHECKS := $(patsubst %.c,%,$(wildcard tests/headers/*.c))
TEST_PROGRAMS := tests/peer $(HEADER_CHECKS)
EXTRA += $(TEST_PROGRAMS)

$(HEADER_CHECKS:=$(EXE)): tests/headers/tap.h

.PHONY: test-programs
test-programs: all $(TEST_PROGRAMS:=$(EXE))
