## make fuzz         let a fuzzer look for streams that lines.h cuts wrongly

.PHONY: fuzz
fuzz:
	@sh tests/fuzz/fuzz.sh
