//! The annotations of an alert: rendered already, or when they are asked for.

use std::borrow::Cow;

use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alerts::board::Alert;
use crate::fleet::{Fleet, Moment};
use crate::rules::labels::Pair;

/// The annotations of an alert. Those of a pending one are rendered only here.
pub(in crate::web) fn annotations<'a>(
    alert: &Alert,
    snapshot: &'a AlertSnapshot,
    fleet: &Fleet,
    now: Moment,
) -> Cow<'a, [Pair]> {
    let rendered = snapshot.texts_of(alert);
    if !rendered.is_empty() {
        return Cow::Borrowed(rendered);
    }
    let phone = alert.subject.phone().and_then(|name| fleet.phone(name));
    let texts = &snapshot.settings.texts;
    Cow::Owned(texts.of(alert, phone.map(|phone| &**phone), now).texts)
}
