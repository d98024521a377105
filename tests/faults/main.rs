//! The herd under attack: every fault that is promised to do no harm, tried on real processes.
//!
//! A row of the table below is one fault. Within `cargo test` each has its short form, which counts
//! bytes, descriptors and answers; `make faults` runs the full ones, measures times as well, and
//! prints the table with what was measured. One row alone: `make faults ROW=half_lines`.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod clients;
mod crashes;
mod disks;
mod doors;
mod gauge;
mod guest;
mod hub;
mod lookups;
mod millions;
mod neighbours;
mod restarts;
mod soak;
mod traffic;

use support::sheet::{self, Row};

// The table.
sheet::rows! {
    Row::check;
    both {
        half_lines = clients::half_lines:
            "1,000 clients hold half a line, a byte a second" =>
            "others' p99 at most twice what it is alone; at most 4 KiB each; cut 30 s after the \
             line's first byte";
        never_reads = clients::never_reads:
            "a client sends and never reads: invalid lines; WHATSATs" =>
            "at most 1 MiB more; reading from it stops; cut after 10 s; others unharmed";
        endless_line = clients::endless_line:
            "a line of 1 GB; of spaces; of NULs" =>
            "`? ` and 8 KiB, closed; at most 256 KiB more";
        pipeliner = clients::pipeliner:
            "a client pipelines as fast as it can, another asks" =>
            "who asks waits for a few turns of the loop";
        descriptors_run_out = doors::descriptors_run_out:
            "descriptors run out: `--nofile=64`, 200 clients" =>
            "links and log unharmed; surplus closed at once; CPU idle; a new client served within \
             10 ms of a close; listen queue of 1,024";
        rude_ends = doors::rude_ends:
            "10,000 connections reset in mid-write, half-closed, ended without newline" =>
            "alive, descriptors and memory back to the start";
        neighbours = neighbours::neighbours:
            "a neighbour that never reads; one stopped 60 s under load; one that says garbage or \
             dribbles" =>
            "the herd unharmed, memory bounded, it catches up when it wakes";
        strangers = neighbours::strangers:
            "200 strangers at the servers' door, and more as fast as they are closed" =>
            "a neighbour that comes back finds its way in";
        hub = hub::hub:
            "a hub is killed and starts again; 50 neighbours, 100 ms each way, a secret" =>
            "all links up after 5.5 round trips, all tables equal after 8.5";
        places = lookups::places:
            "Places, in both forms, refuses, hangs, says 500, HTML, an endless body, JSON 100,000 \
             deep, drips" =>
            "IAMATs unmoved; error JSON within 5 s; 5 MiB of a body are read at most";
        sigterm = doors::sigterm:
            "SIGTERM with idle, half-line and mid-WHATSAT clients" =>
            "doors shut at once, what is owed is given, 0 within 5 s (50 ms when idle); restart \
             binds at once";
        restarts = restarts::restarts:
            "restart of any server under load, 100 times" =>
            "floods again within 50 ms of the start, equal digests within 100 ms at 10,000 clients";
        sticky = restarts::sticky:
            "a server with 10,000 clients in its journal is restarted, by hand and by a service \
             manager, under a client that connects again at once, and beside 50 that say nothing" =>
            "no wait over 200 ms";
        millions = millions::millions:
            "a million clients in one server, then ten million" =>
            "at most 250 bytes each; at the limit of records new ones are invalid and known ones \
             move; 2 M records over again within 5 s";
        soak = soak::soak:
            "all of it mixed, for a while" =>
            "no slope in descriptors or memory; digests equal whenever it is quiet";
    }
    // Tests without measurements are in tests/process: journal, and herd/limits.rs.
    full {
        sigkill = crashes::sigkill:
            "SIGKILL in mid-burst at 200 random points, the whole herd, and a restart" =>
            "no acknowledged update lost of a million";
        damaged_journal = disks::damaged_journal:
            "a journal with a torn tail, flipped bytes, a bad line in the middle" =>
            "it starts, names the lines, and loses those only";
        disks = disks::disks:
            "disk full; the directory of journal and log gone; the log on /dev/full" =>
            "it serves on, says so once and in its status, and recovers when there is room";
    }
}

/// All of it mixed, for `HERD_MINUTES`: `make soak`.
#[test]
#[ignore = "it takes as long as one likes: make soak"]
fn the_soak() {
    let rows = ROWS.iter().filter(|row| row.name == "soak");
    if !sheet::measure_all(rows) {
        std::process::exit(1);
    }
}

/// Everything in its full form, one after the other: `make faults`.
#[test]
#[ignore = "it takes minutes, and judges times: make faults"]
fn the_whole_table() {
    sheet::measure_table(ROWS);
}
