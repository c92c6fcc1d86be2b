use std::io;
use std::sync::{Mutex, PoisonError};

use oriel_domain::AuthToken;
use oriel_store::{DomainKey, Key};
use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::identity::{Identity, Scope};

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_password_and_no_token_is_logged_at_any_level() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let api = Api::new().await;
    let ann = api.token("ann", Some("demo")).await;
    let traded = api.log_in(&token_login(&ann)).await.token();
    api.log_in(&password_login("ann", "wrong-secret"))
        .await
        .fault(401);
    // People type their password as their name.
    api.log_in(&password_login("typed-secret", "x")).await.fault(401);
    api.log_in(&token_login("bogus-secret")).await.fault(401);
    api.get("/v3/projects", "header-secret").await.fault(401);
    api.about(Method::GET, &ann, "subject-secret").await.fault(404);
    api.about(Method::DELETE, &ann, &ann).await;
    api.send(Method::POST, "/v3/auth/tokens", &[], "{\"auth\": \"body-secret")
        .await
        .fault(400);

    let again = api.token("ann", Some("demo")).await;
    let path = format!("/v3/users/{}/application_credentials", api.ann);
    let chosen = json!({"application_credential": {"name": "ci", "secret": "chosen-secret"}});
    let random = json!({"application_credential": {"name": "random"}});
    api.send(
        Method::POST,
        &path,
        &[("X-Auth-Token", &again)],
        chosen.to_string(),
    )
    .await;
    let made = api
        .send(
            Method::POST,
            &path,
            &[("X-Auth-Token", &again)],
            random.to_string(),
        )
        .await;
    let (id, secret) = (
        &made.body["application_credential"]["id"],
        &made.body["application_credential"]["secret"],
    );
    for secret in [secret, &json!("guessed-secret")] {
        let credential = json!({"id": id, "secret": secret});
        let methods = json!({"methods": ["application_credential"], "application_credential": credential});
        api.log_in(&json!({"auth": {"identity": methods}})).await;
    }

    let text = log.text();
    for expected in ["token issued", "login refused"] {
        assert!(text.contains(expected), "no {expected} in\n{text}");
    }
    for secret in [
        &ann,
        &again,
        &traded,
        PASSWORD,
        secret.as_str().unwrap(),
        "-secret",
        "$argon2id$v=",
    ] {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
}

#[tokio::test]
async fn debug_shows_no_password_hash_or_token() {
    let api = Api::new().await;
    let embedded = Arc::new(Embedded::new(api.store.clone(), IdentitySettings::new(URL)).unwrap());
    let ann = Key::Name {
        name: "ann".into(),
        domain: DomainKey::Name("Default".into()),
    };
    let issued = embedded
        .login_password(&ann, &PASSWORD.into(), &Scope::Unscoped)
        .await
        .unwrap();
    let wrong = embedded
        .login_password(&ann, &"wrong".into(), &Scope::Unscoped)
        .await
        .unwrap_err();
    let identity = Identity::Embedded(embedded);
    let caller = identity.validate(&issued.token).await.unwrap().unwrap();
    let unknown: AuthToken = "unknown".parse().unwrap();
    assert_eq!(identity.validate(&unknown).await.unwrap(), None);
    let shown = format!("{identity:?} {issued:?} {caller:?} {wrong:?} {unknown:?}");
    for secret in [issued.token.expose(), PASSWORD, "$argon2id", "unknown"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
