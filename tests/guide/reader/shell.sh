# What stands between a reader's commands and this machine, sourced before the commands of a page: programs
# that a page has built are there already, those that never end are ended, and a tool that a reader may have
# and this machine lacks is skipped. A command that fails is a line of the file $FAILED.

set -E
# A program that is ended has not failed.
trap 'case $? in 130 | 143) ;; *) echo "$BASH_COMMAND: status $?" >>"$FAILED" ;; esac' ERR

# A reader has written a story.
cp tests/scripts/half-line.herd mine.herd

# The processes that have a terminal of their own: the herd, and others.
HERD=
TERMINALS=

# This tool is not here, so what the page prints for this fence is compared with nothing.
lacks() { echo "skipped: no $1 here" >&2; }

# Ends a program that goes on for ever, as Ctrl-C does. Its status is then that of the interrupt.
a_while() {
    local status=0
    timeout --signal=INT --kill-after=5 "$@" || status=$?
    case $status in 124 | 130) return 0 ;; *) return $status ;; esac
}

is_open() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Waits until somebody listens at a port, or nobody does.
listens() {
    local tries
    for tries in $(seq 200); do
        if is_open "$1"; then return; fi
        sleep 0.05
    done
    return 1
}
is_free() {
    while is_open "$1"; do sleep 0.05; done
}

# Runs a server in a terminal of its own, or as a job if the page says so, once its port is free.
in_terminal() {
    local port=$1
    shift
    is_free "$port"
    if [ "$BASHPID" != $$ ]; then exec "$@" 2>&1; fi
    command "$@" 2>&1 &
    TERMINALS+=" $!"
    listens "$port"
}

# Ends the herd, so that a server may have its place.
make_room() {
    if [ -n "$HERD" ]; then kill -INT "$HERD" 2>/dev/null || true; fi
    HERD=
    # A server lets go of its journal when it is gone.
    while pgrep -f 'serve --until-eof' >/dev/null; do sleep 0.05; done
}

herd() {
    case "$1" in
        up)
            make_room
            is_free 12001
            command herd "$@" >up.out 2>&1 &
            HERD=$!
            # The servers listen before anything else, and their links are up soon after.
            listens 12005 && sleep 1
            ;;
        serve) make_room && in_terminal 12001 herd "$@" ;;
        web) in_terminal 12300 herd "$@" ;;
        load) a_while 8 herd "$@" ;;
        watch)
            a_while 8 herd "$@" &
            TERMINALS+=" $!"
            sleep 1
            ;;
        trace)
            # The logs of several hosts.
            mkdir -p here there && cp run/Welsh.log here && cp run/Hands.log there && : >there/Hands.log.1
            command herd "$@"
            ;;
        *) command herd "$@" ;;
    esac
}
target/release/herd() { herd "$@"; }

# What takes minutes is only looked up: `make test` has a short form of it, or runs it after the pages.
make() {
    case "$*" in
        herd) herd up ;;
        "sim SEEDS="*) command make sim SEEDS=100 ;;
        test | mutants | broken* | exercise*=*=* | faults | soak* | bench* | perf) command make --dry-run --silent "$@" >/dev/null ;;
        *) command make "$@" ;;
    esac
}

# A step is a server. The programs are there; see the file cargo beside this one.
cargo() {
    case "$*" in
        "run -q --example step "*) in_terminal $((12400 + $5)) cargo "$@" ;;
        "run "*) a_while 60 cargo "$@" </dev/null ;;
        *) command cargo "$@" ;;
    esac
}

# `make test` plants all mutants, and compares what it prints with what the pages have.
tests/mutants/run() {
    local mutant
    for mutant in "$@"; do [ -e "tests/mutants/$mutant.patch" ]; done
}

# It goes on beside the next commands of the fence once it has begun, and is heard when they are done, for
# it writes half lines. Not everybody may trace.
WATCHES=
strace() {
    local tries
    if ! command -v strace >/dev/null || ! command strace -o /dev/null true 2>/dev/null; then
        lacks strace
        return
    fi
    case "$*" in *" herd serve "*) make_room && is_free 12001 ;; esac
    a_while 100 strace "$@" 2>>watched &
    WATCHES+=" $!"
    for tries in $(seq 100); do
        if grep -q '^TracerPid:[^0-9]*[1-9]' /proc/[0-9]*/status 2>/dev/null; then return; fi
        sleep 0.05
    done
    return 1
}

# A person types when the server is there, and gives up after a while, sooner if he has nothing to say.
# A server may end the connection first.
nc() {
    local patience=5
    if [ -p /dev/stdin ]; then patience=50; fi
    case "$*" in -lk*) ;; *) listens "${@: -1}" || true ;; esac
    a_while $patience nc "$@" || true
}

# A fence is done: its jobs end, but not those with a terminal. A herd that nothing else replaces comes back.
end_fence() {
    local job
    # A reader takes a moment, and a worker's file is there by then. Who watches a server sees more.
    sleep "${WATCHES:+4}.5"
    for job in $WATCHES; do
        pkill -INT -P "$job" || true
        wait "$job" || true
    done
    if [ -n "$WATCHES" ]; then cat watched && rm watched; fi
    WATCHES=
    for job in $(jobs -p); do
        case " $HERD $TERMINALS " in
            *" $job "*) ;;
            *) { kill "$job" && wait "$job"; } 2>/dev/null || true ;;
        esac
    done
    if [ -z "$HERD" ] && ! is_open 12001; then herd up; fi
}

podman() { lacks "image from a registry"; }

# Tools of a reader that not every machine has.
command_not_found_handle() {
    case "$1" in
        curl | jq | nc | patch | perf | ps | xdg-open | kubectl | promtool) lacks "$1" ;;
        *) echo "$1: no such command" >>"$FAILED" ;;
    esac
}
