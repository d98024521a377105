"""What the columns of each table mean. Loads are written 50/16: 50 connections, each with 16
requests in a packet and no more before they are answered."""

REQUESTS = (
    "load 50/16: 50 connections, 16 requests in a packet. a second: right replies; CPU: the "
    "server's for each request; × herd: that CPU, in the herd's."
)
OPEN_LOOP = (
    "rate: the share of what the slower of herd and Redis can do; asyncio-best has that share"
    " of its own. steal: for how long the host gave the processor away; only rounds without "
    "it count."
)
COUNTS = (
    "For each request; 50/16: 50 connections, 16 requests in a packet. instr.: instructions "
    "of user space, counted by {how}; calls: system calls, counted by strace."
)
MEMORY = (
    "Bytes for each of {count} idle connections, before a request and after one: the "
    "process's own (anonymous) memory. The kernel's is the same for all."
)
VARIANTS = (
    "CPU for each request of 50 connections, 16 in a packet; × neither: in that of a server "
    "that has neither log nor journal."
)
WHATSAT = (
    "Offline, in four towns, 64 in flight; the last rows are 10 km and 5 results with 16 in "
    "flight. CPU: the process's for each request; loop: of it the loop's thread, the rest is "
    "the workers'. Redis does GEOSEARCH with distances and coordinates."
)
CLIENTS = "a move ×: the CPU of a move among them, in that of one among 1,000 clients."
NEIGHBOURS = (
    "CPU for each move of 50 connections, 16 in a packet, by the number of neighbours, none "
    "of which is there."
)
UPDATES = (
    "Each update is of another client, so that none stands for two. CPU for each update: all "
    "five servers'; loaded: that of Goloman, which has the load; leaf: that of Welsh, which "
    "only receives. Telling one neighbour takes the herd's Goloman {sender:.2f} µs of it."
)
HOPS = (
    "hops: links from the server that is told to the neighbour that waits for the news, in an "
    "idle herd. asyncio-best dials for each update, as the exercise's servers do. The echo "
    "answers this program itself: the time that two processes need to wake up."
)
RESTART = (
    "moved: clients that moved while the server was down; heard, told: AT lines that crossed "
    "the link; ms: from the start of the process, which reads its journal first, to equal "
    "tables."
)
