## make windows      build all programs for Windows, with mingw-w64
## make test-windows run the tests against them, under wine
## make portable     test other compilers, standards, C libraries, machines

WINDOWS_CC := x86_64-w64-mingw32-gcc

.PHONY: windows test-windows portable
windows:
	@$(MAKE) CC=$(WINDOWS_CC) EXE=.exe PTHREAD= LDLIBS=-lws2_32 all \
	    $(TEST_PROGRAMS:=.exe)

test-windows: windows all $(TEST_PROGRAMS:=$(EXE))
	@sh tests/windows.sh

portable:
	@sh tests/portable.sh
