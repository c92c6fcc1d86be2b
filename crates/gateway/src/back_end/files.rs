//! What is read from disk and environment for each connection, so that it can be changed while the
//! gateway runs.

use std::path::Path;

use oriel_domain::{EndReason, PasswordSource};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretSlice};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use crate::session::Failure;

/// Longest file with certificates or a key, in bytes: a system's whole list of authorities fits.
const MAX_PEM: u64 = 1024 * 1024;
/// Longest file with a password, in bytes.
const MAX_PASSWORD: u64 = 4096;

/// A failure whose cause lies in how the back end's security is set up here or there.
pub(super) fn insecure(detail: impl Into<String>) -> Failure {
    Failure::new(EndReason::BackEndSecurity, detail)
}

/// A file with certificates or a key.
pub(super) async fn pem(file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    read(file, MAX_PEM).await
}

/// The password: the first line of the file, or the variable.
pub(crate) async fn password(source: &PasswordSource) -> Result<SecretSlice<u8>, Failure> {
    let (secret, place) = match source {
        PasswordSource::File(file) => {
            let text = read(file, MAX_PASSWORD).await?;
            let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            (SecretSlice::from(line.to_vec()), file.display().to_string())
        }
        PasswordSource::Environment(name) => {
            let value = std::env::var(name).unwrap_or_default();
            (
                SecretSlice::from(value.into_bytes()),
                format!("the environment's {name}"),
            )
        }
    };
    if secret.expose_secret().is_empty() {
        return Err(insecure(format!(
            "the password is missing: {place} is empty or not set"
        )));
    }
    Ok(secret)
}

async fn read(file: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error: std::io::Error| insecure(format!("cannot read {}: {error}", file.display()));
    let mut bytes = Zeroizing::new(Vec::new());
    let opened = File::open(file).await.map_err(failed)?;
    let mut opened = opened.take(limit + 1);
    opened.read_to_end(&mut bytes).await.map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(insecure(format!(
            "{} is longer than {limit} bytes",
            file.display()
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn from_file(text: &[u8]) -> Result<Vec<u8>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, text).unwrap();
        let password = password(&PasswordSource::File(file)).await;
        password
            .map(|secret| secret.expose_secret().to_vec())
            .map_err(|failure| failure.detail)
    }

    #[tokio::test]
    async fn a_password_is_the_first_line() {
        for text in ["hunter2", "hunter2\n", "hunter2\r\n", "hunter2\nmore"] {
            assert_eq!(from_file(text.as_bytes()).await.unwrap(), b"hunter2");
        }
        assert_eq!(from_file(b"\xe9t\xe9 \n").await.unwrap(), b"\xe9t\xe9 ");
    }

    #[tokio::test]
    async fn a_password_that_is_not_there_is_told_by_its_place() {
        assert!(from_file(b"\n").await.unwrap_err().contains("password is empty"));
        let long = from_file(&[b'x'; 5000]).await.unwrap_err();
        assert!(
            long.contains("longer than 4096") && !long.contains("xxx"),
            "{long}"
        );
        let unset = password(&PasswordSource::Environment("ORIEL_TEST_NOT_SET".into())).await;
        assert!(unset.unwrap_err().detail.contains("ORIEL_TEST_NOT_SET"));
        let gone = password(&PasswordSource::File("/nonexistent/pw".into()))
            .await
            .unwrap_err();
        assert_eq!(gone.reason, EndReason::BackEndSecurity);
        assert!(gone.detail.contains("/nonexistent/pw"));
    }
}
