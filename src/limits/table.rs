//! The table of limits: the name, type, value and unit of each. The comment above says why it is
//! there and, after the arrow, what happens at it; `herd limits` prints these comments.
//!
//! Some numbers are not here, because they bound no memory, time or work: those of the protocol
//! (`wire`), the length of texts and lists in an error (`topology`, `cli`), the step in which a
//! buffer grows (`buffers`), the sample and the window of the loop's metrics (`reactor`), and the
//! width of a record's number, beyond which `--records-max` is wrong use (`cli`).

use super::format;
use super::row::{Row, limits};
use crate::units::{MILLISECOND, SECOND};

limits! {
    "clients" {
        /// The doors, the poll, the log, the workers and unidentified connections need 40
        /// descriptors, each neighbour needs four, a plain one 16 more, and one for each address of
        /// its name, and a parent may have left some open.
        /// → A client that has been idle makes room for a further one. If none has, the further one
        /// is closed as soon as it connects.
        clients: usize = 40, descriptors, costs_answers;
        /// Clients that have just spoken must not be closed for one another.
        /// → When no more clients can come in, or no descriptor is left for a connection, one that
        /// has been idle longer than this and is owed nothing is closed for it.
        clients_idle: u64 = SECOND, time;
        /// A search among all clients would make the turn long.
        /// → The one that has been idle longest among this number makes room; the next search goes
        /// on from there.
        idle_search: usize = 64, count;
        /// The host of a client may be gone without a word, and its connection would stay for ever.
        /// → After this long without a packet the kernel asks the host whether it is there.
        keepalive_idle: u64 = 60 * SECOND, time;
        /// The question whether a client's host is there may get lost.
        /// → It is asked again.
        keepalive_gap: u64 = 10 * SECOND, time;
        /// A host that does not answer is gone.
        /// → After this number of questions the connection ends.
        keepalive_probes: u32 = 5, count;
        /// A host that is gone acknowledges no bytes, and the kernel would repeat them for 15
        /// minutes. The time is that of all questions, because it bounds them, too.
        /// → Bytes in the kernel that a client has not acknowledged for this long end the
        /// connection.
        unacknowledged: u64 = 110 * SECOND, time;
        /// An endless line from a stranger must cost one buffer, not all of the memory.
        /// → A longer line is cut here, echoed after "? ", and the connection ends.
        client_line: usize = 8 << 10, bytes;
        /// A client that sends as fast as it can delays the others by about 200 IAMATs at most.
        /// → The rest is read in the next turn.
        client_read: usize = 16 << 10, bytes;
        /// A flood of short lines delays the other connections by microseconds only.
        /// → The remaining lines wait for the next turn.
        lines_per_turn: usize = 256, count;
        /// A line that never ends would keep its connection open for ever. Time during which the
        /// server does not read is not counted.
        /// → This long after its first byte, the part that has arrived is echoed after "? ", and
        /// the connection ends.
        half_line: u64 = 30 * SECOND, time;
        /// A client that does not read its replies must cost one buffer, not all of the memory.
        /// → The server stops reading from the connection; the kernel's window then slows the
        /// sender.
        outbox_high: usize = 64 << 10, bytes;
        /// The gap below outbox_high keeps a connection from alternating between paused and read.
        /// → Reading from a paused connection resumes.
        outbox_low: usize = 16 << 10, bytes;
        /// A client that never reads keeps its replies in memory.
        /// → A connection that takes none of its unsent bytes for this long is closed; so is one to
        /// a plain neighbour whose host does not acknowledge them.
        stall: u64 = 10 * SECOND, time;
        /// Requests that arrive after a slow lookup wait in order, and use memory.
        /// → The server stops reading from the connection until one of them is answered.
        replies: usize = 64, count;
        /// One client alone must not fill the workers' queue.
        /// → The server stops reading from the connection until one of its lookups is answered.
        lookups: usize = 8, count;
        /// A report from the future would pin its client for ever.
        /// → An IAMAT that is further ahead of the server's clock is invalid.
        clock_ahead: i128 = 24 * 60 * 60 * SECOND as i128, time;
        /// One client that is too far ahead has a wrong clock; when several are, it is perhaps the
        /// server's. → When this many were refused within warning_gap, a warning asks that.
        clock_doubt: usize = 3, count;
        /// Closing a connection while its peer still sends resets it and destroys the last reply.
        /// → Input after the end is dropped for this long; then the connection is closed.
        linger: u64 = SECOND, time;
        /// With --ack herd, a client does not wait for a dying link to time out. Links that take
        /// 60 ms each way need more; --ack-wait sets this limit.
        /// → The reply is sent before every server has the update, or is an error.
        ack_wait: u64 = 200 * MILLISECOND, time, costs_answers;
    }
    "neighbours" {
        /// A record keeps one bit for each neighbour that has it.
        /// → A topology that gives a server more neighbours is refused.
        neighbours: usize = 64, count;
        /// A client's longest line must fit into an AT line, with room for the names.
        /// → A longer line is cut here, echoed after "? ", and the link ends.
        server_line: usize = 17 << 10, bytes;
        /// All connections are read into one buffer of this size.
        /// → The rest is read in the next turn.
        link_read: usize = 64 << 10, bytes;
        /// AT lines are not copied further ahead of the socket than this: the table is the queue.
        /// → The rest waits in the table. Two lines more, and the server stops reading from the
        /// neighbour, too.
        link_outbox: usize = 64 << 10, bytes;
        /// Passing over changes that a neighbour has already must make no turn long.
        /// → The rest follows in the next turn.
        link_steps: usize = 4 << 10, count;
        /// Comparing two tables costs at most 65 lines of digests, as many bytes as 900 changes.
        /// → A neighbour that may lack more changes than this is asked for digests, and then told
        /// what differs.
        compare_floor: u64 = 1024, count;
        /// The digests of 64 groups fill an outbox, and MARKs wait behind them.
        /// → No more groups are asked for before an answer has come.
        compare_ahead: u32 = 8, count;
        /// A neighbour may answer MARK and not COMPARE, and is told nothing meanwhile.
        /// → It is told everything.
        compare_wait: u64 = 3 * SECOND, time;
        /// Tables that are at rest for this long will not become equal by themselves.
        /// → A neighbour that was told everything and has another table is told again what differs,
        /// with a warning.
        repair_after: u64 = 5 * SECOND, time;
        /// A difference that a repair does not end must not keep the link busy.
        /// → The next repair may begin; this wait doubles each time.
        repair_first: u64 = 60 * SECOND, time;
        /// A table that is full never becomes equal.
        /// → The wait between repairs stops doubling.
        repair_last: u64 = 60 * 60 * SECOND, time;
        /// Under steady traffic changes are always under way, and no two tables are seen equal.
        /// → The digests of their parts are compared twice, at twice the cost of a comparison; a
        /// part whose difference is the same both times is told again, as above.
        audit_after: u64 = 30 * SECOND, time;
        /// A later version may say more in its HELLO than this one knows.
        /// → Further words are ignored, as far as they are `key=value`.
        unknown_words: usize = 0, count;
        /// A later version may have verbs that this one does not know.
        /// → The line is ignored, and the first one on each link is worth a warning.
        unknown_verb: usize = 0, count;
        /// With a MARK per second alone, a very slow link that keeps breaking would never get past
        /// its start.
        /// → After this many bytes of AT lines a MARK is sent; a link that breaks resumes there.
        link_unmarked: usize = 4 << 10, bytes;
        /// A neighbour must know that the server is alive, and how much it has been told.
        /// → A MARK is sent.
        heartbeat: u64 = SECOND, time;
        /// The other end of a silent link may be gone without a word.
        /// → A neighbour that has sent no byte for this long is considered dead, and the link ends,
        /// unless its line is known to stall.
        dead: u64 = 3 * SECOND, time;
        /// A line that loses packets, or has a long queue in front of it, stalls and lives. After
        /// eight losses in a row TCP waits 26 s before it tries again, and a new connection is
        /// sooner through.
        /// → However a line stalls, a neighbour that has sent no byte for this long is considered
        /// dead.
        patience: u64 = 30 * SECOND, time;
        /// Behind a full queue each answer of a handshake may take 8 s, and nothing says so before
        /// the first. Each time that one does not come, the next is given twice as long.
        /// → That wait stops doubling.
        answer_last: u64 = 12 * SECOND, time;
        /// A dial is given up after 3 s, but behind a full queue its answer may be on its way.
        /// → When a neighbour is dialled again, this many connections that are still being made go
        /// on beside the new one; an older one ends.
        older_dials: usize = 3, count;
        /// A neighbour that restarts is back soon.
        /// → It is dialled again; the wait doubles each time.
        redial_first: u64 = 50 * MILLISECOND, time;
        /// A neighbour that stays away is worth one attempt per second.
        /// → The wait between attempts stops doubling.
        redial_last: u64 = SECOND, time;
        /// When a herd starts, or one server does, not all are there at once.
        /// → A neighbour that cannot be reached for this long is worth a warning, once.
        unreachable: u64 = 10 * SECOND, time;
        /// A neighbour that refuses us, or that we refuse, is there; it goes on until somebody
        /// corrects a file.
        /// → The wait between attempts stops doubling.
        redial_refused: u64 = 60 * SECOND, time;
        /// Two processes with the name of one neighbour are noticed by a run that comes back.
        /// → The run that was met first is forgotten.
        runs: usize = 16, count;
        /// A stranger says why it refuses us, and the log must not fill up with its words.
        /// → The rest of its reason or its name is not shown.
        refusal_text: usize = 400, bytes;
        /// Name servers that are gone keep a question waiting for half a minute.
        /// → A dial to a name that was never resolved has failed; herd status shows the server as
        /// down. The question goes on, and its answer is used when it comes.
        resolve: u64 = 30 * SECOND, time;
        /// A plain neighbour may be dialled a thousand times a second.
        /// → A name whose last answer is older is asked for again when it is dialled.
        name_age: u64 = SECOND, time;
        /// A name server that is slow or dead must not keep away a neighbour whose addresses were
        /// known.
        /// → The last good addresses are dialled. New ones join them when they come.
        name_wait: u64 = 250 * MILLISECOND, time;
        /// An address of several may be a black hole, where a whole family of them can lead (RFC
        /// 8305).
        /// → If a connection is not made by then, the next address is tried beside it.
        dial_next: u64 = 250 * MILLISECOND, time;
        /// More than 12 addresses cannot be tried before a dial is given up, and each takes a
        /// descriptor.
        /// → Further addresses of a name are ignored.
        addresses: usize = 12, count;
        /// Connections at the servers' door that have not proved to be a neighbour, and come from
        /// elsewhere, get few descriptors.
        /// → A new one takes the place of the one that has been silent longest.
        unidentified: usize = 16, count;
        /// A crowd at a neighbour's own address must leave it time to say HELLO, which it does at
        /// once: with 10,000 connections a second, 5 ms. A neighbour that does not prove the secret
        /// there needs a round trip: with 100 connections a second it has half a second. An address
        /// with several neighbours has two places more for each.
        /// → A new one takes the place of the one at this address that has been silent longest.
        handshakes: usize = 48, count;
        /// A neighbour whose HELLO proves the secret has a place that no crowd takes. It has one
        /// such handshake at a time; somebody who listens can play a few older ones back.
        /// → The oldest of these handshakes of that neighbour makes room.
        early_handshakes: usize = 4, count;
        /// People watch a herd, and a program or two for them. Each watcher takes a descriptor, an
        /// outbox and a part of each turn. → A further one is refused.
        watchers: usize = 16, count;
        /// A watcher that reads slowly must cost one buffer. → Changes wait in the table, where
        /// newer ones of the same client overtake them.
        watch_outbox: usize = 64 << 10, bytes;
        /// Watchers must not keep links and clients waiting, so they share this number of changes
        /// a turn. → The rest follows in the next turn.
        watch_steps: usize = 1024, count;
        /// Clocks that somebody looks after differ by less. Delays on a link do not count.
        /// → A neighbour whose clock differs more is warned of, and shown in the status; so is a
        /// jump of the server's own clock.
        clock_skew: u64 = 5 * SECOND, time;
        /// A neighbour's report must be taken, or the herd would not agree.
        /// → One that is further ahead of the server's clock is taken, with a warning.
        report_ahead: i128 = 24 * 60 * 60 * SECOND as i128, time;
        /// A status must not make a turn long, and a neighbour may lack millions of changes.
        /// → This many changes are looked through to count what the neighbours lack, divided among
        /// them; all later ones count as lacking.
        lag_steps: usize = 16 << 10, count;
        /// With --ack herd, the newest wave of each server's run is remembered.
        /// → One that has finished is forgotten. If none has, the new wave is not answered, and
        /// replies are late.
        waves: usize = 1024, count, costs_answers;
        /// A plain neighbour may never end its connections, and each is given time to. As many
        /// descriptors are kept back for it.
        /// → The next update waits until one of them has ended.
        plain_connections: usize = 16, count;
        /// Most plain neighbours end a connection as soon as they have read its line.
        /// → The next update does not wait any longer for the end of the last one.
        plain_end: u64 = 20 * MILLISECOND, time;
        /// A plain neighbour may answer although no answer is wanted.
        /// → The connection ends; the line counts as delivered.
        unexpected_reply: usize = 4 << 10, bytes;
        /// A plain neighbour's line names the servers that already have it.
        /// → Further names are ignored.
        plain_names: usize = 64, count;
        /// A plain neighbour may reject a certain line every time.
        /// → The next line is tried. If that one gets through and the first still does not, the
        /// first is left out.
        poison_resets: u32 = 3, count;
        /// A broken neighbour or a noisy stranger must not fill the log.
        /// → Later warnings of the same kind are counted, and the next one written says how many.
        warning_gap: u64 = 60 * SECOND, time;
    }
    "table" {
        /// Clients are never forgotten. --records-max sets this limit.
        /// → An IAMAT of a new client gets "? ", and a neighbour's report of one is dropped with a
        /// warning; known clients still move.
        records: usize = 10_000_000, count, costs_answers;
        /// A record may be as long as a line, so counting records does not bound the memory.
        /// → An update that would make the table longer is refused in the same way.
        record_bytes: usize = 2 << 30, bytes, costs_answers;
        /// Merging two segments of the feed's log must not make a turn long.
        /// → A full segment is followed by another; two that have room in one are merged.
        feed_segment: usize = 1024, count;
    }
    "journal" {
        /// Lines wait in memory for the write that takes them.
        /// → A turn with more writes more often.
        journal_batch: usize = 1 << 20, bytes;
        /// A journal that is told everything again must make no turn long.
        /// → The rest is written in the next turns.
        journal_slice: usize = 64 << 10, bytes;
        /// Below this size compaction is not worth it: a start reads it in 0.1 s.
        /// → Above it, a journal that is more than half outdated is closed, and merged.
        journal_floor: u64 = 16 << 20, bytes;
        /// The journal must survive a loss of power, too.
        /// → It is made safe, unless --fsync is off, and the file is looked for in its place.
        journal_sync: u64 = SECOND, time;
        /// A disk that is full may have room again.
        /// → A journal that could not be written is tried again.
        journal_retry: u64 = SECOND, time;
        /// One worker waits for the disk, another one merges; each has one job at a time.
        /// → The job has failed, and is tried again.
        journal_jobs: usize = 2, count;
        /// A merge may have millions of clients, and must not hold all of them in memory.
        /// → The next clients are merged in another pass over the files.
        journal_merge: usize = 256 << 20, bytes;
        /// A disk that is full may have room again, and the log must not fill up with its story.
        /// → A journal that could not be closed or merged is tried again.
        journal_merge_retry: u64 = 60 * SECOND, time;
        /// The journal is read through one buffer, and we never write a line as long.
        /// → A longer line is lost, and named in the log.
        journal_line: usize = 256 << 10, bytes;
        /// A journal that is damaged all over must not fill the log.
        /// → Further bad lines are counted, and not named.
        journal_named: usize = 10, count;
        /// A damaged end of a line may hide the line after it.
        /// → No more places in a damaged line are tried as the start of another one.
        journal_mend: usize = 16, count;
        /// Another process may replace the journal while it is being locked.
        /// → The journal counts as in use, and the server does not start.
        journal_lock: usize = 10, count;
    }
    "lookups" {
        /// A lookup may hang for seconds; three slow ones still leave one worker for the rest.
        /// → Lookups wait in the queue.
        workers: usize = 4, count;
        /// A lookup after a longer queue would not be answered in time.
        /// → The WHATSAT is answered at once with an error: too many lookups.
        lookup_queue: usize = 64, count, costs_answers;
        /// An offline lookup is cheaper than waking a worker. → Another worker takes the rest.
        lookup_batch: usize = 16, count;
        /// Clients are promised an answer within five seconds.
        /// → The answer is UNKNOWN_ERROR, and a later result is dropped.
        lookup_wait: u64 = 4_500 * MILLISECOND, time, costs_answers;
        /// This leaves time for one lost SYN, which the kernel sends again after a second.
        /// → The lookup fails.
        connect_wait: u64 = 2 * SECOND, time;
        /// This is about a hundred times the size of an answer with 20 places.
        /// → The lookup fails.
        answer_body: usize = 5 << 20, bytes;
        /// Parsers refuse JSON that is nested deeper than they like: .NET's at 64 levels, most at
        /// some hundreds. Google's answers have six.
        /// → The lookup fails.
        answer_depth: usize = 64, count;
        /// The header of a service's answer is usually below 1 KiB.
        /// → The lookup fails.
        answer_head: usize = 64 << 10, bytes;
        /// Services close an idle connection after a minute or more.
        /// → We close it first.
        keep_alive: u64 = 15 * SECOND, time;
    }
    "process" {
        /// The kernel holds connections while the server is busy; the usual 128 is one burst.
        /// → A connection waits for a second, until its SYN is sent again.
        listen_queue: usize = 1024, count;
        /// A crowd at a door must not delay the connections that are already open.
        /// → The rest is accepted in the next turn; after as many errors in a row, later.
        accept_batch: usize = 256, count;
        /// No event reports that a descriptor has become free.
        /// → The doors try again after this time, or as soon as a connection closes.
        accept_retry: u64 = 100 * MILLISECOND, time, costs_answers;
        /// A turn that is longer keeps everybody waiting. --slow-turn sets this limit.
        /// → The log says what took the time, at most once in warning_gap.
        slow_turn: u64 = 50 * MILLISECOND, time;
        /// With --trace-turns a server keeps what its newest turns were spent on, in 80 bytes each:
        /// some ten thousand turns.
        /// → The oldest make room.
        trace_slices: usize = 100_000, count;
        /// The events of one wait share one block of memory.
        /// → Further events come with the next wait.
        poll_events: usize = 1024, count;
        /// Log lines are collected until the end of the turn, and written at once. This much stays
        /// in the processor's cache from formatting to writing.
        /// → They are written before the end of the turn.
        log_lines: usize = 32 << 10, bytes;
        /// The buffers for log lines and journal lines keep their memory for the next turn.
        /// → Memory beyond this is freed.
        kept_capacity: usize = 64 << 10, bytes;
        /// Emptied buffers are used again, so that a busy server does not allocate.
        /// → Further buffers are freed. Outboxes and line buffers have one pool each.
        buffer_pool: usize = 1 << 20, bytes;
        /// A log or an output that cannot be written must neither stop us nor fill the memory.
        /// → Lines are written before the end of the turn; while that fails, new ones are dropped
        /// and counted.
        log_backlog: usize = 64 << 10, bytes;
        /// A server that runs for years must not fill its disk, which the journal needs, too.
        /// → NAME.log becomes NAME.log.1, in place of the older one, and another NAME.log begins;
        /// --log-max sets this limit.
        log_max: u64 = 64 << 20, bytes;
        /// A full disk may have room again, and a reader may go on.
        /// → Writing the log is tried again.
        log_retry: u64 = SECOND, time;
        /// Writes to a deleted file succeed and are lost.
        /// → The server checks that its log file still exists, and opens a new one if not.
        log_check: u64 = 10 * SECOND, time;
        /// When it is told to stop, a server still sends what it owes, and ends within 5 s.
        /// → The process ends, whatever it still owes.
        grace: u64 = 4_800 * MILLISECOND, time;
        /// timeout(1), for one, signals the process and then its group.
        /// → A second signal after this time ends the process at once.
        signals_gap: u64 = 100 * MILLISECOND, time;
    }
    "herd up" {
        /// The table of servers is shown when all their doors are open.
        /// → The servers that have started are shown.
        up_start: u64 = 10 * SECOND, time;
        /// A server has its grace period, and herd up waits a little longer.
        /// → A server that is still running is killed.
        up_end: u64 = 6 * SECOND, time;
        /// The reason why a server ended is in the pipe already, unless another process holds the
        /// pipe open.
        /// → The exit status is given as the reason. A process that ends waits for a reader of its
        /// own last words no longer.
        last_words: u64 = SECOND, time;
        /// A server writes lines for people to standard error.
        /// → The rest of a longer line is dropped.
        child_line: usize = 4 << 10, bytes;
        /// Most herds end at once, and a lookup that is under way may take seconds.
        /// → The servers that are still running are named.
        up_moment: u64 = SECOND, time;
        /// A message has room in two lines of a terminal.
        /// → The numbers of further processes are left out.
        up_pids: usize = 8, count;
        /// A person sees it as at once, and a log that is read costs its server nothing.
        /// → herd up --follow looks at the logs again.
        follow_gap: u64 = 100 * MILLISECOND, time;
        /// A fast load writes 50 MB of log in a second, which nobody can read.
        /// → When a log has grown by more since the last look, the rest is skipped, and counted by
        /// the mean length of a line.
        follow_read: usize = 256 << 10, bytes;
        /// One busy server must not hide the lines of the others.
        /// → Further lines that a server has logged since the last look are counted.
        follow_lines: usize = 20, count;
        /// Half of what waits for a slow reader of standard output.
        /// → Further lines of all servers are counted until the next look.
        follow_text: usize = 32 << 10, bytes;
    }
    "herd status" {
        /// All servers are asked at once, and one of them may hang.
        /// → A server that has not answered is shown as down.
        status_wait: u64 = 2 * SECOND, time;
        /// 64 neighbours with the longest names take 16 KiB.
        /// → A server whose answer is longer is shown as down.
        status_line: usize = 64 << 10, bytes;
        /// News that are on their way make tables differ; they arrive within milliseconds.
        /// → Servers with different tables are asked again after this time, and twice the longest
        /// round trip. Tables that have not changed meanwhile are compared.
        status_again: u64 = 300 * MILLISECOND, time;
        /// An older event is no reason to look at a server now.
        /// → A limit that costs answers, and was hit within this time, is a reason to exit with 1.
        status_lately: u64 = 60 * SECOND, time;
        /// An hour between two looks at a herd is enough.
        /// → A longer time is refused.
        status_watch: u64 = 60 * 60 * SECOND, time;
    }
    "herd trace" {
        /// A client that moves all the time has millions of updates in the logs.
        /// → Only the newest are kept; herd trace says how many there was no room for.
        trace_updates: usize = 100, count;
        /// A link that keeps breaking may tell an update again and again.
        /// → Further lines that were no news are counted, and not shown.
        trace_lines: usize = 1_000, count;
        /// The longest lines of our logs have some 70 KiB; other files may have any.
        /// → A longer line is skipped.
        trace_line: usize = 128 << 10, bytes;
    }
    "herd ask" {
        /// A WHATSAT is answered within 5 s, and an IAMAT sooner, unless it waits for the herd.
        /// → A connection that is not made by then, or a line that has no answer, has failed.
        ask_wait: u64 = 10 * SECOND, time;
        /// A place service may say 5 MiB.
        /// → The rest of a longer answer is not read.
        ask_answer: usize = 6 << 20, bytes;
        /// The lines that were typed at the prompt can be had again.
        /// → The oldest line is forgotten.
        ask_history: usize = 1_000, count;
    }
    "herd load" {
        /// A server that does not answer must not hold up the run.
        /// → The run fails.
        load_connect: u64 = 10 * SECOND, time;
        /// The kernel has some 28,000 ports for connections to one address.
        /// → A larger number is refused.
        load_connections: u64 = 100_000, count;
        /// Every request in flight is kept until its reply has come.
        /// → A larger number is refused.
        load_pipeline: u64 = 10_000, count;
        /// No loop can make more requests in a second.
        /// → A larger number is refused.
        load_rate: u64 = 100_000_000, count;
        /// A day is enough for any load.
        /// → A longer time is refused.
        load_time: u64 = 24 * 60 * 60 * SECOND, time;
        /// A place service may say 5 MiB.
        /// → The start of a longer reply is checked as if it were all; a longer line ends the
        /// connection.
        load_reply: usize = 6 << 20, bytes;
        /// Each kind of fault is shown with an example, on one line.
        /// → The rest of a longer reply is not shown.
        load_sample: usize = 200, bytes;
        /// A client's name has eight digits.
        /// → A larger number of clients is refused.
        load_clients: u64 = 100_000_000, count;
        /// A WHATSAT that is asked at the end of a run is answered within 5 s.
        /// → Replies that have not come by then count as unanswered.
        load_grace: u64 = 6 * SECOND, time;
        /// A run of a number of requests must end even if the server does not answer.
        /// → Replies that have not come by then count as unanswered.
        load_silence: u64 = 10 * SECOND, time;
    }
    "herd web" {
        /// Each connection takes a descriptor, and a process usually has 1,024.
        /// → The connection that has been idle longest makes room for another one. If none is idle,
        /// the new one is closed.
        web_connections: usize = 512, count;
        /// An endless head must cost one buffer, not all of the memory.
        /// → A request with a longer head is answered with 431, or 414 if its first line is as
        /// long.
        web_head: usize = 8 << 10, bytes;
        /// Browsers send some twenty fields. → A head with more is answered with 431.
        web_fields: usize = 64, count;
        /// A command is a line of at most 8 KiB, and most are shorter than 100 bytes.
        /// → A longer body is answered with 413.
        web_body: usize = 4 << 10, bytes;
        /// A browser keeps its connection for the next request.
        /// → A connection without a request is closed after this time.
        web_idle: u64 = 60 * SECOND, time;
        /// A head that never ends would keep its connection open for ever.
        /// → A request that is not whole this long after its first byte is answered with 408.
        web_request: u64 = 10 * SECOND, time;
        /// A reader that takes a byte now and then would keep an answer in memory.
        /// → An answer that has not left by then is cut off.
        web_send: u64 = 30 * SECOND, time;
        /// Answers that nobody reads must not fill the memory.
        /// → While this much waits for readers, a command is answered with 503.
        web_unsent: usize = 16 << 20, bytes;
        /// The kernel would keep megabytes that a reader does not take, for each connection.
        /// → It takes no more than this before the reader has.
        web_kernel: usize = 64 << 10, bytes;
        /// Pages that stay open are told the status each second.
        /// → One more listener gets 503.
        web_listeners: usize = 256, count;
        /// A page that does not read what it is told has one event waiting, and not more.
        /// → One that has not taken an event after this time is closed.
        web_event: u64 = 10 * SECOND, time;
        /// A page that is loaded again goes on without a new call to each server.
        /// → This long after the last page has closed, the servers are no longer watched.
        web_watch: u64 = 10 * SECOND, time;
        /// The changes of one move come within milliseconds, and leave together.
        /// → A page is told of changes this long after the first of them.
        web_beat: u64 = 100 * MILLISECOND, time;
        /// Nobody sees more than a hundred moves in a second.
        /// → Changes of further moves are counted in the event, and not told.
        web_moves: usize = 10, count;
        /// A move is a change at each server, and a picture has room for some of them.
        /// → Further changes of a move are counted, and not told.
        web_way: usize = 64, count;
        /// More dots would hide the map.
        /// → The map forgets the client that has not moved for the longest time.
        web_clients: usize = 500, count;
        /// A client's name may have 8 KiB, and a table has no room for it.
        /// → The rest of a longer name is not shown.
        web_name: usize = 64, bytes;
        /// A crowd of readers must not make the servers tell their status all the time.
        /// → Questions within this time are answered from the last look at the herd.
        web_look: u64 = SECOND, time;
        /// A look takes at most 6 s, unless the name of a server has no answer.
        /// → A question that waits for it gets 503.
        web_look_wait: u64 = 10 * SECOND, time;
        /// A command may wait seconds for a lookup; three slow ones leave one worker for the rest.
        /// → Commands wait in the queue.
        web_workers: usize = 4, count;
        /// A command after a longer queue would not be answered in time.
        /// → It is answered with 503 at once.
        web_queue: usize = 32, count;
        /// A server answers a WHATSAT within five seconds.
        /// → A command without an answer gets 503, and a later answer is dropped.
        web_wait: u64 = 5 * SECOND, time;
    }
    "files" {
        /// No real topology is larger.
        /// → The file is refused, and not read to its end.
        topology_file: usize = 1 << 20, bytes;
        /// herd up starts one process for each server.
        /// → A topology with more servers is refused.
        servers: usize = 1024, count;
        /// A server's name is also a file name, and those end at 255 bytes.
        /// → A longer name is refused.
        server_name: usize = 200, bytes;
        /// No real secret is larger.
        /// → The file is refused, and not read to its end.
        secret_file: usize = 4 << 10, bytes;
        /// A shorter secret could be guessed from one recorded handshake.
        /// → The secret is refused.
        secret_min: usize = 16, bytes;
        /// A herd that goes from one secret to another needs two; a second change may begin before
        /// the first has ended. Each costs a hash for each proof that is checked.
        /// → The secret files are refused.
        secrets: usize = 4, count;
    }
}
