//! A chromium without a screen, by the DevTools protocol: JSON over a WebSocket (RFC 6455).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use crate::support::herd::Directory;
use crate::support::wait::PATIENCE;

/// One page, which ends with the test.
pub struct Browser {
    process: Child,
    socket: BufReader<TcpStream>,
    calls: u64,
    /// The errors of the page.
    pub errors: Vec<Value>,
    /// The addresses that the page has asked.
    pub requests: Vec<String>,
    _directory: Directory,
}

impl Browser {
    /// An empty page; none: no chromium is here.
    pub fn open() -> Option<Browser> {
        let directory = Directory::new();
        let mut command = Command::new("chromium");
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--remote-debugging-port=0",
        ]);
        command.arg(format!("--user-data-dir={}", directory.0.display()));
        command
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let mut process = command.stderr(Stdio::piped()).spawn().ok()?;
        let mut said = BufReader::new(process.stderr.take().unwrap()).lines();
        let start = "DevTools listening on ws://127.0.0.1:";
        let port = said.by_ref().map_while(Result::ok).find_map(|line| {
            let rest = line.strip_prefix(start)?;
            rest.split('/').next()?.parse::<u16>().ok()
        });
        thread::spawn(move || said.map_while(Result::ok).for_each(drop));
        let mut browser = Browser {
            process,
            socket: dial(port.expect("the port of chromium")),
            calls: 0,
            errors: Vec::new(),
            requests: Vec::new(),
            _directory: directory,
        };
        for method in [
            "Runtime.enable",
            "Log.enable",
            "Page.enable",
            "Network.enable",
        ] {
            browser.call(method, json!({}));
        }
        Some(browser)
    }

    pub fn go(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
    }

    /// The value of an expression, in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let found = self.call("Runtime.evaluate", json!({ "expression": expression }));
        found["result"]["value"].clone()
    }

    /// The size of the page, and what its reader prefers: `("color-scheme", "dark")`.
    pub fn look_like(&mut self, [width, height]: [u32; 2], prefers: &[(&str, &str)]) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": width < 500});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let feature = |(name, value): &(&str, &str)| {
            let name = format!("prefers-{name}");
            json!({"name": name, "value": value})
        };
        let features: Vec<Value> = prefers.iter().map(feature).collect();
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        );
    }

    /// A PNG of what is seen, in base64.
    pub fn picture(&mut self) -> String {
        let found = self.call("Page.captureScreenshot", json!({"format": "png"}));
        found["data"].as_str().unwrap().to_string()
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let call = json!({"id": self.calls, "method": method, "params": params}).to_string();
        // A whole text, masked with zeros.
        let length = u16::try_from(call.len()).unwrap().to_be_bytes();
        let head = [&[0x81, 0x80 | 126], &length[..], &[0; 4]].concat();
        let frame = [&head, call.as_bytes()].concat();
        self.socket.get_mut().write_all(&frame).unwrap();
        loop {
            let message = self.message();
            if message["id"] == self.calls {
                return message["result"].clone();
            }
            if let Some(url) = message["params"]["request"]["url"].as_str() {
                self.requests.push(url.to_string());
            }
            let is_error = match message["method"].as_str() {
                Some("Runtime.exceptionThrown") => true,
                Some("Runtime.consoleAPICalled") => message["params"]["type"] == "error",
                Some("Log.entryAdded") => message["params"]["entry"]["level"] == "error",
                _ => false,
            };
            if is_error {
                self.errors.push(message);
            }
        }
    }

    fn message(&mut self) -> Value {
        let [first, length] = self.bytes();
        assert_eq!(first, 0x81, "a whole text");
        let length = match length {
            126 => u64::from(u16::from_be_bytes(self.bytes())),
            127 => u64::from_be_bytes(self.bytes()),
            length => u64::from(length),
        };
        let mut text = vec![0; usize::try_from(length).unwrap()];
        self.socket.read_exact(&mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.socket.read_exact(&mut bytes).unwrap();
        bytes
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A WebSocket to the only page.
fn dial(port: u16) -> BufReader<TcpStream> {
    let connect = || {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        BufReader::new(stream)
    };
    let mut stream = connect();
    let request = format!("GET /json/list HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    stream.get_mut().write_all(request.as_bytes()).unwrap();
    let mut list = vec![0; head(&mut stream)];
    stream.read_exact(&mut list).unwrap();
    let list: Value = serde_json::from_slice(&list).unwrap();
    let pages = list.as_array().unwrap().iter();
    let mut pages = pages.filter(|it| it["type"] == "page");
    let url = pages.next().expect("a page")["webSocketDebuggerUrl"]
        .as_str()
        .unwrap();
    let path = url.split_once("ws://").unwrap().1;
    let path = path.split_once('/').unwrap().1;
    let mut stream = connect();
    let request = format!(
        "GET /{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.get_mut().write_all(request.as_bytes()).unwrap();
    head(&mut stream);
    stream
}

/// Reads a head, and returns the length of the body.
fn head(stream: &mut BufReader<TcpStream>) -> usize {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        match line.trim_end().to_ascii_lowercase().split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().unwrap(),
            Some(_) => {}
            None if line == "\r\n" => return length,
            None => {}
        }
    }
}
