//! A rule, understood.

use std::collections::HashMap;

use oriel_domain::{Principal, ProjectId, UserId};

use super::Target;
use super::parse::RuleError;

/// What a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Check {
    /// `@`, or nothing: everyone.
    Always,
    /// `!`: nobody.
    Never,
    /// `role:NAME`
    Role(String),
    /// `rule:NAME`
    Rule(String),
    /// `project_id:...`
    Project(Value),
    /// `user_id:...`
    User(Value),
    /// `not ...`
    Not(Box<Check>),
    /// `... and ...`
    All(Vec<Check>),
    /// `... or ...`
    Any(Vec<Check>),
}

/// What an id of the caller is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// `%(project_id)s`: the target's project.
    TargetProject,
    /// `%(user_id)s`: the target's user.
    TargetUser,
    /// An id as it stands.
    Literal(String),
}

type Checks = HashMap<String, Check>;

impl Check {
    /// Whether it holds. Rules that it names are in `checks`, and none names itself: see [`Check::resolve`].
    pub fn holds(&self, checks: &Checks, principal: &Principal, target: Target<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Role(name) => principal.roles.has_named(name),
            Self::Rule(name) => checks
                .get(name)
                .is_some_and(|check| check.holds(checks, principal, target)),
            Self::Project(value) => {
                let own = principal.project.as_ref().map(|project| project.id.as_str());
                own.is_some() && own == value.of(target)
            }
            Self::User(value) => value.of(target) == Some(principal.user.id.as_str()),
            Self::Not(check) => !check.holds(checks, principal, target),
            Self::All(all) => all.iter().all(|check| check.holds(checks, principal, target)),
            Self::Any(any) => any.iter().any(|check| check.holds(checks, principal, target)),
        }
    }

    /// Makes sure that every rule that this one names is there, and that none leads back to itself.
    pub fn resolve<'a>(&'a self, checks: &'a Checks, way: &mut Vec<&'a str>) -> Result<(), RuleError> {
        match self {
            Self::Rule(name) => {
                let Some((name, check)) = checks.get_key_value(name) else {
                    return Err(RuleError::NoSuchRule(name.clone()));
                };
                if way.contains(&name.as_str()) {
                    return Err(RuleError::Circle(name.clone()));
                }
                way.push(name);
                check.resolve(checks, way)?;
                way.pop();
                Ok(())
            }
            Self::Not(check) => check.resolve(checks, way),
            Self::All(inner) | Self::Any(inner) => {
                inner.iter().try_for_each(|check| check.resolve(checks, way))
            }
            _ => Ok(()),
        }
    }
}

impl Value {
    fn of<'a>(&'a self, target: Target<'a>) -> Option<&'a str> {
        match self {
            Self::TargetProject => target.project.map(ProjectId::as_str),
            Self::TargetUser => target.user.map(UserId::as_str),
            Self::Literal(text) => Some(text),
        }
    }
}
