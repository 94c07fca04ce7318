//! The progress of something that takes a while. It is shown on standard error, if that is a terminal, once half a
//! second has passed, and is erased in the end.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that takes less than this shows no progress.
const DELAY: Duration = Duration::from_millis(500);
/// The interval at which it is drawn.
const PERIOD: Duration = Duration::from_millis(100);

/// Work that goes on for as long as this lives.
pub struct Progress {
    done: Arc<AtomicU64>,
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins something of so many steps; of none, if that isn't known.
    pub fn begin(what: &'static str, steps: u64) -> Self {
        match io::stderr().is_terminal() {
            true => Self::on(ProgressDrawTarget::stderr(), DELAY, what, steps),
            false => Self::hidden(),
        }
    }

    /// The same of what writes its result meanwhile: shown only if that goes somewhere else.
    pub fn begin_beside_output(what: &'static str, steps: u64) -> Self {
        match io::stdout().is_terminal() {
            true => Self::hidden(),
            false => Self::begin(what, steps),
        }
    }

    /// One that is never shown, of what is a step of something else.
    pub fn hidden() -> Self {
        Self { done: Arc::default(), drawing: None }
    }

    fn on(target: ProgressDrawTarget, delay: Duration, what: &'static str, steps: u64) -> Self {
        let done = Arc::<AtomicU64>::default();
        let (stop, stopped) = mpsc::channel();
        let counted = Arc::clone(&done);
        // It has its own thread, so that long work needn't be interrupted for it.
        let drawing = thread::Builder::new().name("progress".to_owned()).spawn(move || {
            let (mut wait, mut target, mut bar) = (delay, Some(target), None);
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                wait = PERIOD;
                if let Some(target) = target.take() {
                    bar = Some(bar_on(target, what, steps));
                }
                if let Some(bar) = &bar {
                    bar.set_position(counted.load(Ordering::Relaxed));
                    bar.tick();
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        });
        Self { done, drawing: drawing.ok().map(|thread| (stop, thread)) }
    }

    /// Another step was done.
    pub fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

fn bar_on(target: ProgressDrawTarget, what: &'static str, steps: u64) -> ProgressBar {
    let bar = match steps {
        0 => ProgressBar::new_spinner(),
        steps => ProgressBar::new(steps),
    };
    bar.set_draw_target(target);
    let template = match steps {
        0 => "{spinner} {msg}, {elapsed}",
        _ => "{msg} [{bar:30}] {pos} of {len}, {elapsed}",
    };
    // Of a template that makes no sense, the default one is shown.
    let style = ProgressStyle::with_template(template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    bar.set_style(style.progress_chars("=> "));
    bar.set_message(what);
    bar
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.drawing.take() {
            drop(stop);
            // What it drew is taken away before anything else is written.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use indicatif::TermLike;

    use super::*;

    /// A terminal that notes what is written.
    #[derive(Clone, Default, Debug)]
    struct Noted(Arc<Mutex<String>>);

    impl Noted {
        fn note(&self, text: &str) -> io::Result<()> {
            self.0.lock().map_err(|_| io::ErrorKind::Other)?.push_str(text);
            Ok(())
        }

        fn text(&self) -> String {
            self.0.lock().unwrap().clone()
        }
    }

    impl TermLike for Noted {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.note(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.note(text)
        }
        fn clear_line(&self) -> io::Result<()> {
            self.note("<cleared>")
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn on(terminal: &Noted, delay: Duration, steps: u64) -> Progress {
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        Progress::on(target, delay, "reading", steps)
    }

    #[test]
    fn progress_of_a_long_command_is_shown_and_cleared() {
        let terminal = Noted::default();
        let progress = on(&terminal, Duration::ZERO, 4);
        progress.step();
        progress.step();
        let is_shown =
            || terminal.text().contains("reading [") && terminal.text().contains("2 of 4");
        let patience =
            bevy_session_journal::internal::model::clock::deadline(Duration::from_secs(300));
        while !is_shown() && std::time::Instant::now() < patience {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(is_shown(), "{}", terminal.text());
        drop(progress);
        assert!(terminal.text().ends_with("<cleared>"), "{}", terminal.text());
    }

    #[test]
    fn progress_of_a_quick_command_is_not_shown() {
        let terminal = Noted::default();
        let progress = on(&terminal, Duration::from_secs(60), 0);
        progress.step();
        drop(progress);
        assert_eq!(terminal.text(), "");
    }
}
