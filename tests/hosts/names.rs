//! Hosts that are called by their names.

use super::servers::{Hosts, Naming, moved};
use super::support::sheet::Sheet;

/// Each host knows the others by /etc/hosts.
pub fn names(sheet: &mut Sheet) {
    let names = ["Goloman", "Hands"];
    let hosts = match Hosts::start(&names, "link Goloman Hands\n", Naming::Names) {
        Ok(hosts) => hosts,
        Err(why) => return sheet.skipped(why),
    };
    let lines = moved(&mut hosts.client(0), 0..10);
    hosts.agreed(&lines);
    let count = lines.len();
    sheet.holds(true, format!("{count} updates went from host to host"));
}
