//! Dialling neighbours. The host of a neighbour may be a name, which is asked for on another
//! thread, and may have several addresses, which race.
//!
//! A dial asks for the name again, but waits for the answer only as long as it must: if there was a
//! good one before, it takes that a moment later, and the new addresses join the race when they
//! come. So neither a slow name nor a dead name server keeps a known neighbour away. An answer that
//! comes after the node has given up is kept for the next dial.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use super::connect::{connect, is_here};
use super::listener::lacks_descriptor;
use super::names::Name;
use super::pool::Wake;
use super::race::Race;
use super::reload::{Link, Places, Reload, Reread, Target, replace};
use super::resolve::{Resolved, Resolver};
use super::shell::{Shell, ShellTimer};
use super::socket::Origin;
use crate::limits::LIMITS;
use crate::node::Event;
use crate::units::{ConnId, Mono, PeerId};

/// The neighbours, and the newest attempt to reach each.
pub struct Dialler {
    pub places: Places,
    reload: Reload,
    /// By the place of the neighbour.
    attempts: Vec<Attempt>,
    here: Here,
    resolver: Resolver<(PeerId, Target)>,
}

/// This end of every dial.
pub struct Here {
    /// Our own addresses, by which the neighbours know us. None: by our secret.
    pub sources: Vec<SocketAddr>,
    /// Our own doors. A dial that leads to one of them reaches no neighbour.
    pub doors: Vec<SocketAddr>,
}

/// The newest attempt to reach a neighbour.
#[derive(Default)]
struct Attempt {
    name: Name,
    /// Addresses of its name are awaited.
    awaits_name: bool,
    race: Option<Race<ConnId>>,
    /// The address that answered last, and when.
    winner: Option<(SocketAddr, Mono)>,
}

impl Dialler {
    /// For neighbours that have the places of their indices.
    pub fn new(links: Vec<Link>, reload: Reload, here: Here, wake: &Wake) -> Dialler {
        Dialler {
            attempts: links.iter().map(|_| Attempt::default()).collect(),
            places: links.into_iter().map(Some).collect(),
            reload,
            here,
            resolver: Resolver::new(wake),
        }
    }

    /// Begins to connect to a neighbour. The attempt before may still succeed.
    pub fn dial(&mut self, peer: PeerId, shell: &mut Shell) {
        shell.timers.stop(ShellTimer::Dial(peer));
        let Some((_, target)) = &self.places[peer.index()] else {
            return;
        };
        let attempt = &mut self.attempts[peer.index()];
        let (host, port) = match target {
            Target::Address(address) => return self.race(peer, &[*address], shell),
            Target::Name(host, port) => (host.clone(), *port),
        };
        if attempt.name.is_fresh(shell.now.mono) {
            let addresses = attempt.name.addresses.clone();
            return self.race(peer, &addresses, shell);
        }
        attempt.awaits_name = true;
        if !attempt.name.addresses.is_empty() {
            let at = shell.now.mono + LIMITS.name_wait;
            shell.timers.set(ShellTimer::Dial(peer), at);
        }
        if !attempt.name.is_asked {
            let target = target.clone();
            attempt.name.is_asked = true;
            if let Err(error) = self.resolver.ask((peer, target), host, port) {
                self.answered(peer, Err(error), shell);
            }
        }
    }

    fn drop_attempt(&mut self, peer: PeerId, shell: &mut Shell) {
        let attempt = &mut self.attempts[peer.index()];
        attempt.awaits_name = false;
        shell.timers.stop(ShellTimer::Dial(peer));
        let race = attempt.race.take();
        let losers = race.into_iter().flat_map(|race| race.losers(None));
        losers.for_each(|conn| shell.sockets.close(conn));
    }

    /// Takes in the answers about names, except about names that no neighbour has any more.
    pub fn take_results(&mut self, shell: &mut Shell) {
        for ((peer, target), found) in self.resolver.answers() {
            let place = self.places.get(peer.index()).and_then(Option::as_ref);
            if place.is_some_and(|(_, present)| *present == target) {
                self.answered(peer, found, shell);
            }
        }
    }

    fn answered(&mut self, peer: PeerId, found: Resolved, shell: &mut Shell) {
        let attempt = &mut self.attempts[peer.index()];
        let failure = attempt.name.answered(found, shell.now.mono);
        let addresses = attempt.name.addresses.clone();
        match failure {
            None => {
                let addresses = addresses.iter().map(SocketAddr::ip).collect();
                shell.tell(Event::Resolved { peer, addresses });
            }
            Some((why, _)) if addresses.is_empty() => {
                attempt.awaits_name = false;
                return fail(peer, &why, shell);
            }
            Some((why, is_news)) => {
                if let Some((neighbour, _)) = self.places[peer.index()].as_ref().filter(|_| is_news)
                {
                    let name = &neighbour.name;
                    log::warn!("the host of {name}: {why}; its last addresses are dialled");
                }
            }
        }
        if attempt.awaits_name {
            self.race(peer, &addresses, shell);
        } else if let Some(race) = &mut attempt.race {
            race.add(&addresses);
            self.go_on(peer, shell);
        }
    }

    /// Tries these addresses, the one that answered last before the others.
    fn race(&mut self, peer: PeerId, addresses: &[SocketAddr], shell: &mut Shell) {
        let (attempt, now) = (&mut self.attempts[peer.index()], shell.now.mono);
        let neighbour = self.places[peer.index()].as_ref().map(|(it, _)| it);
        let is_plain = neighbour.is_some_and(|it| it.plain);
        let mut addresses = addresses.to_vec();
        if let Some((address, at)) = attempt.winner
            && let Some(place) = addresses.iter().position(|it| *it == address)
        {
            // If its link did not last, another program may listen there.
            match is_plain || now.since(at) > 2 * LIMITS.dead {
                true => addresses[..=place].rotate_right(1),
                false => addresses[place..].rotate_left(1),
            }
        }
        attempt.awaits_name = false;
        let race = Race::to(&addresses);
        let close = |conn| shell.sockets.close(conn);
        attempt.race = Some(race.beside(attempt.race.take(), is_plain, close));
        self.go_on(peer, shell);
    }

    /// The time of the next step of an attempt has come: the name was awaited for long enough, or
    /// the next address joins the race.
    pub fn on_timer(&mut self, peer: PeerId, shell: &mut Shell) {
        let attempt = &self.attempts[peer.index()];
        match attempt.awaits_name {
            true => self.race(peer, &attempt.name.addresses.clone(), shell),
            false => self.go_on(peer, shell),
        }
    }

    /// Connects to the next addresses, if it is time.
    fn go_on(&mut self, peer: PeerId, shell: &mut Shell) {
        let attempt = &mut self.attempts[peer.index()];
        let Some(race) = &mut attempt.race else {
            return;
        };
        let (here, sockets, poll) = (&self.here, &mut shell.sockets, &shell.poll);
        let begin = |address| {
            if here.doors.iter().any(|door| leads_to(address, *door)) {
                return Err(io::Error::other("its host leads to our own door"));
            }
            let stream = connect(address, &here.sources)?;
            sockets.add(stream, Origin::Dialling(peer), poll)
        };
        let outcome = race.go_on(shell.now.mono, begin);
        match race.next_at() {
            Some(at) => shell.timers.set(ShellTimer::Dial(peer), at),
            None => shell.timers.stop(ShellTimer::Dial(peer)),
        }
        if let Err(why) = outcome {
            attempt.race = None;
            if lacks_descriptor(&why) {
                shell.make_room();
            }
            fail(peer, &why, shell);
        }
    }

    /// Takes in an event of a connection that is being made to a neighbour.
    pub fn advance(&mut self, peer: PeerId, conn: ConnId, shell: &mut Shell) {
        let socket = shell.sockets.get(conn);
        let Some(outcome) = socket.and_then(|mut socket| socket.dial_outcome()) else {
            return;
        };
        let attempt = &mut self.attempts[peer.index()];
        match outcome {
            Ok(()) => {
                let race = attempt.race.take();
                let winner = race.as_ref().and_then(|race| race.address(&conn));
                attempt.winner = winner.map(|address| (address, shell.now.mono));
                let losers = race.into_iter().flat_map(|race| race.losers(Some(&conn)));
                losers.for_each(|conn| shell.sockets.close(conn));
                shell.timers.stop(ShellTimer::Dial(peer));
                shell.tell(Event::Dialled { peer, conn });
            }
            Err(why) => {
                shell.sockets.close(conn);
                if let Some(race) = &mut attempt.race {
                    race.failed(&conn, why);
                }
                self.go_on(peer, shell);
            }
        }
    }

    /// Reads the secrets and the links of this server again. An error in either leaves that as it
    /// was.
    pub fn reload(&mut self, shell: &mut Shell) {
        let Reread { secrets, links } = (self.reload)();
        // A new neighbour is dialled with the new secret.
        match secrets {
            None => {}
            Some(Ok(secrets)) => {
                let count = secrets.all().len();
                log::info!("the secret was read again: {count} accepted");
                shell.tell(Event::Secrets(secrets));
            }
            Some(Err(why)) => {
                log::warn!("the secret was read again, and is not taken over: {why}");
            }
        }
        let links = match links {
            Ok(links) => links,
            Err(why) => {
                return log::warn!("the topology was read again, and is not taken over: {why}");
            }
        };
        let changes = replace(&mut self.places, links);
        log::info!("the topology was read again: {}", changes.summary);
        for (peer, _) in changes.closed {
            self.drop_attempt(peer, shell);
            self.attempts[peer.index()] = Attempt::default();
            shell.tell(Event::Unlinked { peer });
        }
        self.attempts
            .resize_with(self.places.len(), Attempt::default);
        for (peer, neighbour) in changes.opened {
            shell.tell(Event::Linked { peer, neighbour });
        }
    }
}

/// Whether who connects to `address` comes in at `door`, which may be that of all our addresses.
fn leads_to(mut address: SocketAddr, door: SocketAddr) -> bool {
    if address.port() != door.port() {
        return false;
    }
    if address.ip().is_unspecified() {
        // Linux takes it for the loopback address.
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let takes_family = door.is_ipv6() || address.is_ipv4();
    let takes_all = door.ip().is_unspecified() && takes_family;
    address.ip() == door.ip() || takes_all && is_here(address)
}

fn fail(peer: PeerId, why: &io::Error, shell: &mut Shell) {
    let why = why.to_string();
    shell.tell(Event::DialFailed { peer, why });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_door_is_no_neighbour_by_whichever_name() {
        for (address, door, want) in [
            ("127.0.0.1:7", "127.0.0.1:7", true),
            ("127.0.0.1:8", "127.0.0.1:7", false),
            ("127.0.0.2:7", "127.0.0.1:7", false),
            ("127.0.0.2:7", "0.0.0.0:7", true),
            ("127.0.0.2:7", "[::]:7", true),
            ("0.0.0.0:7", "127.0.0.1:7", true),
            ("192.0.2.7:7", "0.0.0.0:7", false),
            ("192.0.2.7:7", "192.0.2.7:7", true),
            ("[::1]:7", "0.0.0.0:7", false),
        ] {
            let parse = |text: &str| text.parse().expect("an address");
            assert_eq!(leads_to(parse(address), parse(door)), want, "{address}");
        }
    }
}
