//! STATUS at the servers' door: how a server is, in one line of JSON, for whoever may know it.
//!
//! Who asks on this machine's loopback is answered at once; from elsewhere, only who proves that
//! it knows the secret. All others are refused like any stranger. An asker is a stranger in all
//! else: it has no part in any link, and what bounds strangers bounds it.
//!
//! The node knows what it counts itself. What only the shell knows, its own account above all,
//! comes as [`Event::LoopMetrics`](super::Event), and is at most a second old.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::notes::Level;
use super::peer::{Peer, Tell};
use super::session::{Greeted, Role};
use super::{JournalSize, JournalState, JournalStatus, Node, Secret};
use crate::units::{ConnId, MILLISECOND, SECOND, Wall};
use crate::wire::{Message, Run};

/// What has happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Valid IAMATs.
    pub iamats: u64,
    /// Valid WHATSATs.
    pub whatsats: u64,
    /// Invalid lines of clients.
    pub invalid: u64,
    /// AT lines that neighbours told us.
    pub ats_in: u64,
    /// AT lines that we told neighbours.
    pub ats_out: u64,
    /// Lookups that somebody waited for, and that had no answer.
    pub lookups_failed: u64,
}

impl Counts {
    /// What has happened since `earlier`.
    pub fn since(&self, earlier: &Counts) -> Counts {
        Counts {
            iamats: self.iamats - earlier.iamats,
            whatsats: self.whatsats - earlier.whatsats,
            invalid: self.invalid - earlier.invalid,
            ats_in: self.ats_in - earlier.ats_in,
            ats_out: self.ats_out - earlier.ats_out,
            lookups_failed: self.lookups_failed - earlier.lookups_failed,
        }
    }
}

/// What only the shell knows of itself. All times in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoopMetrics {
    /// When the process started.
    pub started: Wall,
    /// At most so many clients are let in.
    pub clients_max: usize,
    /// Of the journal's files, if there are any.
    pub journal: JournalSize,
    /// Why the log is not written, if it is not.
    pub log_trouble: Option<String>,
    /// Lines of it that were dropped since the start.
    pub log_lost: u64,
    /// Turns of the loop since the start.
    pub turns: u64,
    /// The longest of them, from waking to the next wait.
    pub longest: u64,
    /// The last seconds.
    pub recent: Recent,
}

/// What happened in the last seconds. All times in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// So long a time this is about; 0: nothing is known yet.
    pub period: u64,
    /// Turns of the loop.
    pub turns: u64,
    /// Events that they took in.
    pub events: u64,
    /// The longest of them, from waking to the next wait.
    pub longest: u64,
    /// Time in wait, read, node, flush and log. All but the first are scaled from a sample.
    pub spent: [u64; 5],
    /// What the node counted.
    pub counts: Counts,
}

/// The asker's side: one question to one server.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The server's name in the topology.
    pub server: &'a str,
    /// Random, new for each question.
    pub nonce: u128,
}

impl Question<'_> {
    /// What is said first, with its LF.
    pub fn line(&self) -> String {
        format!("STATUS {:032x}\n", self.nonce)
    }

    /// What is said to a server that wants a proof, with its LF; none if `line` is no such wish.
    pub fn proof(&self, secret: &Secret, line: &[u8]) -> Option<String> {
        let Some(Message::Status(Some(theirs))) = Message::parse(line) else {
            return None;
        };
        let ours = format!("{:032x}", self.nonce);
        let proof = secret.prove_asker(self.server.as_bytes(), [ours.as_bytes(), theirs]);
        Some(format!("AUTH {proof}\n"))
    }
}

impl Node {
    /// What has happened since the start.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// A stranger asks for the status.
    pub(super) fn asked(&mut self, conn: ConnId, line: &[u8], nonce: Option<&[u8]>) {
        let Some(session) = self.sessions.get_mut(conn) else {
            return;
        };
        let from = session.from.map(|from| from.ip().to_canonical());
        if from.is_some_and(|from| from.is_loopback()) {
            self.note_line(conn, '<', line);
            return self.say_status(conn);
        }
        let (Some(_), Some(nonce)) = (&self.secret, nonce) else {
            return self.refuse(conn, line, "it asks for the status, and can prove nothing");
        };
        let our_nonce = self.nonce();
        let challenge = format!("STATUS {our_nonce}");
        if let Some(session) = self.sessions.get_mut(conn) {
            session.role = Role::Asker;
            session.greeted = Some(Box::new(Greeted {
                run: Run(0),
                nonce: nonce.to_vec(),
                our_nonce,
            }));
        }
        self.note_line(conn, '<', line);
        self.tell(conn, Level::Info, format_args!("{challenge}"));
    }

    /// The next line of an asker. Nothing but the proof will do.
    pub(super) fn asker_line(&mut self, conn: ConnId, line: &[u8]) {
        let Some(Message::Auth(proof)) = Message::parse(line) else {
            return self.refuse(conn, line, "it does not prove that it knows the secret");
        };
        let greeted = (self.sessions.get(conn)).and_then(|session| session.greeted.as_ref());
        let good = match (&self.secret, greeted) {
            (Some(secret), Some(greeted)) => {
                let nonces = [&greeted.nonce[..], greeted.our_nonce.as_bytes()];
                secret.accepts_asker(proof, self.name.as_bytes(), nonces)
            }
            _ => false,
        };
        if !good {
            return self.refuse(conn, line, "it asks for the status with another secret");
        }
        self.note_line(conn, '<', line);
        self.say_status(conn);
    }

    fn say_status(&mut self, conn: ConnId) {
        self.end_after_reply(conn);
        let status = self.status();
        self.tell(conn, Level::Info, format_args!("{status}"));
    }

    /// All of it.
    fn status(&self) -> Value {
        let LoopMetrics { recent, .. } = &*self.account;
        // A place without a name is free.
        let neighbours = self.peers.iter().filter(|peer| !peer.name.is_empty());
        let links: Vec<Value> = neighbours.map(|peer| self.link_status(peer)).collect();
        json!({
            "name": self.name,
            "up": true,
            "up_since": to_the_second(self.account.started),
            "up_seconds": self.now.mono.0 / SECOND,
            "clients": self.sessions.clients(),
            "clients_max": self.account.clients_max,
            "known": self.table.count(),
            "digest": format!("{:016x}", self.table.digest()),
            "links": links,
            "lookups": {
                "in_flight": self.lookups.len(),
                "failed": self.counts.lookups_failed,
            },
            "totals": counted(&self.counts, |count| json!(count)),
            "rates": counted(&recent.counts, |count| json!(per_second(count, recent.period))),
            "turns_per_second": per_second(recent.turns, recent.period),
            "longest_turn_us": recent.longest / MICROSECOND,
            "loop": self.loop_status(),
            "journal": self.journal_account(),
            "log": self.log_account(),
            "limits_hit": self.limits_hit().collect::<BTreeMap<_, _>>(),
        })
    }

    /// One neighbour. The state is that of the link on which we tell it things; the lag, how many
    /// changes of our feed it is not known to have.
    fn link_status(&self, peer: &Peer) -> Value {
        let state = match peer.tell {
            _ if peer.plain => "plain",
            Tell::Up(_) => "up",
            Tell::Down => "down",
            Tell::Dialling | Tell::Greeting(_) | Tell::Resuming(_) | Tell::Telling(..) => {
                "dialling"
            }
        };
        let known = if peer.plain {
            peer.told
        } else {
            peer.confirmed
        };
        json!({
            "name": peer.name,
            "state": state,
            "lag": self.table.feed.last().saturating_sub(known),
            "hears": peer.hear.is_some(),
        })
    }

    /// What is kept on disk.
    fn journal_account(&self) -> Value {
        let JournalStatus {
            state,
            size,
            live_bytes,
            synced,
        } = self.journal_status();
        let (state, why) = match state {
            JournalState::Off => ("off", None),
            JournalState::Ok => ("ok", None),
            JournalState::Compacting => ("compacting", None),
            JournalState::Failing(why) => ("failing", Some(why)),
        };
        json!({
            "state": state,
            "why": why,
            "lines": size.lines,
            "bytes": size.bytes,
            "live_bytes": live_bytes,
            "synced": synced.map(|at| at.to_string()),
        })
    }

    fn log_account(&self) -> Value {
        let LoopMetrics {
            log_trouble,
            log_lost,
            ..
        } = &*self.account;
        let state = if log_trouble.is_some() {
            "failing"
        } else {
            "ok"
        };
        json!({"state": state, "why": log_trouble, "lost": log_lost})
    }

    fn loop_status(&self) -> Value {
        let LoopMetrics { recent, .. } = &*self.account;
        let whole: u64 = recent.spent.iter().sum();
        let [wait, read, node, flush, log] = recent.spent.map(|part| ratio(part, whole, 1e4));
        json!({
            "period_seconds": ratio(recent.period, SECOND, 1e3),
            "turns": self.account.turns,
            "events_per_turn": ratio(recent.events, recent.turns, 1e2),
            "longest_turn_us_ever": self.account.longest / MICROSECOND,
            "shares": {"wait": wait, "read": read, "node": node, "flush": flush, "log": log},
        })
    }
}

const MICROSECOND: u64 = MILLISECOND / 1000;

fn counted(counts: &Counts, number: impl Fn(u64) -> Value) -> Value {
    json!({
        "iamat": number(counts.iamats),
        "whatsat": number(counts.whatsats),
        "invalid": number(counts.invalid),
        "at_in": number(counts.ats_in),
        "at_out": number(counts.ats_out),
    })
}

/// To one decimal.
fn per_second(count: u64, period: u64) -> f64 {
    ratio(count * SECOND, period, 1e1)
}

/// A part of a whole, 0 of nothing, rounded to a multiple of `1 / grain`.
fn ratio(part: u64, whole: u64, grain: f64) -> f64 {
    match whole {
        0 => 0.0,
        _ => (part as f64 / whole as f64 * grain).round() / grain,
    }
}

/// RFC 3339 in UTC, without a fraction.
fn to_the_second(wall: Wall) -> String {
    let mut text = wall.to_string();
    text.truncate("2018-03-02T20:52:15".len());
    text.push('Z');
    text
}
