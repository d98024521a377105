//! The greeting of `herd up` once the doors are open: where each server is, and lines to paste.

use super::members::{Herd, Member, State};
use crate::terminal::{list, one_line, table};

/// The text, by how far each member has come; empty if no door is open.
pub fn greeting(herd: &Herd, states: &[State]) -> String {
    let topology = &herd.topology;
    let place = |member: usize| herd.members[member].server;
    let members = || states.iter().enumerate();
    let open = members().filter_map(|(member, state)| match state {
        State::Open(pid) => Some((member, *pid)),
        State::Starting | State::Ended => None,
    });
    let open: Vec<(usize, u32)> = open.collect();
    let Some(first) = open.first() else {
        return String::new();
    };
    // A neighbour of the first server knows what that knows.
    let is_at = |server: usize| open.iter().find(|(member, _)| place(*member) == server);
    let beside = topology.neighbours(place(first.0)).find_map(is_at);
    let &(second, pid) = beside.unwrap_or(first);

    let mut out = servers(herd, &open);
    out += &format!("\nPlaces: {}\n", herd.places);
    for (member, _) in members().filter(|(_, state)| **state == State::Starting) {
        out += &format!("{} is not open yet.\n", herd.name(member));
    }
    for plain in topology.servers.iter().filter(|server| server.is_plain()) {
        let name = &plain.name;
        out += &format!("{name} is plain: another program runs it, so it is not started.\n");
    }
    let (first, ask) = (herd.ask_line(first.0), herd.ask_line(second));
    let (name, again) = (herd.name(second), herd.serve_line(second));
    out + &format!(
        r"
Say where a client is, then ask another server what is near it:
    {first} IAMAT kiwi +34.068930-118.445127 now
    {ask} WHATSAT kiwi 10 5
Kill {name}, and start it again from another terminal:
    kill -9 {pid}
    {again}
Ctrl-C ends all servers that were started here.
"
    )
}

/// A row for each member that is open.
fn servers(herd: &Herd, open: &[(usize, u32)]) -> String {
    let all = &herd.topology.servers;
    let mut rows = "server\tclients' door\tneighbours\tlog\n".to_string();
    for Member { server, log } in open.iter().map(|(member, _)| &herd.members[*member]) {
        let neighbours = herd.topology.neighbours(*server);
        let neighbours = list(neighbours.map(|place| all[place].name.as_str()));
        let (name, door) = (&all[*server].name, all[*server].clients_door());
        let log = one_line(&log.display().to_string());
        rows += &format!("{name}\t{door}\t{neighbours}\t{log}\n");
    }
    table(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::Topology;

    /// The greeting of a herd in which the members of these names are open.
    fn greeting_of(open: &[&str]) -> String {
        let text = b"server A ::1 clients=1 servers=2\nserver B ::1 clients=3 servers=4\n\
            server Old h clients=5 plain\nserver It's 192.0.2.7 clients=7 servers=8 listen=[::]\n\
            link A It's\nlink It's B\nlink B Old\n";
        let topology = Topology::parse("t", text).unwrap();
        let ours = topology.servers.iter().enumerate();
        let ours = ours.filter(|(_, server)| !server.is_plain());
        let members = ours.map(|(server, it)| Member {
            server,
            log: format!("run/{}.log", it.name).into(),
        });
        let herd = Herd {
            members: members.collect(),
            topology,
            file: Some("my herd".to_string()),
            options: vec![],
            places: "offline".to_string(),
        };
        let states = (0..3).map(|member| match open.contains(&herd.name(member)) {
            true => State::Open(100 + member as u32),
            false => State::Ended,
        });
        let states: Vec<State> = states.collect();
        let program = std::env::args().next().unwrap();
        greeting(&herd, &states).replace(&program, "herd")
    }

    #[test]
    fn a_herd_is_shown_with_lines_to_paste() {
        let want = "\
server  clients' door  neighbours  log
A       [::1]:1        It's        run/A.log
B       [::1]:3        It's, Old   run/B.log
It's    192.0.2.7:7    A, B        run/It's.log

Places: offline
Old is plain: another program runs it, so it is not started.

Say where a client is, then ask another server what is near it:
    herd ask -t 'my herd' A IAMAT kiwi +34.068930-118.445127 now
    herd ask '[::1]:7' WHATSAT kiwi 10 5
Kill It's, and start it again from another terminal:
    kill -9 102
    herd serve 'It'\\''s'
Ctrl-C ends all servers that were started here.
";
        assert_eq!(greeting_of(&["A", "B", "It's"]), want);
        let alone = greeting_of(&["A", "B"]);
        assert!(alone.contains(" A WHATSAT kiwi 10 5\n"), "{alone}");
        assert_eq!(greeting_of(&[]), "");
    }
}
