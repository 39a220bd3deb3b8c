//! Faults: what goes wrong on the way, switchable at run time.
//!
//! A fault strikes every request, or those of one endpoint, for good or once. What a phone *says*
//! in its own strange way is a knob of [`Behaviour`](super::Behaviour), not a fault; a reboot is
//! [`State::reboot`](super::State::reboot).

use serde::Deserialize;

use super::Endpoint;

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is accepted and reset at once, before a byte or a handshake.
    Refuse,
    /// The connection is accepted and nothing more, not even a TLS handshake.
    StallAtConnect,
    /// The request is read and never answered.
    Stall,
    /// The answer stops in the middle of the body, and the connection stays open.
    StallInBody,
    /// The answer stops in the middle of the body, and the connection is reset.
    ResetInBody,
    /// The answer comes byte by byte.
    SlowBytes,
    /// A head without end.
    EndlessHead,
    /// A body without end.
    EndlessBody,
    /// The request is carried out, and the connection is reset before the answer.
    LoseAnswer,
    /// Every session ends, and then the request is answered.
    EndSessions,
    /// 200 with an HTML page.
    Html,
    /// 500 with an HTML page.
    ServerError,
    /// 200 without a body.
    Empty,
    /// 200 with JSON that breaks off, complete as far as HTTP can tell.
    HalfJson,
    /// Bytes that are no HTTP.
    NotHttp,
}

/// The faults of one phone. The newest that applies strikes.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    planned: Vec<Planned>,
}

#[derive(Debug, Clone, Copy)]
struct Planned {
    fault: Fault,
    /// `None` strikes everywhere.
    at: Option<Endpoint>,
    repeats: Repeats,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeats {
    Once,
    Always,
}

impl Faults {
    /// From now on every request meets `fault`, and no fault set before it.
    pub fn set(&mut self, fault: Fault) {
        self.planned = vec![Planned {
            fault,
            at: None,
            repeats: Repeats::Always,
        }];
    }

    /// From now on every request to that endpoint meets `fault`.
    pub fn at(&mut self, endpoint: Endpoint, fault: Fault) {
        let at = Some(endpoint);
        self.planned.push(Planned {
            fault,
            at,
            repeats: Repeats::Always,
        });
    }

    /// The next request to that endpoint meets `fault`.
    pub fn once(&mut self, endpoint: Endpoint, fault: Fault) {
        let at = Some(endpoint);
        self.planned.push(Planned {
            fault,
            at,
            repeats: Repeats::Once,
        });
    }

    /// All is well again. Connections that hang already go on hanging.
    pub fn clear(&mut self) {
        self.planned.clear();
    }

    /// The fault that meets a new connection, if it strikes that early.
    pub(super) fn at_connect(&self) -> Option<Fault> {
        let everywhere = self
            .planned
            .iter()
            .rev()
            .find(|planned| planned.at.is_none())?;
        let is_early = matches!(everywhere.fault, Fault::Refuse | Fault::StallAtConnect);
        is_early.then_some(everywhere.fault)
    }

    /// The fault that meets a request.
    pub(super) fn strike(&mut self, endpoint: Option<Endpoint>) -> Option<Fault> {
        let applies = |planned: &Planned| planned.at.is_none() || planned.at == endpoint;
        let position = self.planned.iter().rposition(applies)?;
        let planned = *self.planned.get(position)?;
        if planned.repeats == Repeats::Once {
            self.planned.remove(position);
        }
        Some(planned.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_where_and_as_often_as_planned() {
        let mut faults = Faults::default();
        faults.at(Endpoint::Time, Fault::Empty);
        faults.once(Endpoint::Login, Fault::LoseAnswer);
        assert_eq!(faults.strike(Some(Endpoint::Time)), Some(Fault::Empty));
        assert_eq!(faults.strike(Some(Endpoint::Time)), Some(Fault::Empty));
        assert_eq!(
            faults.strike(Some(Endpoint::Login)),
            Some(Fault::LoseAnswer)
        );
        assert_eq!(faults.strike(Some(Endpoint::Login)), None);
        assert_eq!(faults.strike(None), None);
    }

    #[test]
    fn a_fault_set_everywhere_replaces_all_others() {
        let mut faults = Faults::default();
        faults.at(Endpoint::Time, Fault::Empty);
        faults.set(Fault::Refuse);
        assert_eq!(faults.strike(Some(Endpoint::Time)), Some(Fault::Refuse));
        assert_eq!(faults.at_connect(), Some(Fault::Refuse));
        faults.clear();
        assert_eq!(faults.at_connect(), None);
    }

    #[test]
    fn only_faults_of_the_connection_meet_it() {
        let mut faults = Faults::default();
        faults.set(Fault::Stall);
        assert_eq!(faults.at_connect(), None);
        faults.at(Endpoint::Time, Fault::Refuse);
        assert_eq!(faults.at_connect(), None);
    }
}
