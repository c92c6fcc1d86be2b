//! The command line.

pub mod identity;

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use oriel_control::identity::{KeystoneError, Vault};
use oriel_control::policy::Policy;
use oriel_inventory::FileInventory;
use oriel_store::Store;
use time::OffsetDateTime;

use crate::app::{self, App, AppError};
use crate::config::{Config, ConfigError, EXAMPLE, IdentityMode, TlsMode};
use crate::demo_server::{self, DemoServerArgs, DemoServerError};
use crate::telemetry;
use identity::{BootstrapArgs, CliError, CredentialCommand, Keys, ProjectCommand, RoleCommand, UserCommand};

/// A console in a browser for every virtual machine.
///
/// Clients ask Oriel's API for a console as they ask OpenStack Nova; the link that they get opens
/// the machine's live screen.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Place {
    /// The configuration file [default: ./oriel.toml, else /etc/oriel/oriel.toml, else built-in defaults]
    #[arg(long, value_name = "FILE", env = "ORIEL_CONFIG", global = true)]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve API, page and consoles until told to stop (SIGTERM or Ctrl-C)
    Serve,
    /// Check the configuration and the inventory, and change nothing
    CheckConfig(CheckArgs),
    /// Print a configuration file with every key, its default and what it means
    ExampleConfig,
    /// Make a first user and project, and the file that clients log in with
    Bootstrap(BootstrapArgs),
    /// Users of the embedded identity
    #[command(subcommand)]
    User(UserCommand),
    /// Projects of the embedded identity
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Who may do what in which project
    #[command(subcommand)]
    Role(RoleCommand),
    /// Access keys, for programs that sign their requests (Huawei's SDKs)
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// Let a gateway carry no new consoles, and send its open ones elsewhere
    ///
    /// The pages come back by themselves, by whichever gateway then answers. Oriel itself goes on running; its next
    /// start ends the draining.
    Drain(DrainArgs),
    /// Serve a test picture over VNC that shows the keys and clicks it gets
    DemoServer(DemoServerArgs),
}

#[derive(Debug, Args)]
struct DrainArgs {
    /// The gateway's name [default: gateway.name of the configuration]
    #[arg(long, value_name = "NAME")]
    gateway: Option<String>,
    /// Let it carry consoles again
    #[arg(long)]
    undo: bool,
    /// How long to wait for its sessions to end; 0s does not wait
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = humantime::parse_duration)]
    wait: Duration,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Ask Keystone too whether Oriel's service user may validate tokens
    #[arg(long)]
    online: bool,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The log's filter.
    #[error("log.level: {0}")]
    Log(String),
    /// The start of Oriel.
    #[error(transparent)]
    App(#[from] AppError),
    /// A command about users, projects or roles.
    #[error(transparent)]
    Identity(#[from] CliError),
    /// A command about users, projects or roles that are not Oriel's.
    #[error(
        "users, projects and roles are Keystone's here (identity.mode = \"keystone\"): manage them with `openstack` at {0}"
    )]
    NotOurs(String),
    /// Keystone, where it was asked.
    #[error("identity.keystone: {0}")]
    Keystone(#[from] KeystoneError),
    /// A gateway that still carries sessions when the time to drain it is over.
    #[error("gateway {gateway} still carries {sessions} sessions: is it running? It looks every second")]
    NotDrained {
        /// Its name.
        gateway: String,
        /// How many.
        sessions: u64,
    },
    /// The demo server.
    #[error(transparent)]
    DemoServer(#[from] DemoServerError),
    /// The runtime or the terminal.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Tells a failed command's error with its causes, to standard error.
pub fn tell(error: &dyn Error) {
    let mut err = io::stderr().lock();
    // Nobody can be told that standard error is closed.
    let _ = writeln!(err, "oriel: {error}");
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !told.contains(&text) {
            let _ = writeln!(err, "  because: {text}");
            told = text;
        }
        cause = error.source();
    }
}

impl Cli {
    /// Does what was asked.
    pub fn run(self) -> Result<(), CommandError> {
        if let Command::ExampleConfig = self.command {
            return Ok(io::stdout().write_all(EXAMPLE.as_bytes())?);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(Box::pin(self.run_async()))
    }

    async fn run_async(self) -> Result<(), CommandError> {
        if let Command::DemoServer(args) = self.command {
            return Ok(demo_server::run(&args, &mut io::stdout(), stop_signal()?).await?);
        }
        let config = Config::load(self.place.config.as_deref(), std::env::vars_os())?;
        let out = &mut io::stdout();
        match self.command {
            Command::Serve => serve(&config).await,
            Command::CheckConfig(args) => check(&config, &args, out).await,
            Command::Bootstrap(args) => {
                let store = open_identity(&config).await?;
                let ca = make_authority(&config)?;
                Ok(identity::bootstrap(&store, config.public_base(), ca.as_deref(), args, out).await?)
            }
            Command::User(command) => {
                Ok(identity::run_user(&open_identity(&config).await?, command, out).await?)
            }
            Command::Project(command) => {
                Ok(identity::run_project(&open_identity(&config).await?, command, out).await?)
            }
            Command::Role(command) => {
                Ok(identity::run_role(&open_identity(&config).await?, command, out).await?)
            }
            Command::Credential(command) => {
                let store = Store::open(&config.database()).await.map_err(AppError::from)?;
                let vault = Vault::at(config.credential_key());
                let keystone = match config.identity.mode {
                    IdentityMode::Embedded => None,
                    IdentityMode::Keystone => Some(app::keystone(&config)?),
                };
                let keys = match &keystone {
                    None => Keys::Embedded(&store),
                    Some(keystone) => Keys::Keystone(&store, keystone),
                };
                Ok(identity::run_credential(keys, &vault, command, out).await?)
            }
            Command::Drain(args) => drain(&config, args, out).await,
            Command::ExampleConfig | Command::DemoServer(_) => Ok(()),
        }
    }
}

/// Writes the order into the store, where the gateway looks every second, and waits until it is carried out.
async fn drain(config: &Config, args: DrainArgs, out: &mut impl Write) -> Result<(), CommandError> {
    const LOOK_EVERY: Duration = Duration::from_millis(250);

    let gateway = args.gateway.unwrap_or_else(|| app::gateway_name(config));
    let store = Store::open(&config.database()).await.map_err(AppError::from)?;
    store
        .ask_to_drain(&gateway, !args.undo, OffsetDateTime::now_utc())
        .await
        .map_err(AppError::from)?;
    if args.undo {
        writeln!(out, "Gateway {gateway} carries consoles again.")?;
        return Ok(());
    }
    let deadline = Instant::now() + args.wait;
    loop {
        let sessions = store.live_sessions(&gateway).await.map_err(AppError::from)?;
        if sessions == 0 {
            writeln!(out, "Gateway {gateway} carries no console, and takes no new one.")?;
            return Ok(());
        }
        if args.wait.is_zero() {
            writeln!(
                out,
                "Gateway {gateway} takes no new console. {sessions} are still open."
            )?;
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(CommandError::NotDrained { gateway, sessions });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The store with Oriel's own users. With Keystone's, changes there would change nothing.
async fn open_identity(config: &Config) -> Result<Store, CommandError> {
    if config.identity.mode == IdentityMode::Keystone {
        let settings = config.identity.keystone.settings()?;
        return Err(CommandError::NotOurs(settings.public_url));
    }
    Ok(Store::open(&config.database()).await.map_err(AppError::from)?)
}

/// The self-made certificate is made here too, so that `bootstrap` before the first start can name
/// it in the `openrc`.
fn make_authority(config: &Config) -> Result<Option<PathBuf>, AppError> {
    if config.tls.mode == TlsMode::SelfSigned
        && let Some(files) = app::certificate_files(config)
    {
        files.make_if_missing(config.public_url.host_str().unwrap_or_default())?;
    }
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    Ok(app::authority(config).map(absolute))
}

async fn serve(config: &Config) -> Result<(), CommandError> {
    telemetry::start(&config.log).map_err(CommandError::Log)?;
    let stop = stop_signal()?;
    let app = App::open(config).await?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        address = %app.address()?,
        public_url = config.public_base(),
        "serving"
    );
    app.serve(stop).await;
    Ok(())
}

/// Resolves at SIGTERM or SIGINT.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Who asks twice is in a hurry.
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            std::process::exit(1);
        });
    })
}

/// Reads all that `serve` would, without making or binding anything.
async fn check(config: &Config, args: &CheckArgs, out: &mut impl Write) -> Result<(), CommandError> {
    let security = config.back_end.settings().map_err(AppError::from)?;
    let inventory = FileInventory::open_with(&config.inventory.file, security).map_err(AppError::from)?;
    Policy::load(config.policy.file.as_deref()).map_err(AppError::from)?;
    if config.tls.mode == TlsMode::Files
        && let Some(files) = app::certificate_files(config)
    {
        files.read().map_err(AppError::from)?;
    }
    let identity = match config.identity.mode {
        IdentityMode::Embedded => "embedded".to_owned(),
        IdentityMode::Keystone => {
            let keystone = app::keystone(config)?;
            let (url, login) = (keystone.settings().url(), &keystone.settings().login);
            if args.online {
                keystone.check().await?;
                format!("Keystone at {url}, which lets {login} validate tokens")
            } else {
                format!("Keystone at {url}, as {login} (not asked; --online asks)")
            }
        }
    };
    let show = |path: &Path| path.display().to_string();
    writeln!(out, "The configuration is good.")?;
    writeln!(out, "  public URL   {}", config.public_base())?;
    writeln!(out, "  listens on   {}", config.listen.address)?;
    writeln!(out, "  identity     {identity}")?;
    writeln!(
        out,
        "  inventory    {}, {} servers",
        show(&config.inventory.file),
        inventory.servers().all().len()
    )?;
    writeln!(out, "  database     {}", show(&config.database()))?;
    Ok(())
}
