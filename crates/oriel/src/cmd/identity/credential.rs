//! `oriel credential`: access keys, with which programs sign their requests.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use oriel_control::identity::{Keystone, Vault};
use oriel_domain::{AccessKeyId, SecretKey};
use oriel_store::{AccessKeyRecord, KeystoneKeyHolder, NewKeystoneKey, Store, StoreError};
use secrecy::SecretString;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::CliError;
use super::find::{find_project, find_user};
use super::output::{Form, print_json, rfc3339, table, yes_no};
use super::password::read_file;

/// What can be done with access keys.
#[derive(Debug, Subcommand)]
pub enum CredentialCommand {
    /// Make an access key of a user in a project, and show its secret, once
    Create {
        /// Who signs with it, by name or id
        #[arg(long, required_unless_present = "application_credential")]
        user: Option<String>,
        /// Where it is good, by name or id
        #[arg(long, required_unless_present = "application_credential")]
        project: Option<String>,
        /// In place of both, where users are a Keystone's: the id of an application credential, which
        /// the key stands for
        #[arg(long, value_name = "ID", conflicts_with_all = ["user", "project"], requires = "secret_file")]
        application_credential: Option<String>,
        /// The file with the application credential's secret on its first line; - for standard input
        #[arg(long, value_name = "PATH", requires = "application_credential")]
        secret_file: Option<PathBuf>,
        #[command(flatten)]
        form: Form,
    },
    /// List the access keys, without their secrets
    List {
        /// Only those of this user, by name or id
        #[arg(long)]
        user: Option<String>,
        /// Only those in this project, by name or id
        #[arg(long)]
        project: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// Take requests that are signed with a key again
    Enable(OneCredential),
    /// Take no more requests that are signed with a key
    Disable(OneCredential),
    /// Delete a key
    Delete(OneCredential),
}

/// The access key that a command is about.
#[derive(Debug, Args)]
pub struct OneCredential {
    /// Its public half, as `oriel credential list` shows it
    access: String,
    #[command(flatten)]
    form: Form,
}

/// The access keys of the identity that is configured.
#[derive(Debug, Clone, Copy)]
pub enum Keys<'a> {
    /// Each is a user's, in a project, both of which are Oriel's own.
    Embedded(&'a Store),
    /// Each stands for an application credential of a Keystone's.
    Keystone(&'a Store, &'a Keystone),
}

/// Runs `oriel credential ...` and prints the key that it was about, as it is afterwards (as it was,
/// where it was deleted).
pub async fn run_credential(
    keys: Keys<'_>,
    vault: &Vault,
    command: CredentialCommand,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let (key, form) = match command {
        CredentialCommand::Create {
            user,
            project,
            application_credential,
            secret_file,
            form,
        } => {
            let (id, secret) = (AccessKeyId::random()?, SecretKey::random()?);
            let new = NewKey {
                id: &id,
                secret: &secret,
                vault,
            };
            match (keys, user.zip(project), application_credential.zip(secret_file)) {
                (Keys::Embedded(store), Some((user, project)), None) => {
                    new.of_user(store, &user, &project).await?;
                }
                (Keys::Keystone(store, keystone), None, Some((credential, file))) => {
                    new.of_credential(store, keystone, &credential, &read_file(&file)?)
                        .await?;
                }
                (Keys::Embedded(_), ..) => return Err(CliError::NotKeystone),
                (Keys::Keystone(..), ..) => return Err(CliError::NeedsCredential),
            }
            return print_new(out, form, &keys.find(id.as_str()).await?, &secret);
        }
        CredentialCommand::List { user, project, form } => {
            return print_keys(out, form, &keys.list(user, project).await?);
        }
        CredentialCommand::Enable(OneCredential { access, form }) => {
            keys.set_enabled(&keys.find(&access).await?.id, true).await?;
            (keys.find(&access).await?, form)
        }
        CredentialCommand::Disable(OneCredential { access, form }) => {
            keys.set_enabled(&keys.find(&access).await?.id, false).await?;
            (keys.find(&access).await?, form)
        }
        CredentialCommand::Delete(OneCredential { access, form }) => {
            let key = keys.find(&access).await?;
            keys.delete(&key.id).await?;
            (key, form)
        }
    };
    if form.json {
        print_json(out, &key_json(&key))
    } else {
        key_table(out, &[key])
    }
}

/// A key about to be made.
struct NewKey<'a> {
    id: &'a AccessKeyId,
    secret: &'a SecretKey,
    vault: &'a Vault,
}

impl NewKey<'_> {
    async fn of_user(&self, store: &Store, user: &str, project: &str) -> Result<(), CliError> {
        let (user, project) = (find_user(store, user).await?, find_project(store, project).await?);
        self.vault.make_if_missing()?;
        let sealed = self.vault.seal(self.id, self.secret)?;
        let now = OffsetDateTime::now_utc();
        store
            .create_access_key(self.id, &user.id, &project.id, &sealed, now)
            .await?;
        Ok(())
    }

    /// Logs in with the credential first, so that no key is made that never works.
    async fn of_credential(
        &self,
        store: &Store,
        keystone: &Keystone,
        credential: &str,
        secret: &SecretString,
    ) -> Result<(), CliError> {
        let caller = keystone.try_application_credential(credential, secret).await?;
        let principal = caller.ok_or(CliError::CredentialRefused)?.principal;
        let project = principal.project.ok_or(CliError::CredentialRefused)?;
        self.vault.make_if_missing()?;
        let key = NewKeystoneKey {
            id: self.id.clone(),
            holder: KeystoneKeyHolder {
                enabled: true,
                sealed: self.vault.seal(self.id, self.secret)?,
                credential: credential.to_owned(),
                credential_sealed: self.vault.seal_login(self.id, secret)?,
            },
            user: principal.user,
            project,
        };
        Ok(store.create_keystone_key(&key, OffsetDateTime::now_utc()).await?)
    }
}

impl Keys<'_> {
    async fn find(self, named: &str) -> Result<AccessKeyRecord, CliError> {
        let missing = || CliError::NoSuch {
            what: "credential",
            name: named.to_owned(),
        };
        let id = named.parse().map_err(|_| missing())?;
        let found = match self {
            Self::Embedded(store) => store.access_key(&id).await?,
            Self::Keystone(store, _) => store.keystone_key(&id).await?,
        };
        found.ok_or_else(missing)
    }

    async fn list(
        self,
        user: Option<String>,
        project: Option<String>,
    ) -> Result<Vec<AccessKeyRecord>, CliError> {
        match self {
            Self::Embedded(store) => {
                let user = match user {
                    Some(user) => Some(find_user(store, &user).await?.id),
                    None => None,
                };
                let project = match project {
                    Some(project) => Some(find_project(store, &project).await?.id),
                    None => None,
                };
                Ok(store.access_keys(user.as_ref(), project.as_ref()).await?)
            }
            // Keystone is not asked who there is: what the keys say of it will do.
            Self::Keystone(store, _) => {
                let is = |wanted: &Option<String>, id: &str, name: &str| {
                    wanted
                        .as_ref()
                        .is_none_or(|wanted| wanted == id || wanted == name)
                };
                let mut keys = store.keystone_keys().await?;
                keys.retain(|key| {
                    is(&user, key.user.id.as_str(), &key.user.name)
                        && is(&project, key.project.id.as_str(), &key.project.name)
                });
                Ok(keys)
            }
        }
    }

    async fn set_enabled(self, id: &AccessKeyId, enabled: bool) -> Result<bool, StoreError> {
        match self {
            Self::Embedded(store) => store.set_access_key_enabled(id, enabled).await,
            Self::Keystone(store, _) => store.set_keystone_key_enabled(id, enabled).await,
        }
    }

    async fn delete(self, id: &AccessKeyId) -> Result<bool, StoreError> {
        match self {
            Self::Embedded(store) => store.delete_access_key(id).await,
            Self::Keystone(store, _) => store.delete_keystone_key(id).await,
        }
    }
}

fn print_new(
    out: &mut dyn Write,
    form: Form,
    key: &AccessKeyRecord,
    secret: &SecretKey,
) -> Result<(), CliError> {
    if form.json {
        let mut json = key_json(key);
        json["secret"] = secret.expose().into();
        return print_json(out, &json);
    }
    key_table(out, std::slice::from_ref(key))?;
    writeln!(out, "\nThe secret is shown this once:\n{}", secret.expose())?;
    Ok(())
}

fn print_keys(out: &mut dyn Write, form: Form, keys: &[AccessKeyRecord]) -> Result<(), CliError> {
    if form.json {
        print_json(out, &keys.iter().map(key_json).collect())
    } else {
        key_table(out, keys)
    }
}

/// `access` and `secret` are the names that Huawei's IAM gives the two halves.
fn key_json(key: &AccessKeyRecord) -> Value {
    let mut json = json!({
        "access": key.id.as_str(),
        "user_id": key.user.id,
        "user": key.user.name,
        "project_id": key.project.id,
        "project": key.project.name,
        "enabled": key.enabled,
        "created_at": rfc3339(key.created_at),
    });
    if let Some(credential) = &key.application_credential {
        json["application_credential"] = credential.as_str().into();
    }
    json
}

fn key_table(out: &mut dyn Write, keys: &[AccessKeyRecord]) -> Result<(), CliError> {
    let rows = keys
        .iter()
        .map(|key| {
            [
                key.id.to_string(),
                key.user.name.clone(),
                key.project.name.clone(),
                yes_no(key.enabled),
                rfc3339(key.created_at),
            ]
        })
        .collect::<Vec<_>>();
    table(
        out,
        ["ACCESS KEY", "USER", "PROJECT", "ENABLED", "CREATED"],
        &rows,
    )
}
