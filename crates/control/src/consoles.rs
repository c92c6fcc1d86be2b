//! The one operation of the control plane: a principal asks for a console of a server and gets a
//! grant with its link. Every dialect ends here, and the rules live here and in [`policy`].
//!
//! [`policy`]: crate::policy

mod links;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use oriel_domain::{
    BackEnd, ConsoleKind, ConsoleKinds, ConsoleToken, Digest, Grant, Principal, ProjectId, Server, ServerId,
    ServerStatus, TaskState, Uses, ViewerRole,
};
use oriel_inventory::Inventory;
use oriel_store::{Store, StoreError};
use time::{Duration, OffsetDateTime};

pub use self::links::{ConsoleLink, LinkForm};
use crate::policy::{Forbidden, Policy, Rule, Target};

/// What an operator decides about grants and links.
#[derive(Debug, Clone)]
pub struct ConsoleSettings {
    /// The kinds of console that are served.
    pub links: BTreeMap<ConsoleKind, ConsoleLink>,
    /// Where a person is sent instead, of a kind whose link is made for programs, by dialects that leave it open.
    pub pages: BTreeMap<ConsoleKind, ConsoleLink>,
    /// The gateway's bare WebSocket, for clients that are not Oriel's page.
    pub socket: ConsoleLink,
    /// How long a token opens its console.
    pub ttl: Duration,
    /// How often it does.
    pub uses: Uses,
}

/// A console that was granted.
#[derive(Debug)]
pub struct GrantedConsole {
    /// The link that opens it. It carries the token: never log it.
    pub url: String,
    /// When the link stops working.
    pub expires_at: OffsetDateTime,
}

/// Why no console was granted, or nothing of it shown.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The operator does not serve this kind.
    #[error("consoles of type {0} are not served here")]
    NotServed(ConsoleKind),
    /// The server is on no host yet, or on none any more, or does not run there.
    #[error("server {0} is not ready")]
    NotReady(ServerId),
    /// The server is going away or moving.
    #[error("server {server} is {state}")]
    Busy {
        /// The server.
        server: ServerId,
        /// What is being done to it.
        state: TaskState,
    },
    /// The hypervisor does not have the server any more.
    #[error("the host does not have server {0}")]
    Gone(ServerId),
    /// The server has no console of any kind.
    #[error("server {0} has no console")]
    NoConsoles(ServerId),
    /// The server has consoles, but none of this kind.
    #[error("the server has no {0} console")]
    NoSuchConsole(ConsoleKind),
    /// Nothing keeps what the server says on its serial line.
    #[error("nothing keeps the output of server {0}")]
    NoOutput(ServerId),
    /// The file that keeps it could not be read.
    #[error("the output of server {server} could not be read: {source}")]
    Output {
        /// The server.
        server: ServerId,
        /// What the system said.
        source: io::Error,
    },
    /// A rule keeps consoles of this kind from the principal.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// While the request was under way, the token was revoked or the user lost the role.
    #[error("whoever asked has lost access meanwhile")]
    AccessLost,
    /// The grant could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a console token stands for, and where its back end is now.
#[derive(Debug)]
pub struct Authorized {
    /// What may be opened.
    pub grant: Grant,
    /// The back end of that console.
    pub back_end: BackEnd,
}

/// Servers, and the granting of their consoles.
#[derive(Debug)]
pub struct Consoles {
    inventory: Inventory,
    store: Store,
    policy: Arc<Policy>,
    settings: ConsoleSettings,
}

/// Most of a server's output that is read, in bytes: Nova's own bound.
const MAX_OUTPUT: u64 = 100 * 1024;

impl Consoles {
    pub(crate) fn new(
        inventory: Inventory,
        store: Store,
        policy: Arc<Policy>,
        settings: ConsoleSettings,
    ) -> Self {
        Self {
            inventory,
            store,
            policy,
            settings,
        }
    }

    /// The server, as far as this principal may know of it: another project's server is as
    /// absent as one that never was.
    pub fn server(&self, principal: &Principal, id: ServerId) -> Option<Arc<Server>> {
        let server = self.inventory.server(id)?;
        (principal.is_in(&server.project) || self.policy.is_admin(principal)).then_some(server)
    }

    /// The servers of this project, or of every one.
    pub fn servers(&self, project: Option<&ProjectId>) -> Vec<Arc<Server>> {
        self.inventory.servers(project)
    }

    /// Whether the operator serves consoles of any kind over this protocol.
    pub fn serves(&self, protocol: &str) -> bool {
        self.settings
            .links
            .keys()
            .any(|kind| kind.protocol().name() == protocol)
    }

    fn serves_kind(&self, kind: ConsoleKind) -> bool {
        self.settings.links.contains_key(&kind)
    }

    /// The kinds of console of a server that this principal can open in a browser.
    pub fn openable(&self, principal: &Principal, server: &Server) -> impl Iterator<Item = ConsoleKind> {
        let target = Target::of(server);
        let any = self.policy.check(Rule::RemoteConsoles, principal, target).is_ok();
        let all = server.consoles.keys().copied();
        all.filter(move |&kind| {
            let link = self.page_link(kind);
            any && link.is_some_and(|link| link.base_url.scheme().starts_with("http"))
                && self.may_open(principal, server, kind).is_ok()
        })
    }

    /// Whether the rules let the principal have consoles of this kind at all.
    fn may_open(&self, principal: &Principal, server: &Server, kind: ConsoleKind) -> Result<(), Forbidden> {
        self.policy
            .check(Rule::of_console(kind), principal, Target::of(server))
    }

    /// The link to a console of this kind that people open, where it is served.
    fn page_link(&self, kind: ConsoleKind) -> Option<&ConsoleLink> {
        let settings = &self.settings;
        settings.pages.get(&kind).or_else(|| settings.links.get(&kind))
    }

    /// Whether the server is in a state to open a console of it at all.
    pub fn check_ready(&self, server: &Server) -> Result<(), ConsoleError> {
        if server.host.is_none() {
            return Err(ConsoleError::NotReady(server.id));
        }
        match server.task_state {
            Some(state @ (TaskState::Deleting | TaskState::Migrating)) => Err(ConsoleError::Busy {
                server: server.id,
                state,
            }),
            _ => Ok(()),
        }
    }

    /// Whether the server runs, so that its consoles have something to show, as far as the inventory
    /// knows. Huawei's cloud asks for this; Nova leaves it to the hypervisor.
    pub fn check_up(&self, server: &Server) -> Result<(), ConsoleError> {
        self.check_ready(server)?;
        if server.status.is_down() {
            return Err(ConsoleError::NotReady(server.id));
        }
        Ok(())
    }

    /// Whether the server has a screen that may be seen, and runs, as far as the inventory knows.
    pub fn check_screen(&self, server: &Server) -> Result<(), ConsoleError> {
        self.check_up(server)?;
        let kind = ConsoleKind::Novnc;
        check_console(server, kind, self.settings.links.get(&kind)).map(drop)
    }

    /// Grants a console of a server that the principal was found to be allowed to open.
    pub async fn grant(
        &self,
        principal: &Principal,
        server: &Server,
        kind: ConsoleKind,
        now: OffsetDateTime,
    ) -> Result<GrantedConsole, ConsoleError> {
        self.grant_by(principal, server, kind, self.settings.links.get(&kind), None, now)
            .await
    }

    /// Grants a console as [`grant`](Self::grant) does, with a link that opens a page where Oriel has one for this
    /// kind, in this language rather than in the one that the operator chose.
    pub async fn grant_page(
        &self,
        principal: &Principal,
        server: &Server,
        kind: ConsoleKind,
        lang: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<GrantedConsole, ConsoleError> {
        self.grant_by(principal, server, kind, self.page_link(kind), lang, now)
            .await
    }

    /// Grants a console as [`grant`](Self::grant) does, with the address of its bare WebSocket rather than of a page.
    pub async fn grant_socket(
        &self,
        principal: &Principal,
        server: &Server,
        kind: ConsoleKind,
        now: OffsetDateTime,
    ) -> Result<GrantedConsole, ConsoleError> {
        let carried = self.serves_kind(kind) && kind.is_carried();
        let link = carried.then_some(&self.settings.socket);
        self.grant_by(principal, server, kind, link, None, now).await
    }

    async fn grant_by(
        &self,
        principal: &Principal,
        server: &Server,
        kind: ConsoleKind,
        link: Option<&ConsoleLink>,
        lang: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<GrantedConsole, ConsoleError> {
        self.may_open(principal, server, kind)?;
        self.check_ready(server)?;
        let link = check_console(server, kind, link)?;
        let token = ConsoleToken::random();
        let grant = Grant {
            user: principal.user.id.clone(),
            project: server.project.clone(),
            server: server.id,
            console: kind,
            further: if link.tabs {
                self.further(principal, server, kind)
            } else {
                ConsoleKinds::NONE
            },
            role: self.role(principal, server),
            user_name: principal
                .is_in(&server.project)
                .then(|| principal.user.name.as_str().into()),
            uses: self.settings.uses,
            created_at: now,
            expires_at: now.saturating_add(self.settings.ttl),
        };
        let digest = token.digest();
        self.keep(&digest, &grant, principal).await?;
        tracing::info!(
            server_id = %grant.server, project_id = %grant.project, user_id = %grant.user, console = %kind,
            grant = %digest.short(), "console granted"
        );
        Ok(GrantedConsole {
            url: link.with(&token, lang),
            expires_at: grant.expires_at,
        })
    }

    /// What the page of a console may open beside it: what the server has, the operator serves, the gateway carries
    /// and the principal could ask for as well.
    fn further(&self, principal: &Principal, server: &Server, kind: ConsoleKind) -> ConsoleKinds {
        let all = server.consoles.keys().copied();
        all.filter(|&other| other != kind && other.is_carried() && self.serves_kind(other))
            .filter(|&other| self.may_open(principal, server, other).is_ok())
            .collect()
    }

    /// What this principal is to the server's consoles.
    fn role(&self, principal: &Principal, server: &Server) -> ViewerRole {
        match self
            .policy
            .check(Rule::ConsoleControl, principal, Target::of(server))
        {
            Ok(()) => ViewerRole::Owner,
            Err(_) => ViewerRole::Observer,
        }
    }

    /// Keeps a grant, unless its principal has lost access since the request began.
    async fn keep(&self, token: &Digest, grant: &Grant, principal: &Principal) -> Result<(), ConsoleError> {
        let Some(evidence) = &principal.evidence else {
            return Ok(self.store.mint(token, grant).await?);
        };
        let least = principal.roles.known().max().ok_or(ConsoleError::AccessLost)?;
        if self.store.mint_while(token, grant, evidence, least).await? {
            Ok(())
        } else {
            Err(ConsoleError::AccessLost)
        }
    }

    /// What a token that has opened nothing yet stands for: for proxies that are not Oriel's.
    pub async fn authorized(
        &self,
        token: &ConsoleToken,
        now: OffsetDateTime,
    ) -> Result<Option<Authorized>, StoreError> {
        let Some(grant) = self.store.grant(&token.digest(), now).await? else {
            return Ok(None);
        };
        let server = self.inventory.server(grant.server);
        let back_end = server
            .filter(|server| server.project == grant.project)
            .and_then(|server| server.consoles.get(&grant.console).cloned());
        Ok(back_end.map(|back_end| Authorized { grant, back_end }))
    }

    /// The last `lines` lines that a server wrote on its serial line, or all that is kept, without
    /// control characters. Only the last 100 KiB are looked at, as in Nova.
    pub async fn output(&self, server: &Server, lines: Option<usize>) -> Result<String, ConsoleError> {
        if server.host.is_none() {
            return Err(ConsoleError::NotReady(server.id));
        }
        check_present(server)?;
        let file = server
            .console_log
            .clone()
            .ok_or(ConsoleError::NoOutput(server.id))?;
        let read = tokio::task::spawn_blocking(move || read_tail(&file)).await;
        let bytes = read
            .map_err(io::Error::other)
            .flatten()
            .map_err(|source| ConsoleError::Output {
                server: server.id,
                source,
            })?;
        Ok(last_lines(&String::from_utf8_lossy(&bytes), lines))
    }
}

/// Whether the server has a console of this kind, and one can be linked to.
fn check_console<'a>(
    server: &Server,
    kind: ConsoleKind,
    link: Option<&'a ConsoleLink>,
) -> Result<&'a ConsoleLink, ConsoleError> {
    let link = link.ok_or(ConsoleError::NotServed(kind))?;
    check_present(server)?;
    if server.consoles.is_empty() {
        return Err(ConsoleError::NoConsoles(server.id));
    }
    if !server.consoles.contains_key(&kind) {
        return Err(ConsoleError::NoSuchConsole(kind));
    }
    Ok(link)
}

/// A server that is being made counts as not ready; one that its host has lost as not there.
fn check_present(server: &Server) -> Result<(), ConsoleError> {
    match server.status {
        ServerStatus::Build => Err(ConsoleError::NotReady(server.id)),
        _ if !server.present => Err(ConsoleError::Gone(server.id)),
        _ => Ok(()),
    }
}

fn read_tail(file: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(file)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MAX_OUTPUT)))?;
    let mut bytes = Vec::new();
    file.take(MAX_OUTPUT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Nova strips the same characters, so that nobody's terminal obeys a guest.
fn last_lines(text: &str, lines: Option<usize>) -> String {
    let kept: Vec<&str> = text.lines().collect();
    let first = kept.len().saturating_sub(lines.unwrap_or(usize::MAX));
    let mut output = kept.get(first..).unwrap_or_default().join("\n");
    output.retain(|character| !matches!(character, '\0'..='\x08' | '\x0b'..='\x1f'));
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_the_last_lines_without_what_a_terminal_obeys() {
        let text = "one\r\ntwo\x1b[2J\nthree\ttabs\x07\n";
        assert_eq!(last_lines(text, None), "one\ntwo[2J\nthree\ttabs");
        assert_eq!(last_lines(text, Some(1)), "three\ttabs");
        assert_eq!(last_lines(text, Some(0)), "");
        assert_eq!(last_lines("", Some(5)), "");
    }
}
