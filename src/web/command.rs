//! Commands of clients out of the fields of a request, and a server's reply as JSON. Pure.
//!
//! A field never holds white space, so no field can be two, and no body hides a second line. Each
//! line is read here as a server reads it, and only a valid one is sent; the box of the page alone
//! sends any line, to show what a server says to it.

use memchr::memchr;
use serde_json::json;
use serde_json::value::RawValue;

use super::http::{Fields, JSON, Response};
use crate::ask::reason;
use crate::limits::LIMITS;
use crate::units::Wall;
use crate::wire::{Command, Posix, is_space};

/// A line to say, and the server that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name of a server; none: any.
    pub server: Option<String>,
    /// Without LF.
    pub line: Vec<u8>,
    /// Any line may be sent, and its reply is no error of ours.
    pub is_raw: bool,
}

/// The IAMAT of these fields: `client`, `location` or `lat` and `lon`, and perhaps `time` and
/// `server`.
///
/// # Errors
/// What is wrong with them.
pub fn iamat(fields: &Fields, now: Wall) -> Result<Question, Response> {
    let fields = Named::new(
        fields,
        &["client", "location", "lat", "lon", "time", "server"],
    )?;
    let location = match (
        fields.get("location")?,
        fields.get("lat")?,
        fields.get("lon")?,
    ) {
        (Some(location), None, None) => location.to_vec(),
        (None, Some(lat), Some(lon)) => [signed(lat), signed(lon)].concat(),
        _ => return Err(wrong("say where: location, or lat and lon")),
    };
    let now = Posix(now).to_string();
    let time = fields.get("time")?.unwrap_or(now.as_bytes());
    fields.question(&[b"IAMAT", fields.client()?, &location, time])
}

/// The WHATSAT of these fields: `client`, and perhaps `radius` in km, `bound` and `server`.
///
/// # Errors
/// What is wrong with them.
pub fn whatsat(fields: &Fields) -> Result<Question, Response> {
    let fields = Named::new(fields, &["client", "radius", "bound", "server"])?;
    let radius = fields.get("radius")?.unwrap_or(b"10");
    let bound = fields.get("bound")?.unwrap_or(b"5");
    fields.question(&[b"WHATSAT", fields.client()?, radius, bound])
}

/// The line that somebody typed, `line`, for the server `server`.
///
/// # Errors
/// When it is more than a line, or too long.
pub fn raw(fields: &Fields) -> Result<Question, Response> {
    let named = |name: &str| fields.iter().find(|it| it.0 == name);
    let Some((_, line)) = named("line") else {
        return Err(wrong("the field line is missing"));
    };
    if memchr(b'\n', line).is_some() || line.len() > LIMITS.client_line {
        return Err(wrong(
            "say one line at a time, and not a longer one than 8 KiB",
        ));
    }
    let server = named("server").map(|(_, name)| String::from_utf8_lossy(name).into_owned());
    Ok(Question {
        server: server.filter(|name| !name.is_empty()),
        line: line.strip_suffix(b"\r").unwrap_or(line).to_vec(),
        is_raw: true,
    })
}

/// Fields that are known, each once.
struct Named<'a>(&'a Fields);

impl<'a> Named<'a> {
    fn new(fields: &'a Fields, known: &[&str]) -> Result<Named<'a>, Response> {
        for (place, (name, _)) in fields.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let known = known.join(", ");
                return Err(wrong(&format!(
                    "no field is called {name:?}; there are {known}"
                )));
            }
            if fields[..place].iter().any(|it| it.0 == *name) {
                return Err(wrong(&format!("the field {name} is there twice")));
            }
        }
        Ok(Named(fields))
    }

    /// A field that is not empty, if it is there.
    fn get(&self, name: &str) -> Result<Option<&'a [u8]>, Response> {
        let field = self.0.iter().find(|it| it.0 == name);
        let value = field
            .map(|(_, value)| &value[..])
            .filter(|it| !it.is_empty());
        match value {
            Some(value) if value.iter().any(|byte| is_space(*byte)) => {
                Err(wrong(&format!("the field {name} has white space in it")))
            }
            value => Ok(value),
        }
    }

    fn client(&self) -> Result<&'a [u8], Response> {
        self.get("client")?
            .ok_or_else(|| wrong("say which client: the field client"))
    }

    /// The line of these words, if a server can take it.
    fn question(&self, words: &[&[u8]]) -> Result<Question, Response> {
        let line = words.join(&b' ');
        if let Err(why) = Command::parse(&line) {
            return Err(wrong(&why.to_string()));
        }
        let server = self.get("server")?;
        Ok(Question {
            server: server.map(|name| String::from_utf8_lossy(name).into_owned()),
            line,
            is_raw: false,
        })
    }
}

fn wrong(why: &str) -> Response {
    Response::error(400, why)
}

/// Degrees as a location has them: never without a sign.
fn signed(degrees: &[u8]) -> Vec<u8> {
    match degrees.first() {
        Some(b'+' | b'-') => degrees.to_vec(),
        _ => [b"+", degrees].concat(),
    }
}

/// A server's reply to a question: `line`, and `places` if it has some. An invalid one is an error
/// with its reason.
pub fn answer(server: &str, question: &Question, reply: &[u8]) -> Response {
    let end = memchr(b'\n', reply).unwrap_or(reply.len());
    let (line, rest) = reply.split_at(end);
    let text = String::from_utf8_lossy(line);
    if !line.starts_with(b"AT ") {
        let is_echo = line.starts_with(b"? ");
        let why = match is_echo {
            true => reason(&question.line),
            false => format!("{server} does not answer as a clients' door does"),
        };
        let body = json!({"server": server, "line": text, "error": why});
        let is_unknown = matches!(Command::parse(&question.line), Ok(Command::Whatsat { .. }));
        let status = match (is_echo, is_unknown) {
            _ if question.is_raw => 200,
            (false, _) => 502,
            (true, true) => 404,
            (true, false) => 400,
        };
        return Response::new(status, JSON, format!("{body}\n").into_bytes());
    }
    let words = json!({"server": server, "line": text}).to_string();
    // The places are the provider's own text, which is never printed again.
    let places = str::from_utf8(rest.trim_ascii()).ok();
    let places = places.and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
    let body = match places {
        Some(places) => format!("{},\"places\":{places}}}\n", &words[..words.len() - 1]),
        None => words + "\n",
    };
    Response::new(200, JSON, body.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::http::form;
    use super::*;

    const NOW: Wall = Wall(1_520_023_934_918_963_997);

    fn line(outcome: Result<Question, Response>) -> Result<String, Response> {
        outcome.map(|it| String::from_utf8(it.line).unwrap())
    }

    #[test]
    fn fields_become_a_line() {
        for (text, want) in [
            (
                "client=k&location=%2B1-2",
                "IAMAT k +1-2 1520023934.918963997",
            ),
            ("client=k&location=%2B1-2&time=7&server=A", "IAMAT k +1-2 7"),
            (
                "client=k&lat=34.5&lon=-118&time=",
                "IAMAT k +34.5-118 1520023934.918963997",
            ),
            ("client=k&lat=%2B1&lon=2&time=-7.5", "IAMAT k +1+2 -7.5"),
        ] {
            assert_eq!(line(iamat(&form(text.as_bytes()), NOW)), Ok(want.into()));
        }
        let question = whatsat(&form(b"client=k%ff&radius=5&bound=1&server=A")).unwrap();
        assert_eq!(question.line, b"WHATSAT k\xff 5 1");
        assert_eq!(question.server.as_deref(), Some("A"));
        assert_eq!(
            line(whatsat(&form(b"client=k"))),
            Ok("WHATSAT k 10 5".into())
        );
    }

    #[test]
    fn a_field_is_never_two_and_a_line_is_never_two() {
        let at = "&location=%2B1-2";
        for (text, why) in [
            (
                format!("client=k%0aIAMAT{at}"),
                "the field client has white space in it",
            ),
            (
                format!("client=a+b{at}"),
                "the field client has white space in it",
            ),
            (
                format!("client=k%0d{at}"),
                "the field client has white space in it",
            ),
            (
                format!("client=k{at}&time=1%0b"),
                "the field time has white space in it",
            ),
            (
                format!("client=k{at}&server=A%09"),
                "the field server has white space in it",
            ),
            (format!("client={at}"), "say which client: the field client"),
            (
                format!("client=k&client=l{at}"),
                "the field client is there twice",
            ),
            ("client=k".into(), "say where: location, or lat and lon"),
            (
                format!("client=k{at}&lat=1"),
                "say where: location, or lat and lon",
            ),
            (
                format!("client=k{at}&lan=1"),
                "no field is called \"lan\"; there are client, ",
            ),
            (
                format!("client=k{at}&time=now"),
                "the time is not a number of seconds like ",
            ),
            (
                "client=k&lat=91&lon=0".into(),
                "the latitude goes from -90 to +90, ",
            ),
            ("client=k&location=x".into(), "the latitude has no sign"),
        ] {
            let refusal = line(iamat(&form(text.as_bytes()), NOW)).unwrap_err();
            assert_eq!(refusal.status, 400);
            let want = Response::error(400, why);
            let is_it = refusal == want || refusal.len() > want.len();
            assert!(is_it, "{text}: {refusal:?}");
        }
        let refusal = whatsat(&form(b"client=k&radius=51")).unwrap_err();
        assert_eq!(refusal, Response::error(400, "the radius is 0 to 50 km"));
        assert_eq!(raw(&form(b"line=a%0ab")).unwrap_err().status, 400);
        assert_eq!(raw(&form(b"line=a+b%0d")).unwrap().line, b"a b");
    }

    #[test]
    fn replies_have_their_status() {
        let asked = |line: &str, is_raw| Question {
            server: None,
            line: line.into(),
            is_raw,
        };
        let (iamat, whatsat) = ("IAMAT k +1+2 3", "WHATSAT k 1 2");
        for (line, reply, is_raw, want) in [
            (iamat, "AT A +1 k +1+2 3\n", false, 200),
            (whatsat, "AT A +1 k +1+2 3\n{\n}\n\n", false, 200),
            (whatsat, "? WHATSAT k 1 2\n", false, 404),
            (iamat, "? IAMAT k +1+2 3\n", false, 400),
            (iamat, "HTTP/1.1 200\n", false, 502),
            ("IMAT", "? IMAT\n", true, 200),
        ] {
            let response = answer("A", &asked(line, is_raw), reply.as_bytes());
            assert_eq!(response.status, want, "{reply}");
        }
        let reply = b"AT A +1 k\xff +1+2 3\n{\"x\" : 1.0,\n\"y\": \"\\u003c\"}\n\n";
        let want = "{\"line\":\"AT A +1 k\u{fffd} +1+2 3\",\"server\":\"A\",\
            \"places\":{\"x\" : 1.0,\n\"y\": \"\\u003c\"}}\n";
        let found = answer("A", &asked(whatsat, false), reply);
        assert_eq!(found, Response::new(200, JSON, want.as_bytes()));
    }
}
