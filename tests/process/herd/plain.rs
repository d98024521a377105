//! A plain neighbour whose host does not take what it is sent.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use socket2::{Domain, Socket, Type};

use super::iamat;
use super::support::herd::Herd;
use super::support::wait::{PATIENCE, wait_until};

/// A door whose connections hold only a part of a long line until it is read.
fn narrow_door() -> (TcpListener, u16) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(&any.into()).unwrap();
    socket.listen(16).unwrap();
    let door = TcpListener::from(socket);
    let port = door.local_addr().unwrap().port();
    (door, port)
}

fn accept(door: &TcpListener) -> TcpStream {
    let (stream, _) = door.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn told(mut stream: &TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// It never ends a connection, so a change counts as told after a second; but not one that its host
/// has not acknowledged.
#[test]
fn what_a_plain_neighbours_host_has_not_acknowledged_is_told_again() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    herd.write_topologies();
    let (door, port) = narrow_door();
    let mut topology = File::options()
        .append(true)
        .open(&herd.servers[0].topology)
        .unwrap();
    writeln!(topology, "server Old 127.0.0.1 clients={port} plain").unwrap();
    writeln!(topology, "link Goloman Old").unwrap();
    herd.servers[0].start();
    let mut client = herd.servers[0].client();

    let long = client.ask(iamat(&"k".repeat(8000)));
    let stuck = accept(&door);
    let short = client.ask(iamat("kiwi"));
    let mut read = accept(&door);
    assert_eq!(told(&read), format!("{short}\n"));
    // The server has closed this one, which began later; so the other has lingered, too.
    wait_until("a second has passed", || read.write_all(b".").is_err());
    // Closing it with unread bytes resets it.
    drop(stuck);
    let again = accept(&door);
    assert_eq!(told(&again), format!("{long}\n"));
}
