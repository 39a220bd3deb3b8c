//! Makes the events of a scenario happen to a fleet.
//!
//! Only the waiting is async; what an event does is a pure function of the phone's state. An event
//! does not depend on others having happened, so that rounds can begin anew at any time.

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Event, Happening, Scenario};
use crate::sim::fault::Fault;
use crate::sim::fleet::Fleet;
use crate::sim::state::State;

/// The shortest round, so that a scenario without events does not spin.
const SHORTEST_ROUND: Duration = Duration::from_secs(1);

/// Makes the events happen, round after round, until dropped.
pub async fn play(fleet: &Fleet, scenario: &Scenario) {
    let mut events: Vec<&Event> = scenario.events.iter().collect();
    events.sort_by_key(|event| event.at);
    let mut known_passwords = BTreeMap::new();
    let mut round = Instant::now();
    loop {
        for event in &events {
            sleep_until(round + event.at).await;
            if let Some(phone) = fleet.phones().get(event.phone) {
                phone.change(|state| happen(event, state, &mut known_passwords));
            }
        }
        let Some(every) = scenario.repeat_every else {
            return pending().await;
        };
        round += every.max(SHORTEST_ROUND);
        sleep_until(round).await;
    }
}

/// `known_passwords` holds what the owners of phones with another password still believe.
fn happen(event: &Event, state: &mut State, known_passwords: &mut BTreeMap<usize, String>) {
    match event.event {
        Happening::Reboot => state.reboot(),
        Happening::Upgrade => {
            state.staged.firmware.clone_from(&event.firmware);
            state.provision();
        }
        Happening::DropAccount => set_reg(event.account, 0, state),
        Happening::RestoreAccount => set_reg(event.account, 1, state),
        Happening::WrongPassword => {
            let known = known_passwords.entry(event.phone);
            let known = known.or_insert_with(|| state.admin.password.clone());
            state.admin.password = format!("not {known}");
            state.end_sessions();
        }
        Happening::RightPassword => {
            if let Some(known) = known_passwords.remove(&event.phone) {
                state.admin.password = known;
            }
        }
        Happening::Dead => state.faults.set(Fault::Refuse),
        Happening::Stall => state.faults.set(Fault::Stall),
        Happening::Fault => {
            if let Some(fault) = event.fault {
                state.faults.set(fault);
            }
        }
        Happening::Back => state.faults.clear(),
        Happening::EndSessions => state.end_sessions(),
        Happening::Ring | Happening::Call | Happening::Hold | Happening::HangUp => {
            on_line(event, state);
        }
    }
}

fn set_reg(account: u32, reg: i64, state: &mut State) {
    if let Some(account) = state.account(account) {
        account.reg = reg;
    }
}

/// `call` and `hold` begin the call they need, so that an event does not depend on another.
fn on_line(event: &Event, state: &mut State) {
    let Some(line) = state.line(event.line) else {
        return;
    };
    if event.event == Happening::HangUp {
        line.end();
        return;
    }
    line.ring("Front desk", "5550100");
    if event.event != Happening::Ring {
        line.accept();
    }
    if event.event == Happening::Hold {
        line.hold();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Spec;
    use crate::sim::auth::{Attempt, Role, digest};
    use crate::sim::behaviour::login::{Hash, Lockout, Login};
    use crate::sim::state::line::Line;

    fn happens(state: &mut State, kinds: &[Happening]) {
        let mut known_passwords = BTreeMap::new();
        for kind in kinds {
            let event = Event {
                at: Duration::ZERO,
                phone: 0,
                event: *kind,
                account: 2,
                line: 3,
                fault: Some(Fault::Html),
                firmware: Some("2.0".to_owned()),
            };
            happen(&event, state, &mut known_passwords);
        }
    }

    #[test]
    fn events_change_the_account_or_line_they_name() {
        let mut state = State::sample(Spec::default());
        happens(&mut state, &[Happening::DropAccount, Happening::Hold]);
        assert_eq!((state.accounts[0].reg, state.accounts[1].reg), (1, 0));
        assert_eq!(
            (state.lines[0].state, state.lines[2].state),
            (Line::IDLE, Line::HOLD)
        );
        happens(
            &mut state,
            &[
                Happening::RestoreAccount,
                Happening::HangUp,
                Happening::Upgrade,
            ],
        );
        assert_eq!(state.accounts[1].reg, 1);
        assert_eq!(state.lines[2].state, Line::IDLE);
        assert_eq!(state.firmware, "2.0");
        assert!(state.is_away());
    }

    #[test]
    fn another_password_ends_the_sessions_of_the_one_before() {
        let mut state = State::sample(Spec::default());
        let (realm, _) = state.auth.issue_realm();
        let secret = &digest(Hash::Md5, &format!("gmiadmin:{realm}:admin"));
        let attempt = Attempt {
            username: "gmiadmin",
            secret,
            known: Some(("admin", Role::Admin)),
        };
        state.auth.log_in(
            &attempt,
            &Login::default(),
            &Lockout::default(),
            Duration::ZERO,
        );
        assert_eq!(state.sessions(), 1);
        happens(&mut state, &[Happening::WrongPassword]);
        assert_eq!(state.sessions(), 0);
    }

    #[test]
    fn a_password_comes_back_after_any_number_of_changes() {
        let mut state = State::sample(Spec::default());
        happens(
            &mut state,
            &[Happening::WrongPassword, Happening::WrongPassword],
        );
        assert_ne!(state.admin.password, "admin");
        let mut state = State::sample(Spec::default());
        happens(
            &mut state,
            &[
                Happening::WrongPassword,
                Happening::WrongPassword,
                Happening::RightPassword,
            ],
        );
        assert_eq!(state.admin.password, "admin");
    }
}
