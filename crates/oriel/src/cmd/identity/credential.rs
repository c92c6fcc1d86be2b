//! `oriel credential`: access keys, with which programs sign their requests.

use std::io::Write;

use clap::{Args, Subcommand};
use oriel_control::identity::Vault;
use oriel_domain::{AccessKeyId, SecretKey};
use oriel_store::{AccessKeyRecord, Store};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::CliError;
use super::find::{find_project, find_user};
use super::output::{Form, print_json, rfc3339, table, yes_no};

/// What can be done with access keys.
#[derive(Debug, Subcommand)]
pub enum CredentialCommand {
    /// Make an access key of a user in a project, and show its secret, once
    Create {
        /// Who signs with it, by name or id
        #[arg(long)]
        user: String,
        /// Where it is good, by name or id
        #[arg(long)]
        project: String,
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

/// Runs `oriel credential ...` and prints the key that it was about, as it is afterwards (as it was,
/// where it was deleted).
pub async fn run_credential(
    store: &Store,
    vault: &Vault,
    command: CredentialCommand,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let (key, form) = match command {
        CredentialCommand::Create { user, project, form } => {
            let (user, project) = (
                find_user(store, &user).await?,
                find_project(store, &project).await?,
            );
            let (id, secret) = (AccessKeyId::random()?, SecretKey::random()?);
            vault.make_if_missing()?;
            let sealed = vault.seal(&id, &secret)?;
            let now = OffsetDateTime::now_utc();
            store
                .create_access_key(&id, &user.id, &project.id, &sealed, now)
                .await?;
            return print_new(out, form, &find(store, id.as_str()).await?, &secret);
        }
        CredentialCommand::List { user, project, form } => {
            let user = match user {
                Some(user) => Some(find_user(store, &user).await?.id),
                None => None,
            };
            let project = match project {
                Some(project) => Some(find_project(store, &project).await?.id),
                None => None,
            };
            let keys = store.access_keys(user.as_ref(), project.as_ref()).await?;
            return print_keys(out, form, &keys);
        }
        CredentialCommand::Enable(OneCredential { access, form }) => {
            let key = find(store, &access).await?;
            store.set_access_key_enabled(&key.id, true).await?;
            (find(store, &access).await?, form)
        }
        CredentialCommand::Disable(OneCredential { access, form }) => {
            let key = find(store, &access).await?;
            store.set_access_key_enabled(&key.id, false).await?;
            (find(store, &access).await?, form)
        }
        CredentialCommand::Delete(OneCredential { access, form }) => {
            let key = find(store, &access).await?;
            store.delete_access_key(&key.id).await?;
            (key, form)
        }
    };
    if form.json {
        print_json(out, &key_json(&key))
    } else {
        key_table(out, &[key])
    }
}

async fn find(store: &Store, named: &str) -> Result<AccessKeyRecord, CliError> {
    let missing = || CliError::NoSuch {
        what: "credential",
        name: named.to_owned(),
    };
    let id = named.parse().map_err(|_| missing())?;
    store.access_key(&id).await?.ok_or_else(missing)
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
    json!({
        "access": key.id.as_str(),
        "user_id": key.user.id,
        "user": key.user.name,
        "project_id": key.project.id,
        "project": key.project.name,
        "enabled": key.enabled,
        "created_at": rfc3339(key.created_at),
    })
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
