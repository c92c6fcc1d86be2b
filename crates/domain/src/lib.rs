//! The words and rules of Oriel, without I/O.
//!
//! Everything here is a noun of the project: who asks ([`Principal`]), for what ([`Server`],
//! [`ConsoleKind`]), what they get ([`Grant`], [`ConsoleToken`]) and how a session ends
//! ([`EndReason`]). No HTTP, no SQL and no socket: both planes and the store build on these types.

mod access_key;
mod console;
mod grant;
mod id;
mod principal;
mod secret;
mod security;
mod server;
mod session;

pub use access_key::{AccessKeyId, NotAnAccessKey, SecretKey};
pub use console::{Address, AddressError, BackEnd, ConsoleKind, ConsoleKinds, Protocol, UnknownConsoleKind};
pub use grant::{Grant, RefusedToken, UnknownViewerRole, Uses, ViewerRole};
pub use id::{DomainId, IdError, ProjectId, ServerId, SessionId, UserId};
pub use principal::{DomainRef, Evidence, Principal, ProjectRef, Role, Roles, UnknownRole, UserRef};
pub use secret::{AuthToken, ConsoleToken, Digest, LoginKey, NotAToken, ResumeSecret, hex};
pub use security::{
    BackEndSecurity, ClientCertificate, NoName, PasswordSource, SecurityScheme, UnusableSecurity,
};
pub use server::{Flavor, Server, ServerDetails, ServerStatus, TaskState, UnknownStatus};
pub use session::{EndReason, Fault};
