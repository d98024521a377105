//! The answer to STATUS at the servers' door: how a server is, in one line of JSON.
//!
//! The node counts for itself. Facts that only the shell knows, above all the metrics of its loop,
//! come as [`Event::LoopMetrics`](crate::node::api::Event), and are at most a second old.
//! `links/handshake.rs` says who may ask.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::lag::lag;
use super::metrics::{Counters, Counts, LoopMetrics};
use crate::node::context::Context;
use crate::node::journal::{self, JournalState, JournalStatus};
use crate::node::links::{Link, Peer};
use crate::node::parts::Parts;
use crate::units::{MILLISECOND, SECOND};
use crate::wire::{FORMS, Invalid};

/// The answer.
pub fn report(parts: &Parts) -> Value {
    let Parts {
        cx,
        store,
        acks,
        metrics,
        watchers,
        ..
    } = parts;
    let journal = journal::status(parts.journal.as_ref(), store, metrics.journal);
    let (counts, recent, table) = (&cx.counters.counts, &metrics.recent, store.position(0));
    // A place without a name is free.
    let neighbours = parts.links.iter().filter(|it| !it.name.is_empty());
    let neighbours: Vec<&Peer> = neighbours.collect();
    let steps = cx.limits.lag_steps / neighbours.len().max(1);
    let link = |peer: &&Peer| link(peer, lag(peer, &store.feed, steps), cx);
    let links: Vec<Value> = neighbours.iter().map(link).collect();
    json!({
        "name": cx.me.name,
        "run": cx.me.run.to_string(),
        "version": cx.me.version,
        "pid": metrics.pid,
        "up": true,
        "up_since": metrics.started.to_the_second(),
        "up_seconds": cx.now.mono.0 / SECOND,
        "clients": cx.counters.clients,
        "clients_max": metrics.clients_max,
        "known": table.count,
        "digest": format!("{:016x}", table.digest),
        "links": links,
        "watchers": watchers.len(),
        "lookups": {
            "in_flight": acks.barriers.lookups(),
            "failed": counts.lookups_failed,
            "refused": cx.counters.refusals.counted(),
        },
        "acks_late": acks.late,
        "totals": counted(counts, |count| json!(count)),
        "rates": counted(&recent.counts, |count| json!(per_second(count, recent.period))),
        "turns_per_second": per_second(recent.turns, recent.period),
        "longest_turn_us": recent.longest / MICROSECOND,
        "loop": event_loop(metrics),
        "journal": journal_report(&journal, metrics),
        "log": log(metrics),
        "invalid": invalid(&cx.counters),
        "limits_hit": cx.counters.hits.iter().collect::<BTreeMap<_, _>>(),
        "limits_hit_ago": limits_hit_ago(cx),
    })
}

/// The invalid lines of clients since the start, by kind.
fn invalid(counters: &Counters) -> BTreeMap<&'static str, u64> {
    let all = Invalid::NAMES.into_iter().zip(counters.invalid);
    all.filter(|(_, count)| *count > 0).collect()
}

/// How many seconds ago each limit was hit last.
fn limits_hit_ago(cx: &Context) -> BTreeMap<&'static str, u64> {
    let last = cx.counters.hits.last();
    last.map(|(name, at)| (name, cx.now.mono.since(at) / SECOND))
        .collect()
}

/// One neighbour: the state of the link on which we tell it our changes, and how much it lacks.
fn link(peer: &Peer, lag: u64, cx: &Context) -> Value {
    let outgoing = &peer.outgoing;
    let refusal = peer.redial.refusal.as_deref();
    let why = refusal.or_else(|| peer.rivals.trouble(cx.now.mono, &cx.limits));
    let state = match outgoing.state {
        _ if peer.is_foreign() => "plain",
        Link::Up(_) | Link::Closing(_) => "up",
        _ if refusal.is_some() => "refused",
        Link::Down => "down",
        _ => "dialling",
    };
    let is_up = state == "up";
    let skew = outgoing.skew.found().filter(|_| is_up);
    // To the millisecond.
    let skew = skew.map(|found| (found / i128::from(MILLISECOND)) as f64 / 1e3);
    let round_trip = outgoing.patience.round_trip().filter(|_| is_up);
    json!({
        "name": peer.name,
        "state": state,
        "why": why,
        "round_trip_ms": round_trip.map(|it| ratio(it, MILLISECOND, 1e1)),
        "lag": lag,
        "hears": peer.incoming.conn.is_some(),
        "differs": peer.discrepancy.stays(),
        "skew_seconds": skew,
        "version": outgoing.words.version.as_ref().filter(|_| is_up),
    })
}

fn journal_report(status: &JournalStatus, metrics: &LoopMetrics) -> Value {
    let (state, why) = match &status.state {
        JournalState::Off => ("off", None),
        JournalState::Ok => ("ok", None),
        JournalState::Compacting => ("compacting", None),
        JournalState::Failing(why) => ("failing", Some(why)),
    };
    json!({
        "state": state,
        "why": why,
        "lines": status.size.lines,
        "bytes": status.size.bytes,
        "live_bytes": status.live_bytes,
        "not_compacted": metrics.journal_long,
        "synced": status.synced.map(|at| at.to_string()),
    })
}

fn log(metrics: &LoopMetrics) -> Value {
    let state = match metrics.log_trouble {
        Some(_) => "failing",
        None => "ok",
    };
    json!({"state": state, "why": metrics.log_trouble, "lost": metrics.log_lost})
}

fn event_loop(metrics: &LoopMetrics) -> Value {
    let recent = &metrics.recent;
    let whole: u64 = recent.spent.iter().sum();
    let [wait, read, node, flush, log] = recent.spent.map(|part| ratio(part, whole, 1e4));
    json!({
        "period_seconds": ratio(recent.period, SECOND, 1e3),
        "turns": metrics.turns,
        "events_per_turn": ratio(recent.events, recent.turns, 1e2),
        "longest_turn_us_ever": metrics.longest / MICROSECOND,
        "slow_turns": metrics.slow_turns,
        "shares": {"wait": wait, "read": read, "node": node, "flush": flush, "log": log},
    })
}

const MICROSECOND: u64 = MILLISECOND / 1000;

fn counted(counts: &Counts, number: impl Fn(u64) -> Value) -> Value {
    let mut all = json!({
        "invalid": number(counts.invalid),
        "at_in": number(counts.ats_in),
        "at_out": number(counts.ats_out),
    });
    for (form, count) in FORMS.iter().zip(counts.commands) {
        all[form.verb.to_ascii_lowercase()] = number(count);
    }
    all
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
