//! A check for each step, which the step before it fails. Each asks for an outcome: who is served,
//! which bytes come back, how many lines come first. None measures a time.
//!
//! A client is as patient as its test says: a step that is right has all the time that a busy
//! machine needs, and one that is wrong is often just silent, which a short while shows.
//! `HERD_PATIENCE` is the most in seconds, for steps that are broken on purpose.

mod core;
mod door;
mod lines;
mod marks;
mod names;
mod table;
mod waits;

pub use table::table;

use std::env;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::steps::{STEPS, Serve};

/// A step, with how long its clients wait for anything.
#[derive(Clone, Copy)]
struct Trial {
    number: usize,
    serve: Serve,
    patience: Duration,
}

fn trial(number: usize, seconds: u64) -> Trial {
    let most = env::var("HERD_PATIENCE").map_or(seconds, |most| most.parse().unwrap());
    Trial {
        number,
        serve: STEPS[number - 1].1,
        patience: Duration::from_secs(seconds.min(most)),
    }
}

/// Asks a step for an outcome.
type Check = fn(Trial) -> io::Result<()>;

/// Passes if this step passes the check and the one before it does not.
fn tells_from_the_step_before(number: usize, check: Check) {
    check(trial(number, 30)).unwrap_or_else(|error| panic!("step {number}: {error}"));
    let before = number - 1;
    let error = check(trial(before, 1)).expect_err("the step before passes, too");
    println!("step {before}: {error}");
}

/// A lesson is not forgotten by later steps. Three have a reason to leave one out: step 9 loses its
/// patience with a client that reads late, step 10 has no deadlines, and those of step 11 are long.
#[test]
fn later_steps_keep_what_earlier_ones_can() {
    let lessons: [(Check, &[usize]); 7] = [
        (lines::finds_lines, &[5, 6, 7, 8, 9, 10, 11]),
        (lines::cuts_long_lines, &[5, 6, 7, 8, 9, 10, 11]),
        (lines::answers_the_last_line, &[6, 7, 8, 9, 10, 11]),
        (lines::lingers, &[6, 7, 8, 9, 10, 11]),
        (marks::slows_the_sender, &[7, 8, 10, 11]),
        (names::stale_names_hit_nobody, &[9]),
        (door::lives_without_descriptors, &[3]),
    ];
    for (check, steps) in lessons {
        for number in steps {
            check(trial(*number, 30)).unwrap_or_else(|error| panic!("step {number}: {error}"));
        }
    }
}

/// A door that nobody looks at yet: who comes waits in the kernel's queue.
struct Door {
    socket: Socket,
    address: SocketAddr,
    trial: Trial,
    /// The size of the kernel's buffers of each connection. Little fills small ones.
    kernel: Option<usize>,
}

impl Door {
    fn open(trial: Trial) -> io::Result<Door> {
        Door::with_buffers(trial, None)
    }

    /// A door whose connections have buffers of 32 KiB in the kernel, which doubles that.
    fn small(trial: Trial) -> io::Result<Door> {
        Door::with_buffers(trial, Some(32 << 10))
    }

    fn with_buffers(trial: Trial, kernel: Option<usize>) -> io::Result<Door> {
        let socket = socket(kernel)?;
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
        socket.listen(256)?;
        let address = socket.local_addr()?.as_socket();
        Ok(Door {
            address: address.ok_or(io::ErrorKind::Other)?,
            socket,
            trial,
            kernel,
        })
    }

    /// A client that is in, or in the queue.
    fn client(&self) -> io::Result<Client> {
        let socket = socket(self.kernel)?;
        socket.set_read_timeout(Some(self.trial.patience))?;
        socket.set_write_timeout(Some(self.trial.patience))?;
        socket.set_tcp_nodelay(true)?;
        socket.connect(&self.address.into())?;
        Ok(Client(socket.into()))
    }

    /// Lets the step serve, in a thread that ends with the test program.
    fn serve(&self) -> io::Result<()> {
        let (socket, serve) = (self.socket.try_clone()?, self.trial.serve);
        thread::spawn(move || serve(socket.into()));
        Ok(())
    }
}

/// A socket whose buffers have this size.
fn socket(kernel: Option<usize>) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if let Some(size) = kernel {
        socket.set_send_buffer_size(size)?;
        socket.set_recv_buffer_size(size)?;
    }
    Ok(socket)
}

/// Somebody at a door.
struct Client(TcpStream);

impl Client {
    fn say(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.write_all(bytes.as_ref())
    }

    /// The very next bytes are these.
    fn hears(&mut self, want: impl AsRef<[u8]>) -> io::Result<()> {
        let want = want.as_ref();
        let mut heard = vec![0; want.len()];
        self.0.read_exact(&mut heard)?;
        let same = heard
            .iter()
            .zip(want)
            .take_while(|(is, should)| is == should)
            .count();
        if same < want.len() {
            return Err(io::Error::other(format!(
                "other bytes came, from byte {same} on"
            )));
        }
        Ok(())
    }

    /// Nothing but the end comes.
    fn hears_the_end(&mut self) -> io::Result<()> {
        match self.0.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(io::Error::other("a byte came instead of the end")),
        }
    }

    fn says_no_more(&mut self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }

    /// Says it urgently: the last byte is out of band.
    fn say_urgently(&mut self, bytes: &[u8]) -> io::Result<()> {
        SockRef::from(&self.0).send_out_of_band(bytes).map(drop)
    }
}

/// Ends a connection with a reset, so that nothing of it is left anywhere.
fn reset(client: Client) {
    let linger = Some(Duration::ZERO);
    SockRef::from(&client.0).set_linger(linger).unwrap_or(());
}
