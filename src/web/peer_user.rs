//! The user name that is recorded for a change.
//!
//! A user of the listener has the name of the login. A user of this machine has the name that
//! `/etc/passwd` lists for the uid of the peer, or `uid N` where it lists none, as for users of a
//! directory service. A name in the request itself is never used.

use std::io::{self, Read};

use super::access::Actor;

/// Where users of this machine are named.
const PASSWD: &str = "/etc/passwd";

/// As much of it is read: some ten thousand users.
const MAX_PASSWD: u64 = 1 << 20;

/// The name of `actor`: `anna`, or `uid 1000` where the number has none.
pub(super) async fn name_of(actor: Actor) -> Box<str> {
    let uid = match actor {
        Actor::User(name) => return name,
        Actor::Local { uid } => uid,
    };
    let read = tokio::task::spawn_blocking(read).await;
    let passwd = read.unwrap_or_else(|panic| Err(io::Error::other(panic)));
    let name = passwd
        .ok()
        .and_then(|passwd| login_name(&passwd, uid).map(Into::into));
    name.unwrap_or_else(|| format!("uid {uid}").into())
}

fn read() -> io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(PASSWD)?;
    file.take(MAX_PASSWD).read_to_string(&mut text)?;
    Ok(text)
}

/// The name of this user in a text as `passwd(5)` describes it.
fn login_name(passwd: &str, uid: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_first_name_that_is_listed_for_it() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\n\
                      # a remark\n:x:7::\nshort:x\n\
                      anna:x:1000:1000:Anna:/home/anna:/bin/sh\nalias:x:1000:1000::/:/bin/sh\n";
        assert_eq!(login_name(passwd, 0), Some("root"));
        assert_eq!(login_name(passwd, 1000), Some("anna"));
        assert_eq!(login_name(passwd, 7), None);
        assert_eq!(login_name(passwd, 100), None);
    }
}
