//! No files of `src` use each other in circles: not rooms, nor files within a room. A `mod.rs` may
//! re-export what its children define; what it defines itself its children use only if it uses
//! nothing of theirs.

use std::collections::{BTreeMap, BTreeSet};

use crate::paths::Modules;
use crate::source::{product, report};
use crate::syntax::Path;

type Graph<'a> = BTreeMap<&'a Path, BTreeSet<&'a Path>>;

#[test]
fn no_files_use_each_other_in_circles() {
    let sources = product();
    let modules = Modules::of(&sources);
    let graph: Graph<'_> = modules
        .iter()
        .map(|(here, _)| (here, modules.uses(here)))
        .collect();
    let edges: usize = graph.values().map(BTreeSet::len).sum();
    assert!(
        edges > 2 * graph.len(),
        "only {edges} uses between {} files",
        graph.len()
    );
    let files: BTreeMap<&Path, &str> = modules
        .iter()
        .map(|(here, module)| (here, &module.source.path[..]))
        .collect();
    let circles = circles(&graph).into_iter();
    report(
        circles
            .map(|circle| {
                let names: Vec<&str> = circle.iter().map(|it| files[it]).collect();
                format!(
                    "{} use each other in a circle; move what they share into a file of its own",
                    names.join(" → ")
                )
            })
            .collect(),
    );
}

/// One shortest circle through each edge that stands in one, each circle once.
fn circles<'a>(graph: &Graph<'a>) -> BTreeSet<Vec<&'a Path>> {
    let mut found = BTreeSet::new();
    for (from, tos) in graph {
        for to in tos {
            if let Some(mut circle) = way(graph, to, from) {
                // It begins with its least, so that it is the same wherever it was entered.
                let least = (0..circle.len()).min_by_key(|&at| circle[at]).unwrap_or(0);
                circle.rotate_left(least);
                found.insert(circle);
            }
        }
    }
    found
}

/// The shortest way from one to another.
fn way<'a>(graph: &Graph<'a>, from: &'a Path, to: &'a Path) -> Option<Vec<&'a Path>> {
    let mut before: BTreeMap<&Path, &Path> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([from]);
    while let Some(here) = queue.pop_front() {
        if here == to {
            let mut back = vec![to];
            while back[back.len() - 1] != from {
                back.push(before[back[back.len() - 1]]);
            }
            back.reverse();
            return Some(back);
        }
        for &next in graph.get(here).into_iter().flatten() {
            if next != from && !before.contains_key(next) {
                before.insert(next, here);
                queue.push_back(next);
            }
        }
    }
    None
}

#[test]
fn a_circle_is_found_once() {
    let [a, b, c, d]: [Path; 4] = ["a", "b", "c", "d"].map(|name| vec![name.to_string()]);
    let mut graph = Graph::from([
        (&a, BTreeSet::from([&b])),
        (&b, BTreeSet::from([&c])),
        (&c, BTreeSet::from([&a, &d])),
        (&d, BTreeSet::new()),
    ]);
    assert_eq!(circles(&graph), BTreeSet::from([vec![&a, &b, &c]]));
    graph.remove(&b);
    assert_eq!(circles(&graph), BTreeSet::new());
}
