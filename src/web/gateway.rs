//! The clients' doors of the herd, as a client: a few threads say one line each and wait for the
//! reply. How many lines may be under way is bounded.

use std::io;
use std::sync::Arc;

use super::command::{Question, answer};
use super::http::Response;
use super::looks::Herd;
use crate::ask::{Client, Door};
use crate::limits::LIMITS;
use crate::reactor::{Clock, Pool, Size, Wake};
use crate::topology::Topology;
use crate::units::ConnId;

/// A line for a server, for the connection that asked.
struct Job {
    conn: ConnId,
    question: Question,
    /// The server's place in the topology; none: the first that lets us in.
    server: Option<usize>,
}

/// The way to the servers.
pub struct Gateway {
    pool: Pool<Job, Response>,
    herd: Arc<Herd>,
}

impl Gateway {
    /// Wakes the loop when a reply has come.
    ///
    /// # Errors
    /// When there are no threads.
    pub fn new(herd: Arc<Herd>, wake: &Wake) -> io::Result<Gateway> {
        let size = Size {
            workers: LIMITS.web_workers,
            jobs_max: LIMITS.web_queue,
            batch: 1,
        };
        let all = Arc::clone(&herd);
        let say = move |job: &Job| say(job, &all.topology);
        let pool = Pool::start("gateway", size, say, wake)?;
        Ok(Gateway { pool, herd })
    }

    /// Has the question asked for a connection.
    ///
    /// # Errors
    /// The answer, if it need not be asked.
    pub fn ask(&self, conn: ConnId, question: Question) -> Result<(), Response> {
        let find = |name: &String| {
            let unknown = || Response::error(400, &format!("no server is called {name:?}"));
            self.herd.topology.find(name).ok_or_else(unknown)
        };
        let server = question.server.as_ref().map(find).transpose()?;
        let job = Job {
            conn,
            question,
            server,
        };
        let full = |_| Response::error(503, "too many commands are under way; ask again");
        self.pool.submit(job).map_err(full)
    }

    /// The answers that have come since the last call.
    pub fn answers(&self) -> impl Iterator<Item = (ConnId, Response)> {
        let results = self.pool.results().into_iter();
        results.map(|(job, answer)| {
            let broken = || Response::error(503, "the question broke off; ask again");
            (job.conn, answer.unwrap_or_else(broken))
        })
    }
}

/// Says the line to the first server that lets us in, as long as there is time.
fn say(job: &Job, herd: &Topology) -> Response {
    let clock = Clock::start();
    let mut trouble = "there is no server".to_string();
    let servers = match job.server {
        None => &herd.servers[..],
        Some(place) => &herd.servers[place..=place],
    };
    for server in servers {
        if clock.mono().0 >= LIMITS.web_wait {
            break;
        }
        let door = Door {
            name: server.name.clone(),
            host: server.host.to_string(),
            port: server.clients,
        };
        let mut client = Client::new(door, LIMITS.web_wait);
        match client.connect() {
            Err(why) => trouble = why,
            Ok(()) => {
                let reply = client.ask(&job.question.line);
                return match reply {
                    Ok((_, reply)) => answer(&server.name, &job.question, &reply),
                    Err(why) => Response::error(503, &why),
                };
            }
        }
    }
    Response::error(503, &trouble)
}
