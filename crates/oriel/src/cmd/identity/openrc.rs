//! The `openrc` file: what OpenStack's clients need in their environment, to be sourced by a shell.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::CliError;

const PASSWORD: &str = "export OS_PASSWORD=";

/// What an `openrc` file says.
pub(super) struct Openrc<'a> {
    /// Where clients reach Oriel, without a slash at the end.
    pub public_url: &'a str,
    pub user: &'a str,
    pub password: &'a SecretString,
    pub project: &'a str,
    /// The certificate that clients are to trust, where it is not one that the system trusts.
    pub ca: Option<&'a Path>,
}

impl Openrc<'_> {
    /// Writes the file, whole or not at all, readable by its owner alone.
    pub(super) fn write(&self, path: &Path) -> Result<(), CliError> {
        self.try_write(path).map_err(|source| CliError::WriteOpenrc {
            path: path.to_owned(),
            source,
        })
    }

    fn try_write(&self, path: &Path) -> io::Result<()> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(self.text()?.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    }

    fn text(&self) -> io::Result<String> {
        let auth_url = format!("{}/identity/v3", self.public_url.trim_end_matches('/'));
        let mut lines = vec![
            "# Source this file in a shell, then use openstackclient.".to_owned(),
            format!("export OS_AUTH_URL={}", quote(&auth_url)),
            "export OS_IDENTITY_API_VERSION=3".to_owned(),
            format!("export OS_USERNAME={}", quote(self.user)),
            format!("{PASSWORD}{}", quote(self.password.expose_secret())),
            "export OS_USER_DOMAIN_NAME=Default".to_owned(),
            format!("export OS_PROJECT_NAME={}", quote(self.project)),
            "export OS_PROJECT_DOMAIN_NAME=Default".to_owned(),
        ];
        if let Some(ca) = self.ca {
            // The shell that sources the file may be in any folder.
            let ca = std::path::absolute(ca)?;
            let ca = ca
                .to_str()
                .ok_or_else(|| io::Error::other("the path of the certificate is not UTF-8"))?;
            lines.push(format!("export OS_CACERT={}", quote(ca)));
        }
        lines.push(String::new());
        Ok(lines.join("\n"))
    }
}

/// The password in an `openrc` file that [`Openrc::write`] made, if it is there.
pub(super) fn read_password(path: &Path) -> Option<SecretString> {
    let text = fs::read_to_string(path).ok()?;
    let quoted = text.lines().find_map(|line| line.strip_prefix(PASSWORD))?;
    let inside = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inside.replace("'\\''", "'").into())
}

/// Quotes a text for a POSIX shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;

    #[test]
    fn a_shell_reads_back_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("openrc");
        let password = SecretString::from("it's $HOME `id` \\ \"x\" #!");
        let ca = folder.path().join("ca.pem");
        let openrc = Openrc {
            public_url: "https://h:8002/",
            user: "o'neil",
            password: &password,
            project: "a b",
            ca: Some(&ca),
        };
        openrc.write(&path).unwrap();
        openrc.write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let script = ". \"$0\"; printf '%s\\n' \"$OS_AUTH_URL\" \"$OS_USERNAME\" \"$OS_PASSWORD\" \"$OS_PROJECT_NAME\" \"$OS_CACERT\"";
        let shell = Command::new("sh")
            .arg("-c")
            .arg(script)
            .arg(&path)
            .output()
            .unwrap();
        let expected = format!(
            "https://h:8002/identity/v3\no'neil\n{}\na b\n{}\n",
            password.expose_secret(),
            ca.display()
        );
        assert_eq!(String::from_utf8(shell.stdout).unwrap(), expected);
        assert_eq!(
            read_password(&path).unwrap().expose_secret(),
            password.expose_secret()
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_without_a_password_gives_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("openrc");
        assert!(read_password(&path).is_none());
        fs::write(&path, "export OS_USERNAME='x'\nexport OS_PASSWORD=plain\n").unwrap();
        assert!(read_password(&path).is_none());
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let password = SecretString::from("x");
        let openrc = Openrc {
            public_url: "https://h",
            user: "u",
            password: &password,
            project: "p",
            ca: None,
        };
        let error = openrc
            .write(Path::new("/nonexistent/openrc"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("/nonexistent/openrc"), "{error}");
    }
}
