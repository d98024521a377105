//! `herd check`: is the topology right, and what does it describe?

use super::failure::Failure;
use super::options;
use crate::terminal::{print, row, table};
use crate::topology::{Graph, Topology};

const HELP: &str = "\
herd check: say whether a topology is right, and what herd it describes.

    herd check                                   topology.txt
    herd check -t tests/topologies/alford.txt    another one";

/// Runs the verb.
pub(super) fn run(arguments: &[&str]) -> Result<(), Failure> {
    let mut known = getopts::Options::new();
    options::declare_topology(&mut known);
    let Some(matches) = options::parse("check", HELP, known, arguments)? else {
        return Ok(());
    };
    options::no_words("check", &matches, "name the file with -t FILE")?;
    let path = options::topology_path(&matches);
    let topology = Topology::load(&path)?;
    Ok(print(&describe(&path.display().to_string(), &topology))?)
}

/// The whole output.
fn describe(file: &str, topology: &Topology) -> String {
    let graph = Graph::new(topology.servers.len(), topology.links.iter().copied());
    let parts = graph.parts();
    let shape = match parts.len() {
        1 => "all connected".to_string(),
        parts => format!("in {parts} parts with no link between them"),
    };
    let head = format!(
        "{file} is right: {}, {}, {shape}",
        count(topology.servers.len(), "server"),
        count(topology.links.len(), "link"),
    );
    let cuts = names_or_none(topology, &graph.cuts());
    let facts = match &parts[..] {
        [part] => table(&[
            row(["diameter", &graph.diameter(part).to_string()]),
            row(["servers whose loss splits the herd", &cuts]),
            row([
                "AT lines per update, at most",
                &lines_per_update(topology, part),
            ]),
        ]),
        parts => {
            let mut rows = vec![row(["part", "diameter", "AT lines per update, at most"])];
            rows.extend(parts.iter().map(|part| {
                row([
                    &names(topology, part),
                    &graph.diameter(part).to_string(),
                    &lines_per_update(topology, part),
                ])
            }));
            format!(
                "{}\nservers whose loss splits a part: {cuts}\n",
                table(&rows)
            )
        }
    };
    format!("{head}\n\n{}\n{facts}", servers(topology))
}

/// A row for each server.
fn servers(topology: &Topology) -> String {
    let mut rows = vec![row([
        "server",
        "clients' door",
        "servers' door",
        "neighbours",
    ])];
    for (index, server) in topology.servers.iter().enumerate() {
        let neighbours: Vec<usize> = topology.neighbours(index).collect();
        rows.push(row([
            &server.name,
            &server.clients_door(),
            server.servers_door().as_deref().unwrap_or("plain"),
            &names_or_none(topology, &neighbours),
        ]));
    }
    table(&rows)
}

/// The cost of one update in `part`. Plain servers are told in other ways and decide themselves
/// what to pass on, so links to them are counted apart.
fn lines_per_update(topology: &Topology, part: &[usize]) -> String {
    let is_plain = |server: &usize| topology.servers[*server].plain;
    let links = topology.links.iter().copied();
    let own_links = links.filter(|(a, b)| !is_plain(a) && !is_plain(b));
    let own = Graph::new(topology.servers.len(), own_links);
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

fn names(topology: &Topology, servers: &[usize]) -> String {
    let names = servers.iter().map(|&s| topology.servers[s].name.as_str());
    names.collect::<Vec<_>>().join(", ")
}

fn names_or_none(topology: &Topology, servers: &[usize]) -> String {
    match servers {
        [] => "none".to_string(),
        servers => names(topology, servers),
    }
}

fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    }
}
