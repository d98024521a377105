//! Step 12: two servers, each of which tells the other what is new.
//!
//! `set KEY VALUE` at either is known at both. Nothing is queued for the other server. The *feed*,
//! `herd::store::Feed`, has each key once, at its newest change, and a *cursor* says how far the
//! other was told; it moves while the link's outbox has room. So a server that was away for a
//! thousand changes of a key is told one. The greater version wins, and no two are equal: so both
//! agree in the end. News from the other are not told back. The table is in `s12_table.rs`.
//!
//! The cheats left are why a herd is more than this: anybody may say `news`, a link that breaks
//! begins again at the first change, and everything is forgotten at the end. Now read `src`.

use std::io;
use std::net::{SocketAddr, TcpListener};

use herd::buffers::Outbox;
use herd::reactor::Clock;
use herd::units::{ConnId, Mono};
use mio::net::TcpStream;

use super::s03_edges::Client;
use super::s06_marks::HIGH;
use super::s07_budget::Fair;
use super::s08_names::Shell;
use super::s12_table::Table;

/// A server that is not there is dialled again after 100 ms.
const REDIAL: u64 = 100_000_000;

/// The server with this number; no other has it.
pub fn serve(listener: TcpListener, me: u8, other: SocketAddr) -> io::Result<()> {
    let mut shell = Shell::<Fair>::new(listener)?;
    let mut table = Table::new(me);
    let (clock, mut dial_at) = (Clock::start(), Mono(0));
    let (mut link, mut buffer) = (None, vec![0; 16 << 10]);
    loop {
        let now = clock.mono();
        if link.is_none() && now >= dial_at {
            // Dialling does not wait, either. That somebody is there, or nobody, is an event.
            link = TcpStream::connect(other).ok().and_then(|it| shell.add(it));
            table.rewind();
            dial_at = now + REDIAL;
        }
        shell.wait(link.is_none().then(|| dial_at.since(now)))?;
        for name in std::mem::take(&mut shell.ready) {
            if !serve_one(&mut shell, name, &mut table, &mut buffer) {
                shell.clients.remove(name);
                link = link.filter(|it| *it != name);
            }
        }
        if let Some(name) = link {
            tell(&mut shell, name, &mut table);
        }
    }
}

/// A turn's work for a client or the link. False: it has ended.
fn serve_one(shell: &mut Shell<Fair>, name: ConnId, table: &mut Table, buffer: &mut [u8]) -> bool {
    let Some(client) = shell.clients.get(name) else {
        return false;
    };
    let mut obey = |line: &[u8], outbox: &mut Outbox| table.obey(line, outbox);
    let goes_on = client.turn(buffer, &mut obey) && !client.finish();
    if goes_on && client.has_work() {
        shell.ready.insert(name);
    }
    goes_on
}

/// Tells the other server what is new, while there is room below the high mark.
fn tell(shell: &mut Shell<Fair>, link: ConnId, table: &mut Table) {
    if let Some(client) = shell.clients.get(link) {
        while client.outbox.len() < HIGH && table.tell(&mut client.outbox) {}
        if client.has_work() {
            shell.ready.insert(link);
        }
    }
}
