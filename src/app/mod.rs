//! The wiring: from a configuration file to a running daemon, in one straight line.
//!
//! [`run`] owns every long-lived task in one set. They stop together, by one token; the unexpected
//! end of any of them ends the process with an error, and systemd starts it again. Teardown is the
//! way up, backwards.

mod herald;
mod limits;
mod loss;
mod notify_socket;
mod persistence;
mod reload;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::alert_engine::command;
use crate::alert_engine::snapshot::AlertSnapshot;
use crate::alert_engine::task::Task;
use crate::alerting_config;
use crate::clock::Clock;
use crate::config::{self, Config, Environment, Secrets, Signature};
use crate::fleet::Fleet;
use crate::fleet::command::{MAX_WAITING_POLLS, PollNow, ReloadStatus};
use crate::ledger::Ledger;
use crate::local_files::control_socket;
use crate::poll::{Change, Engine, Orders};
use crate::telemetry::{self, PollMetrics};
use crate::web::{
    self, ConfigSummary, Inputs, Limits, Listeners, RequestMetrics, ServerConfig, Settings,
};
use herald::Herald;
use loss::{Counts, Trigger};
use notify_socket::NotifySocket;
use reload::Reloader;

pub use limits::raise_open_files;
pub use persistence::open_ledger;

/// What `run` is given from outside.
#[derive(Debug)]
pub struct Setup {
    /// The configuration file.
    pub config: PathBuf,
    /// The environment it may refer to.
    pub environment: Arc<Environment>,
    /// Where to listen instead of where the configuration says, unless empty.
    pub listen: Vec<SocketAddr>,
    /// Where the control socket is made; none without a runtime directory.
    pub control_socket: Option<PathBuf>,
    /// The socket on which systemd listens, as `$NOTIFY_SOCKET` names it.
    pub notify_socket: Option<OsString>,
    /// How often systemd wants a ping.
    pub watchdog: Option<Duration>,
    /// What tells the time.
    pub clock: Clock,
    /// Told where the daemon listens as soon as it does.
    pub listening: Option<oneshot::Sender<Vec<SocketAddr>>>,
}

/// A configuration and what was made of it.
struct Loaded {
    /// The files as they were when it was read.
    seen: Signature,
    config: Arc<Config>,
    /// What the web shows of it.
    shown: Settings,
    alerting: Arc<alerting_config::Settings>,
    /// What the last accepted one lists.
    accepted: Counts,
    systemd: NotifySocket,
}

/// How a task ended, by its name.
type Ended = (&'static str, anyhow::Result<()>);

/// A task before it is spawned.
type Work = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// How long tasks may take to end: less than systemd waits.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the daemon until `stop`.
pub async fn run(mut setup: Setup, stop: CancellationToken) -> anyhow::Result<()> {
    // Nothing else runs yet, so this may block; and what it frees is used again by this thread.
    let (config, alerting) =
        alerting_config::load(&setup.config, &setup.environment, Secrets::Read)?;
    let config = Arc::new(config);
    let seen = config::signature(&config.sources);
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let claim = persistence::claim(config.state_dir.as_deref())?;
    let ledger = persistence::open_ledger_or_memory(config.state_dir.as_deref());
    let ledger = Arc::new(ledger);
    let listeners = open_listeners(&setup, &config)?;
    let addresses: Vec<_> = listeners
        .network
        .iter()
        .map(tokio::net::TcpListener::local_addr)
        .collect::<Result<_, _>>()?;
    let server_config = server_config(&config, &ServerConfig::default())?;
    let scheme = server_config.scheme();
    let listening = setup.listening.take();
    let systemd = NotifySocket::open(setup.notify_socket.take());

    let inner = stop.child_token();
    let (accepted, loss) = accept(&config, &alerting);
    let read = ReloadStatus::good(setup.clock.now());
    let mut shown = settings(&config, server_config, read);
    shown.loss = loss;
    let loaded = Loaded {
        seen,
        config,
        shown,
        alerting: Arc::new(alerting),
        accepted,
        systemd: systemd.clone(),
    };
    let mut tasks = JoinSet::new();
    for (name, work) in connect(setup, loaded, ledger, listeners, &inner).await? {
        tasks.spawn(async move { (name, work.await) });
    }
    for address in &addresses {
        tracing::info!("Listening on {scheme}://{address}");
    }
    if let Some(listening) = listening {
        // Whoever started the daemon need not wait for it.
        let _gone = listening.send(addresses);
    }

    let ended = tasks.join_next().await;
    systemd.stopping();
    inner.cancel();
    let outcome = outcome(ended, &stop);
    join(tasks).await;
    drop(claim);
    outcome
}

/// Accepts the configuration that the daemon starts with, unless it lost what the last accepted one
/// lists: then it runs, is not ready, and the last one stays the one to compare with.
fn accept(config: &Config, alerting: &alerting_config::Settings) -> (Counts, Option<Arc<str>>) {
    let state_dir = config.state_dir.as_deref();
    let (before, now) = (
        Counts::last_accepted(state_dir),
        Counts::of(config, alerting),
    );
    if let Some(loss) = now.loss(before, Trigger::Asked) {
        let refused = reload::refused(&loss);
        tracing::error!("Not ready: {refused}");
        return (before, Some(refused.into()));
    }
    if now != before {
        now.accept(state_dir);
    }
    (now, None)
}

/// What of a configuration the web shows, and how it lets the network in.
pub fn settings(
    config: &Config,
    server_config: Arc<ServerConfig>,
    reload: ReloadStatus,
) -> Settings {
    Settings {
        metrics: config.metrics,
        values: Arc::clone(&config.values),
        summary: Arc::new(ConfigSummary::of(config)),
        ready_after: config
            .phones
            .iter()
            .map(|phone| phone.place.interval + phone.limits.timeout)
            .max()
            .unwrap_or_default(),
        server_config,
        reload,
        loss: None,
    }
}

fn open_listeners(setup: &Setup, config: &Config) -> anyhow::Result<Listeners> {
    let listen = if setup.listen.is_empty() {
        &config.listen
    } else {
        &setup.listen
    };
    Ok(Listeners {
        network: web::bind(listen)?,
        control: setup
            .control_socket
            .as_deref()
            .map(listen_locally)
            .transpose()?,
    })
}

/// Listens on the control socket.
fn listen_locally(path: &Path) -> anyhow::Result<tokio::net::UnixListener> {
    let failed = || format!("failed to listen on the control socket {}", path.display());
    let listener = control_socket::bind(path).with_context(failed)?;
    listener.set_nonblocking(true).with_context(failed)?;
    tokio::net::UnixListener::from_std(listener).with_context(failed)
}

/// Connects the rooms by channels: the tasks that make the daemon, by name.
async fn connect(
    setup: Setup,
    loaded: Loaded,
    ledger: Arc<Ledger>,
    listeners: Listeners,
    stop: &CancellationToken,
) -> anyhow::Result<Vec<(&'static str, Work)>> {
    let clock = setup.clock;
    let (config, systemd, read) = (loaded.config, loaded.systemd, loaded.shown.reload);
    let withheld = loaded.shown.loss.is_some();
    let (published, fleet) = watch::channel(Arc::new(Fleet::default()));
    let (announce, settings) = watch::channel(Arc::new(loaded.shown));
    let (asking, orders) = orders();
    let (reloads, reload_orders) = mpsc::channel(reload::MAX_WAITING);
    let (commands, command_orders) = mpsc::channel(command::MAX_WAITING);
    let (told, reload) = watch::channel(read);
    let (pictures, alerts) = watch::channel(Arc::new(AlertSnapshot::new(loaded.alerting)));

    let polled = Arc::clone(&ledger);
    let (engine, mut registry) = polling(clock.clone(), polled, published, &config).await?;
    let inputs = Inputs {
        fleet: fleet.clone(),
        settings: settings.clone(),
        clock: clock.clone(),
        polls: asking.polls,
        reloads,
        alerts,
        commands: commands.clone(),
        ledger_fault: config.state_dir.as_ref().map(|_| ledger.fault()),
        requests: RequestMetrics::register(&mut registry),
        registry: Arc::new(registry),
        started: clock.now(),
    };
    let alerting = Task {
        fleet: fleet.clone(),
        reload,
        clock: clock.clone(),
        commands: command_orders,
        published: pictures,
        database: persistence::database(config.state_dir.as_deref()),
        withheld,
    };
    let reloader = Reloader {
        systemd: systemd.clone(),
        path: setup.config,
        environment: setup.environment,
        current: config,
        changes: asking.changes,
        commands,
        announce,
        told,
        clock: clock.clone(),
        seen: loaded.seen,
        accepted: loaded.accepted,
    };
    let herald = Herald {
        systemd,
        fleet,
        settings,
        pings: asking.pings,
        watchdog: setup.watchdog,
        clock,
    };

    let token = || stop.clone();
    let server = web::serve(listeners, inputs, Limits::default(), token());
    let way_back = persistence::return_ledger(ledger, token());
    Ok(vec![
        ("the engine", work(engine.run(orders, token()))),
        ("the ledger's way back", work(way_back)),
        ("the alert task", work(alerting.run(token()))),
        ("the web server", work(unfailing(server))),
        ("the reloader", work(reloader.run(reload_orders, token()))),
        ("the herald", work(herald.run(token()))),
    ])
}

/// Where the engine is asked.
struct Asking {
    polls: mpsc::Sender<PollNow>,
    changes: mpsc::Sender<Change>,
    pings: mpsc::Sender<oneshot::Sender<()>>,
}

/// The orders of the engine, and where to give them.
fn orders() -> (Asking, Orders) {
    let (polls, poll_orders) = mpsc::channel(MAX_WAITING_POLLS);
    let (changes, configs) = mpsc::channel(1);
    let (pings, ping_orders) = mpsc::channel(1);
    let orders = Orders {
        polls: poll_orders,
        configs,
        pings: ping_orders,
    };
    let asking = Asking {
        polls,
        changes,
        pings,
    };
    (asking, orders)
}

/// The engine with this configuration in force, and the registry in which it counts.
async fn polling(
    clock: Clock,
    ledger: Arc<Ledger>,
    published: watch::Sender<Arc<Fleet>>,
    config: &Config,
) -> anyhow::Result<(Engine, Registry)> {
    let mut registry = telemetry::registry();
    let counted = (PollMetrics::register(&mut registry), raise_open_files());
    let mut engine = Engine::new(clock, ledger, published, counted);
    engine.apply(config).await?;
    Ok((engine, registry))
}

async fn unfailing(work: impl Future<Output = ()>) -> anyhow::Result<()> {
    work.await;
    Ok(())
}

fn work<E: Into<anyhow::Error>>(
    work: impl Future<Output = Result<(), E>> + Send + 'static,
) -> Work {
    Box::pin(async { work.await.map_err(Into::into) })
}

/// What the end of the first task means: it is right only if everything was told to stop.
fn outcome(
    ended: Option<Result<Ended, tokio::task::JoinError>>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    match ended {
        Some(Ok((name, Err(error)))) => Err(error.context(format!("{name} failed"))),
        Some(Ok((name, Ok(())))) if !stop.is_cancelled() => bail!("{name} ended by itself"),
        Some(Err(error)) => Err(error).context("a task panicked"),
        Some(Ok(_)) | None => Ok(()),
    }
}

async fn join(mut tasks: JoinSet<Ended>) {
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            if let Ok((name, Err(error))) = ended {
                tracing::warn!("While stopping, {name} failed: {error:#}");
            }
        }
    };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::warn!(
            "{} tasks did not end in time and were given up",
            tasks.len()
        );
    }
    tasks.shutdown().await;
}

/// Reads a configuration off the async threads.
async fn read(
    path: &Path,
    environment: &Arc<Environment>,
) -> anyhow::Result<(Config, alerting_config::Settings)> {
    let (path, environment) = (path.to_owned(), Arc::clone(environment));
    let read = move || alerting_config::load(&path, &environment, Secrets::Read);
    Ok(tokio::task::spawn_blocking(read).await??)
}

/// The server's part of a configuration; it keeps what it can of the one `before`.
fn server_config(config: &Config, before: &ServerConfig) -> anyhow::Result<Arc<ServerConfig>> {
    let server_config = ServerConfig::of(config, before);
    Ok(Arc::new(server_config.context("failed to prepare TLS")?))
}
