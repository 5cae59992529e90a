//! Starting and stopping: every long-lived task is known by name, stopping has two stages, and a crash is told from a request.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long work under way may take to finish after the first signal.
pub const GRACE: Duration = Duration::from_secs(20);

/// The two stages of stopping. Cheap to clone; clones share the state.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// Take no new work; finish what is under way.
    finish: CancellationToken,
    /// Drop everything now.
    abort: CancellationToken,
}

impl Shutdown {
    /// Asks all tasks to finish what they do and start nothing new.
    pub fn finish(&self) {
        self.finish.cancel();
    }

    /// Drops all tasks where they are. What was under way is lost, not what was kept.
    pub fn abort(&self) {
        self.finish.cancel();
        self.abort.cancel();
    }

    /// For tasks: resolves when no new work should start.
    pub fn finishing(&self) -> CancellationToken {
        self.finish.clone()
    }
}

/// How the tasks of a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Asked to, and everything finished.
    Requested,
    /// Asked to, and something had to be dropped.
    Aborted,
    /// A task ended by itself: its name and why.
    Crashed {
        /// The task.
        task: String,
        /// Error or panic text.
        cause: String,
    },
}

/// The tasks of a process. When one ends that should not have, all are stopped.
#[derive(Debug, Default)]
pub struct Tasks {
    set: JoinSet<(String, anyhow::Result<()>)>,
    names: std::collections::HashMap<tokio::task::Id, String>,
}

impl Tasks {
    /// Starts a long-lived task. It should end only after [`Shutdown::finishing`] resolves.
    pub fn spawn(&mut self, name: &str, task: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        let own = name.to_owned();
        let handle = self.set.spawn(async move { (own, task.await) });
        self.names.insert(handle.id(), name.to_owned());
    }

    /// Waits until all tasks have ended: by request, or because one crashed (the others are asked to finish then).
    pub async fn wait(mut self, shutdown: &Shutdown) -> End {
        let mut crash = None;
        let mut aborted = false;
        let grace = grace_over(shutdown.clone());
        tokio::pin!(grace);
        loop {
            let ended = tokio::select! {
                ended = self.set.join_next_with_id() => ended,
                () = &mut grace, if !aborted => {
                    tracing::warn!(tasks = ?self.still_running(), "Dropping the tasks that did not finish in time");
                    aborted = true;
                    self.set.abort_all();
                    continue;
                }
            };
            let Some(ended) = ended else { break };
            if let Some((task, cause)) = self.failure(ended, shutdown) {
                tracing::error!(task.name = task, error = cause, "A task ended by itself; stopping");
                crash.get_or_insert(End::Crashed { task, cause });
                shutdown.finish();
            }
        }
        crash.unwrap_or(if aborted { End::Aborted } else { End::Requested })
    }

    fn still_running(&self) -> Vec<&str> {
        self.names.values().map(String::as_str).collect()
    }

    /// The task and its cause of death, when it should not have ended.
    fn failure(
        &mut self,
        ended: Result<(tokio::task::Id, (String, anyhow::Result<()>)), tokio::task::JoinError>,
        shutdown: &Shutdown,
    ) -> Option<(String, String)> {
        match ended {
            Ok((id, (name, result))) => {
                self.names.remove(&id);
                match result {
                    Err(error) => Some((name, format!("{error:#}"))),
                    Ok(()) if !shutdown.finish.is_cancelled() => Some((name, "it ended although nobody asked it to".to_owned())),
                    Ok(()) => None,
                }
            }
            Err(error) => {
                let name = self.names.remove(&error.id()).unwrap_or_default();
                error.is_panic().then(|| (name, "it panicked".to_owned()))
            }
        }
    }
}

/// Resolves when work under way has had its time: [`GRACE`] after the first stage, or at the second.
async fn grace_over(shutdown: Shutdown) {
    shutdown.finish.cancelled().await;
    tokio::select! {
        () = shutdown.abort.cancelled() => {}
        () = tokio::time::sleep(GRACE) => {}
    }
}

/// Turns signals into the two stages: the first SIGINT or SIGTERM finishes, the second aborts.
pub async fn on_signals(shutdown: Shutdown) -> std::io::Result<()> {
    signal().await?;
    tracing::info!("Stopping: finishing what is under way; once more to stop at once");
    shutdown.finish();
    signal().await?;
    shutdown.abort();
    Ok(())
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn until(token: CancellationToken) -> anyhow::Result<()> {
        token.cancelled().await;
        Ok(())
    }

    #[tokio::test]
    async fn tasks_that_end_when_asked_are_a_request() {
        let shutdown = Shutdown::default();
        let mut tasks = Tasks::default();
        tasks.spawn("one", until(shutdown.finishing()));
        shutdown.finish();
        assert_eq!(tasks.wait(&shutdown).await, End::Requested);
    }

    #[tokio::test]
    async fn a_task_that_fails_stops_the_others_and_is_a_crash() {
        let shutdown = Shutdown::default();
        let mut tasks = Tasks::default();
        tasks.spawn("well", until(shutdown.finishing()));
        tasks.spawn("ill", async { anyhow::bail!("disk full") });
        let end = tasks.wait(&shutdown).await;
        assert_eq!(end, End::Crashed { task: "ill".to_owned(), cause: "disk full".to_owned() });
    }

    #[tokio::test]
    async fn a_panic_is_a_crash() {
        let shutdown = Shutdown::default();
        let mut tasks = Tasks::default();
        tasks.spawn("ill", async { std::future::poll_fn(|_| -> std::task::Poll<anyhow::Result<()>> { panic!("no") }).await });
        assert!(matches!(tasks.wait(&shutdown).await, End::Crashed { task, .. } if task == "ill"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_finish_is_dropped_after_the_grace_time() {
        let shutdown = Shutdown::default();
        let mut tasks = Tasks::default();
        tasks.spawn("stubborn", std::future::pending());
        shutdown.finish();
        assert_eq!(tasks.wait(&shutdown).await, End::Aborted);
    }

    #[tokio::test]
    async fn the_second_stage_drops_tasks_at_once() {
        let shutdown = Shutdown::default();
        let mut tasks = Tasks::default();
        tasks.spawn("stubborn", std::future::pending());
        shutdown.abort();
        assert_eq!(tasks.wait(&shutdown).await, End::Aborted);
    }
}
