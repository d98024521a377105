//! The paths and what is at them. A path is compared byte by byte, so there is nothing to resolve,
//! and no file is ever opened.

use super::command::{self, Question};
use super::guard::{Guard, is_json};
use super::http::{Fields, Method, Request, Response, SCRIPT, STYLE, form, object};
use crate::units::Wall;

/// A way to show a look at the herd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Page,
    Status,
    Metrics,
    Health,
    Events,
}

/// The way on from a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Route {
    /// Its answer is known.
    Known(Response),
    /// It needs a look at the herd.
    Look(View),
    /// It needs the reply of a server.
    Ask(Question),
}

/// The methods that a path takes.
const READ: &str = "GET, HEAD";
const WRITE: &str = "POST";

/// Finds out what becomes of a request.
pub fn route(guard: &Guard, request: &Request, now: Wall) -> Route {
    let found = guard
        .refusal(request)
        .map_or_else(|| find(guard, request, now), Err);
    found.unwrap_or_else(Route::Known)
}

fn find(guard: &Guard, request: &Request, now: Wall) -> Result<Route, Response> {
    let is_read = matches!(request.method, Method::Get | Method::Head);
    let is_write = request.method == Method::Post;
    let read = |route: Route| {
        if is_read {
            Ok(route)
        } else {
            Err(not_allowed(READ))
        }
    };
    let asset = |kind, text: &str| Route::Known(Response::new(200, kind, text.as_bytes()));
    match request.path.as_str() {
        "/" => read(Route::Look(View::Page)),
        "/status.json" => read(Route::Look(View::Status)),
        "/metrics" => read(Route::Look(View::Metrics)),
        "/healthz" => read(Route::Look(View::Health)),
        "/events" => read(Route::Look(View::Events)),
        "/page.css" => read(asset(STYLE, include_str!("assets/page.css"))),
        "/page.js" => read(asset(SCRIPT, include_str!("assets/page.js"))),
        "/moves.js" => read(asset(SCRIPT, include_str!("assets/moves.js"))),
        "/whatsat" if is_read => {
            if let Some(refusal) = guard.lookup_refusal(request) {
                return Err(refusal);
            }
            let fields = form(request.query.as_bytes());
            Ok(Route::Ask(command::whatsat(&fields)?))
        }
        "/whatsat" => Err(not_allowed(READ)),
        "/iamat" | "/ask" if !is_write => Err(not_allowed(WRITE)),
        "/iamat" => Ok(Route::Ask(command::iamat(&posted(guard, request)?, now)?)),
        "/ask" => Ok(Route::Ask(command::raw(&posted(guard, request)?)?)),
        _ => Err(Response::error(
            404,
            "nothing is at this path; / shows the herd",
        )),
    }
}

fn not_allowed(methods: &str) -> Response {
    let why = format!("this path takes {methods}");
    Response::error(405, &why).with("Allow", methods)
}

/// The fields of the body.
fn posted(guard: &Guard, request: &Request) -> Result<Fields, Response> {
    if let Some(refusal) = guard.post_refusal(request) {
        return Err(refusal);
    }
    if is_json(request) {
        let why = "the body is not a JSON object of words and numbers";
        return object(&request.body).ok_or_else(|| Response::error(400, why));
    }
    let kind = request.content_type.as_deref().unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim() {
        "application/x-www-form-urlencoded" => Ok(form(&request.body)),
        _ => Err(Response::error(415, "a body is a form or JSON here")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, path: &str) -> Request {
        Request {
            method,
            path: path.into(),
            content_type: Some("application/json".into()),
            ..Request::default()
        }
    }

    fn routed(request: &Request) -> Route {
        let guard = Guard::new(([127, 0, 0, 1], 12300).into(), &[], None);
        route(&guard, request, Wall(7))
    }

    #[track_caller]
    fn status(request: &Request) -> u16 {
        match routed(request) {
            Route::Known(response) => response.status,
            route => panic!("{route:?}"),
        }
    }

    #[test]
    fn every_path_takes_its_methods() {
        use Method::{Get, Head, Other, Post};
        for path in ["/", "/status.json", "/metrics", "/healthz", "/events"] {
            for method in [Get, Head] {
                let found = routed(&request(method, path));
                assert!(matches!(found, Route::Look(_)), "{path}: {found:?}");
            }
            assert_eq!(status(&request(Post, path)), 405);
            assert_eq!(status(&request(Other, path)), 405);
        }
        for path in ["/page.css", "/page.js", "/moves.js"] {
            assert_eq!(status(&request(Get, path)), 200);
        }
        for path in ["/iamat", "/ask"] {
            assert_eq!(status(&request(Get, path)), 405);
        }
        assert_eq!(status(&request(Post, "/whatsat")), 405);
        assert_eq!(status(&request(Get, "/whatsat")), 400);
        let foreign = Request {
            fetch_site: Some("cross-site".into()),
            query: "client=k".into(),
            ..request(Get, "/whatsat")
        };
        assert_eq!(status(&foreign), 403);
    }

    #[test]
    fn nothing_else_is_there_whatever_the_path_says() {
        for path in [
            "/index.html",
            "//",
            "/status.json/",
            "/Status.json",
            "/./status.json",
            "/x/../status.json",
            "/%73tatus.json",
            "/../../etc/passwd",
            "/..%2f..%2fetc/passwd",
            "/page.js%00",
            "/page.js;x",
            "/\\..\\page.js",
        ] {
            assert_eq!(status(&request(Method::Get, path)), 404, "{path}");
        }
    }

    #[test]
    fn bodies_are_forms_or_json() {
        let with = |kind: &str, body: &str| Request {
            content_type: Some(kind.into()),
            fetch_site: Some("same-origin".into()),
            body: body.into(),
            ..request(Method::Post, "/iamat")
        };
        let (form, json) = ("application/x-www-form-urlencoded", "application/json");
        for (kind, body) in [
            (form, "client=k&lat=1&lon=2&time=3"),
            (json, r#"{"client": "k", "lat": 1, "lon": 2, "time": "3"}"#),
        ] {
            let Route::Ask(question) = routed(&with(kind, body)) else {
                panic!("{body}")
            };
            assert_eq!(question.line, b"IAMAT k +1+2 3");
        }
        assert_eq!(status(&with("text/plain", "client=k")), 415);
        assert_eq!(status(&with("", "client=k")), 415);
        assert_eq!(status(&with(json, "client=k")), 400);
        let foreign = Request {
            fetch_site: None,
            ..with(form, "client=k")
        };
        assert_eq!(status(&foreign), 403);
    }
}
