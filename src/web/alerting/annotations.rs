//! The annotations of an alert: rendered already, or when they are asked for.

use std::borrow::Cow;

use crate::alert::pairs::Pair;
use crate::alert::{Alert, Picture};
use crate::fleet::{Fleet, Moment};

/// The annotations of an alert. Those of a pending one are rendered only here.
pub(in crate::web) fn annotations<'a>(
    alert: &Alert,
    picture: &'a Picture,
    fleet: &Fleet,
    now: Moment,
) -> Cow<'a, [Pair]> {
    let rendered = picture.texts_of(alert);
    if !rendered.is_empty() {
        return Cow::Borrowed(rendered);
    }
    let phone = alert.subject.phone().and_then(|name| fleet.phone(name));
    let texts = &picture.settings.texts;
    Cow::Owned(texts.of(alert, phone.map(|phone| &**phone), now).texts)
}
