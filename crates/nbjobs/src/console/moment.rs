//! Moments and durations for people.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

/// A moment in a time zone, as long as it must be: without the year when it is this one's.
pub(super) fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Markup {
    let (local, today) = (
        at.to_zoned_datetime(zone.clone()),
        now.to_zoned_datetime(zone.clone()),
    );
    let form = match local.year() == today.year() {
        true => "%-d %b, %H:%M:%S",
        false => "%-d %b %Y, %H:%M:%S",
    };
    html! {
        time datetime=(at.to_string()) title=(local.strftime("%Y-%m-%d %H:%M:%S %Z").to_string()) {
            (local.strftime(form).to_string())
        }
    }
}

/// A moment to come in a time zone, with its day of the week and the zone's name.
pub(super) fn day_and_time(at: Timestamp, zone: &TimeZone) -> Markup {
    let local = at.to_zoned_datetime(zone.clone());
    html! {
        time datetime=(at.to_string()) { (local.strftime("%a %-d %b %Y, %H:%M %Z").to_string()) }
    }
}

/// A duration in at most two units: `850 ms`, `12.3 s`, `4 min 5 s`, `2 h 3 min`, `1 d 4 h`.
pub(super) fn duration(length: SignedDuration) -> String {
    let length = length.max(SignedDuration::ZERO);
    let seconds = length.as_secs();
    match seconds {
        0 => format!("{} ms", length.subsec_millis()),
        1..60 => format!("{:.1} s", length.as_secs_f64()),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (milliseconds, text) in [
            (-5, "0 ms"),
            (850, "850 ms"),
            (12_340, "12.3 s"),
            (245_000, "4 min 5 s"),
            (7_380_000, "2 h 3 min"),
            (100_800_000, "1 d 4 h"),
        ] {
            assert_eq!(duration(SignedDuration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn a_moment_is_said_in_the_time_zone() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let text = moment(
            at("2026-07-01T22:30:00Z"),
            at("2026-11-23T12:00:00Z"),
            &zone,
        );
        assert!(text.into_string().ends_with(">2 Jul, 00:30:00</time>"));
        let text = moment(
            at("2025-12-31T23:30:00Z"),
            at("2027-01-01T00:00:00Z"),
            &zone,
        );
        assert!(text.into_string().contains("1 Jan 2026"));
    }
}
