"""Alerts: what is active, what of it is told, and whether telling works.

Speaks of the alerts that the exporter judges itself. Those of Prometheus' rules are on the
dashboards Fleet and Site, beside these.
"""

import common
from shape import column, dashboard, data_link, link, mapping, override, query, stat, table
from shape import thresholds, timeline, timeseries, variable
from words import ALERT, AMBER, GREEN, GREY, ON_DISK, RED, SKY

JOB = variable(
    "job", "Job", "Scrape jobs that bring alerts", "label_values(grandstream_alerts, job)"
)
# An alert of the whole fleet has no site: "All" is `.*`, which also means none.
SITE = variable(
    "site", "Site", "Where alerts are; All includes those of no site",
    'label_values(grandstream_alert_active{job=~"$job"}, site)', all_value=".*",
)
SEVERITY = variable(
    "severity", "Severity", "How bad alerts are",
    'label_values(grandstream_alerts{job=~"$job", severity!="none"}, severity)',
)
EXPORTER = variable(
    "exporter", "Exporter", "For the link to the exporter's own page",
    'label_values(grandstream_alerts{job=~"$job"}, instance)', several=False, hidden=True,
)

OWN = 'job=~"$job"'
CHOSEN = f'{OWN}, site=~"$site", severity=~"$severity"'
BY_RULE = f'{OWN}, severity=~"$severity"'
WHAT = "site, phone, account, line, server, receiver"

# The scrape job of the phones may be another than that of alerts.
KEEP = "${datasource:queryparam}&${__url_time_range}"
PHONE_CELL = data_link(
    "Phone", f"/d/{common.PHONE_UID}?{KEEP}&var-site=$__all&var-phone=${{__data.fields.Phone}}"
)
SITE_CELL = data_link("Site", f"/d/{common.SITE}?{KEEP}&var-site=${{__data.fields.Site}}")
FLEET_LINK = data_link("Fleet", f"/d/{common.FLEET}?{KEEP}")

SOME = thresholds(GREEN, (1, AMBER))
NONE_IS_GOOD = thresholds(GREEN, (1, RED))
PATIENT = thresholds(GREEN, (300, AMBER), (3600, RED))


def own(metric, more=""):
    """A metric of the chosen exporters."""
    return f"{metric}{{{OWN}{', ' if more else ''}{more}}}"


def active(more=""):
    """1 for each active alert that was chosen."""
    return f"grandstream_alert_active{{{CHOSEN}{', ' if more else ''}{more}}}"


def counted(state):
    """How many alerts are in this state."""
    return f'sum(grandstream_alerts{{{BY_RULE}, state="{state}"}})'


def in_range(metric, by):
    """How much a counter rose in the time shown."""
    return f"sum by ({by}) (increase({own(metric)}[$__range]))"


def in_bar(metric, by):
    """How much a counter rose in each bar."""
    return f"sum by ({by}) (increase({own(metric)}[$__interval])) > 0"


def counts():
    return stat(
        "Alerts now",
        "Firing: they may be said. Suppressed: they fire, and something keeps them from being "
        "said. Pending: they do not last long enough yet.",
        [
            query(counted("firing"), "firing", instant=True),
            query(counted("suppressed"), "suppressed", instant=True),
            query(counted("pending"), "pending", instant=True),
        ],
        unit="none", thresholds=thresholds(GREY),
        overrides=[override("firing", thresholds=NONE_IS_GOOD)],
        links=[FLEET_LINK],
    )


def critical():
    return stat(
        "Critical now",
        "Alerts of severity critical that fire and may be said, at all sites.",
        [
            query(
                f"""sum({own('grandstream_alerts', 'severity="critical", state="firing"')})""",
                instant=True,
            )
        ],
        unit="none", thresholds=NONE_IS_GOOD, noValue="not judged here",
    )


def waiting():
    return stat(
        "Messages that wait",
        "For receivers that could not be reached yet; they are tried again for a day.",
        [query(f"sum({own('grandstream_notification_queue_length')})", instant=True)],
        unit="none", thresholds=SOME, noValue="no receiver",
    )


def given_up():
    return stat(
        "Messages given up",
        "They were refused, or could not be delivered for a day. `notify queue` shows them, to be "
        "tried again or dropped.",
        [query(f"sum({own('grandstream_notification_dead_letters')})", instant=True)],
        unit="none", thresholds=NONE_IS_GOOD, noValue="no receiver",
    )


def looked_at():
    at = own("grandstream_alert_rule_last_evaluation_timestamp_seconds")
    return stat(
        "Rules looked at",
        "How long ago all rules were last looked at. Longer than a minute is a stuck exporter.",
        [query(f"time() - min({at})", instant=True)],
        unit="s", decimals=0, thresholds=thresholds(GREEN, (60, AMBER), (300, RED)),
        noValue="not judged here",
    )


def on_disk():
    return stat(
        "State",
        "Whether the state of alerts is on disk, so that a restart forgets nothing.",
        [query(f"min({own('grandstream_alert_state_persisted')})", instant=True)],
        mappings=mapping(ON_DISK), thresholds=thresholds(GREY), noValue="in memory",
    )


def alert_table():
    since = f"time() - {own('grandstream_alert_active_since_timestamp_seconds')}"
    age = f"{active()} * ignoring (alertstate, suppressed) group_left () ({since})"
    return table(
        "Active alerts",
        "One line an alert, the youngest first. Kept back by says what keeps it from being said: a "
        "silence, a window, an outage above, flapping, or a moment of patience. The phone and the "
        "site open their dashboards.",
        [
            query(
                f"max by (alertname, severity, alertstate, suppressed, {WHAT}) ({age})", table=True
            )
        ],
        {
            "severity": column("Severity", custom__width=90),
            "alertname": column("Alert"),
            "alertstate": column("State", custom__width=85),
            "suppressed": column("Kept back by", custom__width=110),
            "phone": column("Phone", links=[PHONE_CELL]),
            "site": column("Site", links=[SITE_CELL], custom__width=100),
            "account": column("Account", custom__width=80),
            "line": column("Line", custom__width=60),
            "server": column("SIP server"),
            "receiver": column("Receiver", custom__width=100),
            "Value": column("For", unit="s", decimals=0, custom__width=120),
        },
        sort="For", noValue="None",
    )


def history():
    said, kept = 'alertstate="firing", suppressed=""', 'suppressed!=""'
    pending = 'alertstate="pending"'
    code = f"{active(pending)} or {active(said)} * 2 or {active(kept)} * 3"
    return timeline(
        "Alerts over time",
        "Each alert of the time shown, 20 a page. A gap is a time in which it was not active.",
        [
            query(
                f"max by (alertname, {WHAT}) ({code})",
                "{{alertname}} {{site}} {{phone}} {{account}} {{line}} {{server}} {{receiver}}",
            )
        ],
        ALERT, noValue="None",
    )


def by_state():
    return timeseries(
        "Alerts by state",
        "Of all sites. What is pending for a moment and goes away by itself is what `for` is there "
        "for.",
        [query(f"sum by (state) (grandstream_alerts{{{BY_RULE}}})", "{{state}}")],
        stacked=True, unit="none", decimals=0,
    )


def suppressed():
    kept = 'suppressed!=""'
    return timeseries(
        "Suppressed alerts",
        "Alerts that fire and are kept from being said, by what does: a silence, a window, an outage "
        "above or another alert that explains them, flapping, or a moment of patience.",
        [query(f"count by (suppressed) ({active(kept)})", "{{suppressed}}")],
        stacked=True, unit="none", decimals=0,
    )


def delivered():
    return timeseries(
        "Messages delivered",
        "By receiver and why they were sent; ten minutes a bar or more.",
        [
            query(
                in_bar("grandstream_notifications_delivered_total", "receiver, notification_reason"),
                "{{receiver}}: {{notification_reason}}",
            )
        ],
        bars=True, unit="none", decimals=0, interval="10m",
    )


def failed():
    return timeseries(
        "Failed requests",
        "By receiver and reason; ten minutes a bar or more. Refused needs a fix here or there; all "
        "else is tried again.",
        [
            query(
                in_bar("grandstream_notification_requests_failed_total", "receiver, reason"),
                "{{receiver}}: {{reason}}",
            )
        ],
        bars=True, unit="none", decimals=0, interval="10m",
    )


def queue():
    return timeseries(
        "Queues",
        "Messages that wait, by receiver.",
        [
            query(
                f"sum by (receiver) ({own('grandstream_notification_queue_length')})",
                "{{receiver}}",
            )
        ],
        unit="none", decimals=0,
    )


def queue_age():
    oldest = own("grandstream_notification_queue_oldest_timestamp_seconds")
    return timeseries(
        "Oldest message",
        "How long the oldest message waits, by receiver; nothing while none waits. After a day it is "
        "given up.",
        [query(f"time() - min by (receiver) ({oldest})", "{{receiver}}")],
        unit="s", zones=True, thresholds=thresholds("transparent", (900, AMBER), (43200, RED)),
    )


def receivers():
    oldest = own("grandstream_notification_queue_oldest_timestamp_seconds")
    return table(
        "Receivers",
        "Each receiver: what was delivered and what failed in the time shown, and what waits or was "
        "given up.",
        [
            query(in_range("grandstream_notifications_delivered_total", "receiver"), table=True),
            query(
                in_range("grandstream_notification_requests_failed_total", "receiver"), table=True
            ),
            query(
                f"sum by (receiver) ({own('grandstream_notification_queue_length')})", table=True
            ),
            query(f"time() - min by (receiver) ({oldest})", table=True),
            query(
                f"sum by (receiver) ({own('grandstream_notification_dead_letters')})", table=True
            ),
        ],
        {
            "receiver": column("Receiver"),
            "Value #A": column("Delivered", decimals=0, custom__width=85),
            "Value #B": column("Failed", decimals=0, custom__width=70),
            "Value #C": column("Waiting", custom__width=75),
            "Value #D": column(
                "Oldest", unit="s", decimals=0, thresholds=PATIENT, custom__width=90,
                custom__cellOptions={"type": "color-text"},
            ),
            "Value #E": column(
                "Given up", thresholds=NONE_IS_GOOD, custom__width=80,
                custom__cellOptions={"type": "color-text"},
            ),
        },
        sort="Receiver", noValue="None",
    )


def managers():
    of = lambda what: f"grandstream_notifications_alertmanager_{what}"
    return table(
        "Alertmanagers",
        "Each gets every alert. Alerts taken, requests failed and alerts refused in the time shown, "
        "and alerts that wait to be taken.",
        [
            query(in_range(of("sent_total"), "alertmanager"), table=True),
            query(in_range(of("errors_total"), "alertmanager"), table=True),
            query(in_range(of("dropped_total"), "alertmanager"), table=True),
            query(f"sum by (alertmanager) ({own(of('queue_length'))})", table=True),
        ],
        {
            "alertmanager": column("Alertmanager"),
            "Value #A": column("Taken", decimals=0, custom__width=85),
            "Value #B": column("Failed", decimals=0, custom__width=75),
            "Value #C": column("Refused", decimals=0, custom__width=85),
            "Value #D": column("Waiting", custom__width=80),
        },
        sort="Alertmanager", noValue="None",
    )


def noisy():
    # Pending, firing and suppressed together are the alerts that are active.
    at_a_time = f"avg_over_time(grandstream_alerts{{{BY_RULE}}}[$__range])"
    at_a_time = f"sum by (alertname, severity) ({at_a_time})"
    # Prometheus may know less than all of the time.
    seen = f"{own('grandstream_alert_rule_last_evaluation_timestamp_seconds')}[$__range]"
    known = f"scalar(max(max_over_time({seen}) - min_over_time({seen})))"
    since = f"grandstream_alert_active_since_timestamp_seconds{{{BY_RULE}}}"
    times = f"sum by (alertname, severity) (changes({since}[$__range]) + 1)"
    noisiest = f"topk(20, {times})"
    return table(
        "Noisiest rules of seven days",
        "How often alerts of a rule became active, and for how long on average. A rule that comes and "
        "goes wants a longer `for`, or a mend.",
        [
            query(noisiest, table=True),
            query(f"{at_a_time} * {known} / {noisiest}", table=True),
        ],
        {
            "alertname": column("Alert"),
            "severity": column("Severity", custom__width=90),
            "Value #A": column("Times", decimals=0, custom__width=70),
            "Value #B": column("Mean time", unit="s", decimals=0, custom__width=110),
        },
        sort="Times", descending=True, noValue="None", time_from="7d",
    )


def idle():
    return table(
        "Rules that match no phone",
        "They can never fire: look at their `where`.",
        [
            query(
                "group by (alertname) "
                f"({own('grandstream_alert_rule_matched_entities')} == 0)",
                table=True,
            )
        ],
        {"alertname": column("Rule")},
        sort="Rule", noValue="None",
    )


def silences():
    return stat(
        "Silences",
        "In force, to come, and over.",
        [
            query(
                f"sum by (state) ({own('grandstream_silences')})", "{{state}}", instant=True
            )
        ],
        unit="none", thresholds=thresholds(SKY), noValue="None",
    )


def muted():
    # By any job: where each phone is a target, phones come by another than alerts.
    return table(
        "Muted phones",
        "Phones that a silence or a window covers as a whole. Their alerts are not said, and the "
        "rules for Prometheus leave them out.",
        [
            query(
                "group by (site, phone, by) "
                '(grandstream_phone_muted{job=~".+", site=~"$site"})',
                table=True,
            )
        ],
        {
            "phone": column("Phone", links=[PHONE_CELL]),
            "site": column("Site", links=[SITE_CELL], custom__width=110),
            "by": column("By", custom__width=90),
        },
        sort="Phone", noValue="None",
    )


def series_dropped():
    return stat(
        "Without a line here",
        "Active alerts that have no series of their own, because 2000 have: they are counted above, "
        "and listed nowhere.",
        [query(f"sum({own('grandstream_alert_series_dropped')})", instant=True)],
        unit="none", thresholds=SOME, noValue="not judged here",
    )


def texts_failed():
    return stat(
        "Texts that failed",
        "Texts of alerts that could not be rendered in the time shown; they are told as they are "
        "written. Correct the template in the configuration.",
        [
            query(
                f"sum(increase({own('grandstream_alert_rule_evaluation_errors_total')}[$__range]))",
                instant=True,
            )
        ],
        unit="none", decimals=0, thresholds=SOME, noValue="not judged here",
    )


def kept():
    return timeseries(
        "Written to disk",
        "How long ago the state of alerts was last written, by exporter.",
        [
            query(
                "time() - "
                f"max by (instance) ({own('grandstream_alert_state_last_write_timestamp_seconds')})",
                "{{instance}}",
            )
        ],
        unit="s",
    )


def make():
    page = link(
        "The exporter's page of alerts", "http://${exporter}/alerts", "Opens beside Grafana"
    )
    return dashboard(
        common.ALERTS, "Phones / Alerts",
        "What is wrong, who was told of it, and whether telling works.",
        tags=[common.TAG],
        variables=[JOB, SITE, SEVERITY, EXPORTER],
        annotations=[common.reloads()],
        links=[common.MENU, page],
        rows=[
            (4, [(8, counts()), (4, critical()), (4, waiting()), (4, given_up()),
                 (4, looked_at())]),
            (11, [(24, alert_table())]),
            (14, [(24, history())]),
            (8, [(12, by_state()), (12, suppressed())]),
            (8, [(12, delivered()), (12, failed())]),
            (8, [(12, queue()), (12, queue_age())]),
            (7, [(13, receivers()), (11, managers())]),
            (9, [(10, noisy()), (8, muted()), (6, idle())]),
            (5, [(6, silences()), (3, on_disk()), (4, series_dropped()), (3, texts_failed()),
                 (8, kept())]),
        ],
    )
