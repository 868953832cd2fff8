# Pictures and measurements, both with the crowd (common/crowd.c).
#
## make pictures     draw NN-*/timeline.svg anew, from a run like the demo's
## make bench        measure all five servers; in half a minute: QUICK=1

# Bare loops to measure against: epoll is Linux's, libuv is there or not.
BENCH := threads visits
BENCH += $(if $(filter Linux,$(shell uname -s)),epoll)
BENCH += $(if $(wildcard /usr/include/uv.h /usr/local/include/uv.h),uv)
BENCH_PROGRAMS := $(addprefix tests/bench/,$(BENCH))
EXTRA += $(addprefix tests/bench/,threads visits epoll uv)
CLEAN += tests/bench/out

.PHONY: pictures bench

pictures: all
	@sh tests/demo.sh --pictures

bench: all $(BENCH_PROGRAMS:=$(EXE))
	@sh tests/bench/bench.sh

tests/bench/uv$(EXE): LDLIBS += -luv
