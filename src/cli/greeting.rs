//! What `herd up` says when its herd runs: where everybody is, and lines to paste.

use super::table::{row, table};
use crate::topology::{Server, Topology};
use std::path::PathBuf;

/// What there is to say.
pub(super) struct Greeting<'a> {
    /// The whole herd.
    pub(super) topology: &'a Topology,
    /// Those whose doors are open.
    pub(super) open: Vec<OpenServer>,
    /// Those that are still starting, by place.
    pub(super) late: Vec<usize>,
    /// Where places come from.
    pub(super) places: String,
    /// How a person starts one server again, less its name: `herd serve -d /tmp/herd`.
    pub(super) serve: String,
}

/// A server that runs.
pub(super) struct OpenServer {
    /// Its place in the topology.
    pub(super) server: usize,
    /// Its process.
    pub(super) pid: u32,
    /// Its log.
    pub(super) log: PathBuf,
}

impl Greeting<'_> {
    /// The text; empty if no door is open.
    pub(super) fn text(&self) -> String {
        let Some(first) = self.open.first() else {
            return String::new();
        };
        let second = self.beside(first);
        let topology = self.topology;
        let mut out = self.servers();
        out += &format!("\nPlaces come from: {}\n", self.places);
        for &late in &self.late {
            out += &format!("{} is not open yet.\n", topology.servers[late].name);
        }
        let plain = topology.servers.iter().filter(|server| server.plain);
        for Server { name, .. } in plain {
            out += &format!("{name} is plain: another make runs it, and is not started.\n");
        }
        let nc = |open: &OpenServer| {
            let Server { host, clients, .. } = &topology.servers[open.server];
            format!("nc -N {host} {clients}")
        };
        let name = &topology.servers[second.server].name;
        out += "\nSay where a client is, then ask another server what is near it:\n";
        out += "    printf 'IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 %s\\n' $(date +%s.%N) | ";
        out += &format!("{}\n", nc(first));
        out += &format!(
            "    printf 'WHATSAT kiwi.cs.ucla.edu 10 5\\n' | {}\n",
            nc(second)
        );
        out += &format!("Kill {name}, and start it again from another terminal:\n");
        out += &format!("    kill -9 {}\n", second.pid);
        out += &format!("    {} {}\n", self.serve, shell_word(name));
        out += "Ctrl-C ends the whole herd.\n";
        out
    }

    fn servers(&self) -> String {
        let mut rows = vec![row(["server", "clients' door", "neighbours", "log"])];
        for open in &self.open {
            let server = &self.topology.servers[open.server];
            let neighbours: Vec<&str> = (self.topology.neighbours(open.server))
                .map(|neighbour| self.topology.servers[neighbour].name.as_str())
                .collect();
            let neighbours = match neighbours[..] {
                [] => "none".to_string(),
                _ => neighbours.join(", "),
            };
            let log = open.log.display().to_string();
            rows.push(row([
                &server.name,
                &server.clients_door(),
                &neighbours,
                &log,
            ]));
        }
        table(&rows)
    }

    /// A neighbour that is open, so that it has heard what `first` has; or `first` itself.
    fn beside<'a>(&'a self, first: &'a OpenServer) -> &'a OpenServer {
        let mut neighbours = self.topology.neighbours(first.server);
        neighbours
            .find_map(|neighbour| self.open.iter().find(|open| open.server == neighbour))
            .unwrap_or(first)
    }
}

/// `word` as a shell takes it for one word, whatever is in it.
pub(super) fn shell_word(word: &str) -> String {
    let is_tame = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=,+@%".contains(&byte);
    match !word.is_empty() && word.bytes().all(is_tame) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(topology: &Topology, open: &[usize]) -> String {
        let open = open.iter().map(|&server| OpenServer {
            server,
            pid: 100 + server as u32,
            log: PathBuf::from(format!("run/{}.log", topology.servers[server].name)),
        });
        let greeting = Greeting {
            topology,
            open: open.collect(),
            late: vec![],
            places: "offline".to_string(),
            serve: "herd serve".to_string(),
        };
        greeting.text()
    }

    #[test]
    fn a_herd_is_shown_with_lines_to_paste() {
        let topology = Topology::parse(
            "t",
            b"server A ::1 clients=1 servers=2\nserver B ::1 clients=3 servers=4\n\
            server Old h clients=5 plain\nserver It's ::1 clients=7 servers=8\n\
            link A It's\nlink It's B\nlink B Old\n",
        );
        let topology = topology.unwrap();
        let want = "\
server  clients' door  neighbours  log
A       [::1]:1        It's        run/A.log
B       [::1]:3        It's, Old   run/B.log
It's    [::1]:7        A, B        run/It's.log

Places come from: offline
Old is plain: another make runs it, and is not started.

Say where a client is, then ask another server what is near it:
    printf 'IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 %s\\n' $(date +%s.%N) | nc -N ::1 1
    printf 'WHATSAT kiwi.cs.ucla.edu 10 5\\n' | nc -N ::1 7
Kill It's, and start it again from another terminal:
    kill -9 103
    herd serve 'It'\\''s'
Ctrl-C ends the whole herd.
";
        assert_eq!(greeting(&topology, &[0, 1, 3]), want);
        let alone = greeting(&topology, &[0, 1]);
        assert!(alone.contains("5\\n' | nc -N ::1 1\n"), "{alone}");
        assert_eq!(greeting(&topology, &[]), "");
    }

    #[test]
    fn a_shell_sees_one_word() {
        for (word, want) in [
            ("/tmp/a-b_c.1", "/tmp/a-b_c.1"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$(x)", "'$(x)'"),
            ("é", "'é'"),
        ] {
            assert_eq!(shell_word(word), want);
        }
    }
}
