//! The promise of `--ack herd-or-error`: while the herd is whole, every server knows what one of
//! them acknowledges.

use herd::node::Ack;

use super::guest::{Acked, value};
use super::visiting::line_of;
use super::world::World;
use crate::support::shell::Shell;
use crate::support::wire::Holder;

impl World {
    /// When an IAMAT that not every server has yet is answered with an error, if it ever is.
    pub fn error_after(&self) -> Option<u64> {
        let wait = self.weather.limits.ack_wait;
        (self.weather.ack == Ack::HerdOrError).then_some(wait)
    }

    /// If all servers run and every link is up: how often one may have been lost so far. The server
    /// of `shell` has its turn, and is not in its place.
    pub fn calm(&self, shell: &Shell) -> Option<u64> {
        let all = self.servers().chain([(shell.place, shell)]);
        let whole = all.filter(|(place, server)| {
            let links = self.places[*place].neighbours.len();
            let ends = server.ending || server.asked_to_end;
            !ends
                && server.node.inspect().links_up().count_ones() as usize == links
                && self.is_sound(server)
        });
        (whole.count() == self.places.len()).then_some(self.unrest)
    }

    /// No link of a server is dead without its knowledge.
    fn is_sound(&self, server: &Shell) -> bool {
        let sockets = server.sockets.iter().flatten();
        let links = sockets.filter(|it| it.link && !self.is_watched(it.end.wire));
        let mut sides = links.flat_map(|link| &self.wires[link.end.wire].sides);
        sides.all(|side| !side.broken && matches!(side.holder, Holder::Server(..)))
    }

    /// Every server knows what is acknowledged, if the herd was whole when it was heard and no link
    /// was lost since.
    pub fn check_everywhere(&mut self, acked: &[Acked]) {
        if self.error_after().is_none() || self.garble.is_done {
            return;
        }
        let mut calm = acked.iter().filter(|it| it.calm == Some(self.unrest));
        let lacks = calm.find_map(|acked| {
            let knows = |server: &Shell| {
                let known = line_of(server, &acked.client).and_then(|line| value(&line));
                known.is_some_and(|(_, known)| known >= acked.value)
            };
            let lacks = self.servers().find(|(_, server)| !knows(server));
            lacks.map(|(place, _)| (&acked.client, &self.places[place].name))
        });
        if let Some((client, name)) = lacks {
            self.fail("everywhere", format!("{client} is not known to {name}"));
        }
    }
}
