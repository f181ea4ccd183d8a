//! How far a pull has come: a bar on a terminal, lines elsewhere.

use std::io::IsTerminal as _;

use drape_engines::models::pull::PullEvent;
use drape_outbound::hub::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::size;

/// Where there is no terminal, a line is printed whenever this share of a file has arrived, in percent.
const LINE_STEP_PERCENT: u64 = 10;

/// Tells of the events of a pull on standard error.
pub(super) struct Progress {
    is_terminal: bool,
    bar: ProgressBar,
    file: String,
    total: u64,
    /// Percent at which the next line is due.
    next_line: u64,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            bar: ProgressBar::hidden(),
            file: String::new(),
            total: 0,
            next_line: 0,
        }
    }

    pub(super) fn tell(&mut self, event: PullEvent<'_>) {
        match event {
            PullEvent::File(file) => {
                self.file.clone_from(&file.name);
                self.total = file.bytes;
                self.next_line = 0;
            }
            PullEvent::Present => self.line("is there already, and whole"),
            PullEvent::Damaged => self.line("is damaged: it is replaced"),
            PullEvent::Installed => {
                self.bar.finish_and_clear();
                self.line(&format!("installed, {}, hash right", size(self.total)));
            }
            PullEvent::Transfer(event) => self.tell_transfer(event),
        }
    }

    fn tell_transfer(&mut self, event: Event) {
        match event {
            Event::Receiving { position } => {
                if position > 0 {
                    self.line(&format!("goes on after {}", size(position)));
                }
                self.next_line =
                    (self.percent(position) / LINE_STEP_PERCENT + 1) * LINE_STEP_PERCENT;
                self.begin_bar(position);
            }
            Event::Received { position } => {
                self.bar.set_position(position);
                let percent = self.percent(position);
                if !self.is_terminal && percent >= self.next_line && percent < 100 {
                    self.next_line = (percent / LINE_STEP_PERCENT + 1) * LINE_STEP_PERCENT;
                    self.line(&format!("{percent} %"));
                }
            }
            Event::StartedAnew => {
                self.line("begins anew: the server does not continue what was begun");
            }
            Event::Retrying { pause, reason } => {
                self.line(&format!("{reason}; next try in {} s", pause.as_secs()));
            }
        }
    }

    fn begin_bar(&mut self, position: u64) {
        if !self.is_terminal {
            return;
        }
        self.bar.finish_and_clear();
        self.bar = ProgressBar::with_draw_target(Some(self.total), ProgressDrawTarget::stderr());
        let template = "  {msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_message(self.file.clone());
        self.bar.set_position(position);
        // The rate is that of this connection, not of what was there before.
        self.bar.reset_eta();
    }

    fn percent(&self, position: u64) -> u64 {
        position.saturating_mul(100) / self.total.max(1)
    }

    fn line(&self, text: &str) {
        let file = &self.file;
        self.bar.suspend(|| eprintln!("  {file}: {text}"));
    }
}
