//! Prints users, projects and roles: a table for people, JSON for programs.
//!
//! The JSON form is stable: keys may be added, and none is renamed, removed or given another type.

use std::io::Write;

use clap::Args;
use oriel_store::{ProjectRecord, RoleAssignment, UserRecord};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::CliError;

/// How to print.
#[derive(Debug, Clone, Copy, Args)]
pub struct Form {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn print_user(out: &mut dyn Write, form: Form, user: &UserRecord) -> Result<(), CliError> {
    if form.json {
        print_json(out, &user_json(user))
    } else {
        user_table(out, std::slice::from_ref(user))
    }
}

pub(super) fn print_users(out: &mut dyn Write, form: Form, users: &[UserRecord]) -> Result<(), CliError> {
    if form.json {
        print_json(out, &users.iter().map(user_json).collect())
    } else {
        user_table(out, users)
    }
}

pub(super) fn print_project(
    out: &mut dyn Write,
    form: Form,
    project: &ProjectRecord,
) -> Result<(), CliError> {
    if form.json {
        print_json(out, &project_json(project))
    } else {
        project_table(out, std::slice::from_ref(project))
    }
}

pub(super) fn print_projects(
    out: &mut dyn Write,
    form: Form,
    projects: &[ProjectRecord],
) -> Result<(), CliError> {
    if form.json {
        print_json(out, &projects.iter().map(project_json).collect())
    } else {
        project_table(out, projects)
    }
}

pub(super) fn print_roles(out: &mut dyn Write, form: Form, roles: &[RoleAssignment]) -> Result<(), CliError> {
    if form.json {
        return print_json(out, &roles.iter().map(role_json).collect());
    }
    let rows = roles
        .iter()
        .map(|one| {
            [
                one.user.name.clone(),
                one.project.name.clone(),
                one.role.name().to_owned(),
            ]
        })
        .collect::<Vec<_>>();
    table(out, ["USER", "PROJECT", "ROLE"], &rows)
}

pub(super) fn print_json(out: &mut dyn Write, value: &Value) -> Result<(), CliError> {
    Ok(writeln!(out, "{value:#}")?)
}

pub(super) fn user_json(user: &UserRecord) -> Value {
    json!({
        "id": user.id,
        "name": user.name,
        "domain_id": user.domain.id,
        "enabled": user.enabled,
        "created_at": rfc3339(user.created_at),
    })
}

pub(super) fn project_json(project: &ProjectRecord) -> Value {
    json!({
        "id": project.id,
        "name": project.name,
        "domain_id": project.domain.id,
        "description": project.description,
        "enabled": project.enabled,
    })
}

fn role_json(one: &RoleAssignment) -> Value {
    json!({
        "user_id": one.user.id,
        "user": one.user.name,
        "project_id": one.project.id,
        "project": one.project.name,
        "role": one.role.name(),
    })
}

fn user_table(out: &mut dyn Write, users: &[UserRecord]) -> Result<(), CliError> {
    let rows = users
        .iter()
        .map(|user| {
            [
                user.id.to_string(),
                user.name.clone(),
                yes_no(user.enabled),
                rfc3339(user.created_at),
            ]
        })
        .collect::<Vec<_>>();
    table(out, ["ID", "NAME", "ENABLED", "CREATED"], &rows)
}

fn project_table(out: &mut dyn Write, projects: &[ProjectRecord]) -> Result<(), CliError> {
    // Without the description: unlike a name it may hold line breaks and terminal sequences.
    let rows = projects
        .iter()
        .map(|project| {
            [
                project.id.to_string(),
                project.name.clone(),
                yes_no(project.enabled),
            ]
        })
        .collect::<Vec<_>>();
    table(out, ["ID", "NAME", "ENABLED"], &rows)
}

pub(super) fn table<const N: usize>(
    out: &mut dyn Write,
    head: [&str; N],
    rows: &[[String; N]],
) -> Result<(), CliError> {
    let mut widths = head.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut line = |cells: &[&str]| {
        let padded = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect::<Vec<_>>();
        writeln!(out, "{}", padded.join("  ").trim_end())
    };
    line(&head)?;
    for row in rows {
        line(&row.each_ref().map(String::as_str))?;
    }
    Ok(())
}

pub(super) fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

pub(super) fn rfc3339(time: OffsetDateTime) -> String {
    // Only a year beyond 9999 has no such form.
    time.format(&Rfc3339).unwrap_or_default()
}
