//! A link that is cut, stalled and healed by a proxy: what goes over it afterwards is what changed.

use super::support::herd::{Herd, at_line};
use super::support::proxy::{Proxy, Way};
use super::support::wait::wait_until;
use super::{iamat, iamat_at};

/// Two servers and the proxies of both directions: on the first, Goloman tells Hands.
fn pair() -> (Herd, [Proxy; 2]) {
    let mut herd = Herd::new(&["Goloman", "Hands"], &[["Goloman", "Hands"]]);
    let proxies = [
        herd.between("Goloman", "Hands"),
        herd.between("Hands", "Goloman"),
    ];
    herd.start();
    (herd, proxies)
}

/// Waits until a MARK with this number has gone over the link, and its answer back: all before
/// it is told, and Goloman knows that.
fn wait_for_mark(proxy: &Proxy, seq: usize) {
    let mark = format!("MARK {seq} ");
    wait_until(&format!("{mark} is answered"), || {
        proxy.count(Way::Out, &mark) > 0
            && proxy.count(Way::Back, "SINCE ") > proxy.count(Way::Out, "MARK ")
    });
}

fn cut(herd: &Herd, proxies: &mut [Proxy; 2]) {
    let downs = |herd: &Herd| {
        let [one, other] = [("Goloman", "Hands"), ("Hands", "Goloman")].map(|(name, other)| {
            ["to", "from"].map(|way| herd[name].count(&format!("link {way} {other} down: ")))
        });
        [one, other].concat()
    };
    let before = downs(herd);
    proxies.iter_mut().for_each(Proxy::cut);
    wait_until("both have noticed", || {
        downs(herd)
            .iter()
            .zip(&before)
            .all(|(now, before)| now > before)
    });
    proxies.iter().for_each(Proxy::forget);
}

#[test]
fn a_link_that_heals_carries_what_changed_and_nothing_else() {
    let (herd, mut proxies) = pair();
    let mut goloman = herd["Goloman"].client();
    // More than will move: what did not change need not be told again.
    for client in 0..30 {
        goloman.ask(iamat(&format!("c{client}")));
    }
    wait_for_mark(&proxies[0], 30);
    assert_eq!(proxies[0].count(Way::Out, "AT "), 30);

    cut(&herd, &mut proxies);
    let mut newest = Vec::new();
    for turn in 0..1_000 {
        let at = goloman.ask(iamat_at(
            &format!("c{}", turn % 10),
            &format!("+1+{}", turn % 180),
            super::now(),
        ));
        newest.push(at);
    }
    proxies.iter_mut().for_each(Proxy::heal);
    wait_for_mark(&proxies[0], 1_030);
    assert_eq!(
        proxies[0].count(Way::Out, "AT "),
        10,
        "10 clients, 1,000 moves"
    );
    assert_eq!(
        proxies[1].count(Way::Out, "AT "),
        0,
        "Hands had nothing to tell"
    );
    for at in &newest[990..] {
        let client = at.split(' ').nth(3).unwrap();
        assert_eq!(at_line(herd["Hands"].clients, client).as_ref(), Some(at));
    }

    cut(&herd, &mut proxies);
    proxies.iter_mut().for_each(Proxy::heal);
    wait_for_mark(&proxies[0], 1_030);
    wait_for_mark(&proxies[1], 40);
    for proxy in &proxies {
        assert_eq!(proxy.count(Way::Out, "AT "), 0, "nothing changed");
    }
}

#[test]
fn a_link_that_is_cut_one_way_round_is_made_up_for_by_the_others() {
    let mut herd = Herd::of("topology.txt");
    let mut proxies = [
        herd.between("Goloman", "Wilkes"),
        herd.between("Wilkes", "Goloman"),
    ];
    herd.start();
    proxies.iter_mut().for_each(Proxy::cut);
    for name in ["Goloman", "Wilkes"] {
        let at = herd[name].client().ask(iamat("k"));
        assert_eq!(herd.agreed("k"), at);
    }
    proxies.iter_mut().for_each(Proxy::heal);
    let at = herd["Goloman"].client().ask(iamat("k"));
    assert_eq!(herd.agreed("k"), at);
}

/// The bytes stand still and nobody says so: only silence tells.
#[test]
fn a_link_that_stalls_is_found_dead_and_made_again() {
    let (herd, mut proxies) = pair();
    let mut goloman = herd["Goloman"].client();
    goloman.ask(iamat("k"));
    wait_for_mark(&proxies[0], 1);
    proxies[0].stall();
    let at = goloman.ask(iamat("k"));
    // The one that is sooner closes the connection, and the other may see that first.
    let ends = [("Goloman", "link to Hands"), ("Hands", "link from Goloman")];
    for (name, link) in ends {
        herd[name].logged(&format!("[WARN] {link} down: "));
    }
    let is_silent = |(name, link)| herd[name].count(&format!("{link} down: silent for ")) > 0;
    assert!(ends.into_iter().any(is_silent));
    assert_ne!(at_line(herd["Hands"].clients, "k").as_ref(), Some(&at));
    // The other direction goes on.
    let other = herd["Hands"].client().ask(iamat("other"));
    wait_until("Goloman knows the other", || {
        at_line(herd["Goloman"].clients, "other").as_ref() == Some(&other)
    });
    proxies[0].heal();
    assert_eq!(herd.agreed("k"), at);
}
