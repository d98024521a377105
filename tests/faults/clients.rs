//! Clients that say half a line, never read, never end a line, or take all they can.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::gauge::{descriptors, forget_peak, memory, more, peak};
use super::sheet::{Form, Sheet, best, listed, time};
use super::support::herd::Herd;
use super::support::wait::wait_until;
use super::traffic::{
    Meanwhile, ask_again_and_again, beside, connect, fill, iamat, invalid_lines, is_over, name,
    pipeline,
};

const KIB: f64 = 1024.0;

/// Connections, each of which says a byte a second and never a whole line. When it is
/// ended, or all have been cut: after how long each was cut, counted from its first byte.
pub fn drip(port: u16, count: usize) -> Meanwhile<Vec<Duration>> {
    let streams: Vec<TcpStream> = (0..count).map(|_| connect(port)).collect();
    Meanwhile::begin(move |flag| {
        let mut open: Vec<(TcpStream, Instant)> = Vec::new();
        for mut stream in streams {
            stream.write_all(b"IAMAT half").unwrap();
            stream.set_nonblocking(true).unwrap();
            open.push((stream, Instant::now()));
        }
        let (mut cut, mut place) = (Vec::new(), 0);
        let pause = Duration::from_secs(1) / count as u32;
        while !is_over(flag) && !open.is_empty() {
            place = (place + 1) % open.len();
            let (stream, since) = &mut open[place];
            let is_there = match stream.read(&mut [0; 64]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => true,
                // The end, a reset, or a word of farewell.
                _ => false,
            };
            if !is_there || stream.write_all(b"x").is_err() {
                cut.push(since.elapsed());
                open.swap_remove(place);
            }
            thread::sleep(pause);
        }
        cut
    })
}

/// A thousand clients hold half a line, a byte a second.
pub fn half_lines(sheet: &mut Sheet) {
    let herd = Herd::one_with(&["--log-level", "warn"]);
    let server = &herd.servers[0];
    let count = sheet.form.pick(200, 1_000);
    let open = descriptors(server);
    ask_again_and_again(server.clients, 10);
    let before = memory(server);
    let dripping = drip(server.clients, count);
    wait_until("all have come in", || descriptors(server) >= open + count);
    // Each has said something more.
    ask_again_and_again(server.clients, sheet.form.pick(500, 2_000));
    let each = more(memory(server), before) / count as f64;
    sheet.at_most("memory of each", each, 4.0 * KIB, " bytes");
    drop(dripping);
    wait_until("all have gone", || descriptors(server) <= open);
    beside(sheet, server.clients, 2.0, || drip(server.clients, count));

    if sheet.form == Form::Full {
        let dripping = drip(server.clients, count);
        wait_until("all have come in", || descriptors(server) >= open + count);
        thread::sleep(Duration::from_secs(34));
        let cut = dripping.end();
        let (first, last) = (cut.iter().min(), cut.iter().max());
        let (first, last) = first
            .zip(last)
            .map_or_else(Default::default, |(f, l)| (*f, *l));
        let text = format!(
            "{} cut, {} to {} after their first byte",
            cut.len(),
            time(first),
            time(last)
        );
        let seconds = Duration::from_secs;
        let in_time = first >= seconds(29) && last <= seconds(33);
        sheet.timed(cut.len() == count && in_time, text);
    }
}

/// Sends these lines over and over and reads nothing, until nothing is taken for a while or the
/// connection is cut: how many bytes were taken.
pub fn say_until_full(stream: &mut TcpStream, lines: &[u8], most: usize) -> usize {
    stream.set_nonblocking(true).unwrap();
    let (mut taken, mut last) = (0, Instant::now());
    while taken < most && last.elapsed() < Duration::from_millis(500) {
        match stream.write(&lines[taken % lines.len()..]) {
            Ok(count) => (taken, last) = (taken + count, Instant::now()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(_) => break,
        }
    }
    taken
}

/// A client sends and never reads: a million invalid lines; WHATSATs.
pub fn never_reads(sheet: &mut Sheet) {
    let herd = Herd::one_with(&["--log-level", "warn"]);
    let server = &herd.servers[0];
    let before = descriptors(server);
    server.client().ask(iamat("kiwi"));
    // Workers and loop have what they need for as many answers as the kernel's buffers take.
    let mut client = server.client();
    for _ in 0..sheet.form.pick(10, 40) {
        client.say("WHATSAT kiwi 50 20\n".repeat(50));
        (0..50).for_each(|_| drop(client.rest_of_near()));
    }
    drop(client);
    let lines = [
        ("invalid lines", invalid_lines(sheet.form)),
        ("WHATSATs", b"WHATSAT kiwi 50 20\n".repeat(1_000)),
    ];
    for (what, lines) in lines {
        let most = 80_000_000;
        let (start, mut stream) = (memory(server), connect(server.clients));
        let begin = Instant::now();
        let taken = say_until_full(&mut stream, &lines, most);
        let grown = more(memory(server), start);
        sheet.at_most(&format!("{what}: more memory"), grown, KIB * KIB, " bytes");
        // The bytes that were taken are in the kernel's two buffers, which it bounds.
        let text = format!("{what}: reading stops after {taken} bytes");
        sheet.holds(taken < most / 2, text);
        if sheet.form == Form::Full {
            wait_until("who never reads is cut", || descriptors(server) == before);
            let text = format!(
                "{what}: cut after {} without progress",
                time(begin.elapsed())
            );
            let seconds = begin.elapsed().as_secs_f64();
            sheet.timed((9.5..13.0).contains(&seconds), text);
        }
    }
    beside(sheet, server.clients, 2.0, || {
        let mut stream = connect(server.clients);
        say_until_full(&mut stream, b"nothing that is read\n", 80_000_000);
        stream
    });
}

/// A line without an end: letters, spaces, NULs.
pub fn endless_line(sheet: &mut Sheet) {
    let herd = Herd::one_with(&["--log-level", "warn"]);
    let server = &herd.servers[0];
    server.client().ask(iamat("kiwi"));
    let most = sheet.form.pick(64 << 20, 1 << 30);
    for (what, byte) in [("letters", b'x'), ("spaces", b' '), ("NULs", 0)] {
        forget_peak(server);
        let before = peak(server);
        let mut stream = connect(server.clients);
        let mut reader = stream.try_clone().unwrap();
        let writer = thread::spawn(move || {
            let (chunk, mut sent) = (vec![byte; 1 << 16], 0);
            while sent < most && stream.write_all(&chunk).is_ok() {
                sent += chunk.len();
            }
            // No LF.
            let _ = stream.shutdown(Shutdown::Write);
            sent
        });
        let mut reply = Vec::new();
        // Behind the reply there is the end, or a reset for what was sent after it.
        let _ = reader.read_to_end(&mut reply);
        let sent = writer.join().unwrap() >> 20;
        let mut due = b"? ".to_vec();
        due.resize(2 + (8 << 10), byte);
        due.push(b'\n');
        let text = format!("{what}: told `? ` and 8 KiB, closed after {sent} MiB");
        sheet.holds(reply == due, text);
        let grown = more(peak(server), before);
        sheet.at_most(&format!("{what}: peak"), grown, 256.0 * KIB, " bytes more");
    }
    let reply = server.client().ask(iamat("kiwi"));
    sheet.holds(reply.starts_with("AT "), "others are answered");
}

/// One client pipelines as fast as it can, another one asks.
pub fn pipeliner(sheet: &mut Sheet) {
    let herd = Herd::one_with(&["--log-level", "warn"]);
    let server = &herd.servers[0];
    fill(server.clients, 0..1_000);
    let (rounds, questions) = sheet.form.pick((1, 100), (5, 1_000));
    let lines: String = (0..1_000).map(|client| iamat(&name(client))).collect();
    let (mut p99, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        alone.push(ask_again_and_again(server.clients, questions).percentile(99));
        let pipelining = pipeline(server.clients, lines.clone().into_bytes());
        p99.push(ask_again_and_again(server.clients, questions).percentile(99));
        pipelining.end();
    }
    let all: Vec<String> = p99.iter().map(|delay| time(*delay)).collect();
    println!("p99 beside one who pipelines: {}", listed(&all));
    let text = format!("p99 of who asks, {} alone", time(best(&alone)));
    sheet.within(&text, best(&p99), Duration::from_millis(2));
    sheet.holds(true, format!("{} questions answered", rounds * questions));
}
