//! The control plane: who may open which console, and the links that open them.
//!
//! The whole of it is one operation, `(principal, server, console kind) -> grant`, in
//! [`consoles`]. Around it lie the dialects, which read a request into that operation and write
//! its result in a cloud's own shape: [`compute`] speaks Nova, [`ecs`] speaks Huawei's ECS.
//! [`identity`] says who asks. The pages have a dialect of their own, at `/oriel/v1`.

mod body;
pub mod compute;
pub mod consoles;
pub mod ecs;
pub mod identity;
pub mod openapi;
mod own;
pub mod policy;
pub mod request_id;
pub mod screens;
#[cfg(test)]
mod testing;

use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use http::HeaderMap;
use http::header::AsHeaderName;
use oriel_inventory::Inventory;
use oriel_store::Store;

use crate::compute::ComputeSettings;
use crate::consoles::{ConsoleSettings, Consoles};
use crate::identity::Identity;
use crate::policy::Policy;
use crate::screens::Screens;

/// A header's value, if it is there and is one.
fn read_header<T: FromStr>(headers: &HeaderMap, name: impl AsHeaderName) -> Option<T> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// Everything that the control plane works with. Clones share it.
#[derive(Debug, Clone)]
pub struct Control {
    pub(crate) identity: Identity,
    pub(crate) policy: Arc<Policy>,
    pub(crate) consoles: Arc<Consoles>,
    pub(crate) compute: Arc<ComputeSettings>,
    pub(crate) screens: Screens,
}

impl Control {
    /// Puts the control plane together.
    pub fn new(
        identity: Identity,
        inventory: Inventory,
        store: Store,
        policy: Policy,
        consoles: ConsoleSettings,
        compute: ComputeSettings,
    ) -> Self {
        let policy = Arc::new(policy);
        let consoles = Arc::new(Consoles::new(inventory, store, Arc::clone(&policy), consoles));
        Self {
            identity,
            policy,
            consoles,
            compute: Arc::new(compute),
            screens: Screens::default(),
        }
    }

    /// The APIs under their paths: identity at `/identity` and `/v3`, ECS at `/v1`, Oriel's own at
    /// `/oriel/v1`, compute at the root.
    pub fn router(&self) -> Router {
        Router::new()
            .fallback(compute::handle)
            .route("/v1/{*rest}", any(ecs::handle))
            .with_state(self.clone())
            .merge(self.identity.router())
            .merge(own::router(self))
    }

    /// Lets a person's login at the servers page count for these calls, whosoever they are: they see its token as
    /// `X-Auth-Token`.
    pub fn admitting(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), own::admit))
    }
}
