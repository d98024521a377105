//! The way of one update: its arrivals in their order, and what became of it at each server.
//!
//! The order is that of the times, after the clocks are shifted as far as they must be. Of arrivals
//! with the same time, the one that caused the other comes first.

use super::clocks::{self, Arrow};
use super::collect::{Arrival, Update};
use super::line::{Key, Teller};
use crate::units::Wall;

/// An update on its way.
pub struct Way {
    pub key: Key,
    pub columns: Vec<Column>,
    /// The first arrival first.
    pub rows: Vec<Row>,
    /// The time of the first row, as its log has it.
    pub begin: Wall,
    /// No shifts of clocks make every arrow point forward.
    pub is_contradictory: bool,
    /// Further lines that were no news.
    pub more: u64,
}

/// A server.
pub struct Column {
    pub name: String,
    pub fate: Fate,
    /// The nanoseconds that were added to its times.
    pub shift: i128,
}

/// The fate of the update at a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It has known it since this many nanoseconds after the first arrival.
    Knew(i128),
    /// It heard it before all others, but that line is not in its log.
    First,
    /// It knows a newer one.
    Newer,
    /// It has not heard it.
    Missed,
    /// There is no log of it.
    NoLog,
}

/// An arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The place of the server in the columns; that of the neighbour which told it.
    pub to: usize,
    pub from: Option<usize>,
    /// Nanoseconds after the first arrival.
    pub at: i128,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The client said it, from this address.
    Said(String),
    /// A plain server at this address told it, and whether that was news.
    Plain(String, bool),
    News,
    Again,
    /// The server knew a newer update.
    Older,
}

/// The servers of which there are logs, and the order in which servers are shown.
pub struct Herd<'a> {
    pub logs: &'a [String],
    /// Servers that come first, and have columns in any case.
    pub order: &'a [String],
}

impl Way {
    /// The way of an update. `knows_newer` says of a server whether it heard a newer one.
    pub fn new(
        key: &Key,
        update: &Update,
        herd: &Herd<'_>,
        knows_newer: impl Fn(&str) -> bool,
    ) -> Way {
        let names = names(update, herd);
        let graph = Graph::new(&names, &update.arrivals);
        let shifts = clocks::shifts(names.len(), &graph.arrows(&update.arrivals));
        let is_contradictory = shifts.is_none();
        let shifts = shifts.unwrap_or_else(|| vec![0; names.len()]);
        let time = |it: &Arrival| it.at.0 + shifts[graph.place(&it.server)];
        let mut order: Vec<&Arrival> = update.arrivals.iter().collect();
        order.sort_by_key(|it| (time(it), graph.depth(it)));
        let first = order.first().map_or(0, |it| time(it));
        let fate = |name: &String| {
            let has_log = herd.logs.contains(name);
            match update.news_at(name) {
                Some(it) => Fate::Knew(time(it) - first),
                None if !has_log => Fate::NoLog,
                None if *name == key.server() => Fate::First,
                None if knows_newer(name) => Fate::Newer,
                None => Fate::Missed,
            }
        };
        let fates: Vec<Fate> = names.iter().map(fate).collect();
        let rows = order.iter().map(|arrival| Row {
            to: graph.place(&arrival.server),
            from: graph.teller(arrival),
            at: time(arrival) - first,
            kind: kind(arrival, fates[graph.place(&arrival.server)]),
        });
        Way {
            key: key.clone(),
            rows: rows.collect(),
            begin: order.first().map_or(Wall(0), |it| it.at),
            is_contradictory,
            more: update.more,
            columns: names
                .iter()
                .zip(fates)
                .zip(&shifts)
                .map(|((name, fate), shift)| Column {
                    name: name.clone(),
                    fate,
                    shift: *shift,
                })
                .collect(),
        }
    }

    /// Whether every server with a log knows it, or a newer one.
    pub fn is_complete(&self) -> bool {
        self.columns.iter().all(|it| it.fate != Fate::Missed)
    }

    /// The names of servers with this fate.
    pub fn with(&self, fate: Fate) -> Vec<&str> {
        let columns = self.columns.iter().filter(|it| it.fate == fate);
        columns.map(|it| &it.name[..]).collect()
    }

    /// The client's own words, if they are in a log: at which server, from which address.
    pub fn said(&self) -> Option<(&str, &str)> {
        self.rows.iter().find_map(|row| match &row.kind {
            Kind::Said(from) => Some((&self.columns[row.to].name[..], &from[..])),
            _ => None,
        })
    }
}

impl Row {
    /// Whether the server knew nothing as new.
    pub fn is_news(&self) -> bool {
        matches!(self.kind, Kind::Said(_) | Kind::News | Kind::Plain(_, true))
    }
}

fn kind(arrival: &Arrival, fate: Fate) -> Kind {
    match (&arrival.teller, arrival.is_news) {
        (Teller::Client(from), _) => Kind::Said(from.clone()),
        (Teller::Plain(from), is_news) => Kind::Plain(from.clone(), is_news),
        (Teller::Server(_), true) => Kind::News,
        (Teller::Server(_), false) if matches!(fate, Fate::Knew(_) | Fate::First) => Kind::Again,
        (Teller::Server(_), false) => Kind::Older,
    }
}

/// All servers that have a column.
fn names(update: &Update, herd: &Herd<'_>) -> Vec<String> {
    let mut names = herd.order.to_vec();
    let tellers = update.arrivals.iter().filter_map(|it| match &it.teller {
        Teller::Server(name) => Some(name),
        _ => None,
    });
    for name in herd.logs.iter().chain(tellers) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// The servers that told each other. Each has the news from one arrival.
struct Graph<'a> {
    names: &'a [String],
    /// When each server had the news, by its own clock.
    knew: Vec<Option<Wall>>,
    /// The server from which it has them.
    parents: Vec<Option<usize>>,
}

impl<'a> Graph<'a> {
    fn new(names: &'a [String], arrivals: &[Arrival]) -> Graph<'a> {
        let mut graph = Graph {
            names,
            knew: vec![None; names.len()],
            parents: vec![None; names.len()],
        };
        for arrival in arrivals.iter().filter(|it| it.is_news) {
            let place = graph.place(&arrival.server);
            graph.knew[place] = Some(arrival.at);
            graph.parents[place] = graph.teller(arrival).filter(|it| *it != place);
        }
        graph.cut_circles();
        graph
    }

    fn place(&self, name: &str) -> usize {
        let found = self.names.iter().position(|it| it == name);
        found.expect("every server of an arrival has a column")
    }

    fn teller(&self, arrival: &Arrival) -> Option<usize> {
        match &arrival.teller {
            Teller::Server(name) => Some(self.place(name)),
            Teller::Client(_) | Teller::Plain(_) => None,
        }
    }

    /// Two servers cannot have the news from each other: the line that brought them is in no log.
    /// The earliest of a circle counts as the one that had them first.
    fn cut_circles(&mut self) {
        for start in 0..self.names.len() {
            let mut circle = vec![start];
            while let Some(parent) = self.parents[circle[circle.len() - 1]] {
                if parent == start {
                    let first = circle.iter().min_by_key(|it| self.knew[**it]);
                    if let Some(first) = first.copied() {
                        self.parents[first] = None;
                    }
                    break;
                }
                if circle.contains(&parent) {
                    break;
                }
                circle.push(parent);
            }
        }
    }

    /// How many servers the news passed before this arrival.
    fn depth(&self, arrival: &Arrival) -> usize {
        let place = self.place(&arrival.server);
        let teller = match arrival.is_news {
            true => self.parents[place],
            false => self.teller(arrival),
        };
        let next = |place: &usize| self.parents[*place];
        std::iter::successors(teller, next).count()
    }

    /// The demands of cause and effect on the clocks.
    fn arrows(&self, arrivals: &[Arrival]) -> Vec<Arrow> {
        let arrows = arrivals.iter().filter_map(|arrival| {
            let (from, to) = (self.teller(arrival)?, self.place(&arrival.server));
            let is_cut = arrival.is_news && self.parents[to].is_none();
            let least = self.knew[from]? - arrival.at;
            (from != to && !is_cut).then_some(Arrow { from, to, least })
        });
        arrows.collect()
    }
}
