//! Step 11: every decision is made where there is no socket, no clock and no thread.
//!
//! Steps 4 to 10 decide in the same breath as they read and write, so only sockets and luck can
//! test them. Here a *core* decides: it is told facts and the time, and says what to do. It is the
//! product's own, `herd::node::Node`: lines, outbox, marks, budget, deadlines and order are in
//! there. The *shell* around it moves bytes and never looks into one: it is this loop, and the
//! sockets of `s11_shell.rs`. A test is another shell, in which half a minute takes no time.
//!
//! The cheats left: nobody looks up places (WHATSAT is told so after the core's own deadline), and
//! the server is alone (step 12).

use std::io;
use std::net::TcpListener;

use herd::limits::Limits;
use herd::node::{self, Ack, Action, Config, Event, Node};
use herd::reactor::{Clock, ReadOutcome};
use herd::units::{ConnId, Now};

use super::s11_shell::{News, Sockets};

/// A core that knows nobody else.
pub fn core() -> Node {
    Node::new(Config {
        name: "Step".into(),
        version: "11".into(),
        run: 1,
        seed: 1,
        neighbours: vec![],
        ack: Ack::Local,
        journal: None,
        secret: None,
        level: None,
        limits: Limits::default(),
    })
}

pub fn serve(listener: TcpListener) -> io::Result<()> {
    let (mut core, mut sockets) = (core(), Sockets::new(listener)?);
    let mut clock = Clock::start();
    loop {
        // Wait: until there is news, or until the core wants to be told the time.
        let asleep = clock.mono();
        let deadline = core.poll_timeout().map(|at| at.since(asleep));
        let news = sockets.wait(deadline)?;
        // Observe: facts go in.
        let now = clock.set();
        for (conn, news) in news {
            observe(&mut core, &mut sockets, now, conn, news);
        }
        core.handle(now, Event::Tick);
        // Act: decisions come out.
        while let Some(action) = core.poll_action() {
            act(&mut core, &mut sockets, now, action);
        }
    }
}

fn observe(core: &mut Node, sockets: &mut Sockets, now: Now, conn: ConnId, news: News) {
    match news {
        News::Came(from) => {
            let door = node::Door::Clients;
            core.handle(now, Event::Accepted { conn, door, from });
        }
        News::Ready => {
            match sockets.read(conn) {
                (ReadOutcome::Bytes(_), bytes) => {
                    core.handle(now, Event::Received { conn, bytes });
                }
                (ReadOutcome::Nothing, _) => {}
                (ReadOutcome::Ended, _) => core.handle(now, Event::Ended { conn }),
                (ReadOutcome::Broken(why), _) => {
                    sockets.close(conn);
                    core.handle(now, Event::Broken { conn, why });
                }
            }
            flush(core, sockets, now, conn);
        }
    }
}

fn act(core: &mut Node, sockets: &mut Sockets, now: Now, action: Action) {
    match action {
        Action::Flush(conn) => flush(core, sockets, now, conn),
        Action::Pause(conn) => sockets.listen(conn, false),
        Action::Resume(conn) => sockets.listen(conn, true),
        Action::Finish(conn) => sockets.finish(conn),
        Action::Close(conn) => sockets.close(conn),
        // The others are about neighbours, a journal, places and a signal: there are none.
        _ => {}
    }
}

/// The bytes are the core's until the socket has taken them.
fn flush(core: &mut Node, sockets: &mut Sockets, now: Now, conn: ConnId) {
    let unsent = core.unsent(conn);
    if !unsent.is_empty() {
        let count = sockets.write(conn, unsent);
        core.advance(now, conn, count);
    }
}
