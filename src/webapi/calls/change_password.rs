//! Guide: Change Password.
//!
//! The old password goes along, and the role user may change its own only. Both stand in the query.

use secrecy::SecretString;

use crate::webapi::call::{Call, Query};

/// Whose password changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The administrator's, P2.
    Admin,
    /// The user's, P196.
    User,
}

/// Changes a password from `old` to `new`.
pub fn call(role: Role, old: &SecretString, new: &SecretString) -> Call<()> {
    let (old_key, new_key) = match role {
        Role::Admin => ("oldadmin", "P2"),
        Role::User => ("olduser", "P196"),
    };
    Query::of("api-change_password")
        .with_secret(old_key, old)
        .with_secret(new_key, new)
        .writes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_guide_is_sent_a_role_at_a_time_and_masked() {
        let admin = call(Role::Admin, &"admin".into(), &"newadmin".into());
        let user = call(Role::User, &"123".into(), &"123456".into());
        assert_eq!(
            admin.line().wire,
            "/cgi-bin/api-change_password?oldadmin=admin&P2=newadmin"
        );
        assert_eq!(
            user.line().wire,
            "/cgi-bin/api-change_password?olduser=123&P196=123456"
        );
        assert_eq!(
            admin.shown(),
            "/cgi-bin/api-change_password?oldadmin=(secret)&P2=(secret)"
        );
    }
}
