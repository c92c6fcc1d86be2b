//! `oriel bootstrap`: from an empty store to an admin who can log in.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use oriel_control::identity::password;
use oriel_domain::Role;
use oriel_store::{Key, NewProject, NewUser, ProjectRecord, Store, UserRecord};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use time::OffsetDateTime;

use super::CliError;
use super::find::{default_domain, find_project, find_project_if_any, find_user, find_user_if_any};
use super::openrc::{self, Openrc};
use super::output::{Form, print_json, project_json, user_json};
use super::password::read_file;

/// Make a project and a user who is admin there, where they are missing, and print how to log in.
///
/// It may be run any number of times. With --password-file the user has that password afterwards
/// and is enabled, whatever was before. Without it, a new user gets a random password, which is
/// printed once, and a user that exists keeps theirs.
#[derive(Debug, Args)]
pub struct BootstrapArgs {
    /// The user's name
    #[arg(long, default_value = "admin")]
    user: String,
    /// The project's name
    #[arg(long, default_value = "admin")]
    project: String,
    /// Read the password from the first line of this file, or of standard input with `-`
    #[arg(long, value_name = "PATH")]
    password_file: Option<PathBuf>,
    /// Write a file for a shell to source, which sets what openstackclient needs; it holds the
    /// password and is readable by you alone
    #[arg(long, value_name = "PATH")]
    openrc: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
}

/// Runs `oriel bootstrap`. `public_url` is where clients reach Oriel, and `ca` the certificate that
/// they are to trust, where the system does not.
///
/// An `openrc` file needs the password. Where it was not given and the user exists, the one in the
/// file that is there is kept as long as it still works; else [`CliError::PasswordUnknown`].
pub async fn bootstrap(
    store: &Store,
    public_url: &str,
    ca: Option<&Path>,
    args: BootstrapArgs,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let given = args.password_file.as_deref().map(read_file).transpose()?;
    let project = ensure_project(store, &args.project).await?;
    let admin = match find_user_if_any(store, &args.user).await? {
        None => make_admin(store, &args.user, given).await?,
        Some(user) => keep_admin(store, user, given, args.openrc.as_deref()).await?,
    };
    store
        .assign_role(&admin.user.id, &project.id, Role::Admin)
        .await?;
    // Before anything else can fail: nobody will see a generated password again.
    print_result(out, &args, &admin, &project)?;
    let Some(path) = &args.openrc else { return Ok(()) };
    let Some(password) = &admin.password else {
        return Err(CliError::PasswordUnknown {
            user: admin.user.name,
            path: path.clone(),
        });
    };
    Openrc {
        public_url,
        user: &admin.user.name,
        password,
        project: &project.name,
        ca,
    }
    .write(path)
}

struct Admin {
    user: UserRecord,
    /// The password, where it is known.
    password: Option<SecretString>,
    /// Whether the password was made up here.
    generated: bool,
}

async fn ensure_project(store: &Store, name: &str) -> Result<ProjectRecord, CliError> {
    if let Some(project) = find_project_if_any(store, name).await? {
        return Ok(project);
    }
    let new = NewProject {
        domain: default_domain(store).await?,
        name: name.to_owned(),
        description: String::new(),
    };
    let id = store.create_project(&new).await?;
    find_project(store, id.as_str()).await
}

async fn make_admin(store: &Store, name: &str, given: Option<SecretString>) -> Result<Admin, CliError> {
    let generated = given.is_none();
    let password = match given {
        Some(password) => password,
        None => password::generate()?,
    };
    let new = NewUser {
        domain: default_domain(store).await?,
        name: name.to_owned(),
        password: password::hash(&password)?,
    };
    let id = store.create_user(&new, OffsetDateTime::now_utc()).await?;
    Ok(Admin {
        user: find_user(store, id.as_str()).await?,
        password: Some(password),
        generated,
    })
}

/// Makes a given password work, and touches nothing where it does already: the user's tokens live
/// on.
async fn keep_admin(
    store: &Store,
    user: UserRecord,
    given: Option<SecretString>,
    openrc: Option<&Path>,
) -> Result<Admin, CliError> {
    let Some(password) = given else {
        let kept = openrc.and_then(openrc::read_password);
        let password = match kept {
            Some(kept) if works(store, &user, &kept).await? => Some(kept),
            _ => None,
        };
        return Ok(Admin {
            user,
            password,
            generated: false,
        });
    };
    if !works(store, &user, &password).await? {
        store.set_password(&user.id, &password::hash(&password)?).await?;
    }
    if !user.enabled {
        store.set_user_enabled(&user.id, true).await?;
    }
    Ok(Admin {
        user: find_user(store, user.id.as_str()).await?,
        password: Some(password),
        generated: false,
    })
}

async fn works(store: &Store, user: &UserRecord, password: &SecretString) -> Result<bool, CliError> {
    match store.credentials(&Key::Id(user.id.clone())).await? {
        Some((_, hash)) => Ok(password::verify(password, &hash)?),
        None => Ok(false),
    }
}

fn print_result(
    out: &mut dyn Write,
    args: &BootstrapArgs,
    admin: &Admin,
    project: &ProjectRecord,
) -> Result<(), CliError> {
    let password = admin
        .password
        .as_ref()
        .filter(|_| admin.generated)
        .map(ExposeSecret::expose_secret);
    if args.form.json {
        let mut answer = json!({
            "user": user_json(&admin.user),
            "project": project_json(project),
            "openrc": args.openrc,
        });
        if let Some(password) = password {
            answer["password"] = password.into();
        }
        return print_json(out, &answer);
    }
    writeln!(
        out,
        "{} is admin in the project {}.",
        admin.user.name, project.name
    )?;
    if let Some(password) = password {
        writeln!(out, "Password (shown this once): {password}")?;
    }
    if !admin.user.enabled {
        writeln!(
            out,
            "The user is disabled: `oriel user enable {}` lets them log in.",
            admin.user.name
        )?;
    }
    Ok(out.flush()?)
}
