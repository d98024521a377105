//! `herd check`: is the topology right, and what does it describe? Or is there an answer from the
//! provider of places?

mod places;

use getopts::Matches;

use super::failure::Failure;
use super::options;
use crate::terminal::{list, print, table};
use crate::topology::{Graph, Server, Topology};

/// A smaller herd is never called dense.
const DENSE_SERVERS: usize = 6;

pub(super) fn run(matches: &Matches) -> Result<(), Failure> {
    if matches.opt_present("places") || matches.opt_present("places-url") {
        return places::run(matches);
    }
    options::no_words("check", matches, "name the file with -t FILE")?;
    let topology = options::topology(matches)?;
    let file = options::topology_path(matches);
    Ok(print(&describe(&file.display().to_string(), &topology))?)
}

/// The whole output.
fn describe(file: &str, topology: &Topology) -> String {
    let graph = Graph::new(topology.servers.len(), topology.links.iter().copied());
    let parts = graph.parts();
    let cuts = names(topology, &graph.cuts());
    let own = own_links(topology);
    let facts = |part| {
        let lines = lines_per_update(topology, &own, part);
        (graph.diameter(part), lines)
    };
    let (shape, facts) = match &parts[..] {
        [part] => {
            let (diameter, lines) = facts(part);
            let rows = format!(
                "diameter\t{diameter}\nservers whose loss splits the herd\t{cuts}\n\
                 AT lines per update, at most\t{lines}\n"
            );
            ("all connected".to_string(), table(&rows))
        }
        parts => {
            let mut rows = "part\tdiameter\tAT lines per update, at most\n".to_string();
            for part in parts {
                let (names, (diameter, lines)) = (names(topology, part), facts(part));
                rows += &format!("{names}\t{diameter}\t{lines}\n");
            }
            let rows = table(&rows);
            let shape = format!("in {} parts with no link between them", parts.len());
            (
                shape,
                format!("{rows}\nservers whose loss splits a part: {cuts}\n"),
            )
        }
    };
    let count = |number: usize, thing| match number {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    };
    let servers = count(topology.servers.len(), "server");
    let links = count(topology.links.len(), "link");
    let doors = doors(topology);
    let advice: String = (own.parts().iter())
        .filter_map(|part| sparser(topology, &own, part))
        .collect();
    format!("{file} is right: {servers}, {links}, {shape}\n\n{doors}\n{facts}{advice}")
}

/// A row for each server.
fn doors(topology: &Topology) -> String {
    let servers = &topology.servers;
    // Few herds need these columns.
    let has = |is_given: fn(&Server) -> bool| servers.iter().any(is_given);
    let shows_listen = has(|server| server.listen.is_some());
    let shows_source = has(|server| server.source.is_some());
    let mut rows = "server\tclients' door\tservers' door".to_string();
    rows += if shows_listen { "\tlistens on" } else { "" };
    rows += if shows_source { "\tdials from" } else { "" };
    rows += "\tneighbours\n";
    for (index, server) in topology.servers.iter().enumerate() {
        let neighbours = topology.neighbours(index).collect::<Vec<_>>();
        let neighbours = names(topology, &neighbours);
        let (name, clients) = (&server.name, server.clients_door());
        let servers = server.servers_door().unwrap_or("plain".to_string());
        rows += &format!("{name}\t{clients}\t{servers}");
        if shows_listen {
            let listen = server.listens_on().to_string();
            rows += &format!("\t{}", if server.is_plain() { "-" } else { &listen });
        }
        if shows_source {
            let any = if server.is_plain() { "-" } else { "any" };
            let source = server.source.map(|it| it.to_string());
            rows += &format!("\t{}", source.unwrap_or(any.to_string()));
        }
        rows += &format!("\t{neighbours}\n");
    }
    table(&rows)
}

/// The graph without links to plain servers, which are told in other ways and decide themselves
/// what to pass on.
fn own_links(topology: &Topology) -> Graph {
    let is_plain = |server: usize| topology.servers[server].is_plain();
    let links = topology.links.iter().copied();
    let links = links.filter(|&(a, b)| !is_plain(a) && !is_plain(b));
    Graph::new(topology.servers.len(), links)
}

/// The cost of one update in `part`, in lines on the links of `own`. Links to plain servers are
/// counted apart.
fn lines_per_update(topology: &Topology, own: &Graph, part: &[usize]) -> String {
    let is_plain = |server: &usize| topology.servers[*server].is_plain();
    let lines: usize = (own.parts().iter())
        .filter(|own_part| own_part.iter().any(|s| part.contains(s) && !is_plain(s)))
        .map(|own_part| own.lines_per_update_max(own_part))
        .sum();
    let to_plain = (topology.links.iter())
        .filter(|(a, _)| part.contains(a))
        .filter(|(a, b)| is_plain(a) || is_plain(b))
        .count();
    match to_plain {
        0 => format!("{lines} (2m - n + 1)"),
        _ => format!("{lines} (2m - n + 1), and {to_plain} to plain servers"),
    }
}

/// Advice for a part of `own` with more links than it needs: every further link costs two more
/// lines for each update. A ring with a chord from each server has four links a server, survives
/// the loss of any one, and with chords of about the square root of its size it is not wide.
fn sparser(topology: &Topology, own: &Graph, part: &[usize]) -> Option<String> {
    let (size, now) = (part.len(), own.lines_per_update_max(part));
    // They are 2m - n + 1.
    let links = (now + size - 1) / 2;
    if size < DENSE_SERVERS || links <= 2 * size {
        return None;
    }
    let step = size.isqrt().max(2);
    let all: Vec<usize> = (0..size).collect();
    let ring = Graph::chorded_ring(size, step);
    let (lines, diameter) = (ring.lines_per_update_max(&all), ring.diameter(&all));
    let first = &topology.servers[part[0]].name;
    Some(format!(
        "\nThe part of {first} is dense: its {links} links cost up to {now} lines per update.\n\
         A ring with a chord from each server to the one {step} places after it would do\n\
         with {} links and {lines} lines. Its diameter is {diameter}, and no loss of one server\n\
         splits it.\n",
        2 * size
    ))
}

fn names(topology: &Topology, places: &[usize]) -> String {
    let name = |place: &usize| topology.servers[*place].name.as_str();
    list(places.iter().map(name))
}
