//! Identifiers, each its own type so that none can stand in for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 64 characters of a-z, A-Z, 0-9, '-' and '_', got {0:?}")]
pub struct IdError(String);

/// Longest identifier taken from outside, in bytes. Keystone's own columns hold 64.
const MAX_ID: usize = 64;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// A new random identifier in Keystone's form: 32 lower-case hex digits.
            pub fn random() -> Self {
                Self(Uuid::new_v4().simple().to_string().into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
                if (1..=MAX_ID).contains(&text.len()) && text.bytes().all(legal) {
                    Ok(Self(text.into()))
                } else {
                    Err(IdError(text.chars().take(MAX_ID).collect()))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A project (a tenant), as Keystone names it. Servers belong to one.
    ProjectId
}
text_id! {
    /// A user, as Keystone names it.
    UserId
}
text_id! {
    /// An identity domain: the name space of users and projects.
    DomainId
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new random identifier.
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

uuid_id! {
    /// A server (a virtual machine), as the compute API names it.
    ServerId
}
uuid_id! {
    /// One live connection from a browser to a back end.
    SessionId
}

impl ServerId {
    /// Reads the one spelling that Nova finds a server by: lower case with dashes.
    pub fn from_canonical(text: &str) -> Option<Self> {
        let id: Self = text.parse().ok()?;
        (id.to_string() == text).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ids_refuse_what_could_break_a_path_or_a_log_line() {
        for bad in ["", "a/b", "a b", "a\n", "é", &"x".repeat(65)] {
            assert!(bad.parse::<ProjectId>().is_err(), "{bad:?}");
        }
        assert_eq!("default".parse::<DomainId>().unwrap().as_str(), "default");
        assert_eq!(UserId::random().as_str().len(), 32);
    }

    #[test]
    fn a_server_is_found_by_its_canonical_spelling_only() {
        let canonical = "47e9be4e-a7b9-471f-92d9-ffc83814e07a";
        assert!(ServerId::from_canonical(canonical).is_some());
        assert!(ServerId::from_canonical(&canonical.to_uppercase()).is_none());
        assert!(ServerId::from_canonical(&canonical.replace('-', "")).is_none());
    }
}
