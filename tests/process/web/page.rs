//! The page in a browser: it runs without an error, shows moves and that a server was killed, says
//! commands, and fits a phone. Where there is no chromium, the test says so and looks at nothing.

use std::time::Instant;

use crate::support::client::ask_text;
use crate::support::herd::{Herd, at_line};
use crate::support::wait::wait_until;

use super::Web;
use super::browser::Browser;

#[test]
fn a_browser_shows_a_killed_server_in_red_without_loading_the_page_again() {
    let mut herd = Herd::new(&["A", "B"], &[["A", "B"]]);
    herd.start();
    let web = Web::of(&herd["A"].topology, &[]);
    wait_until("all is well", || web.get("/healthz").status == 200);
    let Some(mut browser) = Browser::open() else {
        return eprintln!("no chromium here: the page was not looked at");
    };
    open(&mut browser, &web);
    assert_eq!(browser.value("document.body.className"), "OK");
    let up = "document.querySelectorAll('#graph circle.up').length";
    assert_eq!(browser.value(up), 2);

    // The box says a command, and shows the answer or its reason.
    for (line, at, want) in [
        ("IAMAT kiwi +1+2 now", "answer-line", "AT A "),
        (
            "IMAT kiwi",
            "answer-why",
            "no such command; did you mean IAMAT?",
        ),
    ] {
        browser.value(&format!(
            "document.getElementById('words').value = '{line}'"
        ));
        browser.value("document.getElementById('ask').requestSubmit()");
        wait_until(want, || {
            let text = browser.value(&format!("document.getElementById('{at}').textContent"));
            text.as_str().is_some_and(|text| text.starts_with(want))
        });
    }
    assert!(at_line(herd["A"].clients, "kiwi").is_some());
    see_a_move(&mut browser, herd["A"].clients);

    browser.value("window.isFirst = true");
    herd["B"].kill();
    wait_until("B is red", || {
        let red = "document.querySelector('#graph circle.down title')?.textContent";
        let text = browser.value(red);
        text.as_str()
            .is_some_and(|text| text.starts_with("B: down: "))
    });
    assert_eq!(browser.value("document.body.className"), "DOWN");
    let problems = "document.getElementById('problems').textContent";
    assert_eq!(browser.value(problems), "down: B");
    assert_eq!(browser.value("window.isFirst"), true);
    fit_a_phone(&mut browser, &web);
    assert!(browser.errors.is_empty(), "{:?}", browser.errors);
    let ours = format!("http://{}/", web.address);
    let is_foreign = |it: &&String| !it.starts_with(&ours) && !it.starts_with("data:");
    assert_eq!(browser.requests.iter().find(is_foreign), None);
    assert!(browser.requests.contains(&format!("{ours}moves.js")));
}

fn open(browser: &mut Browser, web: &Web) {
    browser.go(&format!("http://{}/", web.address));
    wait_until("the page is live", || {
        let live = "document.getElementById('live')?.textContent";
        browser.value(live) == ", live"
    });
}

/// A client that moves is a dot on the map, a row in the table, and a pulse along the link.
fn see_a_move(browser: &mut Browser, clients: u16) {
    let dot = "Array.from(document.querySelectorAll('#map .dot'), (it) => \
        [it.textContent, it.getAttribute('cx'), it.getAttribute('cy')].join()).join('|')";
    let want = "<b>: 48.2, 16.4, heard by A,16.4,-48.2";
    let start = Instant::now();
    assert!(ask_text(clients, "IAMAT <b> +48.2+16.4 1\n").starts_with("AT "));
    wait_until("the move is on the map", || {
        browser.value(dot).as_str().unwrap().contains(want)
    });
    eprintln!(
        "a move was on the map after {} ms",
        start.elapsed().as_millis()
    );
    wait_until("its way is in the table", || {
        let row = "Array.from(document.querySelectorAll('#moves tr'), (it) => \
            Array.from(it.cells, (it) => it.textContent).join()).join('|')";
        let rows = browser.value(row);
        rows.as_str().unwrap().contains("<b>,48.2, 16.4,A,A → B")
    });
    // A reader who wants less motion sees a link light up, and others a dot that runs along it.
    for (motion, want) in [("no-preference", ".pulse"), ("reduce", ".told")] {
        browser.look_like([1200, 900], &[("reduced-motion", motion)]);
        let mut time = 1;
        wait_until(want, || {
            time += 1;
            ask_text(clients, format!("IAMAT {motion} +1+1 {time}\n"));
            let seen = format!("document.querySelectorAll('#pulses {want}').length > 0");
            browser.value(&seen) == true
        });
    }
}

/// The page is dark on a phone that is, and nothing in it is wider than the phone.
fn fit_a_phone(browser: &mut Browser, web: &Web) {
    browser.look_like([390, 844], &[("color-scheme", "dark")]);
    open(browser, web);
    let paper = "getComputedStyle(document.body).backgroundColor";
    assert_eq!(browser.value(paper), "rgb(20, 24, 27)");
    assert_eq!(browser.value("document.documentElement.scrollWidth"), 390);
}
