//! Knobs of the digest login: what the phone asks for, what it answers, and when it locks.
//!
//! The guide says how the digest is made and nothing of the answers, so most of these forms are
//! those of the vendor's other phones and of their web pages.

use std::time::Duration;

use serde::Deserialize;

use crate::sim::human;

/// The digest login of the guide's section "Web authentication".
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Login {
    /// What joins user, realm and password before hashing.
    pub separator: Separator,
    /// The hash of the joined text.
    pub hash: Hash,
    /// The body of `loginrealm`.
    pub realm: RealmBody,
    /// The body of a login that succeeded.
    pub answer: LoginAnswer,
    /// The body of a login that was refused.
    pub refusal: Refusal,
    /// What comes in place of a verdict, as from a phone whose login service has not started.
    pub instead: Option<Instead>,
    /// At how many logins, before they are judged. Zero: at each.
    pub instead_times: u64,
    /// The default password must be changed. Told by the answers that have a place for it:
    /// `needchange=1` in lines, `defaultAuth` beside `body.sid`. The login works all the same.
    pub must_change_password: bool,
    /// A login sooner than this after the last one is refused unread, and not counted. Zero: off.
    #[serde(deserialize_with = "human::duration")]
    pub min_gap: Duration,
}

/// What joins user, realm and password before hashing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Separator {
    /// `user:realm:password`: later editions of the guide, real phones.
    #[default]
    Colon,
    /// `user.realm.password`: the edition of 2021.
    Dot,
    /// Either of the two.
    Either,
}

impl Separator {
    /// The texts that may stand between the parts.
    pub(in crate::sim) fn texts(self) -> &'static [&'static str] {
        match self {
            Self::Colon => &[":"],
            Self::Dot => &["."],
            Self::Either => &[":", "."],
        }
    }
}

/// The hash of the joined text, as lower-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hash {
    /// MD5, as the guide has it.
    #[default]
    Md5,
    /// SHA-256, as the web page of newer firmware has it.
    Sha256,
}

/// The body of `loginrealm`. The last four are no realm at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RealmBody {
    /// The bare text.
    #[default]
    Plain,
    /// The bare text and a line end of CR LF.
    PlainCrlf,
    /// The text in double quotes, as `text/plain`.
    Quoted,
    /// A JSON string.
    JsonString,
    /// `{"response":"success","body":"…"}`.
    JsonBody,
    /// `{"random":"…"}`.
    JsonRandom,
    /// `{"realm":"…"}`.
    JsonRealm,
    /// A login page.
    Html,
    /// `Response=Error` lines.
    Error,
    /// Bytes without meaning.
    Garbage,
    /// Nothing.
    Empty,
}

/// The body of a login that succeeded. Whether a cookie comes with it says
/// [`Cookie::given`](super::session::Cookie::given).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginAnswer {
    /// `{"response":"success","body":""}`.
    #[default]
    Json,
    /// The session's id as the text of `body`.
    JsonSidAsBody,
    /// The session's id as `body.sid`.
    JsonSidInBody,
    /// The session's id as `sid` beside `body`.
    JsonSidBeside,
    /// `{"res":"success","msg":"authentication accepted"}`.
    ResMsg,
    /// `Response=Success`, `ver` and `needchange` in lines that end with CR LF.
    Lines,
    /// Nothing.
    Empty,
}

impl LoginAnswer {
    /// Whether the answer tells the session's id, which may then come back as `sid`.
    pub(in crate::sim) fn tells_sid(self) -> bool {
        match self {
            Self::JsonSidAsBody | Self::JsonSidInBody | Self::JsonSidBeside => true,
            Self::Json | Self::ResMsg | Self::Lines | Self::Empty => false,
        }
    }
}

/// The body of a login that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// `{"response":"error","body":"wrongN"}`, N attempts left.
    #[default]
    WrongN,
    /// `Response=Error`, a message, and `times` failures so far, in lines.
    Lines,
    /// `{"res":"error","msg":"authentication failed"}`.
    ResMsg,
    /// 200 without a body and without a cookie.
    Empty,
    /// 200 with the login page.
    LoginPage,
}

/// What comes in place of a verdict. But for the last two the digest is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instead {
    /// 302 to `/`.
    Redirect,
    /// 302 to `/login`.
    RedirectToLogin,
    /// 301 to the same path over HTTPS.
    RedirectToHttps,
    /// 200 with a page that says "please wait".
    Page,
    /// 200 with the login page.
    LoginPage,
    /// 200 without a body and without a cookie.
    Empty,
    /// 204.
    NoContent,
    /// 404 with a page.
    NotFound,
    /// 500 with a page.
    ServerError,
    /// 503 with a page.
    Unavailable,
    /// `{"res":"error","msg":"phone rebooting"}`.
    Rebooting,
    /// `Response=Error` and `Message=Rebooting` in lines.
    RebootingLines,
    /// 200 with bytes without meaning.
    Garbage,
    /// The answer of an accepted login, whose session has ended by then.
    SessionLost,
    /// The same without a word of success: a cookie alone.
    SessionLostUnsaid,
}

impl Instead {
    /// Every form, for tests that go through all of them.
    pub const ALL: [Self; 15] = [
        Self::Redirect,
        Self::RedirectToLogin,
        Self::RedirectToHttps,
        Self::Page,
        Self::LoginPage,
        Self::Empty,
        Self::NoContent,
        Self::NotFound,
        Self::ServerError,
        Self::Unavailable,
        Self::Rebooting,
        Self::RebootingLines,
        Self::Garbage,
        Self::SessionLost,
        Self::SessionLostUnsaid,
    ];
}

/// When too many refused logins lock the phone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lockout {
    /// The refusal that locks, counted from 1 since the last login that was accepted. Zero: never.
    pub after: u32,
    /// How long a lock lasts.
    #[serde(deserialize_with = "human::duration")]
    pub lasts: Duration,
    /// Lock type 2: the lock lasts until the phone reboots, whatever `lasts` says.
    pub until_reboot: bool,
    /// The body of a login while the phone is locked.
    pub answer: LockedAnswer,
}

impl Default for Lockout {
    fn default() -> Self {
        Self {
            after: 5,
            lasts: Duration::from_mins(5),
            until_reboot: false,
            answer: LockedAnswer::default(),
        }
    }
}

/// The body of a login while the phone is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockedAnswer {
    /// `{"response":"error","body":"locked","lockTime":N}`, N in minutes.
    #[default]
    Minutes,
    /// The same, N in seconds.
    Seconds,
    /// `Response=Error`, `Message=Locked`, `locktype` 1 or 2, in lines.
    Lines,
}
