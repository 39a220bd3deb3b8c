//! The endpoints as a client meets them, without a socket: one phone, one cookie jar.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::sim::auth::digest;
use crate::sim::behaviour::login::{Hash, LockedAnswer, LoginAnswer, RealmBody, Refusal};
use crate::sim::behaviour::reading::{
    DateOrder, Hours, LineAccount, LineActive, LineParty, LineState, RegStyle, TimeBody,
    UnknownValue,
};
use crate::sim::behaviour::session::Denial;
use crate::sim::behaviour::session::{Given, PerUser};
use crate::sim::behaviour::transport::Redirect;
use crate::sim::behaviour::{NotFound, ValuesPath};
use crate::sim::state::line::Line;
use crate::sim::wire::request;
use crate::sim::wire::response::Response;
use crate::sim::{Behaviour, Spec, hostile};

/// A phone and a client that keeps its cookies.
struct Desk {
    state: State,
    cookies: BTreeMap<String, String>,
    headers: String,
}

impl Desk {
    fn new() -> Self {
        Self {
            state: State::sample(Spec::default()),
            cookies: BTreeMap::new(),
            headers: String::new(),
        }
    }

    fn with(set: impl FnOnce(&mut Behaviour)) -> Self {
        let mut desk = Self::new();
        set(&mut desk.state.behaviour);
        desk
    }

    /// A phone with an administrator at it.
    fn logged_in() -> Self {
        let mut desk = Self::new();
        desk.log_in("gmiadmin", "admin");
        desk
    }

    fn ask(&mut self, path: &str) -> Response {
        let jar: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let head = format!(
            "GET /cgi-bin/{path} HTTP/1.1\r\nHost: phone\r\nCookie: {}\r\n{}\r\n",
            jar.join("; "),
            self.headers,
        );
        let request = request::take(&mut head.into_bytes()).unwrap().unwrap();
        let response = respond(&request, &mut self.state);
        for (_, cookie) in response
            .headers
            .iter()
            .filter(|(name, _)| *name == "Set-Cookie")
        {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        response
    }

    fn text(&mut self, path: &str) -> String {
        String::from_utf8(self.ask(path).body).unwrap()
    }

    fn json(&mut self, path: &str) -> Value {
        let text = self.text(path);
        serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"))
    }

    fn log_in(&mut self, username: &str, password: &str) -> String {
        let realm = self.text("loginrealm");
        self.log_in_with(username, &realm, password)
    }

    fn log_in_with(&mut self, username: &str, realm: &str, password: &str) -> String {
        let secret = digest(Hash::Md5, &format!("{username}:{realm}:{password}"));
        self.text(&format!("login?Username={username}&Secret={secret}"))
    }

    /// Whether a read under the session is answered.
    fn is_in(&mut self) -> bool {
        self.ask("api-get_accounts").status == 200
    }

    #[track_caller]
    fn check(&mut self, path: &str, expect: &Value) {
        assert_eq!(self.json(path), *expect, "{path}");
    }
}

fn done() -> Value {
    json!({ "response": "success", "body": "" })
}

fn failed() -> Value {
    json!({ "response": "error", "body": "failed" })
}

fn escape(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[test]
fn every_endpoint_is_found_by_its_own_name() {
    for endpoint in Endpoint::ALL {
        let path = format!("/cgi-bin/{}", endpoint.name());
        assert_eq!(Endpoint::of_path(&path), Some(*endpoint));
    }
    assert_eq!(Endpoint::of_path("/cgi-bin/"), None);
    assert_eq!(Endpoint::of_path("/api-get_time"), None);
}

#[test]
fn each_form_of_a_successful_login_is_as_named() {
    let cases = [
        (
            LoginAnswer::Json,
            "{\"response\": \"success\", \"body\": \"\"}",
        ),
        (
            LoginAnswer::JsonSidAsBody,
            "{\"response\": \"success\", \"body\": \"T\"}",
        ),
        (
            LoginAnswer::JsonSidInBody,
            "{\"response\": \"success\", \"body\": {\"sid\": \"T\", \"role\": \"admin\"}}",
        ),
        (
            LoginAnswer::JsonSidBeside,
            "{\"response\": \"success\", \"body\": \"\", \"sid\": \"T\"}",
        ),
        (
            LoginAnswer::ResMsg,
            "{\"res\": \"success\", \"msg\": \"authentication accepted\"}",
        ),
        (
            LoginAnswer::Lines,
            "Response=Success\r\nver=1.0.3.30\r\nneedchange=0\r\n",
        ),
        (LoginAnswer::Empty, ""),
    ];
    for (answer, expect) in cases {
        let mut desk = Desk::with(|knobs| knobs.login.answer = answer);
        let text = desk.log_in("gmiadmin", "admin");
        assert_eq!(
            text.replace(&desk.cookies["phonecookie"], "T"),
            expect,
            "{answer:?}"
        );
        assert!(desk.is_in(), "{answer:?}");
    }
}

#[test]
fn a_password_that_must_be_changed_is_told_in_each_form() {
    for (answer, part) in [
        (LoginAnswer::Lines, "needchange=1"),
        (LoginAnswer::Json, "\"defaultAuth\": true"),
        (
            LoginAnswer::JsonSidInBody,
            "\"role\": \"admin\", \"defaultAuth\": true",
        ),
    ] {
        let mut desk = Desk::with(|knobs| {
            knobs.login.answer = answer;
            knobs.login.must_change_password = true;
        });
        let text = desk.log_in("gmiadmin", "admin");
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn each_form_of_a_realm_holds_it_or_plainly_does_not() {
    for (body, prefix, suffix) in [
        (RealmBody::Plain, "", ""),
        (RealmBody::PlainCrlf, "", "\r\n"),
        (RealmBody::Quoted, "\"", "\""),
        (RealmBody::JsonString, "\"", "\""),
        (
            RealmBody::JsonBody,
            "{\"response\": \"success\", \"body\": \"",
            "\"}",
        ),
        (RealmBody::JsonRandom, "{\"random\": \"", "\"}"),
        (RealmBody::JsonRealm, "{\"realm\": \"", "\"}"),
    ] {
        let mut desk = Desk::with(|knobs| knobs.login.realm = body);
        let text = desk.text("loginrealm");
        let realm = text
            .strip_prefix(prefix)
            .and_then(|text| text.strip_suffix(suffix))
            .unwrap();
        assert_eq!(realm.len(), 16, "{body:?}");
        desk.log_in_with("gmiadmin", realm, "admin");
        assert!(desk.is_in(), "{body:?}");
    }
    for (body, part) in [
        (RealmBody::Html, "<html>"),
        (RealmBody::Error, "Response=Error"),
        (RealmBody::Garbage, "{[<"),
        (RealmBody::Empty, ""),
    ] {
        let mut desk = Desk::with(|knobs| knobs.login.realm = body);
        assert!(desk.text("loginrealm").contains(part), "{body:?}");
    }
}

#[test]
fn each_form_of_a_refusal_counts_as_it_says() {
    for (refusal, username, expect) in [
        (
            Refusal::WrongN,
            "gmiadmin",
            "{\"response\": \"error\", \"body\": \"wrong3\"}",
        ),
        (
            Refusal::Lines,
            "gmiadmin",
            "Response=Error\r\nMessage=Wrong Password\r\ntimes=2\r\n",
        ),
        (
            Refusal::Lines,
            "who",
            "Response=Error\r\nMessage=Invalid Username\r\ntimes=2\r\n",
        ),
        (
            Refusal::ResMsg,
            "gmiadmin",
            "{\"res\": \"error\", \"msg\": \"authentication failed\"}",
        ),
        (Refusal::Empty, "gmiadmin", ""),
    ] {
        let mut desk = Desk::with(|knobs| knobs.login.refusal = refusal);
        desk.log_in(username, "wrong");
        assert_eq!(desk.log_in(username, "wrong"), expect, "{refusal:?}");
        assert!(desk.cookies.is_empty() && desk.state.counters.refusals == 2);
    }
}

#[test]
fn each_form_of_a_lock_tells_its_time_or_type() {
    for (answer, until_reboot, expect) in [
        (
            LockedAnswer::Minutes,
            false,
            "\"body\": \"locked\", \"lockTime\": 5}",
        ),
        (
            LockedAnswer::Seconds,
            false,
            "\"body\": \"locked\", \"lockTime\": 300}",
        ),
        (
            LockedAnswer::Lines,
            false,
            "Response=Error\r\nMessage=Locked\r\nlocktype=1\r\n",
        ),
        (
            LockedAnswer::Lines,
            true,
            "Response=Error\r\nMessage=Locked\r\nlocktype=2\r\n",
        ),
    ] {
        let mut desk = Desk::with(|knobs| {
            knobs.lockout.answer = answer;
            knobs.lockout.until_reboot = until_reboot;
        });
        for _ in 0..5 {
            desk.log_in("gmiadmin", "wrong");
        }
        let text = desk.log_in("gmiadmin", "admin");
        assert!(text.ends_with(expect), "{text}");
    }
}

#[test]
fn a_session_needs_its_cookie_just_as_it_was_set() {
    let mut desk = Desk::with(|knobs| {
        let cookie = &mut knobs.session.cookie;
        cookie.quoted = true;
        cookie
            .companions
            .insert("session-role".into(), "admin".into());
        cookie.ballast = 5000;
    });
    desk.log_in("gmiadmin", "admin");
    assert_eq!(desk.cookies["ballast"].len(), 5000);
    desk.cookies.remove("ballast");
    assert!(desk.is_in());

    let quoted = desk.cookies["phonecookie"].clone();
    desk.cookies
        .insert("phonecookie".into(), quoted.trim_matches('"').to_owned());
    assert!(!desk.is_in(), "the quotes belong to the value");
    desk.cookies.insert("phonecookie".into(), quoted);
    let role = desk.cookies.remove("session-role").unwrap();
    assert!(!desk.is_in(), "the second cookie is missing");
    desk.cookies.insert("session-role".into(), role);
    assert!(desk.is_in());
}

#[test]
fn the_carrier_comes_when_and_as_it_is_set_to() {
    let mut desk = Desk::with(|knobs| knobs.session.cookie.given = Given::AtRealm);
    let realm = desk.text("loginrealm");
    let given = desk.cookies.clone();
    assert_eq!(given.len(), 1);
    assert!(!desk.is_in());
    desk.log_in_with("gmiadmin", &realm, "admin");
    assert_eq!(desk.cookies, given);
    assert!(desk.is_in());

    let mut desk = Desk::with(|knobs| {
        knobs.session.cookie.attributes = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly".into();
    });
    let realm = desk.text("loginrealm");
    let secret = digest(Hash::Md5, &format!("gmiadmin:{realm}:admin"));
    let response = desk.ask(&format!("login?Username=gmiadmin&Secret={secret}"));
    let set = response
        .headers
        .iter()
        .find(|(name, _)| *name == "Set-Cookie")
        .unwrap();
    assert!(
        set.1
            .ends_with("; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly"),
        "{}",
        set.1
    );
}

#[test]
fn a_told_sid_carries_the_session_in_the_query_or_a_cookie() {
    let mut desk = Desk::with(|knobs| {
        knobs.session.cookie.given = Given::Never;
        knobs.login.answer = LoginAnswer::JsonSidAsBody;
    });
    let answer: Value = serde_json::from_str(&desk.log_in("gmiadmin", "admin")).unwrap();
    let sid = answer["body"].as_str().unwrap().to_owned();
    assert!(desk.cookies.is_empty() && !desk.is_in());
    assert_eq!(desk.ask(&format!("api-get_time?sid={sid}")).status, 200);
    desk.cookies.insert("sid".into(), sid);
    assert!(desk.is_in());
    desk.state.behaviour.login.answer = LoginAnswer::Json;
    assert!(!desk.is_in(), "a phone that tells no sid takes none");
}

#[test]
fn a_renewed_cookie_ends_the_one_before() {
    let mut desk = Desk::with(|knobs| knobs.session.cookie.renewed = true);
    desk.log_in("gmiadmin", "admin");
    let first = desk.cookies.clone();
    assert!(desk.is_in() && desk.is_in());
    desk.cookies = first;
    assert!(!desk.is_in());
}

#[test]
fn a_second_login_ends_the_first_only_where_a_user_has_one_session() {
    for (per_user, stays) in [(PerUser::Many, true), (PerUser::One, false)] {
        let mut desk = Desk::with(|knobs| knobs.session.per_user = per_user);
        desk.log_in("gmiadmin", "admin");
        let first = desk.cookies.clone();
        desk.log_in("user", "123");
        let second = desk.cookies.clone();
        desk.log_in("gmiadmin", "admin");
        desk.cookies = first;
        assert_eq!(desk.is_in(), stays);
        desk.cookies = second;
        assert!(desk.is_in(), "the other user's session stays");
    }
}

#[test]
fn a_session_ends_by_age_and_only_real_use_keeps_it() {
    let age = Duration::from_mins(14);
    let mut desk = Desk::logged_in();
    desk.state.age_sessions(age);
    assert!(desk.is_in());
    desk.state.age_sessions(age);
    assert_eq!(
        desk.ask("api-get_accounts?update_session=false").status,
        200
    );
    desk.state.age_sessions(age);
    assert!(!desk.is_in());
    assert_eq!(desk.state.counters.denials, 1);
}

#[test]
fn a_denial_follows_the_endpoint_then_the_phone() {
    let mut desk = Desk::with(|knobs| {
        knobs.session.expired = Denial::SessionExpired;
        knobs
            .session
            .forbidden
            .insert(Endpoint::Lines, Denial::Status401);
        knobs.session.open.insert(Endpoint::Time);
    });
    desk.check(
        "api-get_phone_status",
        &json!({ "response": "success", "body": "unauthorized" }),
    );
    let expired = json!({ "response": "error", "body": { "status": "session-expired" } });
    desk.check("api-get_accounts", &expired);
    desk.check("api-get_line_status", &expired);
    assert_eq!(
        desk.ask("api-get_time").status,
        200,
        "an open endpoint needs no session"
    );
    desk.log_in("gmiadmin", "admin");
    assert_eq!(
        desk.ask("api-get_line_status").status,
        401,
        "forbidden under a fresh session"
    );
    assert!(desk.is_in());
}

#[test]
fn the_referer_gate_comes_before_all_else() {
    let mut desk = Desk::with(|knobs| knobs.session.referer_required = true);
    for (referer, status) in [
        ("", 403),
        ("Referer: http://other/\r\n", 403),
        ("Referer: phone\r\n", 403),
        ("Referer: http://phone/cgi-bin/x\r\n", 200),
        ("Referer: https://phone\r\n", 200),
    ] {
        desk.headers = referer.to_owned();
        assert_eq!(desk.ask("loginrealm").status, status, "{referer}");
    }
}

#[test]
fn what_the_firmware_lacks_is_not_found() {
    let mut desk = Desk::with(|knobs| {
        knobs.paths.missing.insert(Endpoint::Time);
        knobs.paths.values = ValuesPath::Dot;
    });
    for (path, status) in [
        ("api-get_time", 404),
        ("no_such", 404),
        ("api-values.get?request=68", 404),
        ("api.values.get?request=68", 200),
    ] {
        assert_eq!(desk.ask(path).status, status, "{path}");
    }
    desk.state.behaviour.paths.not_found = NotFound::CommandNotFound;
    desk.check(
        "no_such",
        &json!({ "res": "error", "msg": "command not found" }),
    );
    desk.state.behaviour.paths.values = ValuesPath::Both;
    assert_eq!(desk.ask("api-values.get?request=68").status, 200);
    desk.state.behaviour.paths.values = ValuesPath::Dash;
    desk.check(
        "api.values.get?request=68",
        &json!({ "res": "error", "msg": "command not found" }),
    );
}

#[test]
fn a_redirect_answers_everything() {
    for (redirect, status, location) in [
        (Redirect::Login, 302, "/login"),
        (Redirect::Https, 301, "https://phone/cgi-bin/loginrealm?x=1"),
    ] {
        let mut desk = Desk::with(|knobs| knobs.connection.redirect = Some(redirect));
        let response = desk.ask("loginrealm?x=1");
        assert_eq!(response.status, status);
        assert!(
            response
                .headers
                .contains(&("Location", location.to_owned())),
            "{response:?}"
        );
    }
}

#[test]
fn values_come_back_under_the_keys_that_were_asked() {
    let mut desk = Desk::logged_in();
    desk.check(
        "api-values.get?request=68:P68:vendor_name:1561:nothing:68%3AP2",
        &json!({ "response": "success", "body": {
            "68": "1.0.3.30", "P68": "1.0.3.30", "vendor_name": "Grandstream", "1561": "0",
            "nothing": "", "68:P2": "",
        } }),
    );
    desk.state.behaviour.values.unknown = UnknownValue::Missing;
    desk.check(
        "api-values.get?request=68:nothing",
        &json!({ "response": "success", "body": { "68": "1.0.3.30" } }),
    );
}

#[test]
fn without_a_session_few_values_are_told() {
    let mut desk = Desk::new();
    desk.check(
        "api-values.get?request=P67:phone_model:2:hw_rev",
        &json!({ "response": "success", "body": {
            "P67": "000B82A1B2C3", "phone_model": "GXV3370", "2": "", "hw_rev": "",
        } }),
    );
    desk.state.behaviour.values.open.clear();
    assert_eq!(desk.ask("api-values.get?request=68").status, 401);
}

#[test]
fn values_are_written_as_the_guide_spells_them_or_not_at_all() {
    let right = json!({ "response": "success", "body": { "status": "right" } });
    let mut desk = Desk::logged_in();
    desk.check("api-values.post?P64=CET&P47=a.example", &right);
    assert_eq!(desk.state.value("64").as_deref(), Some("CET"));
    assert_eq!(desk.state.accounts[0].server, "a.example");
    desk.check("api-values.post?P64=EST&65=1", &failed());
    desk.check("api-values.post", &failed());
    assert_eq!(desk.state.value("64").as_deref(), Some("CET"));
    desk.state.behaviour.values.writes_ignored = true;
    desk.check("api-values.post?P64=EST", &right);
    assert_eq!(desk.state.value("64").as_deref(), Some("CET"));
}

#[test]
fn the_role_user_is_refused_what_is_kept_for_admin() {
    let mut desk = Desk::new();
    desk.log_in("user", "123");
    for path in [
        "api-sys_operation?request=RESET",
        "api-sys_operation?request=PROV",
        "api-values.post?P2=x",
        "api-change_password?oldadmin=admin&P2=x",
    ] {
        assert_eq!(desk.ask(path).status, 401, "{path}");
    }
    assert!(desk.is_in());
    assert_eq!(desk.state.admin.password, "admin");
    desk.check(
        "api-sys_operation?request=REBOOT",
        &json!({ "response": "success", "body": "reset" }),
    );
    assert!(desk.state.is_away());
}

#[test]
fn a_password_changes_only_with_the_old_one_and_ends_other_sessions() {
    let mut desk = Desk::logged_in();
    let first = desk.cookies.clone();
    desk.log_in("gmiadmin", "admin");
    for path in [
        "api-change_password",
        "api-change_password?P2=new",
        "api-change_password?oldadmin=wrong&P2=new",
        "api-change_password?oldadmin=admin&P2=",
        "api-change_password?oldadmin=admin&P2=new&olduser=wrong&P196=new",
    ] {
        desk.check(path, &failed());
    }
    desk.check(
        "api-change_password?oldadmin=admin&P2=new&olduser=123&P196=456",
        &json!({ "response": "success", "body": { "status": "right" } }),
    );
    assert_eq!(
        (&*desk.state.admin.password, &*desk.state.user.password),
        ("new", "456")
    );
    assert!(desk.is_in());
    desk.cookies = first;
    assert!(!desk.is_in());
}

#[test]
fn contacts_are_saved_found_edited_and_deleted() {
    let mut desk = Desk::logged_in();
    desk.check("api-add_group?name=team", &done());
    desk.check(
        "api-save_edit_contact?firstname=Jack&lastname=Brown&newphone1=12&group=1",
        &done(),
    );
    desk.check(
        "api-save_edit_contact?firstname=Ann&newphone2=1&newphone3=2&newphone4=3&email=a@b",
        &done(),
    );
    let jack = json!({ "contactID": "0", "contactName": "Jack Brown", "groupID": "1",
        "work": "12", "home": "", "mobile": "", "fax": "", "email": "" });
    let ann = json!({ "contactID": "1", "contactName": "Ann", "groupID": "0",
        "work": "", "home": "1", "mobile": "2", "fax": "3", "email": "a@b" });
    let found = |contacts: Vec<&Value>| json!({ "res": "success", "msg": contacts });
    for (query, contacts) in [
        ("", vec![&jack, &ann]),
        ("?contactid=", vec![&jack, &ann]),
        ("?contactid=0", vec![&jack]),
        ("?contactid=9", vec![]),
        ("?contactname=ck+B", vec![&jack]),
        ("?groupid=0", vec![&ann]),
        ("?groupid=0&contactname=Jack", vec![]),
    ] {
        desk.check(&format!("api-get_contacts{query}"), &found(contacts));
    }
    desk.check("api-save_edit_contact?id=0&newphone1=99", &done());
    let edited = desk.json("api-get_contacts?contactid=0");
    assert_eq!(
        (&edited["msg"][0]["work"], &edited["msg"][0]["contactName"]),
        (&json!("99"), &json!("Jack Brown"))
    );
    for path in [
        "api-save_edit_contact?newphone1=1",
        "api-save_edit_contact?id=7&firstname=x",
        "api-save_edit_contact?id=x&firstname=x",
        "api-save_edit_contact?firstname=x&group=55",
        "api-save_edit_contact?firstname=x&group=x",
        "api-delete_contact?id=7",
        "api-delete_contact",
    ] {
        desk.check(path, &failed());
    }
    desk.check("api-delete_contact?id=0", &done());
    desk.check("api-get_contacts", &found(vec![&ann]));
    desk.check("api-delete_all_contact", &done());
    desk.check("api-get_contacts", &found(vec![]));
}

#[test]
fn groups_are_listed_renamed_and_deleted() {
    let mut desk = Desk::logged_in();
    desk.check("api-add_group?name=team", &done());
    desk.check("api-add_group?name=team", &failed());
    desk.check("api-add_group", &failed());
    let team =
        |name: &str| json!({ "res": "success", "msg": [{ "groupID": "1", "groupName": name }] });
    desk.check("api-get_groups?Id=1", &team("team"));
    desk.check("api-edit_delete_group?id=1&name=crew", &done());
    desk.check("api-get_groups?id=1", &team("crew"));
    desk.check("api-save_edit_contact?firstname=Ann&group=1", &done());
    desk.check("api-edit_delete_group?id=1&name=", &done());
    desk.check("api-edit_delete_group?id=1&name=", &failed());
    desk.check("api-edit_delete_group?name=x", &failed());
    desk.check(
        "api-get_groups",
        &json!({ "res": "success", "msg": [
            { "groupID": "0", "groupName": "default" }, { "groupID": "100", "groupName": "blacklist" },
        ] }),
    );
    assert_eq!(desk.json("api-get_contacts")["msg"][0]["groupID"], "0");
}

#[test]
fn the_phonebook_is_xml_whatever_the_names_hold() {
    let mut desk = Desk::logged_in();
    for text in hostile::texts().iter().filter(|text| text.len() < 100) {
        desk.check(
            &format!(
                "api-save_edit_contact?firstname={}&newphone4=7",
                escape(text)
            ),
            &done(),
        );
    }
    let document = desk.text("phonebook_download");
    assert!(document.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AddressBook>"));
    assert!(document.contains("<pbgroup>\n<id>100</id>\n<name>blacklist</name>\n</pbgroup>"));
    assert!(
        document
            .contains("<FirstName>&lt;script&gt;alert('x')&lt;/script&gt;&amp;amp;</FirstName>")
    );
    assert!(document.contains("<Phone type=\"Work Fax\">\n<phonenumber>7</phonenumber>"));
    let is_text = |letter: char| letter >= ' ' || matches!(letter, '\t' | '\n');
    assert!(document.chars().all(is_text), "no control character is XML");
}

#[test]
fn accounts_are_told_in_each_style() {
    let mut desk = Desk::logged_in();
    desk.state.accounts[1].reg = 7;
    let accounts = desk.json("api-get_accounts");
    assert_eq!(accounts["body"].as_array().unwrap().len(), 16);
    assert_eq!(
        accounts["body"][1],
        json!({ "id": 2, "sip_server": "pbx.example.com", "sip_id": "700", "name": "700", "reg": 7 }),
    );
    assert_eq!(accounts["body"][15]["sip_server"], "");
    for query in ["?registered=1", "?registered=true"] {
        let registered = desk.json(&format!("api-get_accounts{query}"));
        assert_eq!(registered["body"].as_array().unwrap().len(), 1, "{query}");
    }
    for (style, first, second) in [
        (RegStyle::Text, json!("1"), json!("7")),
        (RegStyle::Bool, json!(true), json!(false)),
        (
            RegStyle::Words,
            json!("Registered"),
            json!("Not Registered"),
        ),
    ] {
        desk.state.behaviour.readings.reg = style;
        let body = &desk.json("api-get_accounts")["body"];
        assert_eq!(
            (&body[0]["reg"], &body[1]["reg"]),
            (&first, &second),
            "{style:?}"
        );
    }
    desk.state.behaviour.readings.hides_blank_accounts = true;
    desk.state.behaviour.readings.account_extras = true;
    desk.state.accounts[0].active = false;
    let body = &desk.json("api-get_accounts")["body"];
    assert_eq!(body.as_array().unwrap().len(), 2);
    assert_eq!(
        (&body[0]["reg"], &body[0]["auto_cfg"]),
        (&json!("Not Registered"), &json!(0))
    );
}

#[test]
fn lines_are_told_in_each_style() {
    let mut desk = Desk::logged_in();
    desk.state.lines[1].ring("Ann", "12");
    desk.state.lines[1].accept();
    let line = |desk: &mut Desk| desk.json("api-get_line_status?line=1")["body"][0].clone();
    assert_eq!(
        line(&mut desk),
        json!({ "line": 2, "state": "4", "acct": "0", "name": "Ann", "number": "12", "active": 1 }),
    );
    let knobs = &mut desk.state.behaviour.readings;
    knobs.line_state = LineState::Number;
    knobs.line_account = LineAccount::Number;
    knobs.line_active = LineActive::Text;
    assert_eq!(
        line(&mut desk),
        json!({ "line": 2, "state": 4, "acct": 0, "name": "Ann", "number": "12", "active": "1" }),
    );
    let knobs = &mut desk.state.behaviour.readings;
    knobs.line_state = LineState::Words;
    knobs.line_account = LineAccount::Blank;
    knobs.line_active = LineActive::Zero;
    knobs.line_party = LineParty::RemoteNameNumber;
    assert_eq!(
        line(&mut desk),
        json!({ "line": 2, "conf": 0, "state": "connected", "acct": "", "active": 0,
            "remotename": "Ann", "remotenumber": "12" }),
    );
    for (query, count) in [("", 4), ("?line=-1", 4), ("?line=0", 1), ("?line=3", 1)] {
        let lines = desk.json(&format!("api-get_line_status{query}"));
        assert_eq!(lines["body"].as_array().unwrap().len(), count, "{query}");
    }
    desk.check("api-get_line_status?line=4", &failed());
    desk.check("api-get_line_status?line=x", &failed());
}

#[test]
fn the_status_follows_accounts_and_lines_or_the_knob() {
    let mut desk = Desk::logged_in();
    let mut check = |word: &str, change: fn(&mut State)| {
        change(&mut desk.state);
        let answer = desk.json("api-get_phone_status");
        assert_eq!(
            answer,
            json!({ "response": "success", "body": word, "misc": "0" })
        );
    };
    check("available", |_| ());
    check("busy", |state| state.lines[0].state = Line::HOLD);
    check("ringing", |state| state.lines[1].ring("", "1"));
    check("unavailable", |state| {
        state.lines.clear();
        state.accounts.clear();
    });
    check("preview", |state| {
        state.behaviour.readings.phone_status = Some("preview".into());
    });
    desk.state.set_value("1561", "1");
    desk.state.behaviour.readings.session_expiring = true;
    let answer = desk.json("api-get_phone_status");
    assert_eq!(
        (&answer["misc"], &answer["session_expiring"]),
        (&json!("1"), &json!(false))
    );
}

#[test]
fn the_time_is_told_in_each_form() {
    let mut desk = Desk::logged_in();
    desk.state.set_uptime(Duration::from_secs(1_821_023));
    let uptime = " 21 days, 1 hour, 50 minutes, 23seconds";
    desk.check(
        "api-get_time",
        &json!({ "date": "Tue 08/30/2016", "time": " 11:30AM", "uptime": uptime }),
    );
    desk.state.clock_ahead = jiff::SignedDuration::from_hours(12);
    for (date, hours, expect_date, expect_time) in [
        (
            DateOrder::MonthFirst,
            Hours::Twelve,
            "Tue 08/30/2016",
            " 11:30PM",
        ),
        (
            DateOrder::DayFirst,
            Hours::TwentyFour,
            "Tue 30/08/2016",
            "23:30",
        ),
        (
            DateOrder::YearFirst,
            Hours::TwentyFour,
            "2016-08-30 Tue",
            "23:30",
        ),
    ] {
        desk.state.behaviour.readings.date = date;
        desk.state.behaviour.readings.hours = hours;
        let answer = desk.json("api-get_time");
        assert_eq!(
            (&answer["date"], &answer["time"]),
            (&json!(expect_date), &json!(expect_time))
        );
    }
    desk.state.behaviour.readings.time = TimeBody::Enveloped;
    assert_eq!(desk.json("api-get_time")["body"]["uptime"], uptime);
    desk.state.behaviour.readings.time = TimeBody::TimeOnly;
    desk.check(
        "api-get_time",
        &json!({ "response": "success", "body": { "time": "2016-08-30 23:30:00" } }),
    );
}

#[test]
fn a_call_is_dialled_answered_held_and_ended() {
    let mut desk = Desk::logged_in();
    let state =
        |desk: &mut Desk| desk.json("api-get_line_status?line=0")["body"][0]["state"].clone();
    desk.check("api-make_call?phonenumber=123456&account=1", &done());
    desk.state.advance(Duration::ZERO);
    assert_eq!(state(&mut desk), "3");
    desk.state.advance(Duration::ZERO);
    assert_eq!(state(&mut desk), "4");
    let handled = json!({ "response": "success", "body": "true" });
    desk.check("api-phone_operation?cmd=holdcall&line=0", &handled);
    assert_eq!(state(&mut desk), "5");
    desk.check("api-phone_operation?cmd=endcall&Line=0", &handled);
    assert_eq!(state(&mut desk), "0");
    desk.check("api-phone_operation?cmd=endcall&line=0", &failed());
    for (command, expect) in [("acceptcall", "4"), ("rejectcall", "0")] {
        desk.state.lines[0].ring("", "1");
        desk.check(
            &format!("api-phone_operation?cmd={command}&line=0"),
            &handled,
        );
        assert_eq!(state(&mut desk), expect, "{command}");
    }
    desk.check("api-phone_operation?cmd=endcall&line=9", &failed());
    desk.check("api-phone_operation?cmd=endcall", &failed());
    desk.check(
        "api-phone_operation?cmd=dance&line=0",
        &json!({ "response": "error", "body": "unknown" }),
    );
}

#[test]
fn a_call_needs_a_number_a_registered_account_and_a_free_line() {
    let mut desk = Desk::logged_in();
    desk.check("api-make_call?account=0", &failed());
    for account in ["2", "16", "-1", "x"] {
        desk.check(
            &format!("api-make_call?phonenumber=1&account={account}"),
            &failed(),
        );
    }
    for _ in 0..4 {
        desk.check("api-make_call?phonenumber=1", &done());
    }
    desk.check("api-make_call?phonenumber=1", &failed());
}

#[test]
fn a_dialled_call_can_be_answered_by_time() {
    let mut desk = Desk::logged_in();
    desk.state.behaviour.actions.answered_after = Some(Duration::from_secs(3));
    desk.check("api-make_call?phonenumber=1", &done());
    desk.state.advance(Duration::from_secs(2));
    assert_eq!(desk.state.lines[0].state, Line::CALLING);
    desk.state.advance(Duration::from_secs(3));
    assert_eq!(desk.state.lines[0].state, Line::IN_CALL);
}

#[test]
fn system_operations_do_what_they_say() {
    let answer = json!({ "response": "success", "body": "savereboot" });
    for (request, is_away) in [("REBOOT", true), ("RESET", true), ("PROV", false)] {
        let mut desk = Desk::logged_in();
        desk.state.behaviour.actions.acknowledgement = "savereboot".into();
        desk.state.staged.values.insert("64".into(), "CET".into());
        desk.check(&format!("api-sys_operation?request={request}"), &answer);
        assert_eq!(desk.state.is_away(), is_away, "{request}");
        let has_new_values = desk.state.value("64").as_deref() == Some("CET");
        assert_eq!(has_new_values, request == "PROV");
    }
    let mut desk = Desk::logged_in();
    desk.check(
        "api-sys_operation?request=DANCE",
        &json!({ "response": "error", "body": "unknown" }),
    );
}

#[test]
fn an_endpoint_can_speak_lines() {
    let mut desk = Desk::logged_in();
    desk.state.behaviour.text.lines.insert(Endpoint::Values);
    assert_eq!(
        desk.text("api-values.get?request=68:vendor_name"),
        "response=success\r\nbody.68=1.0.3.30\r\nbody.vendor_name=Grandstream\r\n",
    );
}
