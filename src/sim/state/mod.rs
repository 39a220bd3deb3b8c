//! Everything a simulated phone is at run time, and what happens to it as a whole.
//!
//! Pure: the shell sets the time before each use ([`State::now`]) and hands in the random seed and
//! the wall clock once. What the endpoints do to accounts, lines, contacts and values is in their
//! own files.

pub mod line;
pub mod phonebook;
pub mod pvalue;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use self::line::Line;
use self::phonebook::Phonebook;
use super::auth::Auth;
use super::behaviour::Behaviour;
use super::fault::Faults;
use super::spec::{self, Account, Spec, User};
use super::wire::Request;

/// Everything a simulated phone is at run time. Tests and scenarios change it through
/// [`Phone::change`](super::Phone::change).
#[derive(Debug)]
pub struct State {
    /// The login of the role admin.
    pub admin: User,
    /// The login of the role user.
    pub user: User,
    /// `phone_model`.
    pub model: String,
    /// P68.
    pub firmware: String,
    /// P67.
    pub mac: String,
    /// The account slots.
    pub accounts: Vec<Account>,
    /// The lines.
    pub lines: Vec<Line>,
    /// Values that are only stored, keys without `P`.
    pub values: BTreeMap<String, String>,
    /// Contacts and groups.
    pub phonebook: Phonebook,
    /// What the next `PROV` brings.
    pub staged: Staged,
    /// Its knobs.
    pub behaviour: Behaviour,
    /// What goes wrong on the way.
    pub faults: Faults,
    /// How far the clock that it tells is ahead of UTC.
    pub clock_ahead: SignedDuration,
    /// What happened so far.
    pub counters: Counters,
    pub(super) auth: Auth,
    pub(super) requests: VecDeque<Request>,
    remembered_requests: usize,
    now: Duration,
    wall_at_zero: Timestamp,
    boot: Boot,
    away_until: Option<Duration>,
}

/// What a provisioning server has ready for a phone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Staged {
    /// A firmware; the phone reboots into it.
    pub firmware: Option<String>,
    /// Values, keys without `P`.
    pub values: BTreeMap<String, String>,
}

/// What happened to a phone since the simulation began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Connections accepted, those reset at once included.
    pub connections: u64,
    /// Connections open now.
    pub connections_open: u32,
    /// The most connections that were open at once.
    pub connections_open_at_most: u32,
    /// Requests read.
    pub requests: u64,
    /// Logins accepted.
    pub logins: u64,
    /// Logins refused, those while locked included.
    pub refusals: u64,
    /// Logins that ended without a verdict.
    pub unjudged: u64,
    /// Requests denied for want of a valid session.
    pub denials: u64,
    /// Reboots begun.
    pub reboots: u64,
}

#[derive(Debug)]
struct Boot {
    at: Duration,
    /// What the uptime was at that moment: zero but for a phone that ran before the simulation.
    uptime_then: Duration,
}

impl State {
    /// A phone as `spec` has it. `seed` is for its realms; `wall` is the time of day at zero.
    pub(super) fn new(spec: Spec, seed: u64, wall: Timestamp) -> Self {
        let mut faults = Faults::default();
        if let Some(fault) = spec.fault {
            faults.set(fault);
        }
        Self {
            admin: spec.admin,
            user: spec.user,
            model: spec.model,
            firmware: spec.firmware,
            mac: spec.mac,
            accounts: spec.accounts,
            lines: spec.lines,
            values: spec.values,
            phonebook: Phonebook::default(),
            staged: Staged::default(),
            behaviour: spec.behaviour,
            faults,
            clock_ahead: spec.clock_ahead,
            counters: Counters::default(),
            auth: Auth::new(seed),
            requests: VecDeque::new(),
            remembered_requests: spec.remembered_requests,
            now: Duration::ZERO,
            wall_at_zero: wall,
            boot: Boot {
                at: Duration::ZERO,
                uptime_then: spec.uptime,
            },
            away_until: None,
        }
    }

    /// The time since the simulation of this phone began.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Sets the time; a reboot whose end has come ends.
    pub(super) fn advance(&mut self, now: Duration) {
        self.now = now;
        if let Some(end) = self.away_until.filter(|end| *end <= now) {
            self.away_until = None;
            self.boot = Boot {
                at: end,
                uptime_then: Duration::ZERO,
            };
        }
        for line in &mut self.lines {
            line.settle(now);
        }
    }

    /// How long the phone has been running.
    pub fn uptime(&self) -> Duration {
        self.boot.uptime_then + self.now.saturating_sub(self.boot.at)
    }

    /// Makes it have been running for that long.
    pub fn set_uptime(&mut self, uptime: Duration) {
        self.boot = Boot {
            at: self.now,
            uptime_then: uptime,
        };
    }

    /// The date and time of day that the phone shows.
    pub(super) fn shown_time(&self) -> Timestamp {
        // Only a knob set to thousands of years overflows; such a clock stands still.
        SignedDuration::try_from(self.now)
            .ok()
            .and_then(|since_zero| since_zero.checked_add(self.clock_ahead))
            .and_then(|ahead| self.wall_at_zero.checked_add(ahead).ok())
            .unwrap_or(self.wall_at_zero)
    }

    /// The phone vanishes for [`Actions::reboot_takes`](super::behaviour::Actions::reboot_takes)
    /// and comes back without sessions, locks and calls.
    pub fn reboot(&mut self) {
        self.counters.reboots += 1;
        self.away_until = Some(self.now + self.behaviour.actions.reboot_takes);
        self.auth.restart();
        for line in &mut self.lines {
            line.end();
        }
    }

    /// Ends a reboot now, whatever time it has left.
    pub fn come_back(&mut self) {
        if self.away_until.is_some() {
            self.away_until = Some(self.now);
            self.advance(self.now);
        }
    }

    /// Whether it is rebooting and answers nobody.
    pub fn is_away(&self) -> bool {
        self.away_until.is_some()
    }

    /// Factory reset: accounts, values, contacts and logins as they left the factory, then a
    /// reboot. Firmware and knobs stay.
    pub fn factory_reset(&mut self) {
        let factory = Spec {
            accounts: spec::accounts(0),
            ..Spec::default()
        };
        self.admin = factory.admin;
        self.user = factory.user;
        self.accounts = factory.accounts;
        self.values = factory.values;
        self.phonebook = Phonebook::default();
        self.reboot();
    }

    /// Takes what is staged; a new firmware needs a reboot.
    pub fn provision(&mut self) {
        let staged = std::mem::take(&mut self.staged);
        for (key, value) in &staged.values {
            self.set_value(key, value);
        }
        if let Some(firmware) = staged.firmware {
            self.firmware = firmware;
            self.reboot();
        }
    }

    /// Ends all sessions, as someone else's login does on some phones.
    pub fn end_sessions(&mut self) {
        self.auth.end_sessions();
    }

    /// Makes every session unused for longer by that much.
    pub fn age_sessions(&mut self, by: Duration) {
        self.auth.age_sessions(by);
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.auth.session_count()
    }

    /// Lifts a lock before its time, and forgets the refusals that led to it.
    pub fn lift_lock(&mut self) {
        self.auth.lift_lock();
    }

    /// Whether logins are locked.
    pub fn is_locked(&mut self) -> bool {
        self.auth.lock(self.now).is_some()
    }

    /// The account of that id.
    pub fn account(&mut self, id: u32) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.id == id)
    }

    /// The line of that id.
    pub fn line(&mut self, id: u32) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.id == id)
    }

    /// Counts a request and keeps it for the audit; the oldest gives way.
    pub(super) fn remember(&mut self, request: &Request) {
        self.counters.requests += 1;
        if self.remembered_requests == 0 {
            return;
        }
        if self.requests.len() == self.remembered_requests {
            self.requests.pop_front();
        }
        self.requests.push_back(Request {
            at: self.now,
            ..request.clone()
        });
    }
}

#[cfg(test)]
impl State {
    /// A phone for tests of pure functions, at a time of day the guide shows.
    pub(super) fn sample(spec: Spec) -> Self {
        Self::new(spec, 1, "2016-08-30T11:30:00Z".parse().unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_reboot_takes_its_time_and_uptime_begins_anew() {
        let mut state = State::sample(Spec::default());
        state.advance(10 * MINUTE);
        let before = state.uptime();
        state.line(1).unwrap().ring("Ann", "12");
        state.reboot();
        assert!(state.is_away());
        state.advance(11 * MINUTE);
        assert!(!state.is_away());
        assert_eq!(state.uptime(), Duration::ZERO);
        state.advance(13 * MINUTE);
        assert_eq!(state.uptime(), 2 * MINUTE);
        assert!(before > Duration::from_hours(21 * 24));
        assert_eq!(state.lines, spec::lines(4));
    }

    #[test]
    fn a_test_need_not_wait_for_the_end_of_a_reboot() {
        let mut state = State::sample(Spec::default());
        state.reboot();
        state.come_back();
        assert!(!state.is_away());
        assert_eq!(state.uptime(), Duration::ZERO);
        state.set_uptime(MINUTE);
        state.come_back();
        assert_eq!(
            state.uptime(),
            MINUTE,
            "a phone that is there does not come back"
        );
    }

    #[test]
    fn a_factory_reset_keeps_firmware_and_knobs_only() {
        let mut state = State::sample(Spec {
            firmware: "1.0.3.31".into(),
            ..Spec::default()
        });
        state.admin.password = "other".into();
        state.behaviour.text.bom = true;
        state.set_value("64", "CET");
        state.phonebook.add_group("team");
        state.factory_reset();
        assert_eq!(state.admin.password, "admin");
        assert!(state.accounts.iter().all(Account::is_blank));
        assert_eq!(state.value("64").as_deref(), Some("UTC"));
        assert_eq!(state.phonebook, Phonebook::default());
        assert!(state.is_away() && state.behaviour.text.bom && state.firmware == "1.0.3.31");
    }

    #[test]
    fn provisioning_takes_what_is_staged_once() {
        let mut state = State::sample(Spec::default());
        state
            .staged
            .values
            .insert("47".into(), "new.example.com".into());
        state.provision();
        assert_eq!(state.accounts[0].server, "new.example.com");
        assert!(!state.is_away());
        state.staged.firmware = Some("1.0.3.31".into());
        state.provision();
        assert!(state.is_away());
        assert_eq!(state.firmware, "1.0.3.31");
        assert_eq!(state.staged, Staged::default());
    }

    #[test]
    fn the_record_of_requests_is_bounded() {
        let mut buffer = b"GET / HTTP/1.1\r\n\r\n".to_vec();
        let request = crate::sim::wire::request::take(&mut buffer)
            .unwrap()
            .unwrap();
        for (limit, kept) in [(0, 0), (2, 2)] {
            let mut state = State::sample(Spec {
                remembered_requests: limit,
                ..Spec::default()
            });
            for _ in 0..5 {
                state.remember(&request);
            }
            assert_eq!((state.requests.len(), state.counters.requests), (kept, 5));
        }
    }
}
