## make break N=02   list a chapter's famous mistakes; CASE=...: live one
## make mutants      check that a test catches each of them (N=02, CASE=...)

.PHONY: break break-all mutants
break:
	@sh tests/break.sh "$$N" "$$CASE"

# Does every experiment still show its difference?
break-all:
	@sh tests/break.sh --all "$$N" "$$CASE"

mutants:
	@sh tests/mutants.sh "$$N" "$$CASE"
