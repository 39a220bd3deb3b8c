//! The wiring: from a configuration file to a running daemon, in one straight line.
//!
//! [`run`] owns every long-lived task in one set. They stop together, by one token; the unexpected
//! end of any of them ends the process with an error, and systemd starts it again. Teardown is the
//! way up, backwards.

mod herald;
mod reload;
mod state_dir;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{self, Config, Environment, Secrets};
use crate::fleet::Fleet;
use crate::fleet::command::{MAX_WAITING_POLLS, ReloadStatus};
use crate::ledger::Keeper;
use crate::poll::{Engine, Orders};
use crate::web::{self, Doors, Inputs, Limits, Settings};

pub use state_dir::open_ledger;

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
    /// How often systemd wants a sign of life.
    pub watchdog: Option<Duration>,
    /// What tells the time.
    pub clock: Clock,
    /// Told where the daemon listens as soon as it does.
    pub listening: Option<oneshot::Sender<Vec<SocketAddr>>>,
}

/// How long tasks may take to end: less than systemd waits.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the daemon until `stop`.
pub async fn run(setup: Setup, stop: CancellationToken) -> anyhow::Result<()> {
    let clock = setup.clock.clone();
    let started = clock.now();
    let config = Arc::new(read(&setup.config, &setup.environment).await?);
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let ledger = open_ledger(config.state_dir.as_deref(), Keeper::Daemon)?;

    let listen = if setup.listen.is_empty() {
        &config.listen
    } else {
        &setup.listen
    };
    let listeners = web::bind(listen)?;
    let addresses: Vec<_> = listeners
        .iter()
        .map(tokio::net::TcpListener::local_addr)
        .collect::<Result<_, _>>()?;
    let control = setup
        .control_socket
        .as_deref()
        .map(state_dir::control_socket)
        .transpose()?;

    let (published, fleet) = watch::channel(Arc::new(Fleet::default()));
    let reload = ReloadStatus {
        successful: true,
        last_success: started.wall,
    };
    let (announce, settings) = watch::channel(Arc::new(settings(&config, reload)));
    let (polls, poll_orders) = mpsc::channel(MAX_WAITING_POLLS);
    let (changes, configs) = mpsc::channel(1);
    let (pings, ping_orders) = mpsc::channel(1);
    let (reloads, reload_orders) = mpsc::channel(reload::MAX_WAITING);

    let mut engine = Engine::new(clock.clone(), Arc::new(ledger), published);
    engine.apply(&config).await?;
    let orders = Orders {
        polls: poll_orders,
        configs,
        pings: ping_orders,
    };
    let inputs = Inputs {
        fleet: fleet.clone(),
        settings: settings.clone(),
        clock: clock.clone(),
        polls,
        reloads,
        started,
    };
    let reloader = reload::Reloader {
        path: setup.config,
        environment: setup.environment,
        current: config,
        changes,
        announce,
        clock,
    };
    let herald = herald::Herald {
        fleet,
        settings,
        pings,
        watchdog: setup.watchdog,
    };

    let doors = Doors {
        network: listeners,
        control,
    };

    let mut tasks = JoinSet::new();
    let inner = stop.child_token();
    spawn(&mut tasks, "the engine", {
        let stop = inner.clone();
        async move { Ok(engine.run(orders, stop).await?) }
    });
    spawn(&mut tasks, "the web server", {
        let stop = inner.clone();
        async move {
            web::serve(doors, inputs, Limits::default(), stop).await;
            Ok(())
        }
    });
    spawn(
        &mut tasks,
        "the reloader",
        reloader.run(reload_orders, inner.clone()),
    );
    spawn(&mut tasks, "the herald", herald.run(inner.clone()));

    for address in &addresses {
        tracing::info!("Listening on http://{address}");
    }
    if let Some(listening) = setup.listening {
        // Whoever started the daemon need not wait for it.
        let _gone = listening.send(addresses);
    }
    let ended = tasks.join_next().await;
    herald::stopping();
    inner.cancel();
    let outcome = outcome(ended, &stop);
    join(tasks).await;
    outcome
}

type Ended = (&'static str, anyhow::Result<()>);

fn spawn(
    tasks: &mut JoinSet<Ended>,
    name: &'static str,
    work: impl Future<Output = anyhow::Result<()>> + Send + 'static,
) {
    tasks.spawn(async move { (name, work.await) });
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
async fn read(path: &Path, environment: &Arc<Environment>) -> anyhow::Result<Config> {
    let (path, environment) = (path.to_owned(), Arc::clone(environment));
    let config =
        tokio::task::spawn_blocking(move || config::load(&path, &environment, Secrets::Read))
            .await??;
    Ok(config)
}

/// What of a configuration the web shows.
pub fn settings(config: &Config, reload: ReloadStatus) -> Settings {
    Settings {
        metrics: config.metrics,
        values: Arc::clone(&config.values),
        ready_after: config
            .phones
            .iter()
            .map(|phone| phone.place.interval + phone.limits.timeout)
            .max()
            .unwrap_or_default(),
        reload,
    }
}
