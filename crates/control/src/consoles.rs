//! The one operation of the control plane: a principal asks for a console of a server and gets a
//! grant with its link. Every dialect ends here, and the rules live here and in [`policy`].
//!
//! [`policy`]: crate::policy

use std::collections::BTreeMap;
use std::sync::Arc;

use oriel_domain::{ConsoleKind, ConsoleToken, Grant, Principal, Role, Server, ServerId, TaskState, Uses};
use oriel_inventory::Inventory;
use oriel_store::{Store, StoreError};
use time::{Duration, OffsetDateTime};
use url::Url;

/// How a link carries its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkForm {
    /// `?token=UUID&lang=EN`, Huawei's form.
    Token,
    /// `?path=%3Ftoken%3DUUID`, Nova's form: noVNC opens its WebSocket at that path.
    Path,
}

/// How one kind of console is linked to.
#[derive(Debug, Clone)]
pub struct ConsoleLink {
    /// The page that the link opens.
    pub base_url: Url,
    /// How the token is added to it.
    pub form: LinkForm,
    /// The page's language, added as `lang` in the [`LinkForm::Token`] form.
    pub lang: Option<String>,
}

/// What an operator decides about grants and links.
#[derive(Debug, Clone)]
pub struct ConsoleSettings {
    /// The kinds of console that are served.
    pub links: BTreeMap<ConsoleKind, ConsoleLink>,
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

/// Why no console was granted.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The operator does not serve this kind.
    #[error("consoles of type {0} are not served here")]
    NotServed(ConsoleKind),
    /// The server is on no host yet, or on none any more.
    #[error("server {0} is on no host")]
    NotReady(ServerId),
    /// The server is going away or moving.
    #[error("server {server} is {state}")]
    Busy {
        /// The server.
        server: ServerId,
        /// What is being done to it.
        state: TaskState,
    },
    /// The server has no console of this kind.
    #[error("the server has no {0} console")]
    NoSuchConsole(ConsoleKind),
    /// The grant could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Servers, and the granting of their consoles.
#[derive(Debug)]
pub struct Consoles {
    inventory: Inventory,
    store: Store,
    settings: ConsoleSettings,
}

impl Consoles {
    pub(crate) fn new(inventory: Inventory, store: Store, settings: ConsoleSettings) -> Self {
        Self {
            inventory,
            store,
            settings,
        }
    }

    /// The server, as far as this principal may know of it: another project's server is as
    /// absent as one that never was.
    pub fn server(&self, principal: &Principal, id: ServerId) -> Option<Arc<Server>> {
        let server = self.inventory.server(id)?;
        (principal.has(Role::Admin) || principal.is_in(&server.project)).then_some(server)
    }

    /// The servers of the principal's project, or of every project for an admin who asks for all.
    pub fn servers(&self, principal: &Principal, all_projects: bool) -> Vec<Arc<Server>> {
        match &principal.project {
            _ if all_projects && principal.has(Role::Admin) => self.inventory.servers(None),
            Some(project) => self.inventory.servers(Some(&project.id)),
            None => Vec::new(),
        }
    }

    /// Whether the operator serves consoles of this kind.
    pub fn serves(&self, kind: ConsoleKind) -> bool {
        self.settings.links.contains_key(&kind)
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

    /// Grants a console of a server that the principal was found to be allowed to open.
    pub async fn grant(
        &self,
        principal: &Principal,
        server: &Server,
        kind: ConsoleKind,
        now: OffsetDateTime,
    ) -> Result<GrantedConsole, ConsoleError> {
        self.check_ready(server)?;
        let link = self
            .settings
            .links
            .get(&kind)
            .ok_or(ConsoleError::NotServed(kind))?;
        if !server.consoles.contains_key(&kind) {
            return Err(ConsoleError::NoSuchConsole(kind));
        }

        let token = ConsoleToken::random();
        let grant = Grant {
            user: principal.user.id.clone(),
            project: server.project.clone(),
            server: server.id,
            console: kind,
            uses: self.settings.uses,
            created_at: now,
            expires_at: now.saturating_add(self.settings.ttl),
        };
        self.store.mint(&token.digest(), &grant).await?;
        tracing::info!(
            server_id = %grant.server, project_id = %grant.project, user_id = %grant.user, console = %kind,
            grant = %token.digest().short(), "console granted"
        );
        Ok(GrantedConsole {
            url: link.with(&token),
            expires_at: grant.expires_at,
        })
    }
}

impl ConsoleLink {
    /// The link that carries this token.
    fn with(&self, token: &ConsoleToken) -> String {
        let mut url = self.base_url.clone();
        match self.form {
            LinkForm::Token => {
                let mut query = url.query_pairs_mut();
                query.append_pair("token", token.expose());
                if let Some(lang) = &self.lang {
                    query.append_pair("lang", lang);
                }
            }
            LinkForm::Path => {
                // As Nova builds it: the token joins what `path` the base URL has, and parameters
                // without a value are dropped.
                let mut path = String::new();
                let mut others = Vec::new();
                for (name, value) in self.base_url.query_pairs() {
                    if name == "path" {
                        path = value.into_owned();
                    } else if !value.is_empty() {
                        others.push((name, value));
                    }
                }
                let path = format!("{path}?token={}", token.expose());
                url.query_pairs_mut()
                    .clear()
                    .extend_pairs(others)
                    .append_pair("path", &path);
            }
        }
        url.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(base: &str, form: LinkForm) -> String {
        let token = "80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df".parse().unwrap();
        ConsoleLink {
            base_url: base.parse().unwrap(),
            form,
            lang: Some("EN".into()),
        }
        .with(&token)
    }

    #[test]
    fn the_seeds_link_is_made_to_the_letter() {
        assert_eq!(
            link(
                "https://nova-novncproxy.az21.dc1.domainname.com:8002/vnc.auto.html",
                LinkForm::Token
            ),
            "https://nova-novncproxy.az21.dc1.domainname.com:8002/vnc.auto.html\
             ?token=80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df&lang=EN"
        );
    }

    #[test]
    fn novas_link_joins_the_path_that_is_there() {
        assert_eq!(
            link("http://127.0.0.1:6080/vnc_auto.html", LinkForm::Path),
            "http://127.0.0.1:6080/vnc_auto.html?path=%3Ftoken%3D80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df"
        );
        assert_eq!(
            link(
                "http://h:6080/vnc_lite.html?autoconnect=true&empty=&path=websockify",
                LinkForm::Path
            ),
            "http://h:6080/vnc_lite.html?autoconnect=true\
             &path=websockify%3Ftoken%3D80fa7c8d-37fe-451e-8b08-bfbd9fb6a4df"
        );
    }
}
