# Pictures and measurements, both with the crowd (common/crowd.c).
#
## make pictures     draw NN-*/timeline.svg anew, from a run like the demo's
## make bench        measure all five servers; in ten seconds: QUICK=1

# Bare loops to measure against; epoll is Linux's.
BENCH := $(addprefix tests/bench/,visits threads polling select)
BENCH += $(if $(filter Linux,$(shell uname -s)),tests/bench/epoll)
EXTRA += $(BENCH)
CLEAN += tests/bench/out

.PHONY: pictures bench bench-programs

pictures: all
	@sh tests/demo.sh --pictures

bench: all bench-programs
	@sh tests/bench/bench.sh

bench-programs: $(BENCH:=$(EXE))
$(BENCH:=$(EXE)): tests/bench/bare.h
