# each.bash - a test for every chapter at once, and what stands between a program
# and the system. Loaded behind helpers.bash.
#
# shellcheck disable=SC2154 # helpers.bash sets ROOT, chapter and others

CHAPTERS_ALL='01-blocking 02-loop-server 03-threaded 04-nonblocking 05-select'

# each_server FUNCTION..., each_client FUNCTION...: once for each chapter
each_server() {
    local name tried=''
    for name in $CHAPTERS_ALL; do
        use_chapter "$name"
        # What SERVER says need not be in every chapter
        case "${server_command[*]}" in *"/$name/"*) ;; *) continue ;; esac
        tried=yes
        "$@"
        stop_everything
    done
    [ -n "$tried" ] || "$@" # nor in any
}

each_client() {
    local name tried=''
    for name in $CHAPTERS_ALL; do
        use_chapter "$name"
        # What CLIENT says need not be in every chapter
        case "${client_command[*]}" in *"/$name/"*) ;; *) continue ;; esac
        tried=yes
        "$@"
        stop_everything
    done
    [ -n "$tried" ] || "$@" # nor in any
}

# build_shim SHIM PROGRAM...: a library in tests/shims/, as $shim, for programs
# that let themselves be preloaded
build_shim() {
    shim=$TMP/${1%.c}.so
    if [ ! -e "$shim" ]; then
        # shellcheck disable=SC2086 # may hold several words
        ${CC:-cc} -shared -fPIC "$ROOT/tests/shims/$1" -o "$shim" -ldl \
            2>"$TMP/cc.log" || skip 'a shim cannot be built here'
    fi
    shift
    LD_PRELOAD="$shim" "$@" --help >"$TMP/help" 2>&1 ||
        skip "it cannot be preloaded here: $(head -n 1 "$TMP/help")"
}

# preload SHIM: it stands between both programs of the chapter and the system
preload() {
    case ${SERVER-}${CLIENT-} in
    '' | *python3*\ *) ;; # whatever calls the system's functions
    *) skip 'only programs made for this system can be preloaded' ;;
    esac
    build_shim "$1" "${client_command[@]}"
    server_command=(env LD_PRELOAD="$shim" "${server_command[@]}")
    client_command=(env LD_PRELOAD="$shim" "${client_command[@]}")
}

# build_stage: $stage then starts a program where a shell cannot put it
build_stage() {
    ! is_windows "${client_command[@]}" "${server_command[@]}" ||
        skip 'this stage is for POSIX'
    stage=$TMP/stage
    # shellcheck disable=SC2086 # may hold several words
    [ -e "$stage" ] || ${CC:-cc} "$ROOT/tests/lib/stage.c" -o "$stage" ||
        fail 'tests/lib/stage.c does not compile'
}
