//! Servers that are killed, stopped and started again: the others go on, and all agree in the end.

use std::time::{Duration, Instant};

use super::support::herd::{Herd, at_line, at_line_of};
use super::support::wait::{wait_for, wait_until};
use super::{check_at, iamat};

#[test]
fn a_server_that_was_killed_has_all_back_and_takes_part_again() {
    let mut herd = Herd::running("topology.txt");
    let mut wilkes = herd["Wilkes"].client();
    let mut table = Vec::new();
    for client in 0..200 {
        table.push(wilkes.ask(iamat(&format!("c{client}"))));
    }
    assert_eq!(herd.agreed("c199"), table[199]);
    let before = herd["Goloman"].count("link to Hands up");

    herd["Hands"].kill();
    herd["Goloman"].logged("link to Hands down");
    table[0] = wilkes.ask(iamat("c0"));
    table.push(wilkes.ask(iamat("c200")));
    herd["Hands"].start();
    let start = Instant::now();
    let mut hands = herd["Hands"].client();
    for (client, at) in table.iter().enumerate() {
        wait_until(&format!("Hands knows c{client} again"), || {
            at_line_of(&mut hands, &format!("c{client}")).as_ref() == Some(at)
        });
    }
    println!("whole table after {:?}", start.elapsed());

    // News from there is known at a neighbour as soon as the links are up, and the other
    // way round; and all others hear of it.
    wait_until("Hands and Goloman tell each other", || {
        let up = "link to Goloman up";
        herd["Hands"].count(up) == 2 && herd["Goloman"].count("link to Hands up") == before + 1
    });
    println!("in the flood after {:?}", start.elapsed());
    for [here, there] in [["Hands", "Goloman"], ["Goloman", "Hands"]] {
        let at = herd[here].client().ask(iamat("new"));
        assert_eq!(at_line(herd[there].clients, "new").as_ref(), Some(&at));
        assert_eq!(herd.agreed("new"), at);
    }
    // It said that it knows nothing, and so was told everything.
    let log = herd["Goloman"].log();
    let last = log
        .lines()
        .rfind(|line| line.contains("link to Hands up"))
        .unwrap();
    assert!(last.ends_with("it knows 0 of 202 changes"), "{last}");
}

/// Stopped for longer than silence lasts: its neighbours take it for dead, and none waits for it.
#[test]
fn a_server_that_is_stopped_harms_nobody_and_catches_up() {
    let herd = Herd::running("topology.txt");
    let is_long = std::env::var_os("HERD_LONG").is_some_and(|value| value == "1");
    let least = if is_long {
        Duration::from_secs(20)
    } else {
        Duration::ZERO
    };
    let mut goloman = herd["Goloman"].client();
    let mut hands = herd["Hands"].client();
    goloman.ask(iamat("c0"));
    herd.agreed("c0");

    herd["Wilkes"].signal("STOP");
    let start = Instant::now();
    let mut newest = vec![String::new(); 10];
    let mut turn = 0;
    wait_until("its neighbours take it for dead", || {
        for _ in 0..10 {
            let client = turn % 10;
            turn += 1;
            newest[client] = goloman.ask(iamat(&format!("c{client}")));
            let known = at_line_of(&mut hands, &format!("c{client}"));
            assert_eq!(known.as_ref(), Some(&newest[client]), "turn {turn}");
        }
        let is_dead = |name: &str| {
            let log = herd[name].log();
            ["to", "from"]
                .iter()
                .all(|way| log.contains(&format!("link {way} Wilkes down: silent for ")))
        };
        start.elapsed() >= least && ["Goloman", "Hands", "Holiday"].into_iter().all(is_dead)
    });
    // Welsh, two hops away round the one that is stopped, heard it all the same.
    wait_until("Welsh knows the newest", || {
        at_line(herd["Welsh"].clients, "c9").as_ref() == Some(&newest[9])
    });

    herd["Wilkes"].signal("CONT");
    for (client, at) in newest.iter().enumerate() {
        assert_eq!(&herd.agreed(&format!("c{client}")), at);
    }
    // And it tells others again.
    let at = wait_for("Wilkes is in the flood", || {
        let at = herd["Wilkes"].client().ask(iamat("c0"));
        (at_line(herd["Hands"].clients, "c0").as_ref() == Some(&at)).then_some(at)
    });
    assert_eq!(herd.agreed("c0"), at);
}

#[test]
fn when_three_of_five_are_dead_the_other_two_go_on() {
    let mut herd = Herd::running("topology.txt");
    let at = herd["Welsh"].client().ask(iamat("old"));
    assert_eq!(herd.agreed("old"), at);
    for name in ["Holiday", "Welsh", "Wilkes"] {
        herd[name].kill();
    }
    let [mut goloman, mut hands] = ["Goloman", "Hands"].map(|name| herd[name].client());
    for turn in 0..100 {
        let client = format!("c{turn}");
        let at = goloman.ask(iamat(&client));
        assert_eq!(at_line_of(&mut hands, &client), Some(at));
        let line = iamat("back");
        let at = hands.ask(&line);
        check_at(&at, "Hands", &line);
        assert_eq!(at_line_of(&mut goloman, "back"), Some(at));
    }
    assert_eq!(at_line_of(&mut goloman, "old"), Some(at));
    // The dead come back one after the other, and know it all.
    for name in ["Wilkes", "Holiday", "Welsh"] {
        herd[name].start();
    }
    for client in ["c0", "c99", "back", "old"] {
        herd.agreed(client);
    }
}

#[test]
fn clients_that_come_and_go_leave_no_descriptor_behind() {
    let herd = Herd::running("topology.txt");
    let server = &herd["Goloman"];
    server.client().ask(iamat("k"));
    wait_until("that client has gone", || server.count(" closed: ") == 1);
    let descriptors = server.proc_count("fd");
    let mut clients: Vec<_> = (0..200).map(|_| server.client()).collect();
    wait_until("all have come in", || {
        server.proc_count("fd") >= descriptors + 200
    });
    for (turn, mut client) in clients.drain(..).enumerate() {
        match turn % 5 {
            0 => assert_eq!(client.ask("x\n"), "? x"),
            1 => client.say("half a li"),
            2 => client.say("WHATSAT k 50 20\n"),
            3 => client.say("y".repeat(20_000)),
            _ => {}
        }
        if turn % 2 == 0 {
            client.reset();
        }
    }
    wait_until("all descriptors are back", || {
        server.proc_count("fd") == descriptors
    });
}
