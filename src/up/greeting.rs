//! The greeting of `herd up` once the doors are open: where each server is, what the herd knows,
//! and lines to paste.

use super::members::{Herd, Member, State};
use crate::limits::count;
use crate::terminal::{list, one_line, table};

/// The text, by how far each member has come; empty if no door is open. The journals brought
/// `known` clients back. `is_heard`: lines that a person types are read.
pub fn greeting(herd: &Herd, states: &[State], known: u64, is_heard: bool) -> String {
    let topology = &herd.topology;
    let place = |member: usize| herd.members[member].server;
    let members = || states.iter().enumerate();
    let open = members().filter_map(|(member, state)| match state {
        State::Open(pid) => Some((member, *pid)),
        State::Starting | State::Ended | State::Elsewhere => None,
    });
    let open: Vec<(usize, u32)> = open.collect();
    let Some(first) = open.first() else {
        return String::new();
    };
    // A neighbour of the first server knows what that knows.
    let is_at = |server: usize| open.iter().find(|(member, _)| place(*member) == server);
    let beside = topology.neighbours(place(first.0)).find_map(is_at);
    let second = beside.unwrap_or(first);

    let mut out = servers(herd, &open);
    out += &format!("\nPlaces: {}\n", herd.places);
    if known > 0 {
        let clients = if known == 1 { "client" } else { "clients" };
        let known = count(known);
        out +=
            &format!("Known from before: {known} {clients} (herd up --fresh begins with none)\n");
    }
    for (member, _) in members().filter(|(_, state)| **state == State::Starting) {
        out += &format!("{} is not open yet.\n", herd.name(member));
    }
    for plain in topology.servers.iter().filter(|server| server.is_plain()) {
        let name = &plain.name;
        out += &format!("{name} is plain: another program runs it, so it is not started.\n");
    }
    out + &advice(herd, first.0, *second, is_heard)
}

/// Advice on what to do now: ask two servers, which may be one; end one; end all.
fn advice(herd: &Herd, first: usize, (second, pid): (usize, u32), is_heard: bool) -> String {
    let (ask_first, ask_second) = (herd.ask_line(first), herd.ask_line(second));
    let (name, again) = (herd.name(second), herd.serve_line(second));
    let ask = match first == second {
        true => "ask what is near it",
        false => "ask another server what is near it",
    };
    let kill = match is_heard {
        true => format!(
            "Kill {name} from another terminal:\n    kill -9 {pid}\n\
             To start it again, type its name here, and Enter.\n"
        ),
        false => format!(
            "Kill {name}, and start it again from another terminal:\n    kill -9 {pid}\n    \
             {again}\n"
        ),
    };
    let end = match herd.members.len() {
        1 => "Ctrl-C ends it.",
        _ => "Ctrl-C ends all servers that were started here.",
    };
    format!(
        "\nSay where a client is, then {ask}:\n    \
         {ask_first} IAMAT kiwi +34.068930-118.445127 now\n    \
         {ask_second} WHATSAT kiwi 10 5\n\
         See it in a browser: {page}, then open http://127.0.0.1:12300/\n{kill}{end}\n",
        page = herd.web_line(),
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
    fn greeting_of(open: &[&str], known: u64, is_heard: bool) -> String {
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
            directory: "run".into(),
            has_journals: true,
            is_fresh: false,
            follow: None,
        };
        let states = (0..3).map(|member| match open.contains(&herd.name(member)) {
            true => State::Open(100 + member as u32),
            false => State::Ended,
        });
        let states: Vec<State> = states.collect();
        let program = std::env::args().next().unwrap();
        greeting(&herd, &states, known, is_heard).replace(&program, "herd")
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
See it in a browser: herd web -t 'my herd', then open http://127.0.0.1:12300/
Kill It's, and start it again from another terminal:
    kill -9 102
    herd serve 'It'\\''s'
Ctrl-C ends all servers that were started here.
";
        assert_eq!(greeting_of(&["A", "B", "It's"], 0, false), want);
        let alone = greeting_of(&["A", "B"], 1001, true);
        for text in [
            "\nKnown from before: 1,001 clients (herd up --fresh begins with none)\n",
            "then ask what is near it:\n",
            " A WHATSAT kiwi 10 5\n",
            "\nKill A from another terminal:\n    kill -9 100\n",
            "\nTo start it again, type its name here, and Enter.\n",
        ] {
            assert!(alone.contains(text), "{text} in {alone}");
        }
        assert_eq!(greeting_of(&[], 0, false), "");
    }
}
