# setup_suite.bash - bats runs this once, before the first test of any file.

setup_suite() {
    # What is tested is what the sources say now. Under `make test` this make
    # must not look for the outer one's job server; CC and CFLAGS from the
    # outer command line are in the environment.
    unset MAKEFLAGS MFLAGS MAKELEVEL
    make -s -C "${BASH_SOURCE%/*}/../.." test-programs 3>&- 4>&-
}
