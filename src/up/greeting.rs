//! The greeting of `herd up` once the doors are open: where each server is, and lines to paste.

use std::path::Path;

use crate::terminal::{row, shell_word, table};
use crate::topology::{Server, Topology};

/// The parts of the greeting.
pub struct Greeting<'a> {
    pub topology: &'a Topology,
    /// Servers whose doors are open.
    pub open: Vec<OpenServer<'a>>,
    /// Servers that are still starting, by their places.
    pub late: Vec<usize>,
    /// Where places come from.
    pub places: &'a str,
    /// How a person starts one server again, less its name: `herd serve -d /tmp/herd`.
    pub serve: &'a str,
}

/// A server whose doors are open.
pub struct OpenServer<'a> {
    /// Its place in the topology.
    pub server: usize,
    pub pid: u32,
    pub log: &'a Path,
}

impl Greeting<'_> {
    /// The text; empty if no door is open.
    pub fn text(&self) -> String {
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
            out += &format!("{name} is plain: another program runs it, so it is not started.\n");
        }
        let nc = |open: &OpenServer<'_>| {
            let Server { host, clients, .. } = &topology.servers[open.server];
            format!("nc -N {host} {clients}\n")
        };
        let name = &topology.servers[second.server].name;
        out += "\nSay where a client is, then ask another server what is near it:\n";
        // A shell reads on after a | at the end of a line, and 80 columns are enough.
        out += "    printf 'IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 %s\\n' $(date +%s.%N) |\n";
        out += &format!("        {}", nc(first));
        out += "    printf 'WHATSAT kiwi.cs.ucla.edu 10 5\\n' | ";
        out += &nc(second);
        out += &format!("Kill {name}, and start it again from another terminal:\n");
        out += &format!("    kill -9 {}\n", second.pid);
        out += &format!("    {} {}\n", self.serve, shell_word(name));
        out + "Ctrl-C ends all servers that were started here.\n"
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

    /// A neighbour of `first` that is open, and so has what `first` has; or `first` itself.
    fn beside<'a>(&'a self, first: &'a OpenServer<'a>) -> &'a OpenServer<'a> {
        let mut neighbours = self.topology.neighbours(first.server);
        neighbours
            .find_map(|neighbour| self.open.iter().find(|open| open.server == neighbour))
            .unwrap_or(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn greeting(topology: &Topology, open: &[usize]) -> String {
        let servers = topology.servers.iter();
        let logs: Vec<PathBuf> = servers
            .map(|server| format!("run/{}.log", server.name).into())
            .collect();
        let open = open.iter().map(|&server| OpenServer {
            server,
            pid: 100 + server as u32,
            log: &logs[server],
        });
        let greeting = Greeting {
            topology,
            open: open.collect(),
            late: vec![],
            places: "offline",
            serve: "herd serve",
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
Old is plain: another program runs it, so it is not started.

Say where a client is, then ask another server what is near it:
    printf 'IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 %s\\n' $(date +%s.%N) |
        nc -N ::1 1
    printf 'WHATSAT kiwi.cs.ucla.edu 10 5\\n' | nc -N ::1 7
Kill It's, and start it again from another terminal:
    kill -9 103
    herd serve 'It'\\''s'
Ctrl-C ends all servers that were started here.
";
        assert_eq!(greeting(&topology, &[0, 1, 3]), want);
        let alone = greeting(&topology, &[0, 1]);
        assert!(alone.contains("5\\n' | nc -N ::1 1\n"), "{alone}");
        assert_eq!(greeting(&topology, &[]), "");
    }
}
