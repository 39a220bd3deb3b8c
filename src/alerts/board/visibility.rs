//! Which alerts of the board are said: every judgement after a poll or a tick.
//!
//! After a poll only the alerts of that phone are judged, by the groups and sources of the last
//! tick; on a tick all are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::flap::Flaps;
use super::super::silence::{MutedBy, Silence};
use super::super::suppress::{
    self, GroupEvaluation, Parents, Suppression, SuppressionContext, Visibility,
};
use super::{Alert, Board, Step, Transition};
use crate::alerts::inhibition::InhibitionSources;
use crate::fleet::{Fleet, Moment, Place};
use crate::rules::subject::Subject;

/// What the board judges alerts by.
#[derive(Clone, Debug, Default)]
pub(super) struct Stage {
    pub(super) suppression: Arc<Suppression>,
    pub(super) silences: Arc<Vec<Silence>>,
    /// As of the last tick.
    pub(super) sources: Arc<InhibitionSources>,
    /// Groups of rules that may explain others, as of the last tick.
    pub(super) judged: Arc<Vec<GroupEvaluation>>,
    /// When that was.
    pub(super) ticked: Option<Moment>,
    pub(super) muted: Arc<BTreeMap<Box<str>, MutedBy>>,
    /// Of alerts that began or ended lately.
    flaps: rpds::RedBlackTreeMapSync<(Box<str>, Subject), Flaps>,
}

impl Stage {
    /// Finds the phones that are covered as a whole at `now`.
    pub(super) fn cover(&mut self, fleet: &Fleet, now: Moment) {
        let silences: Vec<_> = self
            .silences
            .iter()
            .filter(|silence| silence.is_active(now.wall))
            .collect();
        let windows: Vec<_> = self
            .suppression
            .windows
            .iter()
            .filter(|window| window.when.contain(now.wall))
            .collect();
        let by = |place: &Place| {
            if silences.iter().any(|silence| silence.covers(place)) {
                return Some(MutedBy::Silence);
            }
            let covered = windows.iter().any(|window| window.covers(place));
            covered.then_some(MutedBy::Window)
        };
        if silences.is_empty() && windows.is_empty() {
            self.muted = Arc::default();
            return;
        }
        let muted = fleet
            .phones()
            .filter_map(|phone| Some((phone.place.name.clone(), by(&phone.place)?)));
        self.muted = Arc::new(muted.collect());
    }

    pub(super) fn forget_flaps(&mut self, now: Moment) {
        let damping = self.suppression.damping;
        let over: Vec<_> = self
            .flaps
            .iter()
            .filter(|(_, flaps)| flaps.is_over(now, damping))
            .map(|(key, _)| key.clone())
            .collect();
        for key in over {
            self.flaps.remove_mut(&key);
        }
    }

    /// Judges one alert again and says what became of it.
    fn show(
        &self,
        alert: &mut Alert,
        above: Parents<'_>,
        now: Moment,
        changes: &mut Vec<Transition>,
    ) {
        let key = (alert.rule().name.clone(), alert.subject.clone());
        let flapping = self
            .flaps
            .get(&key)
            .is_some_and(|flaps| flaps.is_flapping(now, self.suppression.damping));
        let scene = SuppressionContext {
            suppression: &self.suppression,
            silences: &self.silences,
            sources: &self.sources,
            ticked: self.ticked.unwrap_or(now),
            now,
        };
        let wanted = suppress::wanted(alert, scene);
        if alert.visibility.is_wanted() && wanted.is_none() {
            alert.freed_at = Some(now);
        }
        let visibility = wanted.unwrap_or_else(|| suppress::judge(alert, above, scene, flapping));
        let before = std::mem::replace(&mut alert.visibility, visibility);
        let (was, is) = (
            before == Visibility::Shown,
            alert.visibility == Visibility::Shown,
        );
        if was != is {
            changes.push(Transition {
                step: if is { Step::Shown } else { Step::Hidden },
                alert: alert.clone(),
            });
        }
    }
}

impl Board {
    /// Counts beginnings and ends; below an outage they are not the alert's own doing.
    pub(super) fn note_flaps(&mut self, changes: &[Transition], now: Moment) {
        let damping = self.stage.suppression.damping;
        for Transition { step, alert } in changes {
            let comes_or_goes = matches!(step, Step::Fired | Step::Resolved(_));
            if comes_or_goes && !self.is_below_outage(alert) {
                let key = (alert.rule().name.clone(), alert.subject.clone());
                let mut flaps = self.stage.flaps.get(&key).cloned().unwrap_or_default();
                flaps.note(now, damping);
                self.stage.flaps.insert_mut(key, flaps);
            }
        }
    }

    fn is_below_outage(&self, alert: &Alert) -> bool {
        let phone = alert.subject.phone();
        let of_phone = phone.map_or(&[][..], |phone| self.alerts_of(phone));
        let mut outages = self.wide.iter().chain(of_phone);
        outages.any(|outage| {
            outage.is_outage()
                && suppress::lies_below(alert, outage.rule(), &outage.subject, &outage.labels)
        })
    }

    /// Judges the alerts of groups and of the daemon.
    pub(super) fn show_wide(&mut self, now: Moment, changes: &mut Vec<Transition>) {
        let wide = Arc::clone(&self.wide);
        let alerts = Arc::make_mut(&mut self.wide);
        let rules = &self.stage.suppression.inhibit_rules;
        for alert in alerts.iter_mut().filter(|alert| alert.state.is_firing()) {
            let explaining: Vec<_> = wide
                .iter()
                .filter(|above| suppress::inhibits(above, alert, rules))
                .collect();
            let above = Parents {
                alerts: &explaining,
                judged: &[],
            };
            self.stage.show(alert, above, now, changes);
        }
    }

    /// Judges the alerts of one phone.
    pub(super) fn show_desk(&mut self, place: &Place, now: Moment, changes: &mut Vec<Transition>) {
        let Some(desk) = self.desks.get(&place.name) else {
            return;
        };
        if !desk.alerts().iter().any(|alert| alert.state.is_firing()) {
            return;
        }
        let mut desk = Arc::clone(desk);
        let before = Arc::clone(&desk);
        let rules = &self.stage.suppression.inhibit_rules;
        let alerts = Arc::make_mut(&mut desk).alerts_mut();
        for alert in alerts.iter_mut().filter(|alert| alert.state.is_firing()) {
            let explaining: Vec<_> = self
                .wide
                .iter()
                .chain(before.alerts())
                .filter(|above| suppress::inhibits(above, alert, rules))
                .collect();
            let groups = self.stage.judged.iter();
            let judged: Vec<_> = groups
                .filter(|judged| suppress::may_inhibit(judged, alert, rules))
                .map(|judged| judged.oldest)
                .collect();
            let above = Parents {
                alerts: &explaining,
                judged: &judged,
            };
            self.stage.show(alert, above, now, changes);
        }
        self.desks.insert_mut(place.name.clone(), desk);
    }
}
