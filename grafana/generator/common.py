"""What the dashboards of phones have in common: choices, marks, links, and parts of tables."""

import promql
from promql import PHONE, of, raw
from shape import annotation, data_link, links_by_tag, variable
from words import AMBER, BLUE, RED

TAG = "phones"

FLEET = "grandstream-fleet"
SITE = "grandstream-site"
PHONE_UID = "grandstream-phone"
REGISTRATIONS = "grandstream-registrations"
FIRMWARE = "grandstream-firmware"
ALERTS = "grandstream-alerts"
EXPORTER = "grandstream-exporter"

JOB = variable(
    "job", "Job", "Scrape jobs that bring phones", "label_values(grandstream_up, job)"
)
# A site may be missing from a phone: "All" is `.*`, which also means none.
SITES = variable(
    "site", "Site", "Where the phones are; All includes phones without a site",
    'label_values(grandstream_up{job=~"$job"}, site)', all_value=".*",
)
MODELS = variable(
    "model", "Model",
    "Leaves out phones known to be of another model; one that cannot be read stays",
    'label_values(grandstream_phone_info{job=~"$job", site=~"$site"}, model)', all_value=".*",
)
CHOICES = [JOB, SITES, MODELS]

KEEP = "${datasource:queryparam}&${job:queryparam}&${__url_time_range}"
TO_SITE = f"/d/{SITE}?{KEEP}&var-site="
TO_PHONE = f"/d/{PHONE_UID}?{KEEP}&var-site=$__all&var-phone="

SITE_LINK = data_link("Site", TO_SITE + "${__field.labels.site}")
PHONE_LINK = data_link("Phone", TO_PHONE + "${__field.labels.phone}")
# The same from a cell of a table, where labels are columns.
PHONE_CELL = data_link("Phone", TO_PHONE + "${__data.fields.Phone}")
SITE_CELL = data_link("Site", TO_SITE + "${__data.fields.Site}")
WEB_CELL = data_link(
    "The phone's own web page", "${__data.fields.Scheme}://${__data.fields.Address}/"
)

MENU = links_by_tag("Phones", TAG)


def reboots(more="", enabled=True):
    """Marks where a phone rebooted."""
    counter = raw("grandstream_reboots_total", more)
    return annotation(
        "Reboots", BLUE, f"increase({counter}[$__rate_interval]) > 0",
        "{{phone}} rebooted", "{{phone}} at site {{site}}", ["phone", "site"], enabled=enabled,
    )


def firmware_changes(more="", enabled=True):
    """Marks the ten minutes after a phone was first seen with another firmware."""
    info = raw("grandstream_phone_info", more)
    seen = f"count by ({PHONE}, firmware) (last_over_time({info}[10m]))"
    expr = f"{info} and on ({PHONE}) (count by ({PHONE}) ({seen}) > 1)"
    return annotation(
        "Firmware changes", AMBER, expr,
        "{{phone}} has other firmware", "{{phone}} now runs {{firmware}}", ["phone", "firmware"],
        enabled=enabled,
    )


def critical_alerts():
    """Marks the time in which critical alerts fire, whoever judges them."""
    return annotation(
        "Critical alerts", RED, promql.alerts('severity="critical"'), "{{alertname}}",
        "{{alertname}} {{phone}} {{site}}", ["alertname", "phone", "site"],
    )


def reloads():
    """Marks where the exporter read its configuration anew."""
    at = "grandstream_exporter_config_last_reload_success_timestamp_seconds"
    return annotation(
        "Configuration reloads", BLUE, f'changes({at}{{job=~"$job"}}[$__rate_interval]) > 0',
        "Configuration reloaded", "{{instance}}", ["instance"],
    )


def reason_of():
    """For each phone one reason why something failed in the last poll, as the label `reason`."""
    one = f"topk by (site, phone) (1, {of('grandstream_poll_error')})"
    return f"group by (site, phone, reason) ({one})"


def muted():
    """1 for each phone that a silence or window covers, with the label `by`."""
    return f"group by (site, phone, by) ({of('grandstream_phone_muted')})"
