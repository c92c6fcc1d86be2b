//! The text of a rule: checks joined by `and`, `or` and `not`, in parentheses where need be.

use super::check::{Check, Value};

/// Why a rule's text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A word that is no check.
    #[error("{0:?} is no check: known are role:NAME, rule:NAME, project_id:..., user_id:..., @ and !")]
    Check(String),
    /// The text ends where something should follow.
    #[error("it ends where a check should follow")]
    Ends,
    /// A word where none can be.
    #[error("{0:?} stands where `and`, `or` or the end should")]
    Unexpected(String),
    /// A parenthesis that is not closed.
    #[error("a '(' is not closed")]
    Open,
    /// Parentheses or `not` within one another, many times over.
    #[error("it is nested more than {MAX_DEPTH} deep")]
    Deep,
    /// A rule that is not there.
    #[error("there is no rule {0:?}")]
    NoSuchRule(String),
    /// A rule that leads back to itself.
    #[error("it leads back to {0:?} and would never end")]
    Circle(String),
}

/// How deep parentheses may lie in one another.
const MAX_DEPTH: usize = 32;

/// Reads a rule.
pub(super) fn rule(text: &str) -> Result<Check, RuleError> {
    let spaced = text
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace("% ( ", "%(")
        .replace(" ) s", ")s");
    let mut words = Words {
        words: spaced.split_whitespace().collect(),
        at: 0,
    };
    if words.words.is_empty() {
        return Ok(Check::Always);
    }
    let check = words.any(0)?;
    match words.next() {
        None => Ok(check),
        Some(word) => Err(RuleError::Unexpected(word.to_owned())),
    }
}

struct Words<'a> {
    words: Vec<&'a str>,
    at: usize,
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.peek();
        self.at += 1;
        word
    }

    /// Takes the next word if it is this one.
    fn take(&mut self, word: &str) -> bool {
        let taken = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.at += usize::from(taken);
        taken
    }

    fn any(&mut self, depth: usize) -> Result<Check, RuleError> {
        self.joined("or", depth, Self::all, Check::Any)
    }

    fn all(&mut self, depth: usize) -> Result<Check, RuleError> {
        self.joined("and", depth, Self::one, Check::All)
    }

    fn joined(
        &mut self,
        word: &str,
        depth: usize,
        part: fn(&mut Self, usize) -> Result<Check, RuleError>,
        join: fn(Vec<Check>) -> Check,
    ) -> Result<Check, RuleError> {
        let first = part(self, depth)?;
        if !self.take(word) {
            return Ok(first);
        }
        let mut checks = vec![first, part(self, depth)?];
        while self.take(word) {
            checks.push(part(self, depth)?);
        }
        Ok(join(checks))
    }

    fn one(&mut self, depth: usize) -> Result<Check, RuleError> {
        if depth > MAX_DEPTH {
            return Err(RuleError::Deep);
        }
        if self.take("not") {
            return Ok(Check::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.take("(") {
            let check = self.any(depth + 1)?;
            return if self.take(")") {
                Ok(check)
            } else {
                Err(RuleError::Open)
            };
        }
        check(self.next().ok_or(RuleError::Ends)?)
    }
}

fn check(word: &str) -> Result<Check, RuleError> {
    let unknown = || RuleError::Check(word.to_owned());
    match word {
        "@" => return Ok(Check::Always),
        "!" => return Ok(Check::Never),
        _ => {}
    }
    let (kind, value) = word
        .split_once(':')
        .filter(|(_, value)| !value.is_empty())
        .ok_or_else(unknown)?;
    let id = || match value {
        "%(project_id)s" | "%(tenant_id)s" => Ok(Value::TargetProject),
        "%(user_id)s" => Ok(Value::TargetUser),
        other if other.contains('%') => Err(unknown()),
        other => Ok(Value::Literal(other.to_owned())),
    };
    match kind {
        "role" => Ok(Check::Role(value.to_owned())),
        "rule" => Ok(Check::Rule(value.to_owned())),
        "project_id" | "tenant_id" => Ok(Check::Project(id()?)),
        "user_id" => Ok(Check::User(id()?)),
        _ => Err(unknown()),
    }
}
