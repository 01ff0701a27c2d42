//! Due moments against `tests/oracle/schedule.py`, which finds them by brute force and shares nothing with us.

use crate::support::{promise, venv};
use jiff::Timestamp;
use nbjobs::model::schedule::{Expression, Timing};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const SEED: u64 = 5;
/// Random expressions; each is asked about in every window.
const EXPRESSIONS: usize = 120;
const DAY: i64 = 86_400;

/// Zones, and a day on which their clocks change: forward, back, by half an hour, at midnight, over a whole day.
const CHANGES: &[(&str, &str)] = &[
    ("UTC", "2024-02-28"),
    ("America/New_York", "2024-03-10"),
    ("America/New_York", "2024-11-03"),
    ("Europe/Berlin", "2023-03-26"),
    ("Europe/Berlin", "2023-10-29"),
    ("Europe/London", "2024-03-31"),
    ("Europe/Lisbon", "2024-10-27"),
    ("Australia/Lord_Howe", "2024-04-07"),
    ("Australia/Lord_Howe", "2024-10-06"),
    ("Australia/Adelaide", "2023-10-01"),
    ("Pacific/Auckland", "2024-04-07"),
    ("Pacific/Chatham", "2024-09-29"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("America/Santiago", "2023-09-03"),
    ("America/Havana", "2023-03-12"),
    ("America/Havana", "2023-11-05"),
    ("Asia/Beirut", "2022-03-27"),
    ("Africa/Cairo", "2023-04-28"),
    ("America/St_Johns", "2010-11-07"),
    ("Antarctica/Troll", "2023-03-26"),
    ("Antarctica/Troll", "2023-10-29"),
    ("Pacific/Apia", "2011-12-30"),
    ("Asia/Kolkata", "2023-12-31"),
    ("Asia/Tokyo", "2020-02-29"),
    ("America/Caracas", "2016-05-01"),
    ("Asia/Pyongyang", "2018-05-05"),
    ("Europe/Dublin", "2021-10-31"),
];

/// Day fields that need the calendar, asked about for years.
const CALENDAR: &[&str] = &[
    "30 2 L * ? *",
    "30 2 LW * ? *",
    "0 0 1W * ? *",
    "15 1 15W * ? *",
    "59 23 31W * ? *",
    "0 9 30W 2,4 ? *",
    "30 1 ? * 1#1 *",
    "30 1 ? * SUN#5 *",
    "30 2 ? 3,10,11 1L *",
    "0 3 ? * 6L *",
    "0 12 ? * L *",
    "30 2 ? * FRI-MON *",
    "0/30 0-3 29 2 ? *",
    "5 22-2 28-3 * ? 2010-2020/2",
];

/// A field over `low..=high` in one of the dialect's notations.
fn field(rng: &mut fastrand::Rng, low: u32, high: u32) -> String {
    let mut value = || rng.u32(low..=high);
    let (a, b, c) = (value(), value(), value());
    match rng.u8(0..6) {
        0 => "*".into(),
        1 => format!("{a}/{}", rng.u32(1..=high)),
        2 => format!("{a}-{b}"),
        3 => format!("{a},{b},{c}"),
        4 => format!("{a}-{b}/{},{c}", rng.u32(1..=high)),
        _ => a.to_string(),
    }
}

fn expression(rng: &mut fastrand::Rng) -> String {
    if rng.u8(0..20) == 0 {
        return format!("rate({} minutes)", rng.u32(2..500));
    }
    let minutes = field(rng, 0, 59);
    // Most clocks change in the small hours.
    let hours = if rng.bool() {
        format!("{}-3", rng.u8(0..3))
    } else {
        field(rng, 0, 23)
    };
    let (of_month, of_week) = match rng.u8(0..4) {
        0 => (field(rng, 1, 31), "?".into()),
        1 => ("?".into(), field(rng, 1, 7)),
        2 => ("?".into(), "FRI-MON".into()),
        _ => ("*".into(), "?".into()),
    };
    let months = if rng.bool() {
        "*".into()
    } else {
        field(rng, 1, 12)
    };
    format!("cron({minutes} {hours} {of_month} {months} {of_week} *)")
}

/// What we say is due after `from` up to `until`, found step by step as the scheduler does.
fn case(expression: &str, zone: &str, from: i64, until: i64) -> Value {
    let parsed: Expression = expression.parse().expect(expression);
    let timing = match zone {
        "UTC" => Timing::of_rule(parsed),
        _ => Timing::of_schedule(expression, zone, None, None, None).expect(expression),
    };
    let start = Timestamp::from_second(from).expect("an instant");
    let due: Vec<i64> =
        std::iter::successors(timing.next_after(start), |at| timing.next_after(*at))
            .map(Timestamp::as_second)
            .take_while(|at| *at <= until)
            .collect();
    json!({"expression": expression, "zone": zone, "from": from, "until": until, "due": due})
}

fn midnight(date: &str) -> i64 {
    let at: Timestamp = format!("{date}T00:00:00Z").parse().expect("a date");
    at.as_second()
}

fn cases() -> Vec<Value> {
    let mut rng = fastrand::Rng::with_seed(SEED);
    let mut cases = Vec::new();
    let expressions: Vec<String> = (0..EXPRESSIONS).map(|_| expression(&mut rng)).collect();
    for (zone, date) in CHANGES {
        // Neither on a minute nor on the change itself.
        let from = midnight(date) - DAY - 17;
        cases.extend(
            expressions
                .iter()
                .map(|text| case(text, zone, from, from + 3 * DAY)),
        );
        let years = (midnight(date) - 400 * DAY, midnight(date) + 800 * DAY);
        cases.extend(
            CALENDAR
                .iter()
                .map(|text| case(&format!("cron({text})"), zone, years.0, years.1)),
        );
    }
    cases
}

#[test]
fn due_moments_equal_an_independent_oracle() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle/schedule.py");
    let mut oracle = Command::new(venv().join("bin/python"))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the oracle");
    let mut cases_in = oracle.stdin.take().expect("its input");
    for case in cases() {
        // It stops reading at a difference, and its end tells which.
        if writeln!(cases_in, "{case}").is_err() {
            break;
        }
    }
    drop(cases_in);
    let output = oracle.wait_with_output().expect("its end");
    assert!(output.status.success(), "the oracle says otherwise, above");
    let compared = String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .expect("a count");
    promise::kept(
        9,
        compared,
        "due moments over expressions, zones and changes of clocks, equal to a brute-force oracle in Python",
    );
}
