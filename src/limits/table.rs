//! The table of limits: a name, a type, a value and how it is written; why; what happens at it.

use super::{Row, limits, units};
use crate::units::{MILLISECOND, SECOND};

limits! {
    "clients" {
        clients: usize = 40, descriptors;
        "The doors, the poll, the log, workers and strangers need so many descriptors, and each \
        neighbour four."
        "One client more is closed as soon as it comes."
        client_line: usize = 8 << 10, bytes;
        "A stranger's endless line costs a buffer, not the memory."
        "The start of a longer line is echoed behind \"? \", and the connection ends."
        client_read: usize = 16 << 10, bytes;
        "Who sends as fast as it can delays the others by some 200 IAMATs and no more."
        "The rest of what has come is read in the next turn."
        lines_per_turn: usize = 256, count;
        "A flood of short lines delays the others by microseconds."
        "The rest of its lines wait for the next turn."
        half_line: u64 = 30 * SECOND, time;
        "A line that never ends keeps its connection for ever. While we do not read, no time \
        passes."
        "What there is of it so long after its first byte is echoed behind \"? \", and the \
        connection ends."
        outbox_high: usize = 64 << 10, bytes;
        "Who does not read its replies costs a buffer, not the memory."
        "The connection is not read any more; the kernel's window slows its sender."
        outbox_low: usize = 16 << 10, bytes;
        "The gap below outbox_high keeps a connection from stuttering."
        "A connection that was not read is read again."
        stall: u64 = 10 * SECOND, time;
        "Who never reads keeps its replies in our memory."
        "A connection that has taken no byte of what is unsent for so long is closed."
        replies: usize = 64, count;
        "Requests behind a slow lookup wait in order, and cost memory."
        "The connection is not read until one of them is answered."
        lookups: usize = 8, count;
        "No single client fills the workers' queue."
        "The connection is not read until one of its lookups has an answer."
        ahead: i128 = 24 * 60 * 60 * SECOND as i128, time;
        "A report from the future would pin its client for ever."
        "An IAMAT that is further ahead of the server's clock is invalid."
        linger: u64 = SECOND, time;
        "Closing on who still sends resets the connection and destroys the last reply."
        "What comes after the end is dropped for so long; then it is closed."
        ack: u64 = 200 * MILLISECOND, time;
        "With --ack herd a client does not wait for a link that is slow to die."
        "The reply is sent before every server has the update."
    }
    "neighbours" {
        neighbours: usize = 64, count;
        "A record keeps a bit for each neighbour that has it."
        "A topology with more of one server is refused."
        server_line: usize = 17 << 10, bytes;
        "A client's line must fit into an AT line, with room for the names."
        "The start of a longer line is echoed behind \"? \", and the link ends."
        link_read: usize = 64 << 10, bytes;
        "It is the one buffer that all connections are read into."
        "The rest of what has come is read in the next turn."
        link_outbox: usize = 64 << 10, bytes;
        "AT lines are copied ahead of the socket only so far: the table is the queue."
        "The rest waits in the table; two lines more, and the neighbour is not read either."
        link_unmarked: usize = 4 << 10, bytes;
        "By the clock alone a very slow link would never get beyond its start."
        "A MARK follows AT lines of so many bytes: there a link that breaks goes on."
        beat: u64 = SECOND, time;
        "A neighbour must know that we are there, and how far it was told."
        "A MARK is sent."
        dead: u64 = 3 * SECOND, time;
        "A link that carries nothing may have lost its other end without a word."
        "A neighbour that has not said its part is taken for dead: the link ends."
        redial_first: u64 = 50 * MILLISECOND, time;
        "A neighbour that starts again is back soon."
        "It is dialled again; the wait doubles each time."
        redial_last: u64 = SECOND, time;
        "A neighbour that is away for long is not worth more."
        "The wait before it is dialled doubles no more."
        names_queued: usize = 64, count;
        "A neighbour whose host is a name waits for one worker; each has one at most."
        "The dial has failed, and is tried again."
        strangers: usize = 16, count;
        "Beyond two connections of each neighbour: descriptors are the links' first."
        "Of those at the servers' door who has been silent for longest makes room for one more."
        waves: usize = 1024, count;
        "With --ack herd a wave of each server's life is kept."
        "One at rest is forgotten; if none is, the new one is not answered, and replies are late."
        chatter: usize = 4 << 10, bytes;
        "A plain neighbour may answer where no answer is wanted."
        "The connection ends; the line counts as told."
        plain_names: usize = 64, count;
        "A plain neighbour's line names the servers that have it."
        "Further names are not read."
        resets: u32 = 3, count;
        "A plain neighbour may never take a certain line."
        "The next line is tried; if that gets through and the first still does not, it is left out."
        warning: u64 = 60 * SECOND, time;
        "A broken neighbour or a noisy stranger must not fill the log."
        "The next warning of its kind is written, with the count of those between."
    }
    "table" {
        records: usize = 10_000_000, count;
        "Each client is kept for ever; see --records-max."
        "A new client's IAMAT gets \"? \", a neighbour's news of one is dropped with a warning; \
        known clients still move."
        record_bytes: usize = 2 << 30, bytes;
        "A name of 8 KiB is one record, too."
        "What would make the lines longer is refused likewise."
    }
    "journal" {
        journal_batch: usize = 1 << 20, bytes;
        "Lines wait in memory for the write that takes them."
        "A turn with more writes more often."
        journal_slice: usize = 64 << 10, bytes;
        "A journal that is told everything again must make no turn long."
        "The rest is written in the next turns."
        journal_floor: u64 = 4 << 20, bytes;
        "Below this size compaction is not worth it."
        "Above it, a journal that is more than half outdated is closed, and merged."
        journal_sync: u64 = SECOND, time;
        "What is in the journal must survive a loss of power, too."
        "It is made safe, unless --fsync is off, and the file is looked for in its place."
        journal_retry: u64 = SECOND, time;
        "A disk that is full may have room again."
        "A journal that could not be written is tried again."
        journal_jobs: usize = 2, count;
        "One worker waits for the disk, another one merges; each has one job at a time."
        "The job has failed, and is tried again."
        journal_merge: usize = 256 << 20, bytes;
        "A merge may have millions of clients, and must not hold all of them in memory."
        "The next clients are merged in another pass over the files."
        journal_merge_retry: u64 = 60 * SECOND, time;
        "A disk that is full may have room again, and the log must not fill up with its story."
        "A journal that could not be closed or merged is tried again."
        journal_line: usize = 256 << 10, bytes;
        "A start reads the journal through one buffer, and we never write a line as long."
        "A longer line is lost, and named in the log."
        journal_named: usize = 10, count;
        "A journal that is damaged all over must not fill the log."
        "Further bad lines are counted, and not named."
    }
    "lookups" {
        workers: usize = 4, count;
        "A lookup may hang for seconds; three slow ones still leave one for the rest."
        "Lookups wait in the queue."
        lookups_queued: usize = 64, count;
        "Who waits behind more would not be answered in time."
        "A WHATSAT is answered at once that there are too many."
        lookup: u64 = 4_500 * MILLISECOND, time;
        "A client is promised an answer within five seconds."
        "The answer is UNKNOWN_ERROR; what the workers find later is dropped."
        connect: u64 = 2 * SECOND, time;
        "It is time for one lost SYN, which is sent again after a second."
        "The lookup has failed."
        body: usize = 5 << 20, bytes;
        "It is a hundred times an answer of 20 places."
        "The lookup has failed."
        head: usize = 64 << 10, bytes;
        "A service's head is under 1 KiB."
        "The lookup has failed."
        idle: u64 = 15 * SECOND, time;
        "Services close an unused connection after a minute or more."
        "We close it before."
    }
    "process" {
        listen_queue: usize = 1024, count;
        "The kernel holds those who come while we are busy; the usual 128 is one burst."
        "A connection waits a second, until its SYN is sent again."
        visitors: usize = 256, count;
        "A crowd at a door must not keep those inside waiting."
        "The rest is taken in in the next turn."
        no_room: u64 = 100 * MILLISECOND, time;
        "No edge tells that there is a descriptor again."
        "Whoever waits at a door is tried again; at once when a connection closes."
        events: usize = 1024, count;
        "They are kept in one piece of memory."
        "The rest comes with the next wait."
        notes: usize = 1 << 20, bytes;
        "Lines of the log wait for the end of the turn."
        "They are written before it."
        kept: usize = 64 << 10, bytes;
        "The lines of the next turn, for log and journal, find memory of the last one."
        "What a longer turn took beyond it is given back."
        spares: usize = 1 << 20, bytes;
        "The memory of emptied buffers goes round: a busy server asks the allocator for none."
        "Of more, memory is given back; outboxes and lines each have so much."
        log: usize = 64 << 10, bytes;
        "A log that cannot be written stops nobody, and must not fill the memory."
        "A turn's lines are written before its end; while they cannot be, further ones are dropped \
        and counted."
        log_retry: u64 = SECOND, time;
        "A disk that is full may have room again."
        "A log that could not be written is tried again."
        log_look: u64 = 10 * SECOND, time;
        "A file that was removed takes every byte, and nobody will read them."
        "It is looked whether the log's file is still there; if not, it is begun anew."
        grace: u64 = 4_800 * MILLISECOND, time;
        "From the wish to end: what is owed is given, and all is over within 5 s."
        "The process ends, whatever is still owed."
        signals_gap: u64 = 100 * MILLISECOND, time;
        "timeout(1), for one, sends its signal to the process and then to its group."
        "A later signal ends the process at once."
    }
    "herd up" {
        start: u64 = 10 * SECOND, time;
        "The herd is shown when all doors are open."
        "Those are shown that are."
        end: u64 = 6 * SECOND, time;
        "A server has its grace, and herd up a little more."
        "A server that has not ended is killed."
        last_words: u64 = SECOND, time;
        "Why a server ended is in the pipe already, unless something else holds that open."
        "Its exit status is given as the reason."
        child_line: usize = 4 << 10, bytes;
        "A server's line on its standard error is for a person."
        "The rest of a longer one is dropped."
        child_events: usize = 64, count;
        "Servers may say more than a terminal takes."
        "Who has more to say waits."
    }
    "status" {
        status_wait: u64 = 2 * SECOND, time;
        "herd status asks all servers at once, and one of them may hang."
        "Who has not answered is shown as down."
        status_line: usize = 64 << 10, bytes;
        "64 neighbours with the longest names are 16 KiB."
        "A longer answer is none."
    }
    "files" {
        topology: usize = 1 << 20, bytes;
        "What is larger is no topology."
        "It is refused, and not read to its end."
        servers: usize = 1024, count;
        "herd up starts a process for each."
        "A topology with more is refused."
        server_name: usize = 200, bytes;
        "A server's name is a file's name, too, which ends at 255."
        "A longer one is refused."
        secret: usize = 4 << 10, bytes;
        "What is larger is no secret."
        "It is refused, and not read to its end."
        secret_least: usize = 16, bytes;
        "A shorter one could be guessed from one recorded handshake."
        "It is refused."
    }
}
