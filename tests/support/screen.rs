//! A terminal, as a person sees it: what script(1) or a pipe shows, piece by piece.

use std::io::Read;
use std::sync::mpsc;
use std::thread;

use super::wait::PATIENCE;

/// A terminal whose text is read as it comes.
pub struct Screen {
    seen: String,
    pieces: mpsc::Receiver<String>,
}

impl Screen {
    pub fn of(mut terminal: impl Read + Send + 'static) -> Screen {
        let (sender, pieces) = mpsc::channel();
        // Reading a pipe has no time-out, receiving has.
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = terminal.read(&mut bytes) {
                let piece = String::from_utf8_lossy(&bytes[..count]).into_owned();
                if sender.send(piece).is_err() {
                    return;
                }
            }
        });
        let seen = String::new();
        Screen { seen, pieces }
    }

    /// Waits until it shows `text`, and forgets everything up to its end, which is returned.
    pub fn shows(&mut self, text: &str) -> String {
        loop {
            if let Some(place) = self.seen.find(text) {
                return self.seen.drain(..place + text.len()).collect();
            }
            match self.pieces.recv_timeout(PATIENCE) {
                Ok(piece) => self.seen += &piece,
                Err(why) => panic!("no {text:?} but {:?}: {why}", self.seen),
            }
        }
    }
}
