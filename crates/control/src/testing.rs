//! What the tests of every dialect, and of the identity, begin with: a database with people in projects, a control
//! plane over it, and a way to ask its router.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use http::{HeaderMap, Request, StatusCode};
use oriel_domain::{AuthToken, ConsoleKind, ProjectId, UserId, Uses};
use oriel_inventory::{FileInventory, Inventory};
use oriel_store::{DEFAULT_DOMAIN, NewProject, NewUser, PasswordHash, ProjectKey, Store, UserKey};
use secrecy::SecretString;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};
use tower::ServiceExt as _;

use crate::Control;
use crate::compute::{ComputeSettings, Microversion};
use crate::consoles::{ConsoleLink, ConsoleSettings, LinkForm};
use crate::identity::{Embedded, Identity, Scope, password};
use crate::policy::Policy;

/// The password of every user.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Where it all is reached.
pub(crate) const URL: &str = "https://oriel.example";

/// A database in a folder of its own.
pub(crate) struct Ground {
    pub folder: TempDir,
    pub store: Store,
    /// Of [`PASSWORD`]: it takes its time to make.
    hash: PasswordHash,
}

impl Ground {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(&folder.path().join("oriel.db")).await.unwrap(),
            folder,
            hash: password::hash(&SecretString::from(PASSWORD)).unwrap(),
        }
    }

    pub(crate) async fn project(&self, name: &str) -> ProjectId {
        let new = NewProject {
            domain: DEFAULT_DOMAIN.parse().unwrap(),
            name: name.into(),
            description: String::new(),
        };
        self.store.create_project(&new).await.unwrap()
    }

    pub(crate) async fn user(&self, name: &str) -> UserId {
        let new = NewUser {
            domain: DEFAULT_DOMAIN.parse().unwrap(),
            name: name.into(),
            password: self.hash.clone(),
        };
        let now = OffsetDateTime::now_utc();
        self.store.create_user(&new, now).await.unwrap()
    }

    /// A control plane with these servers, in the language of `servers.toml`.
    pub(crate) fn control(
        &self,
        embedded: &Arc<Embedded>,
        servers: &str,
        policy: Policy,
        consoles: ConsoleSettings,
    ) -> Control {
        let file = self.folder.path().join("servers.toml");
        std::fs::write(&file, servers).unwrap();
        Control::new(
            Identity::Embedded(Arc::clone(embedded)),
            Inventory::File(Arc::new(FileInventory::open(&file).unwrap())),
            self.store.clone(),
            policy,
            consoles,
            ComputeSettings {
                max_microversion: Microversion::v2(96),
                link_prefix: None,
                scheme: "https".into(),
                public_url: URL.into(),
            },
        )
    }
}

/// A token of a user in a project.
pub(crate) async fn log_in(embedded: &Embedded, user: &UserId, project: &ProjectId) -> AuthToken {
    let scope = Scope::Project(ProjectKey::Id(project.clone()));
    let user = UserKey::Id(user.clone());
    let secret = SecretString::from(PASSWORD);
    let login = embedded.login_password(&user, &secret, &scope).await;
    login.unwrap().token
}

/// A link in the form of the seed, without tabs.
pub(crate) fn link(url: &str, lang: Option<&str>) -> ConsoleLink {
    ConsoleLink {
        base_url: url.parse().unwrap(),
        form: LinkForm::Token,
        lang: lang.map(str::to_owned),
        tabs: false,
    }
}

/// Consoles that are served with these links, for one opening within ten minutes.
pub(crate) fn consoles<const N: usize>(links: [(ConsoleKind, ConsoleLink); N]) -> ConsoleSettings {
    ConsoleSettings {
        links: BTreeMap::from(links),
        pages: BTreeMap::new(),
        socket: ConsoleLink::to_socket(&URL.parse().unwrap()),
        ttl: Duration::minutes(10),
        uses: Uses::One,
    }
}

/// What a router answers.
pub(crate) async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, Bytes) {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, 1 << 22).await.unwrap();
    (parts.status, parts.headers, body)
}
