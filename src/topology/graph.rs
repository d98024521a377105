//! Facts about a herd as a graph. Its size is limited, so simple algorithms will do.

/// Servers, by their places in the topology, and their links.
pub struct Graph {
    neighbours: Vec<Vec<usize>>,
}

impl Graph {
    /// A graph of `servers` servers and these links.
    pub fn new(servers: usize, links: impl IntoIterator<Item = (usize, usize)>) -> Graph {
        let mut neighbours = vec![Vec::new(); servers];
        for (a, b) in links {
            neighbours[a].push(b);
            neighbours[b].push(a);
        }
        Graph { neighbours }
    }

    /// A ring of `servers` servers with a chord from each to the server `step` places after it.
    pub fn chorded_ring(servers: usize, step: usize) -> Graph {
        let after = |by: usize| (0..servers).map(move |a| (a, (a + by) % servers));
        Graph::new(servers, after(1).chain(after(step)))
    }

    /// The connected parts, each with its servers in the order of the file; the part of the first
    /// server comes first.
    pub fn parts(&self) -> Vec<Vec<usize>> {
        self.parts_without(None)
    }

    fn parts_without(&self, gone: Option<usize>) -> Vec<Vec<usize>> {
        let mut seen = vec![false; self.neighbours.len()];
        gone.iter().for_each(|&gone| seen[gone] = true);
        let mut parts = Vec::new();
        for start in 0..seen.len() {
            if !seen[start] {
                let walk = self.walk(start, &mut seen);
                let mut part: Vec<usize> = walk.into_iter().map(|(server, _)| server).collect();
                part.sort_unstable();
                parts.push(part);
            }
        }
        parts
    }

    /// The length of the longest of all shortest paths between two servers of `part`.
    pub fn diameter(&self, part: &[usize]) -> usize {
        let farthest = |&start: &usize| {
            let walk = self.walk(start, &mut vec![false; self.neighbours.len()]);
            walk.last().map_or(0, |&(_, distance)| distance)
        };
        part.iter().map(farthest).max().unwrap_or(0)
    }

    /// The servers whose loss would split a part (articulation points).
    pub fn cuts(&self) -> Vec<usize> {
        let parts = self.parts().len();
        (0..self.neighbours.len())
            .filter(|&gone| self.parts_without(Some(gone)).len() > parts)
            .collect()
    }

    /// The greatest number of AT lines that one update in `part` can cost: 2m - n + 1.
    ///
    /// The first server to have it tells all its neighbours; each of the n - 1 others tells all
    /// but the one that told it. That is 2m directions less n - 1.
    pub fn lines_per_update_max(&self, part: &[usize]) -> usize {
        let directions: usize = part.iter().map(|&s| self.neighbours[s].len()).sum();
        directions + 1 - part.len()
    }

    /// Breadth-first search from `start` that enters no server in `seen`: the servers it reaches,
    /// nearest first, each with its distance. It adds them to `seen`.
    fn walk(&self, start: usize, seen: &mut [bool]) -> Vec<(usize, usize)> {
        seen[start] = true;
        let mut walk = vec![(start, 0)];
        let mut next = 0;
        while let Some(&(server, distance)) = walk.get(next) {
            for &neighbour in &self.neighbours[server] {
                if !seen[neighbour] {
                    seen[neighbour] = true;
                    walk.push((neighbour, distance + 1));
                }
            }
            next += 1;
        }
        walk
    }
}

#[cfg(test)]
mod tests {
    use super::Graph;

    fn graph(size: usize, links: &[(usize, usize)]) -> Graph {
        Graph::new(size, links.iter().copied())
    }

    #[test]
    fn facts_of_small_graphs() {
        let chain = graph(4, &[(2, 3), (0, 1), (1, 2)]);
        assert_eq!(chain.parts(), [[0, 1, 2, 3]]);
        assert_eq!(chain.diameter(&[0, 1, 2, 3]), 3);
        assert_eq!(chain.cuts(), [1, 2]);
        assert_eq!(chain.lines_per_update_max(&[0, 1, 2, 3]), 3);

        let ring = graph(4, &[(0, 1), (1, 2), (2, 3), (3, 0)]);
        assert_eq!(ring.diameter(&[0, 1, 2, 3]), 2);
        assert!(ring.cuts().is_empty());
        assert_eq!(ring.lines_per_update_max(&[0, 1, 2, 3]), 5);

        let one = graph(1, &[]);
        assert_eq!((one.diameter(&[0]), one.lines_per_update_max(&[0])), (0, 0));
        assert!(one.cuts().is_empty());

        let apart = graph(5, &[(0, 3), (3, 4), (1, 2)]);
        assert_eq!(apart.parts(), [vec![0, 3, 4], vec![1, 2]]);
        assert_eq!(
            (apart.diameter(&[0, 3, 4]), apart.diameter(&[1, 2])),
            (2, 1)
        );
        assert_eq!(apart.cuts(), [3]);
        assert_eq!(apart.lines_per_update_max(&[0, 3, 4]), 2);
    }
}
