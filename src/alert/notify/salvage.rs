//! What becomes of alerts that an Alertmanager refused: one that is wrong does not lose the others.
//!
//! An Alertmanager says 400 to a whole request, whether it kept what was right of it or read none of
//! it. The request is therefore asked again in halves, and halves of those, until what is wrong
//! stands alone; that is dropped. Asking again for what was kept changes nothing there.

use serde_json::value::RawValue;

/// A refused request on its way into smaller ones.
#[derive(Debug)]
pub struct Salvage {
    parts: Vec<Alerts>,
    asked: Alerts,
    requests: usize,
    dropped: Vec<Box<str>>,
}

type Alerts = Vec<Box<RawValue>>;

/// At most so many requests are made of one: room for four alerts that are wrong among 256. Whoever
/// refuses more refuses everything, and what is left is dropped.
pub const MOST_REQUESTS: usize = 64;

impl Salvage {
    /// Of a request that was just refused.
    pub fn of(refused: &str) -> Self {
        let mut salvage = Self {
            parts: Vec::new(),
            // Our own text; one that cannot be read has nothing in it to be saved.
            asked: serde_json::from_str(refused).unwrap_or_default(),
            requests: 0,
            dropped: Vec::new(),
        };
        salvage.refused();
        salvage
    }

    /// The request to make now; `None` when all is told or dropped.
    #[expect(
        clippy::should_implement_trait,
        reason = "what is next depends on the answer"
    )]
    pub fn next(&mut self) -> Option<String> {
        self.asked.clear();
        if self.requests == MOST_REQUESTS {
            for alert in std::mem::take(&mut self.parts).into_iter().flatten() {
                self.drop(&alert);
            }
        }
        self.asked = self.parts.pop()?;
        self.requests += 1;
        Some(serde_json::to_string(&self.asked).expect("JSON has a form in JSON"))
    }

    /// How many alerts the request holds that [`Salvage::next`] gave.
    pub fn asked(&self) -> usize {
        self.asked.len()
    }

    /// That request was refused too.
    pub fn refused(&mut self) {
        let mut first = std::mem::take(&mut self.asked);
        if let [alone] = &first[..] {
            self.drop(alone);
        } else if !first.is_empty() {
            let second = first.split_off(first.len() / 2);
            self.parts.extend([second, first]);
        }
    }

    /// The alerts that were given up, as they were sent.
    pub fn dropped(&self) -> &[Box<str>] {
        &self.dropped
    }

    fn drop(&mut self, alert: &RawValue) {
        self.dropped.push(alert.get().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an Alertmanager that hates the odd ones takes, how often it is asked, and what is
    /// dropped.
    fn told(count: u32, is_wrong: impl Fn(u32) -> bool) -> (Vec<u32>, usize, usize) {
        let refused = serde_json::to_string(&(0..count).collect::<Vec<_>>()).expect("JSON");
        let mut salvage = Salvage::of(&refused);
        let (mut taken, mut requests) = (Vec::new(), 0);
        while let Some(request) = salvage.next() {
            requests += 1;
            let alerts: Vec<u32> = serde_json::from_str(&request).expect("JSON");
            assert_eq!(alerts.len(), salvage.asked());
            if alerts.iter().any(|alert| is_wrong(*alert)) {
                salvage.refused();
            } else {
                taken.extend(alerts);
            }
        }
        (taken, requests, salvage.dropped().len())
    }

    #[test]
    fn one_that_is_wrong_is_found_and_all_others_are_told() {
        let (taken, requests, dropped) = told(256, |alert| alert == 77);
        let right: Vec<_> = (0..256).filter(|alert| *alert != 77).collect();
        assert_eq!((taken, dropped), (right, 1));
        assert_eq!(requests, 16);
    }

    #[test]
    fn a_refusal_of_everything_ends_after_a_while() {
        let (taken, requests, dropped) = told(256, |_| true);
        assert_eq!((taken.len(), requests, dropped), (0, MOST_REQUESTS, 256));
    }

    #[test]
    fn a_single_alert_that_is_refused_is_dropped_at_once() {
        assert_eq!(told(1, |_| true), (Vec::new(), 0, 1));
        let salvage = Salvage::of(r#"[{"labels":{"alertname":"A"}}]"#);
        assert_eq!(
            salvage.dropped(),
            [r#"{"labels":{"alertname":"A"}}"#.into()]
        );
    }
}
