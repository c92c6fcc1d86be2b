//! `oriel user`, `project`, `role`, `credential` and `bootstrap`: who may log in or sign requests, and
//! with which role where.
//!
//! These work on the store's file and may run beside a live server: it reads users, projects and
//! roles anew for each request, so that every change is in force at once. Users and projects are
//! those of the domain `Default`, named by name or by id.

mod bootstrap;
mod credential;
mod find;
mod openrc;
mod output;
mod password;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use oriel_control::identity::{KeystoneError, PasswordError, VaultError};
use oriel_domain::Role;
use oriel_store::{NewProject, NewUser, Store, StoreError};
use time::OffsetDateTime;

pub use bootstrap::{BootstrapArgs, bootstrap};
pub use credential::{CredentialCommand, Keys, run_credential};

use find::{default_domain, find_project, find_user};
use output::{Form, print_project, print_projects, print_roles, print_user, print_users};
use password::PasswordSource;

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make a user
    Create {
        /// Its name
        name: String,
        #[command(flatten)]
        password: PasswordSource,
        #[command(flatten)]
        form: Form,
    },
    /// List every user
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Show one user
    Show(OneUser),
    /// Give a user a new password; the tokens it has stop working
    SetPassword {
        /// Its name or id
        user: String,
        #[command(flatten)]
        password: PasswordSource,
        #[command(flatten)]
        form: Form,
    },
    /// Let a user log in again
    Enable(OneUser),
    /// Let a user log in no more; the tokens it has stop working
    Disable(OneUser),
    /// Delete a user, its roles and its tokens
    Delete(OneUser),
}

/// The user that a command is about.
#[derive(Debug, Args)]
pub struct OneUser {
    /// Its name or id
    user: String,
    #[command(flatten)]
    form: Form,
}

/// What can be done with projects.
#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Make a project
    Create {
        /// Its name
        name: String,
        /// A line for people
        #[arg(long, default_value = "")]
        description: String,
        #[command(flatten)]
        form: Form,
    },
    /// List every project
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Show one project
    Show(OneProject),
    /// Let tokens be made for a project again
    Enable(OneProject),
    /// Let no more tokens be made for a project; those that there are stop working
    Disable(OneProject),
    /// Delete a project, and the roles and tokens in it
    Delete(OneProject),
}

/// The project that a command is about.
#[derive(Debug, Args)]
pub struct OneProject {
    /// Its name or id
    project: String,
    #[command(flatten)]
    form: Form,
}

/// What can be done with roles.
#[derive(Debug, Subcommand)]
pub enum RoleCommand {
    /// Give a user a role in a project
    Assign(OneRole),
    /// Take a role in a project from a user
    Remove(OneRole),
    /// List who has which role where
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
}

/// The role that a command is about.
#[derive(Debug, Args)]
pub struct OneRole {
    /// The user, by name or id
    #[arg(long)]
    user: String,
    /// The project, by name or id
    #[arg(long)]
    project: String,
    /// reader (may look), member (may open consoles) or admin (may do everything everywhere)
    role: Role,
    #[command(flatten)]
    form: Form,
}

/// Why a command did nothing, or not all that it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The store failed, or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A user, project or credential that does not exist.
    #[error("there is no {what} {name:?}: `oriel {what} list` shows those that there are")]
    NoSuch {
        /// `user`, `project` or `credential`.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// A role to remove that the user does not have.
    #[error("{user:?} does not have the role {role} in {project:?}: `oriel role list` shows who has what")]
    NotAssigned {
        /// The user as it was named.
        user: String,
        /// The project as it was named.
        project: String,
        /// The role.
        role: Role,
    },
    /// The file with the password cannot be read.
    #[error("cannot read a password from {path}: {source}")]
    ReadPassword {
        /// The file, or "standard input".
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The password is empty, too long or no text.
    #[error("the password from {path} is {why}: give one line of UTF-8, 1 to {longest} bytes long")]
    BadPassword {
        /// The file, "standard input" or "the terminal".
        path: String,
        /// What is wrong with it.
        why: &'static str,
        /// The longest password, in bytes.
        longest: usize,
    },
    /// There is no terminal to ask for a password on.
    #[error(
        "cannot ask for a password here ({0}): give one with --password-file PATH, or with - from standard input"
    )]
    NoTerminal(io::Error),
    /// The password was typed differently the second time.
    #[error("the two passwords differ; nothing was changed")]
    Mismatch,
    /// The password could not be hashed or checked.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A credential was to stand for an application credential, and users are Oriel's own.
    #[error("users are Oriel's own here: make the credential with --user and --project")]
    NotKeystone,
    /// A credential was to be a user's, and users are a Keystone's.
    #[error(
        "users are Keystone's here: make an application credential there (`openstack application credential create`), \
         and the credential with --application-credential and --secret-file"
    )]
    NeedsCredential,
    /// Keystone does not take an application credential.
    #[error(
        "Keystone does not take this application credential: check its id and secret, and that it has no access rules, \
         which Oriel does not apply"
    )]
    CredentialRefused,
    /// Keystone could not be asked.
    #[error("identity.keystone: {0}")]
    Keystone(#[from] Arc<KeystoneError>),
    /// The secret of a credential could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// There was no randomness for a password or a credential.
    #[error("the operating system gave no randomness for a new secret: {0}")]
    Randomness(#[from] getrandom::Error),
    /// An `openrc` file was asked for, but only the user knows the password.
    #[error(
        "{path} cannot be written: the user {user:?} exists, and its password is kept as a hash only. \
         Give it with --password-file (another one is set as the new password), or leave --openrc out"
    )]
    PasswordUnknown {
        /// The user.
        user: String,
        /// The `openrc` file.
        path: PathBuf,
    },
    /// The `openrc` file could not be written.
    #[error("cannot write {path}: {source}")]
    WriteOpenrc {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The answer could not be printed.
    #[error("cannot print the answer: {0}")]
    Print(#[from] io::Error),
}

/// Runs `oriel user ...` and prints the user that it was about, as it is afterwards (as it was,
/// where it was deleted).
pub async fn run_user(store: &Store, command: UserCommand, out: &mut dyn Write) -> Result<(), CliError> {
    let (user, form) = match command {
        UserCommand::List { form } => return print_users(out, form, &store.users().await?),
        UserCommand::Create { name, password, form } => {
            let password = oriel_control::identity::password::hash(&password.read()?)?;
            let new = NewUser {
                domain: default_domain(store).await?,
                name,
                password,
            };
            let id = store.create_user(&new, OffsetDateTime::now_utc()).await?;
            (find_user(store, id.as_str()).await?, form)
        }
        UserCommand::Show(OneUser { user, form }) => (find_user(store, &user).await?, form),
        UserCommand::SetPassword { user, password, form } => {
            let user = find_user(store, &user).await?;
            let hash = oriel_control::identity::password::hash(&password.read()?)?;
            store.set_password(&user.id, &hash).await?;
            (user, form)
        }
        UserCommand::Enable(OneUser { user, form }) => {
            let user = find_user(store, &user).await?;
            store.set_user_enabled(&user.id, true).await?;
            (find_user(store, user.id.as_str()).await?, form)
        }
        UserCommand::Disable(OneUser { user, form }) => {
            let user = find_user(store, &user).await?;
            store.set_user_enabled(&user.id, false).await?;
            (find_user(store, user.id.as_str()).await?, form)
        }
        UserCommand::Delete(OneUser { user, form }) => {
            let user = find_user(store, &user).await?;
            store.delete_user(&user.id).await?;
            (user, form)
        }
    };
    print_user(out, form, &user)
}

/// Runs `oriel project ...` and prints the project that it was about, as it is afterwards (as it
/// was, where it was deleted).
pub async fn run_project(
    store: &Store,
    command: ProjectCommand,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let (project, form) = match command {
        ProjectCommand::List { form } => return print_projects(out, form, &store.projects().await?),
        ProjectCommand::Create {
            name,
            description,
            form,
        } => {
            let new = NewProject {
                domain: default_domain(store).await?,
                name,
                description,
            };
            let id = store.create_project(&new).await?;
            (find_project(store, id.as_str()).await?, form)
        }
        ProjectCommand::Show(OneProject { project, form }) => (find_project(store, &project).await?, form),
        ProjectCommand::Enable(OneProject { project, form }) => {
            let project = find_project(store, &project).await?;
            store.set_project_enabled(&project.id, true).await?;
            (find_project(store, project.id.as_str()).await?, form)
        }
        ProjectCommand::Disable(OneProject { project, form }) => {
            let project = find_project(store, &project).await?;
            store.set_project_enabled(&project.id, false).await?;
            (find_project(store, project.id.as_str()).await?, form)
        }
        ProjectCommand::Delete(OneProject { project, form }) => {
            let project = find_project(store, &project).await?;
            store.delete_project(&project.id).await?;
            (project, form)
        }
    };
    print_project(out, form, &project)
}

/// Runs `oriel role ...` and prints the roles that it was about: after a change, those that the
/// user then has in the project.
pub async fn run_role(store: &Store, command: RoleCommand, out: &mut dyn Write) -> Result<(), CliError> {
    let (user, project, form) = match command {
        RoleCommand::Assign(OneRole {
            user,
            project,
            role,
            form,
        }) => {
            let (user, project) = (
                find_user(store, &user).await?,
                find_project(store, &project).await?,
            );
            store.assign_role(&user.id, &project.id, role).await?;
            (Some(user.id), Some(project.id), form)
        }
        RoleCommand::Remove(OneRole {
            user: user_name,
            project: project_name,
            role,
            form,
        }) => {
            let user = find_user(store, &user_name).await?;
            let project = find_project(store, &project_name).await?;
            if !store.remove_role(&user.id, &project.id, role).await? {
                return Err(CliError::NotAssigned {
                    user: user_name,
                    project: project_name,
                    role,
                });
            }
            (Some(user.id), Some(project.id), form)
        }
        RoleCommand::List { user, project, form } => {
            let user = match user {
                Some(user) => Some(find_user(store, &user).await?.id),
                None => None,
            };
            let project = match project {
                Some(project) => Some(find_project(store, &project).await?.id),
                None => None,
            };
            (user, project, form)
        }
    };
    print_roles(
        out,
        form,
        &store.role_assignments(user.as_ref(), project.as_ref()).await?,
    )
}

#[cfg(test)]
mod tests;
