use std::fs;
use std::path::Path;

use clap::Parser;
use oriel_control::identity::{Embedded, IdentitySettings, Scope, Vault};
use oriel_store::{DomainKey, Key};
use serde_json::Value;
use tempfile::TempDir;

use super::*;

/// The commands as the binary takes them.
#[derive(Debug, Parser)]
enum Line {
    #[command(subcommand)]
    User(UserCommand),
    #[command(subcommand)]
    Project(ProjectCommand),
    #[command(subcommand)]
    Role(RoleCommand),
    #[command(subcommand)]
    Credential(CredentialCommand),
    Bootstrap(BootstrapArgs),
}

struct Lab {
    folder: TempDir,
    store: Store,
}

impl Lab {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("oriel.db")).await.unwrap();
        fs::write(folder.path().join("pw"), "s3cret\n").unwrap();
        fs::write(folder.path().join("pw2"), "0ther\n").unwrap();
        Self { folder, store }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs a command line; `@name` stands for a file in the folder.
    async fn run(&self, line: &str) -> Result<String, CliError> {
        let words = line.split_whitespace().map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name),
            None => word.to_owned(),
        });
        let mut out = Vec::new();
        match Line::try_parse_from(["oriel".to_owned()].into_iter().chain(words)).unwrap() {
            Line::User(command) => run_user(&self.store, command, &mut out).await?,
            Line::Project(command) => run_project(&self.store, command, &mut out).await?,
            Line::Role(command) => run_role(&self.store, command, &mut out).await?,
            Line::Credential(command) => {
                let vault = Vault::at(self.path("credential.key").into());
                run_credential(Keys::Embedded(&self.store), &vault, command, &mut out).await?;
            }
            Line::Bootstrap(args) => {
                bootstrap(
                    &self.store,
                    "https://h:8002",
                    Some(Path::new("/ca.pem")),
                    args,
                    &mut out,
                )
                .await?;
            }
        }
        Ok(String::from_utf8(out).unwrap())
    }

    async fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.run(&format!("{line} --json")).await.unwrap()).unwrap()
    }

    async fn logs_in(&self, user: &str, password: &str, project: &str) -> bool {
        let named = |name: &str| (name.to_owned(), DomainKey::Name("Default".into()));
        let identity = Embedded::new(self.store.clone(), IdentitySettings::new("https://h:8002")).unwrap();
        let (name, domain) = named(project);
        let scope = Scope::Project(Key::Name { name, domain });
        let (name, domain) = named(user);
        identity
            .login_password(&Key::Name { name, domain }, &password.into(), &scope)
            .await
            .is_ok()
    }
}

#[tokio::test]
async fn a_user_is_made_shown_listed_and_deleted() {
    let lab = Lab::new().await;
    let made = lab.json("user create ann --password-file @pw").await;
    assert_eq!(
        (&made["name"], &made["domain_id"], &made["enabled"]),
        (&"ann".into(), &"default".into(), &true.into())
    );
    let id = made["id"].as_str().unwrap();
    assert_eq!(lab.json("user show ann").await, made);
    assert_eq!(lab.json(&format!("user show {id}")).await, made);
    assert_eq!(lab.json("user list").await, Value::Array(vec![made.clone()]));
    let table = lab.run("user list").await.unwrap();
    assert!(
        table.starts_with("ID ") && table.contains(id) && table.contains("ann   yes"),
        "{table}"
    );
    assert_eq!(lab.json("user delete ann").await, made);
    let error = lab.run("user show ann").await.unwrap_err().to_string();
    assert_eq!(
        error,
        "there is no user \"ann\": `oriel user list` shows those that there are"
    );
}

#[tokio::test]
async fn a_user_is_disabled_enabled_and_given_another_password() {
    let lab = Lab::new().await;
    lab.run("bootstrap --user ann --project demo --password-file @pw")
        .await
        .unwrap();
    assert!(lab.logs_in("ann", "s3cret", "demo").await);
    assert_eq!(lab.json("user disable ann").await["enabled"], false);
    assert!(!lab.logs_in("ann", "s3cret", "demo").await);
    assert_eq!(lab.json("user enable ann").await["enabled"], true);
    lab.run("user set-password ann --password-file @pw2")
        .await
        .unwrap();
    assert!(!lab.logs_in("ann", "s3cret", "demo").await);
    assert!(lab.logs_in("ann", "0ther", "demo").await);
}

#[tokio::test]
async fn a_name_that_is_taken_or_bad_changes_nothing() {
    let lab = Lab::new().await;
    lab.run("user create ann --password-file @pw").await.unwrap();
    let error = lab
        .run("user create ann --password-file @pw2")
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("already a user named \"ann\""), "{error}");
    lab.run("project create demo").await.unwrap();
    assert!(matches!(
        lab.run("project create demo").await,
        Err(CliError::Store(StoreError::Exists { .. }))
    ));
    assert!(matches!(
        lab.run("user create bob --password-file @missing").await,
        Err(CliError::ReadPassword { .. })
    ));
    assert_eq!(lab.json("user list").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_project_is_made_shown_disabled_and_deleted() {
    let lab = Lab::new().await;
    let made = lab.json("project create demo --description lab").await;
    assert_eq!(
        (&made["name"], &made["description"]),
        (&"demo".into(), &"lab".into())
    );
    let id = made["id"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    assert_eq!(lab.json(&format!("project show {id}")).await, made);
    assert_eq!(lab.json("project disable demo").await["enabled"], false);
    assert_eq!(lab.json("project enable demo").await, made);
    assert_eq!(lab.json("project list").await, Value::Array(vec![made]));
    lab.run("project delete demo").await.unwrap();
    assert_eq!(lab.run("project list").await.unwrap(), "ID  NAME  ENABLED\n");
    assert!(matches!(
        lab.run("project delete demo").await,
        Err(CliError::NoSuch { what: "project", .. })
    ));
}

#[tokio::test]
async fn roles_are_assigned_listed_and_removed() {
    let lab = Lab::new().await;
    for name in ["ann", "bob"] {
        lab.run(&format!("user create {name} --password-file @pw"))
            .await
            .unwrap();
    }
    lab.run("project create demo").await.unwrap();
    let assigned = lab.json("role assign --user ann --project demo member").await;
    assert_eq!(assigned[0]["role"], "member");
    lab.run("role assign --user ann --project demo member")
        .await
        .unwrap();
    lab.run("role assign --user bob --project demo reader")
        .await
        .unwrap();
    assert_eq!(lab.json("role list").await.as_array().unwrap().len(), 2);
    assert_eq!(
        lab.run("role list --user bob --project demo").await.unwrap(),
        "USER  PROJECT  ROLE\nbob   demo     reader\n"
    );
    assert_eq!(
        lab.json("role remove --user ann --project demo member").await,
        Value::Array(vec![])
    );
    let error = lab
        .run("role remove --user ann --project demo member")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("\"ann\" does not have the role member in \"demo\""),
        "{error}"
    );
    assert!(Line::try_parse_from("oriel role assign --user a --project b boss".split(' ')).is_err());
}

#[tokio::test]
async fn bootstrap_makes_an_admin_and_shows_a_generated_password_once() {
    let lab = Lab::new().await;
    let first = lab.json("bootstrap --openrc @openrc").await;
    let password = first["password"].as_str().unwrap();
    assert!(lab.logs_in("admin", password, "admin").await);
    let openrc = fs::read_to_string(lab.path("openrc")).unwrap();
    assert!(
        openrc.contains(password) && openrc.contains("OS_AUTH_URL='https://h:8002/identity/v3'"),
        "{openrc}"
    );
    assert!(openrc.contains("OS_CACERT='/ca.pem'"));

    let second = lab.json("bootstrap --openrc @openrc").await;
    assert!(second.get("password").is_none());
    assert_eq!(
        (&second["user"], &second["project"]),
        (&first["user"], &first["project"])
    );
    assert_eq!(fs::read_to_string(lab.path("openrc")).unwrap(), openrc);
    assert!(!lab.run("bootstrap").await.unwrap().contains("Password"));
    assert_eq!(lab.json("role list").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bootstrap_makes_a_given_password_work() {
    let lab = Lab::new().await;
    let said = lab.run("bootstrap --password-file @pw").await.unwrap();
    assert!(!said.contains("s3cret"));
    assert!(lab.logs_in("admin", "s3cret", "admin").await);
    lab.run("user disable admin").await.unwrap();
    assert!(
        lab.run("bootstrap")
            .await
            .unwrap()
            .contains("oriel user enable admin")
    );
    lab.run("bootstrap --password-file @pw2 --openrc @openrc")
        .await
        .unwrap();
    assert!(lab.logs_in("admin", "0ther", "admin").await);
    assert!(
        fs::read_to_string(lab.path("openrc"))
            .unwrap()
            .contains("OS_PASSWORD='0ther'")
    );
}

#[tokio::test]
async fn bootstrap_writes_no_openrc_with_a_password_that_it_cannot_know() {
    let lab = Lab::new().await;
    lab.run("bootstrap --password-file @pw").await.unwrap();
    let error = lab.run("bootstrap --openrc @openrc").await.unwrap_err();
    assert!(matches!(error, CliError::PasswordUnknown { .. }), "{error}");
    assert!(!Path::new(&lab.path("openrc")).exists());

    lab.run("bootstrap --password-file @pw --openrc @openrc")
        .await
        .unwrap();
    lab.run("user set-password admin --password-file @pw2")
        .await
        .unwrap();
    assert!(matches!(
        lab.run("bootstrap --openrc @openrc").await,
        Err(CliError::PasswordUnknown { .. })
    ));
    assert!(lab.logs_in("admin", "0ther", "admin").await);
}

#[tokio::test]
async fn a_credential_shows_its_secret_once_and_keeps_it_sealed() {
    let lab = Lab::new().await;
    lab.run("user create ann --password-file @pw").await.unwrap();
    lab.run("project create demo").await.unwrap();
    let made = lab.json("credential create --user ann --project demo").await;
    let (access, secret) = (made["access"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert_eq!((access.len(), secret.len()), (20, 40));
    assert_eq!(
        (&made["user"], &made["project"], &made["enabled"]),
        (&"ann".into(), &"demo".into(), &true.into())
    );
    let mut kept = made.clone();
    kept.as_object_mut().unwrap().remove("secret");
    assert_eq!(lab.json("credential list").await, Value::Array(vec![kept]));
    let table = lab
        .run("credential list --user ann --project demo")
        .await
        .unwrap();
    assert!(table.contains(access) && !table.contains(secret), "{table}");
    for file in ["oriel.db", "oriel.db-wal"] {
        let bytes = fs::read(lab.folder.path().join(file)).unwrap();
        let found = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!found(secret), "{file}");
    }
    let sealed = lab
        .store
        .access_key_holder(&access.parse().unwrap())
        .await
        .unwrap();
    let vault = Vault::at(lab.folder.path().join("credential.key"));
    let opened = vault.open(&access.parse().unwrap(), &sealed.unwrap().sealed);
    assert_eq!(opened.unwrap().expose(), secret);
}

#[tokio::test]
async fn a_credential_is_disabled_enabled_and_deleted() {
    let lab = Lab::new().await;
    lab.run("user create ann --password-file @pw").await.unwrap();
    lab.run("project create demo").await.unwrap();
    let shown = lab
        .run("credential create --user ann --project demo")
        .await
        .unwrap();
    assert!(shown.contains("The secret is shown this once:\n"), "{shown}");
    let access = lab.json("credential list").await[0]["access"]
        .as_str()
        .unwrap()
        .to_owned();
    for (command, enabled) in [("disable", false), ("enable", true), ("delete", true)] {
        let after = lab.json(&format!("credential {command} {access}")).await;
        assert_eq!(after["enabled"], enabled, "{command}");
    }
    assert_eq!(lab.json("credential list").await, Value::Array(vec![]));
    for name in [access.as_str(), "no/key"] {
        let error = lab.run(&format!("credential enable {name}")).await.unwrap_err();
        let told =
            format!("there is no credential {name:?}: `oriel credential list` shows those that there are");
        assert_eq!(error.to_string(), told);
    }
    assert!(
        lab.run("credential create --user bob --project demo")
            .await
            .is_err()
    );
}
