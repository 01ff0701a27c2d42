//! Whole lives: rules, callers, runs and a lying backend, with faults, crashes, losses of power and a clock that jumps.

use super::backend::{INPUT, Plan};
use super::world::World;
use super::{check, live_all, seeds};
use crate::app::logs;
use crate::backend::RunState;
use crate::faults::{What, When};
use crate::model::job::{Job, JobStatus, split_s3_uri};
use crate::model::log::LogEventFilter;
use crate::promise;
use fastrand::Rng;
use flate2::read::GzDecoder;
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

const SEEDS_IN_CI: u64 = 24;
const STEPS: usize = 40;
/// A fault befalls one of the next writes, this many at most.
const WRITES_MAX: u64 = 14;
const ARTIFACT_BYTES_MAX: u64 = 1024 * 1024;

/// What a life came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Life {
    due: u64,
    started: u64,
    crashes: u64,
    jumps: u64,
    jobs: BTreeMap<String, u64>,
    tokens: u64,
    writes: u64,
}

async fn live(seed: u64) -> Life {
    let mut rng = Rng::with_seed(seed);
    let mut world = World::new(seed).await;
    let mut jumps = 0;
    for n in 0..STEPS {
        if rng.bool() {
            let when = if rng.bool() {
                When::Before
            } else {
                When::After
            };
            let what = if rng.u8(0..3) == 0 {
                What::Error
            } else {
                What::Crash
            };
            world.faults.plan(rng.u64(1..=WRITES_MAX), when, what);
        }
        let minutes = match rng.u8(0..10) {
            0 => 60,
            1 => -60,
            2 => rng.i64(-90..90),
            3 => rng.i64(120..30 * 60),
            _ => 10,
        };
        jumps += u64::from(minutes != 10);
        world.now += SignedDuration::from_mins(minutes);
        world.look().await;
        match rng.u8(0..8) {
            0 => {
                world
                    .start(["one", "two"][n % 2], &format!("token {}", n / 2))
                    .await
            }
            1 => {
                let jobs = world.jobs().await;
                if let Some(job) = jobs.iter().find(|job| !job.status.is_final()) {
                    world.stop(&job.name).await;
                }
            }
            2 => {
                world.machine.lose_power(&world.runs());
                world.crashes += 1;
                world.restart().await;
            }
            3 | 4 => world.machine.end_all(),
            _ => {}
        }
    }
    come_to_rest(&mut world).await;
    let count = check::ledger(world.app(), &world.sources, world.latest).await;
    let jobs = check_jobs(&world).await;
    check_tokens(&world).await;
    Life {
        due: count.due,
        started: count.started,
        crashes: world.crashes,
        jumps,
        jobs,
        tokens: world.told.len() as u64,
        writes: world.faults.writes(),
    }
}

/// Nothing breaks any more, and all runs end.
async fn come_to_rest(world: &mut World) {
    world.now = world.latest;
    world.restart().await;
    for _ in 0..1_000 {
        world.machine.end_all();
        world.look().await;
        if world.jobs().await.iter().all(|job| job.status.is_final()) {
            world.restart().await;
            return;
        }
    }
    let left: Vec<_> = world
        .jobs()
        .await
        .into_iter()
        .filter(|job| !job.status.is_final())
        .collect();
    panic!("these jobs do not end: {left:?}");
}

/// That each job ended once and as its driver did, and that nothing is left of the runs. Answers how many ended how.
async fn check_jobs(world: &World) -> BTreeMap<String, u64> {
    assert_eq!(world.machine.faults(), Vec::<String>::new());
    assert_eq!(world.machine.running(), 0, "drivers that nobody follows");
    assert_eq!(world.app().store.attempts_max().await.expect("attempts"), 1);
    let left: Vec<_> = std::fs::read_dir(world.runs())
        .expect("runs")
        .flatten()
        .collect();
    assert!(left.is_empty(), "folders of ended runs: {left:?}");
    let mut ends = BTreeMap::new();
    for job in world.jobs().await {
        let steps: Vec<_> = job
            .transitions
            .iter()
            .map(|step| format!("{:?}", step.status))
            .collect();
        let once: BTreeSet<_> = steps.iter().collect();
        assert_eq!(once.len(), steps.len(), "{} went back: {steps:?}", job.name);
        let truth = world
            .machine
            .truth(&world.runs().join(format!("{}.1", job.name)));
        match job.status {
            JobStatus::Completed => {
                let truth = truth.expect("it ran");
                assert_eq!(
                    truth.state,
                    RunState::Exited(0),
                    "{truth:?} is called Completed"
                );
                assert!(
                    !matches!(truth.plan, Plan::LeavesNothing | Plan::HandleIsStale),
                    "{truth:?} is called Completed"
                );
                assert_eq!(
                    artifact(world, &job).await,
                    INPUT,
                    "the output of {}",
                    job.name
                );
                assert_eq!(log(world, &job).await, ["one line", "another line"]);
            }
            JobStatus::Failed => {
                assert!(job.failure_reason.is_some(), "{} has no reason", job.name)
            }
            _ => {}
        }
        *ends.entry(job.status.to_string()).or_default() += 1;
    }
    ends
}

/// The executed notebook in a job's archive.
async fn artifact(world: &World, job: &Job) -> String {
    let uri = job.artifact_uri();
    let (bucket, key) = split_s3_uri(&uri).expect("a place");
    let object = world
        .app()
        .objects
        .get(bucket, key)
        .await
        .expect("the artifact");
    let bytes = object.bytes(ARTIFACT_BYTES_MAX).await.expect("its bytes");
    let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_ref()));
    let mut text = String::new();
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        if entry.path().expect("a path").ends_with("a.ipynb") {
            entry.read_to_string(&mut text).expect("a notebook");
        }
    }
    text
}

async fn log(world: &World, job: &Job) -> Vec<String> {
    let filter = LogEventFilter {
        stream_prefix: Some(format!("{}/", job.name)),
        ..LogEventFilter::default()
    };
    let (events, _) = logs::events(world.app(), logs::GROUP, &filter, false, 100)
        .await
        .expect("events");
    events.into_iter().map(|event| event.message).collect()
}

/// That what callers were told is so, and that no token started two executions.
async fn check_tokens(world: &World) {
    let rows = world
        .app()
        .store
        .executions_of_tokens()
        .await
        .expect("executions");
    let started: BTreeMap<_, _> = rows.iter().cloned().collect();
    assert_eq!(started.len(), rows.len(), "a token has two executions");
    for (token, told) in &world.told {
        assert_eq!(
            started.get(token),
            Some(told),
            "a caller was told of {told}"
        );
    }
}

#[test]
fn whatever_happens_nothing_is_lost_doubled_or_called_completed_that_failed() {
    let mut sum = Life::default();
    live_all(seeds(SEEDS_IN_CI), live, |life| {
        sum.due += life.due;
        sum.started += life.started;
        sum.crashes += life.crashes;
        sum.jumps += life.jumps;
        sum.tokens += life.tokens;
        sum.writes += life.writes;
        for (status, count) in life.jobs {
            *sum.jobs.entry(status).or_default() += count;
        }
    });
    let (crashes, writes) = (sum.crashes, sum.writes);
    let jobs: u64 = sum.jobs.values().sum();
    let during = format!(
        "{crashes} crashes and losses of power at {writes} writes, and a backend that lies"
    );
    promise::kept(
        1,
        sum.due,
        &format!(
            "due moments through the whole engine, {} started; {during}",
            sum.started
        ),
    );
    promise::kept(
        4,
        sum.tokens,
        &format!("acknowledged starts that are still there after {during}"),
    );
    promise::kept(
        5,
        jobs,
        &format!(
            "simulated runs that ended once ({:?}), with {during}",
            sum.jobs
        ),
    );
    promise::kept(
        7,
        sum.jobs["Completed"],
        &format!("simulated jobs Completed, each with its whole archive, after {during}"),
    );
    promise::kept(
        10,
        sum.jumps,
        "jumps of the simulated clock, forward, back and over suspends, none of which doubled or lost a due moment",
    );
}

/// What befalls a life is the seed's; on which side of a crash a thread of the disk ends is not.
#[test]
fn the_same_seed_is_the_same_fate() {
    let mut lives = Vec::new();
    let fate = |life: Life| (life.due, life.started, life.jumps, life.tokens);
    live_all(
        7..9,
        async |_| live(7).await,
        |lived| lives.push(fate(lived)),
    );
    assert_eq!(lives[0], lives[1]);
}
