//! A listening socket, and what every error of accept(2) means.

use std::io::{self, ErrorKind};
use std::net::{self, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, SockRef, Socket, TcpKeepalive, Type};

use crate::limits::Limits;

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: TcpListener,
    /// Connections may be waiting: an event came, or it is time to try again.
    pub(super) ready: bool,
    /// Errors of one visitor each, in a row.
    errors: usize,
}

/// Has the kernel ask hosts that say nothing whether they are still there (tcp(7)). Each accepted
/// connection inherits this from its listener, so accepting costs no further system call.
fn keep_alive(listener: &Socket) -> io::Result<()> {
    const LIMITS: Limits = Limits::PRODUCT;
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_nanos(LIMITS.keepalive_idle))
        .with_interval(Duration::from_nanos(LIMITS.keepalive_gap))
        .with_retries(LIMITS.keepalive_probes);
    listener.set_tcp_keepalive(&keepalive)?;
    listener.set_tcp_user_timeout(Some(Duration::from_nanos(LIMITS.unacknowledged)))
}

/// The result of accepting.
#[derive(Debug)]
pub enum Accept {
    Connection(TcpStream, SocketAddr),
    /// The first connection in the queue was lost before we took it; there may be others.
    Aborted(io::Error),
    /// The queue is empty: an edge will tell when it is not.
    WouldBlock,
    /// A connection waits, but the process or the system has no descriptor for it. No edge will
    /// tell when it has.
    OutOfDescriptors(io::Error),
    /// A connection waits, but there is no memory for it, or we may not accept it. No edge will
    /// tell when that changes.
    Failed(io::Error),
}

impl Listener {
    /// Opens a listening socket. A server that was killed leaves connections in TIME_WAIT; they do
    /// not keep the next one from binding the same address at once.
    ///
    /// # Errors
    /// When the address is in use or not this machine's.
    pub fn open(address: SocketAddr) -> io::Result<Listener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        if address.is_ipv6() && address.ip().is_unspecified() {
            // `[::]` takes IPv4 in, too, whatever the system's default is (ipv6(7)).
            socket.set_only_v6(false)?;
        }
        socket.bind(&address.into())?;
        socket.listen(Limits::PRODUCT.listen_queue as i32)?;
        Listener::given(socket.into())
    }

    /// A listening socket that somebody else has opened.
    ///
    /// # Errors
    /// When it is no such socket.
    pub fn given(socket: net::TcpListener) -> io::Result<Listener> {
        let options = SockRef::from(&socket);
        if !options.is_listener()? {
            return Err(io::Error::other("it is not a listening socket"));
        }
        keep_alive(&options)?;
        socket.set_nonblocking(true)?;
        Ok(Listener {
            socket: TcpListener::from_std(socket),
            ready: false,
            errors: 0,
        })
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// The kernel's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Registers it with a loop of another room.
    ///
    /// # Errors
    /// The kernel's.
    pub fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE)
    }

    /// Connections may be waiting.
    pub fn event(&mut self) {
        self.ready = true;
    }

    /// Takes the first connection of the queue. Readiness lasts until the kernel says that the
    /// queue is empty (rules 2 and 7), or that it must be tried again later.
    pub fn accept(&mut self) -> Accept {
        if !self.ready {
            return Accept::WouldBlock;
        }
        let accept = match Accept::from(self.socket.accept()) {
            Accept::OutOfDescriptors(_) if !self.is_awaited() => Accept::WouldBlock,
            accept => accept,
        };
        self.judge(accept)
    }

    /// Whether a connection waits. accept(2) takes a descriptor before it looks into the queue, so
    /// it may lack one for nobody.
    fn is_awaited(&self) -> bool {
        let mut sockets = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        poll(&mut sockets, PollTimeout::ZERO) != Ok(0)
    }

    /// One visitor's error after the other is not the visitors' any more: accept(2) may be
    /// forbidden to this process (seccomp(2)), with the error of a firewall.
    fn judge(&mut self, accept: Accept) -> Accept {
        self.errors += 1;
        let accept = match accept {
            Accept::Aborted(error) if self.errors >= Limits::PRODUCT.accept_batch => {
                Accept::Failed(error)
            }
            other => other,
        };
        if !matches!(accept, Accept::Aborted(_)) {
            self.errors = 0;
        }
        self.ready = accept.may_have_more();
        accept
    }
}

impl Accept {
    /// Whether the next connection can be accepted at once.
    fn may_have_more(&self) -> bool {
        matches!(self, Accept::Connection(..) | Accept::Aborted(_))
    }
}

/// Rule 7: an error of one visitor that is gone or not allowed concerns nobody else. All other
/// errors are the process's or the system's. A lack of descriptors may end when a connection is
/// closed; for the others only time helps.
impl From<io::Result<(TcpStream, SocketAddr)>> for Accept {
    fn from(result: io::Result<(TcpStream, SocketAddr)>) -> Accept {
        match result {
            Ok((stream, from)) => Accept::Connection(stream, from),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Accept::WouldBlock,
            Err(error) => match error.raw_os_error() {
                Some(number) if OF_ONE_VISITOR.contains(&number) => Accept::Aborted(error),
                _ if lacks_descriptor(&error) => Accept::OutOfDescriptors(error),
                _ => Accept::Failed(error),
            },
        }
    }
}

/// Whether there was no descriptor for a new socket: ENFILE and EMFILE, by their numbers on Linux.
pub(super) fn lacks_descriptor(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24))
}

/// EPERM, EINTR, ENOSR, ENONET, EPROTO, ENOPROTOOPT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EOPNOTSUPP,
/// ENETDOWN, ENETUNREACH, ECONNABORTED, ECONNRESET, ETIMEDOUT, EHOSTDOWN and EHOSTUNREACH, by their
/// numbers on Linux: accept(2) also passes on errors of the network that the connection has met.
const OF_ONE_VISITOR: [i32; 16] = [
    1, 4, 63, 64, 71, 92, 93, 94, 95, 100, 101, 103, 104, 110, 112, 113,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(number: i32) -> Accept {
        Accept::from(Err(io::Error::from_raw_os_error(number)))
    }

    #[test]
    fn errors_of_one_visitor_do_not_keep_the_next_one_waiting() {
        for number in OF_ONE_VISITOR {
            let accept = accept(number);
            assert!(matches!(accept, Accept::Aborted(_)), "{number}");
            assert!(accept.may_have_more());
        }
    }

    #[test]
    fn errors_of_the_process_wait_for_a_timer() {
        // ENOMEM and ENOBUFS; EBADF, EFAULT, EINVAL and ENOTSOCK would be bugs of ours, and must
        // not make the loop spin.
        for number in [12, 105, 9, 14, 22, 88] {
            let accept = accept(number);
            assert!(matches!(accept, Accept::Failed(_)), "{number}");
            assert!(!accept.may_have_more());
        }
        for number in [23, 24] {
            let accept = accept(number);
            assert!(matches!(accept, Accept::OutOfDescriptors(_)), "{number}");
            assert!(!accept.may_have_more());
        }
    }

    #[test]
    fn an_error_for_ever_waits_for_a_timer() {
        let mut listener = Listener::open(([127, 0, 0, 1], 0).into()).expect("a listener");
        let most = Limits::PRODUCT.accept_batch;
        for _ in 0..3 {
            for _ in 1..most {
                assert!(matches!(listener.judge(accept(1)), Accept::Aborted(_)));
                assert!(listener.ready);
            }
            let last = listener.judge(accept(1));
            assert!(matches!(last, Accept::Failed(_)) && !listener.ready);
        }
        // Between others it is an error of one visitor.
        for _ in 0..most {
            assert!(matches!(listener.judge(accept(1)), Accept::Aborted(_)));
            assert!(matches!(listener.judge(accept(11)), Accept::WouldBlock));
        }
    }

    #[test]
    fn an_empty_queue_waits_for_an_edge() {
        assert!(matches!(accept(11), Accept::WouldBlock));
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut listener = Listener::open(address).expect("a listener");
        listener.ready = true;
        assert!(matches!(listener.accept(), Accept::WouldBlock));
        assert!(!listener.ready);
        let address = listener.local_addr().expect("its address");
        assert!(!listener.is_awaited());
        let client = std::net::TcpStream::connect(address).expect("a connection");
        assert!(listener.is_awaited());
        assert!(matches!(listener.accept(), Accept::WouldBlock));
        listener.ready = true;
        let Accept::Connection(stream, from) = listener.accept() else {
            panic!("it is in the queue")
        };
        assert_eq!(from, client.local_addr().expect("its address"));
        assert!(listener.ready);
        let socket = socket2::SockRef::from(&stream);
        assert!(socket.keepalive().expect("an option"));
        let (idle, gap) = (socket.tcp_keepalive_time(), socket.tcp_keepalive_interval());
        let seconds = [idle, gap].map(|time| time.expect("an option").as_secs());
        let probes = socket.tcp_keepalive_retries().expect("an option");
        assert_eq!((seconds, probes), ([60, 10], 5));
        // With another time-out than this, the kernel asks fewer times, or more.
        let unacknowledged = socket.tcp_user_timeout().expect("an option");
        assert_eq!(unacknowledged.map(|it| it.as_secs()), Some(60 + 5 * 10));
    }
}
