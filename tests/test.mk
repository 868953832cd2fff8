# The programs that the tests need besides the chapters': built by the rule in
# common/chapter.mk, before the tests or one by one (make tests/peer).

TEST_PROGRAMS := tests/peer tests/framing
EXTRA += $(TEST_PROGRAMS)
