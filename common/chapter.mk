# How a program is built, for a chapter (its Makefile includes this file) and
# for the whole repository (so does the Makefile above).
#
#   PROGRAMS   what `make` builds, each from the one .c file of its name
#   EXE        .exe when compiling for Windows

COMMON := $(dir $(lastword $(MAKEFILE_LIST)))
PROGRAMS ?= server client

CFLAGS ?= -O2 -g
WARNINGS ?= -Wall -Wextra -Wpedantic -Wshadow -Wconversion
PTHREAD ?= -pthread
COMPILE = $(strip $(CC) -std=c11 $(WARNINGS) $(PTHREAD) $(CPPFLAGS) $(CFLAGS) \
    $(LDFLAGS))

.PHONY: all clean FORCE
.DELETE_ON_ERROR:
# No built-in rules: a program that our rule cannot build is not built at all.
.SUFFIXES:

all: $(PROGRAMS:=$(EXE))

# The stamp holds the command of the last build, and is newer than all that was
# built in another way: after a change of CC or CFLAGS, everything is rebuilt.
STAMP := $(COMMON).build$(EXE)
COMMAND := $(strip $(COMPILE) $(LDLIBS))
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(COMMAND))
$(STAMP): FORCE
endif
$(STAMP):
	@printf '%s\n' '$(subst ','\'',$(COMMAND))' >$@

# Every program includes at least one of the headers. They are few and small:
# compiling once too often costs less than finding out who includes what.
%$(EXE): %.c $(wildcard $(COMMON)*.h) $(STAMP)
	$(COMPILE) $< -o $@ $(LDLIBS)

# In a chapter, tests, mistakes and lab are its own: make test, make grade
ifneq ($(COMMON),common/)
HERE = $(lastword $(subst /, ,$(CURDIR)))
.PHONY: break lab grade hint reset test watch
break lab grade hint reset test watch:
	@FROM='$(subst ','\'',$(CURDIR))' $(MAKE) --no-print-directory \
	    -C $(COMMON).. $@ N=$(or $(N),$(firstword $(subst -, ,$(HERE))))
endif

clean:
	@rm -rf $(foreach p,$(PROGRAMS) $(EXTRA),$p $p.exe $p.dSYM) $(CLEAN)

# In parallel, `make clean all` would remove what it is just building.
ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
