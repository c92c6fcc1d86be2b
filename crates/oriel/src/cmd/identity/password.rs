//! Where a command gets a password from: a file, standard input or the terminal, and never an
//! argument, which every user of the machine can read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use super::CliError;

/// Longest password, in bytes: Keystone's limit.
const LONGEST: usize = 4096;

/// Where the password comes from.
#[derive(Debug, Args)]
pub struct PasswordSource {
    /// Read the password from the first line of this file, or of standard input with `-`. Without
    /// it, you are asked
    #[arg(long, value_name = "PATH")]
    password_file: Option<PathBuf>,
}

impl PasswordSource {
    /// Reads the password, asking for it twice where no file is given.
    pub(super) fn read(&self) -> Result<SecretString, CliError> {
        match &self.password_file {
            Some(path) => read_file(path),
            None => ask(),
        }
    }
}

/// Reads a password from a file, or from standard input for `-`. The end of the line is not part of it.
pub(super) fn read_file(path: &Path) -> Result<SecretString, CliError> {
    if path == Path::new("-") {
        return read_from(io::stdin().lock(), "standard input");
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|source| CliError::ReadPassword {
        path: name.clone(),
        source,
    })?;
    read_from(file, &name)
}

fn read_from(source: impl Read, name: &str) -> Result<SecretString, CliError> {
    let bad = |why| CliError::BadPassword {
        path: name.to_owned(),
        why,
        longest: LONGEST,
    };
    let mut bytes = Vec::new();
    // Room for the longest password, the end of its line, and one byte that shows that there is more.
    let most = LONGEST as u64 + 3;
    source
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|source| CliError::ReadPassword {
            path: name.to_owned(),
            source,
        })?;
    let text = String::from_utf8(bytes).map_err(|_| bad("not UTF-8"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains(['\n', '\r']) {
        return Err(bad("more than one line"));
    }
    check(line.into(), name)
}

fn ask() -> Result<SecretString, CliError> {
    let first = rpassword::prompt_password("Password: ").map_err(CliError::NoTerminal)?;
    let again = rpassword::prompt_password("The same again: ").map_err(CliError::NoTerminal)?;
    if first != again {
        return Err(CliError::Mismatch);
    }
    check(first.into(), "the terminal")
}

fn check(password: SecretString, from: &str) -> Result<SecretString, CliError> {
    let why = match password.expose_secret().len() {
        0 => "empty",
        1..=LONGEST => return Ok(password),
        _ => "too long",
    };
    Err(CliError::BadPassword {
        path: from.to_owned(),
        why,
        longest: LONGEST,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<String, CliError> {
        read_from(text, "test").map(|password| password.expose_secret().to_owned())
    }

    #[test]
    fn the_end_of_the_line_is_not_part_of_a_password() {
        for text in ["s3cret", "s3cret\n", "s3cret\r\n"] {
            assert_eq!(read(text.as_bytes()).unwrap(), "s3cret");
        }
        assert_eq!(read(b" s3 cret \n").unwrap(), " s3 cret ");
    }

    #[test]
    fn what_is_no_password_is_refused_and_not_repeated() {
        for (text, why) in [
            (&b""[..], "empty"),
            (b"\n", "empty"),
            (b"s3cret\nsecond\n", "more than one line"),
            (b"s3cret\xff", "not UTF-8"),
            (&[b'x'; 5000], "too long"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
        assert_eq!(read(&[b'x'; LONGEST]).unwrap().len(), LONGEST);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read_file(Path::new("/nonexistent/password"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("/nonexistent/password"), "{error}");
    }
}
