//! An office with nothing but the daemon and a mail server learns of an outage and of its end.

use mail_parser::{Message, MessageParser};

use super::{config, cut, phone};
use crate::harness::Daemon;
use crate::harness::certificates::Authority;
use crate::notify::acceptor;
use crate::notify::smtp::{Manners, Received, Server};

fn read(received: &Received) -> Message<'_> {
    let message = MessageParser::default().parse(received.mail.as_bytes());
    message.unwrap_or_else(|| panic!("no mail: {:?}", received.lines))
}

#[tokio::test]
async fn an_outage_and_its_end_are_one_thread_of_mails_over_tls_with_a_login() {
    let home = tempfile::tempdir().expect("a directory");
    Authority::new(home.path(), "ca").server();
    let mut server = Server::start(Manners {
        tls: Some(acceptor(home.path(), "ca")),
        login: Some(("phones", "the mail's password")),
        ..Manners::default()
    })
    .await;
    std::fs::write(home.path().join("password"), "the mail's password\n").expect("written");
    let desk = format!(
        "  receivers:\n    desk:\n      group_wait: 0s\n      group_interval: 100ms\n      email: \
         {{ to: [desk@acme.example], from: phones@acme.example, smarthost: '127.0.0.1:{}', \
         auth_username: phones, auth_password_file: password, \
         tls_config: {{ ca_file: ca.pem }} }}\n",
        server.address.port()
    );
    let phone = phone().await;
    std::fs::write(home.path().join("config.yaml"), config(&[&phone], &desk)).expect("written");
    let daemon = Daemon::start_in(home).await;
    daemon.wait("grandstream_up", &[("phone", "p0")], 1.0).await;

    cut(&phone, true);
    let outage = server.received().await;
    assert!(outage.encrypted);
    let outage = read(&outage);
    let subject = outage.subject().expect("a subject");
    assert!(subject.starts_with("[FIRING 1] Down"), "{subject}");
    let text = outage.body_text(0).expect("a text");
    assert!(text.contains("p0 is down"), "{text}");
    assert!(outage.body_html(0).is_some());

    cut(&phone, false);
    let end = server.received().await;
    let end = read(&end);
    let subject = end.subject().expect("a subject");
    assert!(subject.starts_with("[RESOLVED"), "{subject}");
    let thread = |mail: &Message<'_>| {
        let id = mail.references().as_text();
        id.expect("one id").to_owned()
    };
    assert_eq!(thread(&outage), thread(&end));
    assert_ne!(outage.message_id(), end.message_id());
    let delivered = |reason| [("receiver", "desk"), ("notification_reason", reason)];
    for reason in ["first", "resolved"] {
        let name = "grandstream_notifications_delivered_total";
        daemon.wait(name, &delivered(reason), 1.0).await;
    }
}

#[tokio::test]
async fn a_recipient_whose_server_wants_to_be_asked_again_gets_the_mail_alone_and_later() {
    let mut server = Server::start(Manners {
        greylists: Some("RCPT TO:<night@"),
        ..Manners::default()
    })
    .await;
    let desk = format!(
        "  receivers:\n    desk:\n      group_wait: 0s\n      email: \
         {{ to: [desk@acme.example, night@acme.example], from: phones@acme.example, \
         smarthost: '127.0.0.1:{}', require_tls: false }}\n",
        server.address.port()
    );
    let phone = phone().await;
    let daemon = Daemon::start(&config(&[&phone], &desk)).await;
    daemon.wait("grandstream_up", &[("phone", "p0")], 1.0).await;
    cut(&phone, true);
    let recipients = |received: &Received| {
        let lines = received.lines.iter();
        let named = lines.filter_map(|line| line.strip_prefix("RCPT TO:"));
        named.map(str::to_owned).collect::<Vec<_>>()
    };
    let first = server.received().await;
    assert_eq!(
        recipients(&first),
        ["<desk@acme.example>", "<night@acme.example>"]
    );
    let waiting = |samples: &crate::harness::samples::Samples| {
        let labels = [("receiver", "desk")];
        samples.value("grandstream_notification_queue_length", &labels)
    };
    daemon
        .wait_for("one that waits", |samples| waiting(samples) == Some(1.0))
        .await;
    let second = server.received().await;
    assert_eq!(recipients(&second), ["<night@acme.example>"]);
    assert_eq!(read(&first).message_id(), read(&second).message_id());
    let samples = daemon
        .wait_for("none that waits", |samples| waiting(samples) == Some(0.0))
        .await;
    let dead = samples.value(
        "grandstream_notification_dead_letters",
        &[("receiver", "desk")],
    );
    assert_eq!(dead, Some(0.0));
}
