//! Reads the body of `POST /v3/auth/tokens`.

use http::StatusCode;
use oriel_domain::{AuthToken, DomainId, ProjectId, UserId};
use oriel_store::{DEFAULT_DOMAIN, DomainKey, Key, ProjectKey, UserKey};
use secrecy::SecretString;
use serde_json::Value;

use super::fault::Fault;
use super::parts::Field;
use crate::identity::{CredentialLogin, Scope};

/// A request for a token.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) proof: LoginProof,
    pub(super) scope: Scope,
}

/// How the caller proves who they are.
#[derive(Debug)]
pub(super) enum LoginProof {
    Password {
        user: UserKey,
        password: SecretString,
    },
    Token(AuthToken),
    ApplicationCredential {
        credential: CredentialLogin,
        secret: SecretString,
    },
}

impl Login {
    /// Reads `{"auth": {"identity": {"methods", METHOD}, "scope"}}`, METHOD being `password`, `token`
    /// or `application_credential`.
    pub(super) fn read(body: &Value) -> Result<Self, Fault> {
        let auth = Field::root(body).require("auth")?;
        let identity = auth.require("identity")?;
        let given_scope = auth.get("scope")?;
        let scope = match &given_scope {
            Some(scope) => read_scope(scope)?,
            None => Scope::Unscoped,
        };
        let methods = identity.require("methods")?;
        let proof = match methods.texts()?[..] {
            ["password"] => read_password(&identity.require("password")?)?,
            ["token"] => read_token(&identity.require("token")?)?,
            ["application_credential"] => {
                let proof = read_application_credential(&identity.require("application_credential")?)?;
                if given_scope.is_some() {
                    return Err(Fault::new(
                        StatusCode::UNAUTHORIZED,
                        "Error authenticating with application credential: Application credentials cannot request a scope.",
                    ));
                }
                proof
            }
            [] => return Err(methods.fault("expected one method, got none")),
            [_] => {
                return Err(Fault::new(
                    StatusCode::UNAUTHORIZED,
                    "Attempted to authenticate with an unsupported method: password, token and application_credential are supported.",
                ));
            }
            [..] => return Err(methods.fault("expected one method; got several")),
        };
        Ok(Self { proof, scope })
    }
}

fn read_password(method: &Field<'_>) -> Result<LoginProof, Fault> {
    let user = method.require("user")?;
    let password = user.require("password")?.text()?.into();
    Ok(LoginProof::Password {
        user: read_key(&user, UserId::random)?,
        password,
    })
}

fn read_token(method: &Field<'_>) -> Result<LoginProof, Fault> {
    let token = method.require("id")?.text()?;
    token
        .parse()
        .map(LoginProof::Token)
        .map_err(|_| Fault::unauthorized())
}

/// Reads `{"id", "secret"}` or `{"name", "user", "secret"}`; the id wins, as with Keystone.
fn read_application_credential(method: &Field<'_>) -> Result<LoginProof, Fault> {
    let secret = method.require("secret")?.text()?.into();
    let credential = match method.get("id")? {
        Some(id) => CredentialLogin::Id(id.text()?.to_owned()),
        None => {
            let name = method.require("name")?.text()?.to_owned();
            CredentialLogin::Name(name, read_key(&method.require("user")?, UserId::random)?)
        }
    };
    Ok(LoginProof::ApplicationCredential { credential, secret })
}

/// Reads where the token is to be good: `"unscoped"`, or an object with one member.
fn read_scope(scope: &Field<'_>) -> Result<Scope, Fault> {
    if scope.is_text() {
        return match scope.text()? {
            "unscoped" => Ok(Scope::Unscoped),
            _ => Err(scope.fault("expected an object or \"unscoped\"")),
        };
    }
    let unscoped = scope.get("unscoped")?.map(|_| Scope::Unscoped);
    let domain = scope.get("domain")?.map(|_| Scope::Domain);
    let system = scope.get("system")?.map(|_| Scope::System);
    let project = scope
        .get("project")?
        .map(|project| read_project(&project))
        .transpose()?;
    let mut given = [unscoped, domain, system, project].into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(scope.fault("expected one of project, domain, system and unscoped")),
        (Some(_), Some(_)) => {
            Err(scope.fault("expected one of project, domain, system and unscoped; got several"))
        }
    }
}

fn read_project(project: &Field<'_>) -> Result<Scope, Fault> {
    let key: ProjectKey = read_key(project, ProjectId::random)?;
    Ok(Scope::Project(key))
}

/// Reads `{"id"}` or `{"name", "domain"}`; the id wins, as with Keystone.
///
/// An id that cannot be one is replaced by `nobody`'s, so that it goes the way of every unknown id.
fn read_key<Id: std::str::FromStr>(named: &Field<'_>, nobody: fn() -> Id) -> Result<Key<Id>, Fault> {
    if let Some(id) = named.get("id")? {
        return Ok(Key::Id(id.text()?.parse().unwrap_or_else(|_| nobody())));
    }
    let Some(name) = named.get("name")? else {
        return Err(named.fault("id or name is missing"));
    };
    let domain = match named.get("domain")? {
        Some(domain) => read_domain(&domain)?,
        // A cloud with one domain need not be told its name. openstackclient leaves it out when
        // nothing is set, and then asks nobody.
        None => DomainKey::Name(DEFAULT_DOMAIN.to_owned()),
    };
    Ok(Key::Name {
        name: name.text()?.to_owned(),
        domain,
    })
}

fn read_domain(domain: &Field<'_>) -> Result<DomainKey, Fault> {
    if let Some(id) = domain.get("id")? {
        return Ok(DomainKey::Id(
            id.text()?.parse().unwrap_or_else(|_| DomainId::random()),
        ));
    }
    match domain.get("name")? {
        Some(name) => Ok(DomainKey::Name(name.text()?.to_owned())),
        None => Err(domain.fault("id or name is missing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with_password(user: &Value) -> Value {
        json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}})
    }

    fn user_of(body: &Value) -> UserKey {
        match Login::read(body).unwrap().proof {
            LoginProof::Password { user, .. } => user,
            _ => panic!("no password"),
        }
    }

    #[test]
    fn a_user_without_a_domain_is_looked_for_in_the_default_one() {
        let expected = Key::Name {
            name: "ann".into(),
            domain: DomainKey::Name("default".into()),
        };
        assert_eq!(
            user_of(&with_password(&json!({"name": "ann", "password": "x"}))),
            expected
        );
    }

    #[test]
    fn an_id_wins_over_a_name() {
        let user = json!({"id": "u1", "name": "ann", "domain": {"id": "lab"}, "password": "x"});
        assert_eq!(user_of(&with_password(&user)), Key::Id("u1".parse().unwrap()));
        let user = json!({"name": "ann", "domain": {"id": "lab", "name": "Lab"}, "password": "x"});
        let domain = DomainKey::Id("lab".parse().unwrap());
        assert_eq!(
            user_of(&with_password(&user)),
            Key::Name {
                name: "ann".into(),
                domain
            }
        );
    }

    #[test]
    fn an_id_that_cannot_be_one_is_nobodys() {
        assert!(matches!(
            user_of(&with_password(&json!({"id": "a/b", "password": "x"}))),
            Key::Id(_)
        ));
    }

    #[test]
    fn debug_shows_no_password_and_no_token() {
        let login = Login::read(&with_password(&json!({"name": "ann", "password": "hunter2"}))).unwrap();
        assert!(!format!("{login:?}").contains("hunter2"));
        let body = json!({"auth": {"identity": {"methods": ["token"], "token": {"id": "tok-123"}}}});
        assert!(!format!("{:?}", Login::read(&body).unwrap()).contains("tok-123"));
    }
}
