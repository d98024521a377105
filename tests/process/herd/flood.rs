//! The flood, on all three herds: how fast an update is known, what it costs, and that all agree.

use std::collections::BTreeSet;

use super::support::herd::{HERDS, Herd, at_line_of};
use super::{check_at, iamat, iamat_at};

#[test]
fn a_neighbour_knows_what_a_client_has_its_answer_to() {
    for file in HERDS {
        let herd = Herd::running(file);
        let directions = herd.directions();
        for turn in 0..1_000 {
            let [here, there] = directions[turn % directions.len()];
            // Clients that move from server to server, on connections that are new now and then.
            let client = format!("c{}", turn % 7);
            let (mut one, mut other) = (here.client(), there.client());
            let line = iamat(&client);
            let at = one.ask(&line);
            check_at(&at, &here.name, &line);
            let known = at_line_of(&mut other, &client);
            assert_eq!(known.as_ref(), Some(&at), "{turn}: {file}");
        }
        let told: Vec<String> = (0..7).map(|c| herd.agreed(&format!("c{c}"))).collect();
        assert!(told.iter().all(|line| line.starts_with("AT ")), "{told:?}");
    }
}

#[test]
fn all_say_the_same_bytes_and_name_the_server_that_heard_first() {
    for file in HERDS {
        let herd = Herd::running(file);
        for server in &herd.servers {
            let line = iamat_at("k", "+34.0689300-118.4451270", super::now());
            let at = server.client().ask(&line);
            check_at(&at, &server.name, &line);
            assert_eq!(herd.agreed("k"), at);
        }
    }
}

#[test]
fn times_a_nanosecond_apart_are_told_apart_everywhere() {
    let herd = Herd::running("topology.txt");
    let time = 1_520_023_934_918_963_997;
    let newer = herd["Welsh"].client().ask(iamat_at("k", "+1+1", time + 1));
    assert_eq!(herd.agreed("k"), newer);
    let older = iamat_at("k", "+2+2", time);
    check_at(&herd["Hands"].client().ask(&older), "Hands", &older);
    assert_eq!(herd.agreed("k"), newer);
    let newest = herd["Goloman"]
        .client()
        .ask(iamat_at("k", "+3+3", time + 2));
    assert_eq!(herd.agreed("k"), newest);
    // News that was old where it was said was told to nobody.
    assert!(
        herd.told("k")
            .iter()
            .all(|(_, _, line)| !line.contains("+2+2"))
    );
}

#[test]
fn equal_times_with_different_places_end_the_same_everywhere() {
    for file in HERDS {
        let herd = Herd::running(file);
        for turn in 0..20 {
            let (client, time) = (format!("c{turn}"), super::now());
            let servers = [turn % 5, (turn / 5 + turn + 1) % 5];
            let [mut one, mut other] = servers.map(|index| herd.servers[index].client());
            let lines = ["+1+1", "+2+2"].map(|place| iamat_at(&client, place, time));
            // Both are on their way before either is answered.
            one.say(&lines[turn % 2]);
            other.say(&lines[1 - turn % 2]);
            let said = [one.line(), other.line()];
            // The greater place wins, as the order of reports says.
            let winner = said.iter().find(|line| line.contains(" +2+2 ")).unwrap();
            assert_eq!(&herd.agreed(&client), winner, "{file}");
        }
    }
}

/// Each server hears of it, over each edge at least once and twice at most: what a server tells
/// another, that one need not tell back. And the logs alone say which way it took.
#[test]
fn an_update_crosses_the_herd_in_few_lines_and_leaves_a_trace() {
    for file in HERDS {
        let herd = Herd::running(file);
        let (edges, servers) = (herd.links.len(), herd.servers.len());
        for (turn, server) in herd.servers.iter().cycle().take(20).enumerate() {
            let client = format!("c{turn}");
            let at = server.client().ask(iamat(&client));
            assert_eq!(herd.agreed(&client), at);
            let told = herd.told(&client);
            let count = told.len();
            assert!(told.iter().all(|(_, _, line)| *line == at), "{told:?}");
            assert!(count <= 2 * edges - servers + 1, "{count} lines: {told:?}");
            assert!(count >= edges, "{count} lines: {told:?}");

            // From the one that heard it first, along what was told, one gets to all.
            let mut reached = BTreeSet::from([server.name.as_str()]);
            for _ in 0..servers {
                let next = told
                    .iter()
                    .filter(|(from, _, _)| reached.contains(from.as_str()));
                let next: Vec<&str> = next.map(|(_, to, _)| to.as_str()).collect();
                reached.extend(next);
            }
            assert_eq!(reached.len(), servers, "{told:?}");
            // And the client's own words stand only there.
            for other in &herd.servers {
                let heard = other.count(&format!("< IAMAT {client} "));
                assert_eq!(heard, usize::from(other.name == server.name));
            }
        }
    }
}
