//! Writes log lines of the daemon to stderr without blocking it.
//!
//! A pipe that is not read blocks its writer once it holds 64 KiB. The daemon has one thread and must not
//! block: it sends lines over a bounded queue to a thread that only writes. Lines that do not fit are
//! dropped; their number is logged when there is room again.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Sends lines to the thread that writes them.
#[derive(Clone, Debug)]
pub(super) struct LogWriter {
    queue: SyncSender<Entry>,
    dropped: Arc<AtomicU64>,
}

/// Waits, when it is dropped, until the lines so far are written.
#[derive(Debug)]
pub(super) struct Flush(SyncSender<Entry>);

#[derive(Debug)]
enum Entry {
    Line(Vec<u8>),
    /// Answer once everything before this is written.
    Flush(SyncSender<()>),
}

/// The most queued lines: one a phone when a fleet of a few thousand goes down at once.
const MAX_QUEUED: usize = 8192;

/// How long writing the last lines may take at the end.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Starts the thread that writes to `output`; lines are lost if the guard is not kept to the end.
pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<(LogWriter, Flush)> {
    let (queue, entries) = sync_channel(MAX_QUEUED);
    let dropped = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&dropped);
    std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || write_all(output, &entries, &counted))?;
    let flush = Flush(queue.clone());
    Ok((LogWriter { queue, dropped }, flush))
}

fn write_all(mut output: impl Write, entries: &Receiver<Entry>, dropped: &AtomicU64) {
    for entry in entries {
        match entry {
            Entry::Line(line) => {
                // Where stderr is closed, lines are lost.
                let _closed = output.write_all(&line);
            }
            Entry::Flush(done) => {
                // The receiver is gone after its time limit.
                let _gone = done.try_send(());
            }
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::warn!("Dropped {lost} log lines: stderr was not read");
        }
    }
}

impl Write for LogWriter {
    /// Takes the whole line; never waits.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.queue.try_send(Entry::Line(line.to_vec())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LogWriter {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        let (done, written) = sync_channel(1);
        if self.0.try_send(Entry::Flush(done)).is_ok() {
            // Where stderr is stuck the last lines are lost.
            let _late = written.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, Mutex};

    use super::*;

    /// Whether the output is open, and what it took.
    type Taken = (bool, Vec<u8>);

    /// An output that takes nothing until it is opened.
    #[derive(Clone, Default)]
    struct Gate(Arc<(Mutex<Taken>, Condvar)>);

    impl Gate {
        fn open(&self) {
            self.0.0.lock().unwrap().0 = true;
            self.0.1.notify_all();
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.0.lock().unwrap().1.clone()).unwrap()
        }
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let state = self.0.0.lock().unwrap();
            let mut state = self.0.1.wait_while(state, |state| !state.0).unwrap();
            state.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_nobody_reads_are_dropped_and_never_waited_for() {
        let output = Gate::default();
        let (mut writer, flush) = start(output.clone()).unwrap();
        for n in 0..MAX_QUEUED + 100 {
            writeln!(writer, "line {n}").unwrap();
        }
        assert!(writer.dropped.load(Ordering::Relaxed) > 0);
        output.open();
        // The queue is full for a moment; it is empty when what comes last in it was taken.
        let is_empty = || {
            let (done, written) = sync_channel(1);
            writer.queue.try_send(Entry::Flush(done)).is_ok() && written.recv().is_ok()
        };
        while !is_empty() {
            std::thread::yield_now();
        }
        writeln!(writer, "the last line").unwrap();
        drop(flush);
        let text = output.text();
        assert!(text.starts_with("line 0\nline 1\n"), "{text}");
        assert!(text.ends_with("the last line\n"), "{text}");
    }
}
