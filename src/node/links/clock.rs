//! Clocks of other servers: the time in a neighbour's SINCE, and reports that are far ahead of us.

use super::link::Link;
use super::peer::Peer;
use crate::limits::Limit;
use crate::node::clocks::seconds;
use crate::node::context::{Context, Level};
use crate::node::parts::Parts;
use crate::units::{PeerId, Wall};
use crate::wire::Report;

/// A neighbour has answered a MARK, and said its time if it is of a version that does. A clock that
/// is wrong is told when that begins, when it changes and when it ends.
pub fn compare(id: PeerId, theirs: Option<Wall>, parts: &mut Parts) {
    let (peer, cx) = (parts.links.peer_mut(id), &mut parts.cx);
    let is_news = (peer.outgoing.skew).answered(theirs, cx.now, &cx.limits);
    let (true, Some(theirs)) = (is_news, theirs) else {
        return;
    };
    let Some(found) = peer.outgoing.skew.found() else {
        let line = format_args!("the clock of {} agrees with this server's again", peer.name);
        return cx.log.write(Level::Warn, line);
    };
    cx.hit(Limit::clock_skew);
    let way = if found < 0 { "behind" } else { "ahead of" };
    let hint = match differs_from_all(found, parts) {
        true => "; all its neighbours' clocks are: is this server's wrong?",
        false => "",
    };
    let (size, ours) = (seconds(found), parts.cx.now.wall);
    let name = &parts.links.peer(id).name;
    let line = format_args!(
        "the clock of {name} is {size} s {way} this server's: {theirs} there, {ours} here{hint}"
    );
    parts.cx.log.write(Level::Warn, line);
}

/// Whether the clocks of several neighbours were compared, and all are wrong in the same way.
fn differs_from_all(found: i128, parts: &Parts) -> bool {
    let is_up = |peer: &&Peer| matches!(peer.outgoing.state, Link::Up(_));
    let skews = parts.links.iter().filter(is_up);
    let skews = skews.map(|peer| &peer.outgoing.skew);
    let known: Vec<Option<i128>> = skews
        .filter(|skew| skew.is_known())
        .map(|skew| skew.found())
        .collect();
    let is_same = |it: &Option<i128>| it.is_some_and(|it| it.signum() == found.signum());
    known.len() > 1 && known.iter().all(is_same)
}

/// A report of a neighbour is new to us. However far ahead of our clock it is, it is taken: the
/// herd must agree.
pub fn judge(who: &str, report: &Report<'_>, cx: &mut Context) {
    if report.time.at - cx.now.wall <= cx.limits.report_ahead {
        return;
    }
    cx.hit(Limit::report_ahead);
    if let Some(line) = cx.clocks.heard(who, report, cx.now, &cx.limits) {
        cx.log.write(Level::Warn, format_args!("{line}"));
    }
}
