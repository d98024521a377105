//! The parts that an event loop is made of; the caller opens them.

use std::net::SocketAddr;
use std::sync::Arc;

use super::listener::Listener;
use super::notify::Notifier;
use super::reload::{Link, Reload};
use super::signals::Signals;
use super::trace::TraceFile;
use crate::journal::JournalFiles;
use crate::logging::Log;
use crate::node::Node;
use crate::places::Provider;

/// The parts of an event loop.
pub struct Setup {
    /// The server; it knows what its journal held.
    pub node: Node,
    /// The files of its journal, if it has one.
    pub journal: Option<JournalFiles>,
    /// The clients' and the servers' door, each at one address or more.
    pub doors: [Vec<Listener>; 2],
    /// The node's neighbours, in its order, and where each is dialled.
    pub links: Vec<Link>,
    /// Reads both again, and the secrets, at SIGHUP.
    pub reload: Reload,
    /// Our own addresses, by which the neighbours know us; none: they know us by our secret.
    pub sources: Vec<SocketAddr>,
    /// The most clients at once. One more is closed as soon as it comes, so that the links and the
    /// log always have descriptors.
    pub clients_max: usize,
    /// The provider that the workers ask.
    pub places: Arc<dyn Provider>,
    /// Signals, including those that have come already.
    pub signals: Signals,
    /// The service manager, if one started us.
    pub notifier: Notifier,
    /// The log; written once per turn.
    pub log: Log,
    /// How its turns are watched.
    pub turns: Turns,
}

/// How the turns of a loop are watched.
#[derive(Debug, Default)]
pub struct Turns {
    /// A turn that takes longer, in nanoseconds, is logged and counted; 0: none is.
    pub slow: u64,
    /// Where the newest turns are written; none: they are not kept.
    pub trace: Option<TraceFile>,
}
