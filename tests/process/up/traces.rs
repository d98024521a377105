//! `herd up --trace-turns DIR`: a trace of each server.

use std::fs;

use super::Herd;
use super::support::trace::{Slice, Trace};
use super::support::wait::wait_until;

#[test]
fn each_server_writes_a_trace_of_its_own_into_the_directory() {
    let herd = Herd::new();
    let path = herd.path("traces");
    let mut up = herd.up_with(&["--trace-turns", &path]);
    up.greeting();
    herd.tell(0, ["kiwi".to_string()]);
    herd.waits_for(2, "kiwi");
    let file = |name: &str| {
        fs::canonicalize(&path)
            .unwrap()
            .join(format!("{name}.trace.json"))
    };
    let all = ["A", "B", "C"].map(file);
    assert!(!all.iter().any(|it| it.exists()), "nobody has asked for it");
    up.signal("USR1");
    wait_until("each server has written a trace", || {
        all.iter().all(|it| it.exists())
    });
    // They have one clock: the line was at B before it was at C.
    let came = |place: usize, neighbour: &str| {
        let trace = Trace::read(&all[place]);
        trace.check();
        let serves = trace.named(&format!("serve {neighbour}"));
        // A MARK is shorter, and the handshake was before.
        let is_news = |it: &&&Slice| it.args["bytes"].as_u64() > Some(50);
        let with_news = serves.iter().rfind(is_news);
        with_news.map(|it| it.start)
    };
    let (at_b, at_c) = (came(1, "A"), came(2, "B"));
    assert!(at_b.is_some() && at_b < at_c, "{at_b:?} {at_c:?}");

    all.iter().for_each(|it| fs::remove_file(it).unwrap());
    up.signal("INT");
    assert_eq!(up.wait().code(), Some(0));
    all.iter().for_each(|it| Trace::read(it).check());
}
