//! Clocks: a neighbour whose clock is wrong, and a client that is far ahead, on real processes.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::status::{said, status};
use super::support::client::now;
use super::support::herd::Herd;
use super::support::ports::free_port;
use super::support::wait::wait_for;

/// A neighbour whose clock stands still in 1970.
fn play(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let seq = match words[..] {
            ["HELLO", from, to, _, nonce, ..] => {
                let hello = format!("HELLO {to} {from} 00000000000000aa {nonce} - clock=1\n");
                reader.get_mut().write_all(hello.as_bytes())?;
                "0"
            }
            ["MARK", seq, ..] => seq,
            [] => return Ok(()),
            _ => continue,
        };
        let since = format!("SINCE 00000000000000bb {seq} 0 0000000000000000 time=0\n");
        reader.get_mut().write_all(since.as_bytes())?;
    }
}

#[test]
fn a_neighbours_wrong_clock_is_in_the_log_and_the_status() {
    let mut herd = Herd::new(&["Goloman"], &[]);
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let [clients, servers] = [free_port(), door.local_addr().unwrap().port()];
    thread::spawn(move || {
        for stream in door.incoming().map_while(Result::ok) {
            // The other side may be gone.
            let _ = play(stream);
        }
    });
    herd.invite("Hands", [clients, servers], &["Goloman"]);
    herd.start_quietly();
    herd["Goloman"].logged("the clock of Hands is ");
    let [own_clients, own_servers] = [herd["Goloman"].clients, herd["Goloman"].servers];
    let topology = format!(
        "server Goloman 127.0.0.1 clients={own_clients} servers={own_servers}\n\
         server Hands 127.0.0.1 clients={clients} servers={servers}\nlink Goloman Hands\n"
    );
    let (code, table) = wait_for("the status names the clock", || {
        let (code, table, error) = said(&status(&topology, &["Goloman"]));
        let is_named = error.contains("clocks differ from that of Goloman: Hands -");
        is_named.then_some((code, table))
    });
    assert_eq!(code, Some(1), "{table}");
    assert!(
        table.contains("Hands up (") && table.contains("clock -"),
        "{table}"
    );
    // It is told once.
    assert_eq!(herd["Goloman"].count("the clock of Hands is "), 1);
}

#[test]
fn a_refused_iamat_is_told_with_both_clocks() {
    let herd = Herd::one();
    let second = 1_000_000_000;
    let tomorrow = now() / second + 2 * 86_400;
    let line = format!("IAMAT kiwi +1-2 {tomorrow}");
    let mut client = herd.servers[0].client();
    assert_eq!(client.ask(format!("{line}\n")), format!("? {line}"));
    herd.servers[0].logged("an IAMAT of kiwi is refused: its time, 2");
    assert_eq!(
        herd.servers[0].count(" s ahead of this server's clock, 2"),
        1
    );
}
