# What stands between a reader's commands and this machine, sourced before the commands of a page: programs
# that a page has built are there already, those that never end are ended, and a tool that a reader may have
# and this machine lacks is skipped. A command that fails is a line of the file $FAILED.

set -o pipefail
HERD=
trap 'echo "$BASH_COMMAND: status $?" >>"$FAILED"' ERR
set -E

# Ends a program that goes on for ever, as Ctrl-C does. Its status is then that of the interrupt.
a_while() {
    local status=0
    timeout --signal=INT --kill-after=5 "$@" || status=$?
    case $status in 124 | 130) return 0 ;; *) return $status ;; esac
}

# Waits until somebody listens at a port.
listens() {
    local tries
    for tries in $(seq 200); do
        (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.05
    done
    return 1
}

# Ends the herd, so that a server may have its place.
make_room() {
    if [ -n "$HERD" ]; then
        kill -INT "$HERD" && wait "$HERD" || true
        HERD=
    fi
}

herd() {
    case "$1" in
        up)
            command herd "$@" >up.out 2>&1 &
            HERD=$!
            # The servers listen before anything else, and their links are up soon after.
            listens 12005 && sleep 1
            ;;
        serve | web)
            # In its own terminal; as a job of the shell if the page says so.
            if [ "$1" = serve ]; then make_room; fi
            if [ "$BASHPID" != $$ ]; then exec herd "$@" 2>&1; fi
            command herd "$@" 2>&1 &
            if [ "$1" = web ]; then listens 12300; else listens 12001; fi
            ;;
        watch | load) a_while 3 herd "$@" ;;
        *) command herd "$@" ;;
    esac
}
target/release/herd() { herd "$@"; }

make() {
    case "$*" in
        herd) herd up ;;
        *) command make --dry-run --silent "$@" >/dev/null ;;
    esac
}

cargo() {
    case "$1 $2 $3" in
        "run -q --example")
            local example=$EXAMPLES/$4
            shift 4
            case "$example" in
                */step)
                    if [ "$BASHPID" != $$ ]; then exec "$example" "$@"; fi
                    "$example" "$@" &
                    listens $((12400 + $1))
                    ;;
                *) a_while 60 "$example" "$@" </dev/null ;;
            esac
            ;;
        *) echo "cargo $*: not one that a page may run" >&2; return 1 ;;
    esac
}

# It watches a process for a moment; not everybody may trace.
strace() {
    if ! command -v strace >/dev/null || ! command strace -o /dev/null true 2>/dev/null; then return 0; fi
    case "$*" in *" herd serve "*) make_room ;; esac
    a_while 2 strace "$@"
}

# A person types, and gives up.
nc() { a_while 5 nc "$@"; }

# A fence is done: its jobs end, but not the herd, which comes back if a server of the fence had its place.
end_fence() {
    local job
    # A reader takes a moment, and a worker's file is there by then.
    sleep 0.5
    for job in $(jobs -p); do
        [ "$job" = "$HERD" ] || { kill "$job" && wait "$job"; } 2>/dev/null || true
    done
    [ -n "$HERD" ] || herd up
}

# Tools of a reader that not every machine has.
command_not_found_handle() {
    case "$1" in
        curl | jq | nc | perf | podman | xdg-open | kubectl | promtool) cat >/dev/null </dev/null ;;
        *) echo "$1: no such command" >>"$FAILED" ;;
    esac
}
