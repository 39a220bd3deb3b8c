"""How the dashboards ask: the choices at their head as PromQL, written once.

A phone's model is known only while its values are fresh, so the choice of models leaves out what is
known to be another model, and keeps a phone that cannot be read. Series of one phone are joined on
job, instance and phone: the same phone may be scraped on two ways, or by two exporters.
"""

PHONE = "job, instance, phone"
CHOSEN = 'job=~"$job", site=~"$site"'


def raw(metric, more=""):
    """The metric of the chosen jobs and sites."""
    return f"{metric}{{{CHOSEN}{', ' if more else ''}{more}}}"


def of(metric, more=""):
    """The metric of the chosen jobs, sites and models."""
    return f"({raw(metric, more)} unless on ({PHONE}) {raw('grandstream_phone_info', OTHER)})"


OTHER = 'model!~"$model"'


def missed(metric):
    """The metric of the chosen phones whose absence is an outage."""
    return f"({of(metric)} unless on ({PHONE}) {raw('grandstream_phone_portable')} == 1)"


def health():
    """0 unreachable, 1 answers but is not readable, 2 up."""
    return f"({raw('grandstream_up')} + {of('grandstream_reachable')})"


def account(metric_and_more=""):
    """Registration, 0 or 1, with the label `server` beside the phone's own."""
    registered = of("grandstream_account_registered", metric_and_more)
    info = raw("grandstream_account_info")
    return f"({registered} * on ({PHONE}, account) group_left (server) {info})"


def scheme():
    """1, with the label `scheme` by which the phone's own web page is reached."""
    posture = raw("grandstream_phone_posture", 'check="plain_http"')
    plain = f'label_replace({posture} == 1, "scheme", "http", "", "")'
    secure = f'label_replace({posture} == 0, "scheme", "https", "", "")'
    return f"max by (site, phone, scheme) ({plain} or ({secure} + 1))"


# Alerts over many phones; those about one phone carry its job. Prometheus makes ALERTS from
# prometheus/alerts.yml.
WIDE_ALERTS = "PollerIsolated|SiteOutage|MassUnregistered|ExporterAbsent"
# What tells one alert from another, whoever judged it.
ALERT = "alertname, severity, site, phone, account, line, server, receiver"


def alerts(more=""):
    """1 for each firing alert about the chosen phones, whether Prometheus judges it or the exporter
    and lets it be said; once, if both do."""
    firing = f'alertstate="firing", site=~"$site"{", " if more else ""}{more}'
    of_prometheus = (
        f'ALERTS{{job=~"$job", {firing}}} or ALERTS{{alertname=~"{WIDE_ALERTS}", {firing}}}'
    )
    # The exporter's alerts may come by another job than its phones.
    said = f'alertname!="", severity!="none", suppressed="", {firing}'
    own = (
        f'(grandstream_alert_active{{phone!="", {said}}} and on (phone) {raw("grandstream_up")})'
        f' or grandstream_alert_active{{phone="", {said}}}'
    )
    return f"group by ({ALERT}) ({of_prometheus} or {own})"
