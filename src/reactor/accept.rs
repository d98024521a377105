//! The listeners of both doors, and the rules by which connections come in.

use std::io;
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Poll};

use super::listener::{Accept, Listener};
use super::resolve::canonical;
use super::shell::{Shell, ShellTimer};
use super::socket::Origin;
use super::token::{CLIENTS_DOOR, SERVERS_DOOR};
use crate::limits::{Limit, Limits, Throttle};
use crate::node::{Door, Event};

const LIMITS: Limits = Limits::PRODUCT;

/// The listeners of both doors, and their rules.
#[derive(Default)]
pub struct Listeners {
    /// By [`Door`], each at one address or more; empty: the process is ending.
    open: Vec<Vec<Listener>>,
    /// The most open connections, by door.
    pub max: [usize; 2],
    /// The last connection could not be accepted, for lack of descriptors or memory or rights.
    is_held_up: bool,
    /// A client was closed for the connection that waits, and none has come in since.
    has_made_room: bool,
    warnings: Throttle,
    rejections: [Throttle; 2],
}

/// The addresses of all doors.
///
/// # Errors
/// The kernel's.
pub fn addresses(doors: &[Vec<Listener>]) -> io::Result<Vec<SocketAddr>> {
    doors.iter().flatten().map(Listener::local_addr).collect()
}

impl Listeners {
    /// Listens at the clients' and the servers' door. At most `clients_max` clients are admitted:
    /// some descriptors are kept back for links and the log (rule 7).
    ///
    /// # Errors
    /// When they cannot be registered.
    pub fn new(
        doors: [Vec<Listener>; 2],
        clients_max: usize,
        poll: &Poll,
    ) -> io::Result<Listeners> {
        let mut open = Vec::from(doors);
        for (door, token) in open.iter_mut().zip([CLIENTS_DOOR, SERVERS_DOOR]) {
            for listener in door {
                let registry = poll.registry();
                registry.register(&mut listener.socket, token, Interest::READABLE)?;
            }
        }
        Ok(Listeners {
            open,
            max: [clients_max, 0],
            ..Listeners::default()
        })
    }

    /// Two connections of each neighbour are admitted, for a new link may come before the loss of
    /// the old one is noticed; and some unidentified ones at each address, which the node closes
    /// within seconds; and watchers.
    pub fn set_neighbours(&mut self, count: usize) {
        let each = 2 + 2 + LIMITS.handshakes;
        self.max[Door::Servers as usize] = count * each + LIMITS.unidentified + LIMITS.watchers;
    }

    /// Closes both: nobody comes in any more.
    pub fn close(&mut self) {
        self.open.clear();
    }

    pub fn are_closed(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes in an event: connections wait at that door.
    pub fn event(&mut self, door: Door) {
        let listeners = self.open.get_mut(door as usize).into_iter().flatten();
        listeners.for_each(|it| it.ready = true);
    }

    /// Tries again, some time after an error for which no edge comes.
    pub fn on_timer(&mut self) {
        self.has_made_room = false;
        self.retry();
    }

    /// Tries again if a connection waits for a descriptor: another was closed.
    pub fn descriptor_freed(&mut self) {
        if self.is_held_up {
            self.retry();
        }
    }

    fn retry(&mut self) {
        let all = self.open.iter_mut().flatten();
        all.for_each(|it| it.ready = true);
    }

    /// Whether no connection is known to wait.
    pub fn are_idle(&self) -> bool {
        !self.open.iter().flatten().any(|it| it.ready)
    }

    /// Accepts a turn's worth of connections at each door, neighbours first (rule 9). More would
    /// keep those inside waiting.
    pub fn accept(&mut self, shell: &mut Shell) {
        for door in [Door::Servers, Door::Clients] {
            let listeners = self.open.get(door as usize).map_or(0, Vec::len);
            for place in 0..listeners {
                self.accept_at(door, place, shell);
            }
        }
    }

    /// Does so at one address of a door.
    fn accept_at(&mut self, door: Door, place: usize, shell: &mut Shell) {
        for _ in 0..LIMITS.accept_batch {
            match self.open[door as usize][place].accept() {
                Accept::Connection(stream, from) => {
                    self.admit(stream, canonical(from), door, shell);
                }
                Accept::Aborted(_) => {}
                Accept::WouldBlock => return,
                Accept::OutOfDescriptors(_) if self.make_room(shell) => {
                    self.open[door as usize][place].ready = true;
                }
                Accept::OutOfDescriptors(error) | Accept::Failed(error) => {
                    return self.wait(&error, shell);
                }
            }
        }
    }

    /// Closes an idle client for the connection that waits, a neighbour's or a client's. That may
    /// be in vain: another process takes the descriptor, or our limit is below its number now. So
    /// the next client is closed only after a while.
    fn make_room(&mut self, shell: &mut Shell) -> bool {
        !std::mem::replace(&mut self.has_made_room, true) && shell.make_room()
    }

    fn wait(&mut self, error: &io::Error, shell: &mut Shell) {
        let now = shell.now.mono;
        self.is_held_up = true;
        let retry = now + LIMITS.accept_retry;
        shell.timers.set(ShellTimer::Accept, retry);
        shell.node.hit(Limit::accept_retry);
        if let Some(withheld) = self.warnings.permit(now, LIMITS.warning_gap) {
            log::error!("nobody can come in for now: {error}{withheld}");
        }
    }

    /// Lets a connection in, or drops it, which closes it at once: better than to leave it waiting.
    fn admit(&mut self, stream: TcpStream, from: SocketAddr, door: Door, shell: &mut Shell) {
        (self.is_held_up, self.has_made_room) = (false, false);
        let max = self.max[door as usize];
        let is_full = |shell: &Shell| shell.sockets.accepted[door as usize] >= max;
        if door == Door::Clients && is_full(shell) {
            shell.make_room();
        }
        if is_full(shell) {
            shell.node.hit(match door {
                Door::Clients => Limit::clients,
                Door::Servers => Limit::unidentified,
            });
            let throttle = &mut self.rejections[door as usize];
            if let Some(withheld) = throttle.permit(shell.now.mono, LIMITS.warning_gap) {
                log::warn!("{from} turned away: {max} have come in already{withheld}");
            }
            return;
        }
        match shell.sockets.add(stream, Origin::Door(door), &shell.poll) {
            Ok(conn) => shell.tell(Event::Accepted { conn, door, from }),
            Err(error) => {
                if let Some(withheld) = self.warnings.permit(shell.now.mono, LIMITS.warning_gap) {
                    log::warn!("{from} turned away: {error}{withheld}");
                }
            }
        }
    }
}
