//! What the engine does when it is asked: silences, the history, the queue, changed settings.
//!
//! One [`Command`] is one arm of [`Engine::obey`]. Who may ask was settled before, in the web; here what
//! is asked is done or refused with its mend, and who asked is remembered.

use std::sync::Arc;
use std::time::Duration;

use super::super::command::{Command, MOST_EVENTS, NewSilence, Refusal, Reply, SilenceEnd};
use super::Engine;
use super::saved_silence;
use super::saved_state::LAST_SILENCE;
use crate::alerting_config::Settings;
use crate::alerts::board::Transition;
use crate::alerts::silence::{MAX_SILENCES, Silence, is_selective};
use crate::fleet::Moment;
use crate::fleet::moment::later;
use crate::store::Kind;

/// Silences that are over for so long go: long enough to see who silenced what.
const SILENCE_KEPT: Duration = Duration::from_secs(5 * 24 * 3600);

impl Engine {
    /// Does what is asked; the answer waits until what was done is published.
    pub(super) fn obey(
        &mut self,
        command: Command,
        now: Moment,
        changes: &mut Vec<Transition>,
    ) -> Reply {
        match command {
            Command::AddSilence { wanted, by, done } => {
                Reply::new(done, self.silence(wanted, by, now))
            }
            Command::ExpireSilence { id, by, done } => Reply::new(done, self.expire(id, &by, now)),
            Command::Events {
                phone,
                since,
                most,
                done,
            } => {
                let most = most.min(MOST_EVENTS);
                let events = self.store.events(phone.as_deref(), since, most);
                Reply::new(done, events.map_err(Refusal::from))
            }
            Command::Queue { done } => {
                Reply::new(done, self.store.letters().map_err(Refusal::from))
            }
            Command::Retry { id, by, done } => {
                tracing::info!(actor = %by, entry = id, "{by} has message {id} tried again");
                Reply::new(done, self.retry(id, now))
            }
            Command::Drop { id, by, done } => {
                tracing::info!(actor = %by, entry = id, "{by} throws message {id} away");
                Reply::new(done, found(self.store.discard(id), id))
            }
            Command::Reload { settings, done } => {
                changes.extend(self.follow(settings, now));
                Reply::new(done, Ok(()))
            }
        }
    }

    /// Takes over changed settings. What was given up is tried again: it may be what was mended.
    fn follow(&mut self, settings: Arc<Settings>, now: Moment) -> Vec<Transition> {
        self.mail.follow(&settings);
        let rules = Arc::clone(&settings.rules);
        self.board
            .with_suppression(Arc::clone(&settings.suppression));
        self.settings = settings;
        self.retry_all(now);
        let changes = self.board.with_rules(rules, now);
        if self.store.release() {
            tracing::info!("What was kept of alerts is taken in: the configuration is accepted");
            self.come_back(now);
        }
        changes
    }

    fn silence(
        &mut self,
        wanted: NewSilence,
        by: Box<str>,
        now: Moment,
    ) -> Result<Silence, Refusal> {
        let longest = self.settings.longest_silence;
        if !is_selective(&wanted.matchers) {
            return Err(Refusal::Everything);
        }
        let starts_at = wanted.starts_at.unwrap_or(now.wall);
        let ends_at = match wanted.ends {
            SilenceEnd::At(ends_at) => ends_at,
            SilenceEnd::After(duration) => later(starts_at, duration),
        };
        // As in an Alertmanager, none begins in the past.
        let starts_at = starts_at.max(now.wall);
        if ends_at < now.wall {
            return Err(Refusal::Past);
        }
        let lasts = Duration::try_from(starts_at.duration_until(ends_at)).unwrap_or_default();
        if lasts < Duration::from_secs(1) || lasts > longest {
            return Err(Refusal::Lasting(longest));
        }
        if self.board.silences().len() >= MAX_SILENCES {
            return Err(Refusal::Full(MAX_SILENCES));
        }
        self.last_silence += 1;
        let silence = Silence {
            id: self.last_silence,
            matchers: wanted.matchers,
            starts_at,
            ends_at,
            updated_at: now.wall,
            created_by: by,
            comment: wanted.comment,
        };
        let (id, by) = (silence.id, &silence.created_by);
        tracing::info!(actor = %by, silence.id = id, "Silence {id} was made by {by}");
        let mut silences = self.board.silences().to_vec();
        silences.push(silence.clone());
        self.board.with_silences(silences);
        self.keep_silence(&silence);
        Ok(silence)
    }

    fn expire(&mut self, id: u64, by: &str, now: Moment) -> Result<Silence, Refusal> {
        let mut silences = self.board.silences().to_vec();
        let unknown = || Refusal::Unknown("silence", i64::try_from(id).unwrap_or(i64::MAX));
        let silence = silences.iter_mut().find(|silence| silence.id == id);
        let silence = silence.ok_or_else(unknown)?;
        if silence.ends_at <= now.wall {
            return Err(Refusal::Over(id));
        }
        silence.ends_at = now.wall;
        silence.updated_at = now.wall;
        silence.starts_at = silence.starts_at.min(now.wall);
        let silence = silence.clone();
        tracing::info!(
            actor = by,
            silence.id = id,
            "Silence {id} was ended by {by}"
        );
        self.board.with_silences(silences);
        self.keep_silence(&silence);
        Ok(silence)
    }

    fn keep_silence(&mut self, silence: &Silence) {
        let (key, text) = saved_silence::document(silence);
        let last = self.last_silence.to_string();
        let documents = &mut self.unwritten.documents;
        documents.push((Kind::Silence, key, Some(text)));
        documents.push((Kind::Silence, LAST_SILENCE.into(), Some(last.into())));
    }

    /// Forgets silences that are over for long.
    pub(super) fn forget_silences(&mut self, now: Moment) {
        let old = |silence: &Silence| later(silence.ends_at, SILENCE_KEPT) < now.wall;
        if !self.board.silences().iter().any(old) {
            return;
        }
        let (gone, staying) = self.board.silences().iter().cloned().partition(old);
        let gone: Vec<Silence> = gone;
        for silence in gone {
            let key = silence.id.to_string();
            self.unwritten
                .documents
                .push((Kind::Silence, key.into(), None));
        }
        self.board.with_silences(staying);
    }
}

fn found(done: Result<bool, crate::store::StoreFault>, id: i64) -> Result<(), Refusal> {
    if done? {
        return Ok(());
    }
    Err(Refusal::Unknown("message", id))
}
