//! The herd on several hosts: network namespaces with cables that are cut, slowed, or lose packets.
//!
//! A row of the table below is one thing that happens to hosts. Within `cargo test` each has its
//! short form; `make hosts` runs the full ones and prints the table with what was measured. Without
//! name spaces, iproute2 or nftables each row says that it was skipped, and why.

// Helpers of tests may fail as tests do.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod cables;
mod lines;
mod names;
mod network;
mod servers;

use support::sheet::{self, Row};
use support::space::Space;

/// Each row has a network of its own.
fn check(row: &Row) {
    if Space::enter(row.name).is_some() {
        row.check();
    }
}

// The table.
sheet::rows! {
    check;
    both {
        cable = cables::cable:
            "a cable is pulled in mid-flood" =>
            "the links over it are found dead; nothing acknowledged is lost once it is back";
        one_way = cables::one_way:
            "packets are lost in one direction only" =>
            "both sides give the link up; nothing acknowledged is lost";
        power = cables::power:
            "a host loses its power, and comes back" =>
            "its neighbours find it dead without a FIN; nothing acknowledged is lost";
        slow = lines::slow:
            "128 kbit/s, and 8 s of queue in front of it, while a neighbour catches up" =>
            "it has everything in the end, and links end only before their line is known";
        late = cables::late:
            "packets to a host are 100 ms late, give or take 50 ms" =>
            "everything arrives";
        lossy = lines::tenth:
            "a host loses a tenth of all packets" =>
            "everything arrives, and no link ends";
        very_lossy = lines::three_tenths:
            "a host loses three tenths of all packets" =>
            "everything arrives, and links end only before their line is known";
        bloat = lines::bloat:
            "somebody's download fills 8 s of queue in front of 128 kbit/s" =>
            "everything arrives, and no link ends";
        names = names::names:
            "the topology calls hosts by their names; one listens on 0.0.0.0, one has an address \
             at which nobody answers" =>
            "a server listens on its own name's address, and is reached by it";
    }
    full {}
}

/// Everything in its full form: `make hosts`.
#[test]
#[ignore = "it takes minutes: make hosts"]
fn the_whole_table() {
    if Space::enter("the_whole_table").is_some() {
        sheet::measure_table(ROWS);
    }
}
