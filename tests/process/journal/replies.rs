//! The order of the journal's write and a client's reply, seen from outside of the node.

use herd::limits::Limits;
use herd::node::{Ack, Action, Config, Door, Event, Fsync, Node, Replay};
use herd::node::{JournalEvent, JournalSize, JournalState, JournalTask, LoopMetrics};
use herd::units::{ConnId, Now};

fn node(fsync: Fsync) -> Node {
    Node::new(Config {
        name: "A".into(),
        version: "1.0".into(),
        run: 1,
        seed: 1,
        neighbours: vec![],
        ack: Ack::Local,
        journal: Some(fsync),
        secret: None,
        level: None,
        limits: Limits::default(),
    })
}

#[test]
fn nothing_can_be_sent_before_it_is_written() {
    let (mut node, now) = (node(Fsync::EverySecond), Now::default());
    let conn = ConnId::new(1, 0);
    let from = ([127, 0, 0, 1], 40_000).into();
    let door = Door::Clients;
    node.handle(now, Event::Accepted { conn, door, from });
    let bytes = b"? first\n";
    node.handle(now, Event::Received { conn, bytes });
    assert_eq!(node.poll_action(), Some(Action::Flush(conn)));
    // The socket took a part of it; then more comes.
    node.advance(now, conn, 4);
    let bytes = b"IAMAT k +1+1 0\n";
    node.handle(now, Event::Received { conn, bytes });
    assert_eq!(node.unsent(conn), b"first\n");
    let append = Action::Journal(JournalTask::Append);
    assert_eq!(node.poll_action(), Some(append));
    let line = b"AT A +0.000000000 k +1+1 0 ";
    assert!(node.journal_text().starts_with(line));
    assert_eq!(node.unsent(conn), b"first\n");
    node.handle(now, Event::Journal(JournalEvent::Wrote(Ok(()))));
    assert_eq!(node.poll_action(), Some(Action::Flush(conn)));
    let all = b"first\nAT A +0.000000000 k +1+1 0\n";
    assert_eq!(node.unsent(conn), all);
    assert_eq!(node.poll_action(), None);
}

#[test]
fn the_status_says_how_the_journal_is() {
    let (mut node, now) = (node(Fsync::Always), Now::default());
    let mut line = Vec::new();
    herd::wire::journal_line::push(&mut line, b"AT A +0.000000000 k +1+1 0\n");
    line.pop();
    assert_eq!(Replay::take(&mut node, &line), Ok(()));
    node.replayed();
    let size = JournalSize {
        lines: 1,
        bytes: 100,
        compacting: false,
    };
    let shown = |node: &mut Node, journal: JournalSize| {
        let metrics = LoopMetrics {
            journal,
            ..LoopMetrics::default()
        };
        node.handle(now, Event::LoopMetrics(Box::new(metrics)));
        node.inspect().journal_status()
    };
    let status = shown(&mut node, size);
    assert_eq!((status.size, status.live_bytes), (size, 44));
    assert_eq!((status.state, status.synced), (JournalState::Ok, None));
    let compacting = JournalSize {
        compacting: true,
        ..size
    };
    let state = shown(&mut node, compacting).state;
    assert_eq!(state, JournalState::Compacting);
    let sync = Action::Journal(JournalTask::Sync);
    assert_eq!(node.poll_action(), Some(sync));
    node.handle(now, Event::Journal(JournalEvent::Synced(Ok(()))));
    assert_eq!(node.inspect().journal_status().synced, Some(now.wall));
    let lost = JournalEvent::Lost("no disk".to_string());
    node.handle(now, Event::Journal(lost));
    let failing = JournalState::Failing("no disk".to_string());
    assert_eq!(node.inspect().journal_status().state, failing);
}
