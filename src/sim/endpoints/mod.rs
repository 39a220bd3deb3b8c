//! The endpoints of the guide: one table, one file a family, each a pure function of request and
//! state.
//!
//! What all of them have in common is in `gate`. A new endpoint is a row of the table and its
//! handler.

mod accounts;
pub(super) mod answer;
mod calls;
mod contacts;
#[cfg(test)]
mod desk;
mod gate;
mod groups;
mod lines;
mod login;
mod password;
mod phonebook;
mod session;
mod status;
mod system;
mod values;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use self::answer::Answer;
pub(super) use self::gate::respond;
pub(super) use self::values::crashes;
use super::auth::Role;
use super::state::State;
use super::wire::Request;

/// What a handler may know of the request.
struct Call<'a> {
    request: &'a Request,
    /// Whose session it came under; always there for a handler behind [`Access::Session`], unless
    /// a knob opens the endpoint.
    caller: Option<Caller>,
}

/// Whose session a request came under.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Caller {
    token: String,
    role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// The handler sees to it itself.
    Anyone,
    Session,
}

/// One row of the table.
struct Row {
    name: &'static str,
    access: Access,
    handle: fn(&Call<'_>, &mut State) -> Answer,
}

/// Makes [`Endpoint`] and its table of one list, so that neither can lack what the other has.
macro_rules! endpoints {
    ($($variant:ident $name:literal $access:ident $handle:path,)*) => {
        /// The endpoints of the guide.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Endpoint {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Endpoint {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            const fn row(self) -> Row {
                match self {
                    $(Self::$variant => Row {
                        name: $name,
                        access: Access::$access,
                        handle: $handle,
                    },)*
                }
            }
        }
    };
}

endpoints! {
    Realm "loginrealm" Anyone login::realm,
    Login "login" Anyone login::login,
    Values "api-values.get" Anyone values::get,
    PostValues "api-values.post" Session values::post,
    ChangePassword "api-change_password" Session password::change,
    Contacts "api-get_contacts" Session contacts::list,
    SaveContact "api-save_edit_contact" Session contacts::save,
    DeleteContact "api-delete_contact" Session contacts::delete,
    DeleteAllContacts "api-delete_all_contact" Session contacts::clear,
    AddGroup "api-add_group" Session groups::add,
    Groups "api-get_groups" Session groups::list,
    EditGroup "api-edit_delete_group" Session groups::edit,
    Accounts "api-get_accounts" Session accounts::list,
    Lines "api-get_line_status" Session lines::list,
    PhoneStatus "api-get_phone_status" Session status::phone,
    Time "api-get_time" Session status::time,
    MakeCall "api-make_call" Session calls::make,
    PhoneOperation "api-phone_operation" Session calls::operate,
    SystemOperation "api-sys_operation" Session system::operate,
    PhonebookDownload "phonebook_download" Session phonebook::download,
}

const BASE: &str = "/cgi-bin/";

/// The second name of [`Endpoint::Values`], which a knob turns on.
const DOTTED_VALUES: &str = "api.values.get";

impl Endpoint {
    /// Its name below `/cgi-bin/`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The endpoint that a path names.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        Self::of_name(path.strip_prefix(BASE)?)
    }

    fn of_name(name: &str) -> Option<Self> {
        let name = if name == DOTTED_VALUES {
            Self::Values.name()
        } else {
            name
        };
        Self::ALL
            .iter()
            .copied()
            .find(|endpoint| endpoint.name() == name)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    /// By its name below `/cgi-bin/`.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Self::of_name(&name).ok_or_else(|| D::Error::custom(format!("no endpoint `{name}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_found_by_its_own_name() {
        for endpoint in Endpoint::ALL {
            let path = format!("/cgi-bin/{}", endpoint.name());
            assert_eq!(Endpoint::of_path(&path), Some(*endpoint));
        }
        assert_eq!(Endpoint::of_path("/cgi-bin/"), None);
        assert_eq!(Endpoint::of_path("/api-get_time"), None);
    }
}
