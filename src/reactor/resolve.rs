//! Host names. getaddrinfo(3) only blocks, for half a minute if the name servers are gone, so each
//! name is asked for on a thread of its own: a slow name blocks nobody. Callers ask one question
//! per name at a time, which bounds the threads.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, Receiver, Sender};

use super::pool::Wake;
use super::threads;
use crate::limits::LIMITS;

/// The addresses of a host, or why there are none.
pub type Resolved = io::Result<Vec<SocketAddr>>;

/// Asks for names, and wakes the loop when there are answers.
pub struct Resolver<K> {
    sender: Sender<(K, Resolved)>,
    answers: Receiver<(K, Resolved)>,
    wake: Wake,
}

impl<K: Send + 'static> Resolver<K> {
    pub fn new(wake: &Wake) -> Resolver<K> {
        let (sender, answers) = mpsc::channel();
        let wake = Wake::clone(wake);
        Resolver {
            sender,
            answers,
            wake,
        }
    }

    /// Asks for a name; `key` comes back with the answer. Nobody joins the thread.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn ask(&self, key: K, host: String, port: u16) -> io::Result<()> {
        let (sender, wake) = (self.sender.clone(), Wake::clone(&self.wake));
        let ask = move || {
            // Publish, then wake (rule 8). Nobody listens if the process ends.
            let _ = sender.send((key, resolve(&host, port)));
            wake();
        };
        threads::start("names".to_string(), ask)
    }

    /// The answers since the last call.
    pub fn answers(&self) -> Vec<(K, Resolved)> {
        self.answers.try_iter().collect()
    }
}

/// All addresses of a host: an address, perhaps with a zone, or a name. It blocks.
///
/// # Errors
/// When it has none, or nobody can say.
pub fn resolve(host: &str, port: u16) -> Resolved {
    let mut found = Vec::new();
    for address in (host, port).to_socket_addrs()?.map(canonical) {
        if !found.contains(&address) {
            found.push(address);
        }
    }
    match found.is_empty() {
        true => Err(io::Error::other("its name has no address")),
        false => Ok(alternating(found)),
    }
}

/// The two families by turns (RFC 8305, section 4): if one of them leads nowhere, the first address
/// of the other is not behind many. The order is the system's otherwise (RFC 6724).
fn alternating(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (one, other): (VecDeque<_>, VecDeque<_>) =
        (addresses.into_iter()).partition(|address| address.is_ipv4() == first);
    let mut families = [one, other];
    let mut all = Vec::new();
    while all.len() < LIMITS.addresses && families.iter().any(|it| !it.is_empty()) {
        all.extend(families[0].pop_front());
        families.rotate_left(1);
    }
    all
}

/// An IPv4 address that is written as an IPv6 one becomes itself, so that a machine without IPv6
/// reaches it.
pub fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, address.port()),
        IpAddr::V6(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        let parse = |text: &&str| text.parse().expect("an address");
        texts.iter().map(parse).collect()
    }

    #[test]
    fn families_take_turns() {
        let system = ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"];
        let want = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"];
        assert_eq!(alternating(addresses(&system)), addresses(&want));
        let one = ["1.1.1.1:1", "2.2.2.2:1"];
        assert_eq!(alternating(addresses(&one)), addresses(&one));
        let many = (1..200).map(|last| SocketAddr::from(([10, 0, 0, last], 1)));
        assert_eq!(alternating(many.collect()).len(), Limits::PRODUCT.addresses);
    }

    #[test]
    fn addresses_are_canonical_and_keep_their_zones() {
        for (host, want) in [
            ("127.0.0.1", "127.0.0.1:7"),
            ("::ffff:127.0.0.1", "127.0.0.1:7"),
            ("2001:db8::1", "[2001:db8::1]:7"),
            ("fe80::1%1", "[fe80::1%1]:7"),
            ("fe80::1%lo", "[fe80::1%1]:7"),
        ] {
            assert_eq!(resolve(host, 7).expect("it is one"), addresses(&[want]));
        }
        assert!(resolve("fe80::1%no-such", 7).is_err());
    }

    #[test]
    fn each_answer_comes_with_its_key_and_a_wake() {
        let (sender, woken) = mpsc::channel();
        let wake: Wake = std::sync::Arc::new(move || {
            let _ = sender.send(());
        });
        let resolver = Resolver::new(&wake);
        for port in 1..4 {
            let asked = resolver.ask(port, "127.0.0.1".to_string(), port);
            asked.expect("a thread");
        }
        let mut answers = Vec::new();
        while answers.len() < 3 {
            woken.recv().expect("a wake");
            for (key, found) in resolver.answers() {
                let want = SocketAddr::from(([127, 0, 0, 1], key));
                assert_eq!(found.expect("an address"), [want]);
                answers.push(key);
            }
        }
        answers.sort_unstable();
        assert_eq!(answers, [1, 2, 3]);
    }
}
