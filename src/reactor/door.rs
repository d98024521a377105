//! A listening socket.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, Socket, Type};

use super::LIMITS;

/// A listening socket.
#[derive(Debug)]
pub struct Door {
    /// The socket itself.
    pub listener: TcpListener,
}

/// Who was at the door.
#[derive(Debug)]
pub enum Visit {
    /// Somebody.
    Came(TcpStream, SocketAddr),
    /// Somebody who was gone, or could not be taken in, before we looked.
    Gone,
    /// Nobody for now: an edge will tell.
    Nobody,
    /// Somebody waits, but there is no descriptor or memory for it (accept(2)). No edge will tell
    /// when there is.
    NoRoom(io::Error),
}

impl Door {
    /// Opens a door. A server that was killed leaves connections in TIME_WAIT; they do not keep
    /// the next one from binding the same address at once.
    ///
    /// # Errors
    /// When the address is in use or not this machine's.
    pub fn open(host: IpAddr, port: u16) -> io::Result<Door> {
        let address = SocketAddr::new(host, port);
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(LIMITS.listen_queue as i32)?;
        let listener = TcpListener::from_std(socket.into());
        Ok(Door { listener })
    }

    /// Takes in the next who waits.
    pub fn accept(&mut self) -> Visit {
        match self.listener.accept() {
            Ok((stream, from)) => Visit::Came(stream, from),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Visit::Nobody,
            Err(error) if is_lack_of_room(&error) => Visit::NoRoom(error),
            // The visitor's own trouble, such as ECONNABORTED, or a signal.
            Err(_) => Visit::Gone,
        }
    }
}

/// EMFILE, ENFILE, ENOBUFS or ENOMEM, by their numbers on Linux: the standard library has no
/// names for the first three.
fn is_lack_of_room(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(24 | 23 | 105 | 12))
}
