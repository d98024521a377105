//! The state of a story's servers, in lines for a person: a line for the time, one for each
//! server, and one for each of its connections.

use std::collections::BTreeMap;

use herd::limits::Limits;
use herd::node::LinkStats;
use herd::terminal::{COLUMNS, wrap};
use herd::units::{Mono, SECOND};

use crate::support::shell::{Shell, Socket};
use crate::support::stories::world::{Turn, World};

/// Turns of a server that are shown one by one.
const TURNS_MAX: usize = 5;
/// The indent of each line.
const MARGIN: usize = 4;
/// Room for the name of a server or a connection.
const NAME: usize = 10;

/// The lines that the reader has seen: by the server's place, its name or that of a connection's
/// other end.
#[derive(Default)]
pub struct State {
    seen: BTreeMap<(usize, String), String>,
    time: Option<Mono>,
}

impl State {
    /// The lines that differ from the last time.
    pub fn changes(&mut self, world: &mut World) -> Vec<String> {
        let mut lines = Vec::new();
        if self.time.replace(world.time()) != Some(world.time()) {
            lines.push(format!("time {}", seconds(world.time().0)));
        }
        let now: BTreeMap<_, _> = held(world).into_iter().collect();
        let turns = world.turns();
        for place in 0..world.len() {
            let mine = turns.iter().filter(|it| it.place == place);
            let taken = taken(&mine.collect::<Vec<_>>());
            let server = &world.net.names[place];
            lines.extend(taken.map(|it| line(server, &it)));
            let is_gone = |key: &&(usize, String)| key.0 == place && !now.contains_key(key);
            let has_ended = self.seen.keys().filter(is_gone).any(|it| it.1.is_empty());
            let gone: Vec<&str> = match has_ended {
                true => vec![server],
                false => self
                    .seen
                    .keys()
                    .filter(is_gone)
                    .map(|it| &it.1[..])
                    .collect(),
            };
            lines.extend(gone.iter().map(|name| line(name, &["gone".to_string()])));
            let changed = now
                .iter()
                .filter(|(key, it)| key.0 == place && self.seen.get(key) != Some(it));
            lines.extend(changed.map(|(_, it)| it.clone()));
        }
        self.seen = now;
        lines
            .iter()
            .flat_map(|it| it.lines().map(String::from))
            .collect()
    }
}

/// The name, and what there is to say.
fn line(name: &str, parts: &[String]) -> String {
    let width = NAME.max(name.chars().count() + 2);
    let rows = wrap(parts, "; ", COLUMNS - MARGIN - width);
    let rows = rows.iter().enumerate().map(|(number, row)| match number {
        0 => format!("{name:width$}{row}"),
        _ => format!("{:width$}{row}", ""),
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// The turns of a server: to whom it wrote in each, and who was ready then.
fn taken(turns: &[&Turn]) -> Option<Vec<String>> {
    let (first, last) = (turns.first()?.number, turns.last()?.number);
    if turns.len() > TURNS_MAX {
        return Some(vec![format!("turns {first} to {last}")]);
    }
    let each = turns.iter().map(|turn| {
        let (wrote, ready) = (turn.wrote.join(", "), turn.ready.join(", "));
        let what = match (wrote.is_empty(), ready.is_empty()) {
            (true, true) => "nobody ready".to_string(),
            (true, false) => format!("{ready} ready"),
            (false, true) => format!("writes to {wrote}"),
            (false, false) => format!("writes to {wrote}, then {ready} ready"),
        };
        format!("turn {}: {what}", turn.number)
    });
    Some(each.collect())
}

/// The state of each server.
fn held(world: &World) -> Vec<((usize, String), String)> {
    let mut held = Vec::new();
    for (place, shell) in world.running() {
        let (name, view) = (&world.net.names[place], shell.node.inspect());
        let table = view.table();
        let server = [
            format!("table of {}", view.lines().len()),
            format!("feed at {}", table.seq),
        ];
        held.push(((place, String::new()), line(name, &server)));
        let links = view.links();
        for link in &links {
            let name = format!("  to {}", link.name);
            let text = line(&name, &told(link, shell));
            held.push(((place, name), text));
        }
        for socket in shell.sockets.iter().flatten() {
            let peer = world.net.peer_name(socket.end);
            let is_of_herd = world.net.names.iter().any(|it| it == peer);
            if !is_of_herd {
                let name = format!("  {peer}");
                let text = line(&name, &owed(socket, shell, world));
                held.push(((place, name), text));
            }
        }
    }
    held
}

/// A link: how far its cursor is, and what its outbox holds.
fn told(link: &LinkStats, shell: &Shell) -> Vec<String> {
    let Some(conn) = link.conn else {
        return vec!["down".to_string()];
    };
    let view = shell.node.inspect();
    let outbox = view.conn_stats(conn).map_or(0, |it| it.unsent);
    let cursor = match link.acked_seq == link.sent_seq {
        true => format!("cursor at {}, acknowledged", link.sent_seq),
        false => format!(
            "cursor at {}, acknowledged to {}",
            link.sent_seq, link.acked_seq
        ),
    };
    vec![
        cursor,
        format!("outbox {outbox} of {}", view.limits().link_outbox),
    ]
}

/// A client, or somebody at the servers' door.
fn owed(socket: &Socket, shell: &Shell, world: &World) -> Vec<String> {
    let view = shell.node.inspect();
    let Some(stats) = view.conn_stats(socket.conn) else {
        return vec!["closing".to_string()];
    };
    let Limits {
        outbox_high,
        watch_outbox,
        ..
    } = *view.limits();
    let (most, kind) = match view.is_watcher(socket.conn) {
        true => (watch_outbox, "watches; "),
        false => (outbox_high, ""),
    };
    let mut parts = vec![format!("{kind}outbox {} of {most}", stats.unsent)];
    if socket.paused {
        parts.push("paused".to_string());
    }
    let slots = view.slots(socket.conn);
    if !slots.is_empty() {
        let each = slots.iter().map(|(bytes, is_complete)| match is_complete {
            true => format!("{bytes} ready"),
            false => format!("{bytes} wait"),
        });
        let shown: Vec<String> = each.take(4).collect();
        let more = match slots.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        parts.push(format!("slots: {}{more}", shown.join(", ")));
    }
    if stats.unread > 0 {
        parts.push(format!("{} read, not obeyed", bytes(stats.unread)));
    }
    match world.net.unread(socket.end) {
        0 => {}
        unread => parts.push(format!("{} in the kernel", bytes(unread))),
    }
    if let Some((at, limit)) = view.deadline(socket.conn) {
        parts.push(format!("{limit:?} at {}", seconds(at.0)));
    }
    parts
}

fn bytes(count: usize) -> String {
    match count {
        1 => "1 byte".to_string(),
        _ => format!("{count} bytes"),
    }
}

/// A time since the start.
fn seconds(nanoseconds: u64) -> String {
    let (whole, part) = (nanoseconds / SECOND, nanoseconds % SECOND);
    let part = format!("{part:09}");
    match part.trim_end_matches('0') {
        "" => format!("{whole} s"),
        part => format!("{whole}.{part} s"),
    }
}
