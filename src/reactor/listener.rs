//! A listening socket, and what every error of accept(2) means.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Socket, Type};

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

/// The result of accepting.
#[derive(Debug)]
pub enum Accept {
    Connection(TcpStream, SocketAddr),
    /// The first connection in the queue was lost before we took it; there may be others.
    Aborted(io::Error),
    /// The queue is empty: an edge will tell when it is not.
    WouldBlock,
    /// A connection waits, but the process or the system has no descriptor or memory for it, or
    /// does not let it in. No edge will tell when it does.
    OutOfDescriptors(io::Error),
}

impl Listener {
    /// Opens a listening socket. A server that was killed leaves connections in TIME_WAIT; they do
    /// not keep the next one from binding the same address at once.
    ///
    /// # Errors
    /// When the address is in use or not this machine's.
    pub fn open(host: IpAddr, port: u16) -> io::Result<Listener> {
        let address = SocketAddr::new(host, port);
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(Limits::PRODUCT.listen_queue as i32)?;
        let socket = TcpListener::from_std(socket.into());
        Ok(Listener {
            socket,
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

    /// Takes the first connection of the queue. Readiness lasts until the kernel says that the
    /// queue is empty (rules 2 and 7), or that it must be tried again later.
    pub(super) fn accept(&mut self) -> Accept {
        if !self.ready {
            return Accept::WouldBlock;
        }
        let accept = Accept::from(self.socket.accept());
        self.judge(accept)
    }

    /// One visitor's error after the other is not the visitors' any more: accept(2) may be
    /// forbidden to this process (seccomp(2)), with the error of a firewall.
    fn judge(&mut self, accept: Accept) -> Accept {
        self.errors += 1;
        let accept = match accept {
            Accept::Aborted(error) if self.errors >= Limits::PRODUCT.accept_batch => {
                Accept::OutOfDescriptors(error)
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

/// Rule 7: errors of one visitor, who is gone or not allowed, concern nobody else. All others are
/// the process's or the system's; trying again at once would not help.
impl From<io::Result<(TcpStream, SocketAddr)>> for Accept {
    fn from(result: io::Result<(TcpStream, SocketAddr)>) -> Accept {
        match result {
            Ok((stream, from)) => Accept::Connection(stream, from),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Accept::WouldBlock,
            Err(error) => match error.raw_os_error() {
                Some(number) if OF_ONE_VISITOR.contains(&number) => Accept::Aborted(error),
                _ => Accept::OutOfDescriptors(error),
            },
        }
    }
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
        // ENOMEM, ENFILE, EMFILE and ENOBUFS; EBADF, EFAULT, EINVAL and ENOTSOCK would be bugs of
        // ours, and must not make the loop spin.
        for number in [12, 23, 24, 105, 9, 14, 22, 88] {
            let accept = accept(number);
            assert!(matches!(accept, Accept::OutOfDescriptors(_)), "{number}");
            assert!(!accept.may_have_more());
        }
    }

    #[test]
    fn an_error_for_ever_waits_for_a_timer() {
        let mut listener = Listener::open(IpAddr::from([127, 0, 0, 1]), 0).expect("a listener");
        let most = Limits::PRODUCT.accept_batch;
        for _ in 0..3 {
            for _ in 1..most {
                assert!(matches!(listener.judge(accept(1)), Accept::Aborted(_)));
                assert!(listener.ready);
            }
            let last = listener.judge(accept(1));
            assert!(matches!(last, Accept::OutOfDescriptors(_)) && !listener.ready);
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
        let host = IpAddr::from([127, 0, 0, 1]);
        let mut listener = Listener::open(host, 0).expect("a listener");
        listener.ready = true;
        assert!(matches!(listener.accept(), Accept::WouldBlock));
        assert!(!listener.ready);
        let address = listener.local_addr().expect("its address");
        let client = std::net::TcpStream::connect(address).expect("a connection");
        assert!(matches!(listener.accept(), Accept::WouldBlock));
        listener.ready = true;
        let Accept::Connection(_, from) = listener.accept() else {
            panic!("it is in the queue")
        };
        assert_eq!(from, client.local_addr().expect("its address"));
        assert!(listener.ready);
    }
}
