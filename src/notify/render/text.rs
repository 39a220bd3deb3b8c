//! A message as plain text: for mail, for push messages, and inside of other bodies.

use std::fmt::Write;

use super::template_data::{OmittedCount, RunbookSummary, TemplateAlert, TemplateData};
use crate::notify::notification::NotificationReason;
use crate::rules::describe_rule::count;

/// Everything, without the title.
pub(super) fn whole(data: &TemplateData) -> String {
    let mut text = headline(data);
    text.extend(["\n", why(data.reason), "\n"]);
    if let Some(missed) = missed(data) {
        text.extend([&missed, "\n"]);
    }
    section(&mut text, data, "FIRING", &data.firing);
    for runbook in data.lessons() {
        explain(&mut text, &runbook);
    }
    section(&mut text, data, "OVER", &data.over);
    if !data.url.is_empty() {
        text.extend(["\n", &data.url, "\n"]);
    }
    text
}

/// How many, and where.
pub(super) fn headline(data: &TemplateData) -> String {
    let fire = match data.firing_count {
        0 => None,
        1 => Some("1 alert fires".to_owned()),
        n => Some(format!("{n} alerts fire")),
    };
    let over = match (data.over_count, data.firing_count) {
        (0, _) => None,
        (1, 0) => Some("1 alert is over".to_owned()),
        (n, 0) => Some(format!("{n} alerts are over")),
        (1, _) => Some("1 is over".to_owned()),
        (n, _) => Some(format!("{n} are over")),
    };
    let parts: Vec<_> = fire.into_iter().chain(over).collect();
    let places = data.places();
    let places: Vec<_> = places
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let words = match (&parts[..], &places[..]) {
        ([], _) => "No alert fires".to_owned(),
        (parts, []) => parts.join(", "),
        (parts, places) => format!("{} ({})", parts.join(", "), places.join(", ")),
    };
    format!("{}.", crate::notify::words::line(&words))
}

/// Why it is sent.
pub(super) fn why(reason: NotificationReason) -> &'static str {
    match reason {
        NotificationReason::First => "This is the first message about them.",
        NotificationReason::New => "Something new fires.",
        NotificationReason::Resolved => "This is the end of what was told before.",
        NotificationReason::Reminder => {
            "Nothing changed since the last message; this is a reminder."
        }
        NotificationReason::Test => "Somebody asked for this test; it speaks of nothing real.",
    }
}

/// What could not be said before.
pub(super) fn missed(data: &TemplateData) -> Option<String> {
    (data.missed > 0).then(|| {
        let messages = count(data.missed, "earlier message");
        let were = if data.missed == 1 { "was" } else { "were" };
        format!("While this way was blocked {messages} {were} merged into this one.")
    })
}

/// The alerts that are not told of by name.
pub(super) fn others(counts: &[OmittedCount]) -> Option<String> {
    let total: usize = counts.iter().map(|count| count.n).sum();
    let each = counts.iter().map(|OmittedCount { alertname, site, n }| {
        let at = if site.is_empty() { "" } else { " at " };
        format!("{n} {alertname}{at}{site}")
    });
    let each: Vec<_> = each.take(MOST_COUNTS).collect();
    let rest = counts.len().saturating_sub(MOST_COUNTS);
    let rest = (rest > 0).then(|| format!(", and {rest} other kinds"));
    (total > 0).then(|| {
        format!(
            "and {total} more: {}{}",
            each.join(", "),
            rest.unwrap_or_default()
        )
    })
}

/// At most so many counts are in one line.
const MOST_COUNTS: usize = 20;

fn section(text: &mut String, data: &TemplateData, title: &str, items: &[TemplateAlert]) {
    if items.is_empty() {
        return;
    }
    text.extend(["\n", title, "\n\n"]);
    let (named, counts) = data.collapsed(items);
    for item in named {
        tell(text, item);
    }
    if let Some(others) = others(&counts) {
        text.extend(["  ", &others, "\n"]);
    }
}

fn tell(text: &mut String, item: &TemplateAlert) {
    let severity = match &*item.severity {
        "" => String::new(),
        severity => format!(", {severity}"),
    };
    let about = item.about();
    let about = if about.is_empty() {
        about
    } else {
        format!("; {about}")
    };
    let TemplateAlert {
        summary, alertname, ..
    } = item;
    let when = item.when();
    writeln!(
        text,
        "* {summary}\n  {alertname}{severity}{about}\n  {when}"
    )
    .expect("a text grows");
    if let Some(because) = item.because() {
        text.extend(["  ", &because, "\n"]);
    }
}

fn explain(text: &mut String, runbook: &RunbookSummary) {
    text.extend(["\n", &runbook.alertname, "\n"]);
    for (what, said) in [
        ("It means", &runbook.impact),
        ("Do first", &runbook.first_steps),
        ("Read on", &runbook.runbook_url),
    ] {
        if !said.is_empty() {
            let said = said.replace('\n', "\n    ");
            writeln!(text, "  {what}: {said}").expect("a text grows");
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::notify::delivery::Delivery;
    use crate::notify::render::sample::{delivery, ended, hostile, said, usual};

    fn shown(listed: usize, delivery: &Delivery) -> String {
        let data = TemplateData::new("mail", listed, delivery);
        format!("{}\n\n{}", data.title, data.text)
    }

    #[test]
    fn a_message_tells_what_fires_what_to_do_and_what_is_over() {
        assert_snapshot!(shown(10, &usual()), @r"
        [FIRING 1] PhoneUnreachable hq: reception does not answer

        1 alert fires, 1 is over (site hq).
        Something new fires.

        FIRING

        * reception does not answer
          PhoneUnreachable, critical; phone reception, site hq
          since 2026-03-01 11:48 UTC, for 12 minutes
          cause: account 1 is not registered

        PhoneUnreachable
          It means: Nobody can call there.
          Do first: Check power and cable.
            Then ping it.
          Read on: docs/runbooks.md#phoneunreachable

        OVER

        * kitchen does not answer
          PhoneUnreachable, critical; phone kitchen, site hq
          from 2026-03-01 11:00 UTC to 2026-03-01 11:55 UTC, for 55 minutes; meanwhile: rebooted

        https://phones.example/alerts
        ");
    }

    #[test]
    fn beyond_some_alerts_the_others_are_counted() {
        let mut firing: Vec<_> = (0..12)
            .map(|n| said("PhoneUnreachable", &format!("p{n}"), 12))
            .collect();
        firing.push(said("AccountUnregistered", "p0", 3));
        let mut delivery = delivery(NotificationReason::Reminder, firing, Vec::new());
        delivery.notification.missed = 2;
        assert_snapshot!(shown(2, &delivery), @r"
        [FIRING 13] AccountUnregistered, PhoneUnreachable hq

        13 alerts fire (site hq).
        Nothing changed since the last message; this is a reminder.
        While this way was blocked 2 earlier messages were merged into this one.

        FIRING

        * p0 does not answer
          AccountUnregistered, critical; phone p0, site hq
          since 2026-03-01 11:57 UTC, for 3 minutes
        * p0 does not answer
          PhoneUnreachable, critical; phone p0, site hq
          since 2026-03-01 11:48 UTC, for 12 minutes
          and 11 more: 11 PhoneUnreachable at hq

        AccountUnregistered
          It means: Nobody can call there.
          Do first: Check power and cable.
            Then ping it.
          Read on: docs/runbooks.md#phoneunreachable

        PhoneUnreachable
          It means: Nobody can call there.
          Do first: Check power and cable.
            Then ping it.
          Read on: docs/runbooks.md#phoneunreachable

        https://phones.example/alerts
        ");
    }

    #[test]
    fn an_end_says_how_it_came() {
        let over = |how| ended(said("PhoneUnreachable", "p", 90), 3, how);
        let all = ["cleared", "unknown", "rule_removed", "subject_removed"].map(over);
        let delivery = delivery(NotificationReason::Resolved, Vec::new(), all.into());
        assert_snapshot!(shown(10, &delivery), @r"
        [RESOLVED] PhoneUnreachable hq

        4 alerts are over (site hq).
        This is the end of what was told before.

        OVER

        * p does not answer
          PhoneUnreachable, critical; phone p, site hq
          from 2026-03-01 10:30 UTC to 2026-03-01 11:57 UTC, for 1 hour 27 minutes
        * p does not answer
          PhoneUnreachable, critical; phone p, site hq
          from 2026-03-01 10:30 UTC to 2026-03-01 11:57 UTC, for 1 hour 27 minutes; whether it is over is not known any more
        * p does not answer
          PhoneUnreachable, critical; phone p, site hq
          from 2026-03-01 10:30 UTC to 2026-03-01 11:57 UTC, for 1 hour 27 minutes; its rule was removed
        * p does not answer
          PhoneUnreachable, critical; phone p, site hq
          from 2026-03-01 10:30 UTC to 2026-03-01 11:57 UTC, for 1 hour 27 minutes; what it speaks of was removed from the configuration

        https://phones.example/alerts
        ");
    }

    #[test]
    fn a_test_is_marked_and_text_of_phones_stays_on_its_line() {
        let mut delivery = hostile();
        delivery.notification.reason = NotificationReason::Test;
        assert_snapshot!(shown(10, &delivery), @r#"
        [TEST] [FIRING 1] PhoneUnreachable hq: a Bcc: x@y"<script>alert('1')</script>&{{ 7 * 7 }}<!channel> �☎� does not answer

        1 alert fires (site hq).
        Somebody asked for this test; it speaks of nothing real.

        FIRING

        * a Bcc: x@y"<script>alert('1')</script>&{{ 7 * 7 }}<!channel> �☎� does not answer
          PhoneUnreachable, critical; phone a Bcc: x@y"<script>alert('1')</script>&{{ 7 * 7 }}<!channel> �☎�, site hq
          since 2026-03-01 11:59 UTC, for 1 minute

        PhoneUnreachable
          It means: Nobody can call there.
          Do first: Check power and cable.
            Then ping it.
          Read on: docs/runbooks.md#phoneunreachable

        https://phones.example/alerts
        "#);
    }
}
