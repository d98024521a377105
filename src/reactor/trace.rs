//! The file of `--trace-turns`: slices of time in Chrome's trace event format, which Perfetto and
//! chrome://tracing open.
//!
//! A worker writes it, for to format a hundred thousand slices takes 0.1 s, and a disk may take any
//! time: the loop only exchanges one ring for an empty one. It is written under another name and
//! renamed, so that the file is always whole. A failure is a warning in the log, and stops nobody.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::clock::Clock;
use super::pool::{Pool, Size, Wake};
use super::slices::{Slice, Slices};
use super::trace_events::{Trace, write_json};

/// The file, and whose turns are in it.
#[derive(Debug)]
pub struct TraceFile {
    path: PathBuf,
    server: String,
    /// The worker may still be writing when the server ends.
    writing: Mutex<()>,
}

/// The worker that writes, and the ring that is not in use.
pub struct Tracer {
    pool: Pool<Trace, io::Result<()>>,
    file: Arc<TraceFile>,
    spare: Option<Vec<Slice>>,
    /// Monotonic zero on the machine's clock.
    zero: i64,
}

impl Tracer {
    /// Starts the worker.
    ///
    /// # Errors
    /// When there is no room for another thread.
    pub fn start(file: TraceFile, clock: &Clock, wake: &Wake) -> io::Result<Tracer> {
        let file = Arc::new(file);
        let size = Size {
            workers: 1,
            jobs_max: 1,
            batch: 1,
        };
        let work = {
            let file = Arc::clone(&file);
            move |trace: &Trace| file.write(trace)
        };
        Ok(Tracer {
            pool: Pool::start("trace", size, work, wake)?,
            file,
            spare: None,
            // Without it the times are the process's own.
            zero: clock.zero().unwrap_or_default(),
        })
    }

    /// Has the worker write what the ring holds, and empties the ring.
    pub fn write(&mut self, slices: &mut Slices, neighbours: Vec<String>) {
        let trace = Trace::take(slices, self.spare.take(), self.zero, neighbours);
        if self.pool.submit(trace).is_err() {
            log::warn!("two traces are being written already; this one is lost");
        }
    }

    /// Takes in what the worker has done.
    pub fn take_results(&mut self) {
        for (trace, outcome) in self.pool.results() {
            let count = trace.recording.slices.len();
            self.spare = Some(trace.recording.slices);
            let path = self.file.path.display();
            match outcome {
                Some(Ok(())) => log::info!("trace written: {path}, {count} slices"),
                Some(Err(error)) => log::warn!("the trace {path} cannot be written: {error}"),
                None => log::warn!("the trace {path} cannot be written: a bug"),
            }
        }
    }

    /// Writes what the ring holds. For the end: it waits for the disk.
    pub fn write_last(&self, slices: &mut Slices, neighbours: Vec<String>) {
        let trace = Trace::take(slices, Some(Vec::new()), self.zero, neighbours);
        if let Err(error) = self.file.write(&trace) {
            let path = self.file.path.display();
            log::warn!("the trace {path} cannot be written: {error}");
        }
    }
}

impl TraceFile {
    /// The file at `path` for the turns of `server`. It is not touched yet.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn new(path: PathBuf, server: &str) -> io::Result<TraceFile> {
        if fs::metadata(&path).is_ok_and(|facts| !facts.is_file()) {
            return Err(io::Error::other("it is not a file"));
        }
        let new = beside(&path);
        create(&new)?;
        fs::remove_file(&new)?;
        Ok(TraceFile {
            path,
            server: server.to_string(),
            writing: Mutex::default(),
        })
    }

    fn write(&self, trace: &Trace) -> io::Result<()> {
        let guard = self.writing.lock();
        let _guard = guard.unwrap_or_else(PoisonError::into_inner);
        let new = beside(&self.path);
        let mut file = BufWriter::new(create(&new)?);
        let written = write_json(&mut file, trace, &self.server);
        let written = written.and_then(|()| file.flush());
        written
            .and_then(|()| fs::rename(&new, &self.path))
            .inspect_err(|_| drop(fs::remove_file(&new)))
    }
}

/// The name of the file while it is being written.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(".new");
    name.into()
}

/// A new file. One that was left half written is removed.
fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => File::create_new(path),
    }
}
