//! The page in a browser: it runs without an error, shows at once that a server was killed, and
//! says commands. Where there is no chromium, the test says so and looks at nothing.

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
    browser.go(&format!("http://{}/", web.address));
    wait_until("the page is live", || {
        let live = "document.getElementById('live')?.textContent";
        browser.value(live) == ", live"
    });
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
    assert!(browser.errors.is_empty(), "{:?}", browser.errors);
}
