//! The only reader of the time. Everything else is told what `now` is.

use crate::fd;
use anyhow::Context;
use jiff::Timestamp;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tracing::warn;

/// The longest single sleep where the kernel has no timer for us.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// Tells the time and waits for a moment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    System,
    Manual {
        file: PathBuf,
        now: watch::Sender<Timestamp>,
    },
}

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self(Arc::new(Kind::System))
    }

    /// A clock that stands still at the RFC 3339 instant written in `file` until [`Clock::reread`]:
    /// tests of schedules move time with it.
    pub fn manual(file: &Path) -> anyhow::Result<Self> {
        let (now, _) = watch::channel(read_instant(file)?);
        Ok(Self(Arc::new(Kind::Manual {
            file: file.to_owned(),
            now,
        })))
    }

    /// A clock that stands still at `now`, for tests inside this process; see [`Clock::set`].
    pub fn fixed(now: Timestamp) -> Self {
        let (now, _) = watch::channel(now);
        Self(Arc::new(Kind::Manual {
            file: PathBuf::new(),
            now,
        }))
    }

    /// Moves a clock made by [`Clock::fixed`]; a system clock stays as it is.
    pub fn set(&self, instant: Timestamp) {
        if let Kind::Manual { now, .. } = &*self.0 {
            now.send_replace(instant);
        }
    }

    /// The current instant, in whole microseconds: what a row can hold.
    pub fn now(&self) -> Timestamp {
        let now = match &*self.0 {
            Kind::System => Self::machine_now(),
            Kind::Manual { now, .. } => *now.borrow(),
        };
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// The machine's time, also when this clock is manual: signatures are made by clients that live in real time.
    #[allow(clippy::disallowed_methods, reason = "this is the one place that asks")]
    pub fn machine_now() -> Timestamp {
        Timestamp::now()
    }

    /// Reads a manual clock's file again and wakes whoever sleeps on this clock.
    pub fn reread(&self) -> anyhow::Result<()> {
        if let Kind::Manual { file, now } = &*self.0 {
            now.send_replace(read_instant(file)?);
        }
        Ok(())
    }

    /// Returns when `instant` is reached, or earlier: callers look at [`Clock::now`] again.
    /// `None` waits for as long as it takes.
    pub async fn sleep_until(&self, instant: Option<Timestamp>) {
        match &*self.0 {
            Kind::System => {
                let Some(at) = instant else {
                    return std::future::pending().await;
                };
                if let Err(error) = wait_on_wall_clock(at).await {
                    let error = format!("{error:#}");
                    warn!(
                        error,
                        "no timer for the wall clock; looking at it again and again"
                    );
                    let wait = Duration::try_from(at.duration_since(self.now()));
                    tokio::time::sleep(wait.unwrap_or_default().min(SLEEP_MAX)).await;
                }
            }
            Kind::Manual { now, .. } => {
                let mut now = now.subscribe();
                // An error means that the sender is gone, which `self` prevents.
                let _ = now
                    .wait_for(|now| instant.is_some_and(|at| *now >= at))
                    .await;
            }
        }
    }
}

/// Returns when the machine's clock shows `at`, at once when somebody sets it, and at the end of a suspend that lasted
/// beyond `at`. Tokio's timers know none of these: they count the time that the machine was awake.
async fn wait_on_wall_clock(at: Timestamp) -> anyhow::Result<()> {
    let timer = TimerFd::new(
        ClockId::CLOCK_REALTIME,
        TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC,
    )?;
    // All zeros would disarm it.
    let at = TimeSpec::new(
        at.as_second().max(0),
        i64::from(at.subsec_nanosecond().max(1)),
    );
    let flags = TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET;
    timer.set(Expiration::OneShot(at), flags)?;
    let _ = fd::readable(timer.into())?.readable().await?;
    Ok(())
}

fn read_instant(file: &Path) -> anyhow::Result<Timestamp> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the clock file {}", file.display()))?;
    text.trim().parse().with_context(|| {
        format!(
            "{} does not hold an instant such as 2026-01-05T09:00:00Z",
            file.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[tokio::test]
    async fn a_sleeper_on_the_machines_clock_wakes_when_its_instant_is_reached() {
        let clock = Clock::system();
        for ms in [-1000, 0, 20] {
            let due = clock.now() + SignedDuration::from_millis(ms);
            clock.sleep_until(Some(due)).await;
            assert!(clock.now() >= due);
        }
    }

    #[tokio::test]
    async fn a_sleeper_on_a_manual_clock_wakes_when_its_instant_is_reached() {
        let start: Timestamp = "2026-01-05T08:59:59Z".parse().expect("an instant");
        let clock = Clock::fixed(start);
        let due: Timestamp = "2026-01-05T09:00:00Z".parse().expect("an instant");
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(Some(due)).await;
                clock.now()
            }
        });
        clock.set(due);
        assert_eq!(sleeper.await.expect("the sleeper"), due);
    }
}
