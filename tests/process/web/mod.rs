//! `herd web` with real processes: its routes, its page, the moves on it, and rude clients.

mod browser;
mod guard;
mod moves;
mod page;
mod picture;
mod routes;
mod rude;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::support::process::send_signal;
use super::support::wait::PATIENCE;

/// A web server of a herd, which ends with the test.
struct Web {
    process: Child,
    /// Where it listens.
    address: String,
}

/// The answer to a request.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Web {
    /// Started on a free port, about the herd in this file.
    fn of(topology: &Path, options: &[&str]) -> Web {
        let mut command = Command::new(env!("CARGO_BIN_EXE_herd"));
        command.arg("web").arg("-t").arg(topology);
        command.args(["--listen", "127.0.0.1:0"]).args(options);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line
            .strip_prefix("http://")
            .and_then(|it| it.split_once('/'));
        let address = address.unwrap_or_else(|| panic!("it says {line:?}")).0;
        Web {
            address: address.to_string(),
            process,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends these bytes, and returns all that comes until it closes.
    fn send(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        String::from_utf8(said).unwrap()
    }

    /// One request with these fields, CRLF behind each, and a body.
    fn request(&self, target: &str, fields: &str, body: &str) -> Answer {
        let host = match fields.contains("Host:") {
            true => String::new(),
            false => format!("Host: {}\r\n", self.address),
        };
        let length = match target.starts_with("POST") {
            true => format!("Content-Length: {}\r\n", body.len()),
            false => String::new(),
        };
        let head = format!("{target} HTTP/1.1\r\n{host}{fields}{length}Connection: close\r\n\r\n");
        Answer::of(&self.send((head + body).as_bytes()))
    }

    fn get(&self, path: &str) -> Answer {
        self.request(&format!("GET {path}"), "", "")
    }

    /// POSTs JSON.
    fn post(&self, path: &str, body: &str) -> Answer {
        self.request(
            &format!("POST {path}"),
            "Content-Type: application/json\r\n",
            body,
        )
    }

    /// Its memory, in KiB.
    fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap()
    }

    /// Sends it a signal, and returns its exit status.
    fn end(mut self, signal: &str) -> Option<i32> {
        assert!(send_signal(signal, &self.process.id().to_string()));
        self.process.wait().unwrap().code()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Answer {
    fn of(text: &str) -> Answer {
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{text:?}"));
        let status = head.strip_prefix("HTTP/1.1 ").and_then(|it| it.get(..3));
        Answer {
            status: status.unwrap().parse().unwrap(),
            head: format!("{head}\r\n"),
            body: body.to_string(),
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {}", self.body))
    }

    /// The reason in an error.
    fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_string()
    }
}
