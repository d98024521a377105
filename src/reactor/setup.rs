//! The parts that an event loop is made of; the caller opens them.

use std::net::IpAddr;
use std::sync::Arc;

use super::listener::Listener;
use super::notify::Notifier;
use super::reload::{Link, Reload};
use super::signals::Signals;
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
    /// The clients' and the servers' door.
    pub doors: [Listener; 2],
    /// The node's neighbours, in its order, and where each is dialled.
    pub links: Vec<Link>,
    /// Reads both again, at SIGHUP.
    pub reload: Reload,
    /// Our own address, by which the neighbours know us, if it is not a name.
    pub source: Option<IpAddr>,
    /// The most clients at once. One more is closed as soon as it comes, so that the links and the
    /// log always have descriptors.
    pub clients_max: usize,
    /// The provider that the workers ask.
    pub places: Arc<dyn Provider>,
    /// End when standard input does.
    pub until_eof: bool,
    /// Signals, including those that have come already.
    pub signals: Signals,
    /// The service manager, if one started us.
    pub notifier: Notifier,
    /// The log; written once per turn.
    pub log: Log,
}
