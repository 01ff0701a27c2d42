//! Schedules in words.

use super::super::words;

#[test]
fn schedules_are_said_as_people_say_them() {
    for (expression, said) in [
        ("cron(0 9 ? * MON-FRI *)", "weekdays at 09:00"),
        ("cron(0 9 ? * 2-6 *)", "weekdays at 09:00"),
        ("cron(0 9 * * ? *)", "every day at 09:00"),
        ("cron(30 8,17 ? * SAT,SUN *)", "weekends at 08:30 and 17:30"),
        (
            "cron(0 0 ? * SUN,MON,FRI *)",
            "Mondays, Fridays and Sundays at 00:00",
        ),
        ("cron(* * * * ? *)", "every minute"),
        ("cron(*/15 * * * ? *)", "every 15 minutes"),
        ("cron(5/15 * * * ? *)", "every 15 minutes"),
        ("cron(0/7 * * * ? *)", ""),
        ("cron(0 * * * ? *)", "every hour"),
        ("cron(20 * * * ? *)", "every hour at 20 past"),
        (
            "cron(0/30 8-17 ? * MON-FRI *)",
            "weekdays every 30 minutes from 08:00 to 17:30",
        ),
        (
            "cron(0 9-17 ? * MON *)",
            "Mondays every hour from 09:00 to 17:00",
        ),
        ("cron(0 0/2 * * ? *)", "every 2 hours"),
        ("cron(10 1/2 * * ? *)", "every 2 hours from 01:10"),
        (
            "cron(0 12 1,15 * ? *)",
            "on the 1st and 15th of the month at 12:00",
        ),
        ("cron(0 12 ? * 1-7 *)", "every day at 12:00"),
        (
            "cron(0 12 1-3 * ? *)",
            "on the 1st, 2nd and 3rd of the month at 12:00",
        ),
        (
            "cron(0 12 L * ? *)",
            "on the last day of the month at 12:00",
        ),
        (
            "cron(0 12 LW * ? *)",
            "on the last weekday of the month at 12:00",
        ),
        (
            "cron(0 12 22W * ? *)",
            "on the weekday nearest to the 22nd at 12:00",
        ),
        (
            "cron(0 12 ? * 6L *)",
            "on the last Friday of the month at 12:00",
        ),
        (
            "cron(0 12 ? * 6#3 *)",
            "on the 3rd Friday of the month at 12:00",
        ),
        (
            "cron(0 12 1 JAN,JUL ? *)",
            "on the 1st of the month at 12:00 in January and July",
        ),
        ("cron(0 9 * * ? 2027)", "every day at 09:00 in 2027"),
        (
            "cron(0 9 * * ? 2027-2029)",
            "every day at 09:00 from 2027 to 2029",
        ),
        ("cron(1,2,7,9,30 9 * * ? *)", ""),
        ("rate(1 hour)", "every hour"),
        ("rate(5 minutes)", "every 5 minutes"),
        (
            "at(2026-12-24T18:00:00)",
            "once, on 24 December 2026 at 18:00",
        ),
        ("at(tomorrow)", ""),
        ("nonsense", ""),
    ] {
        assert_eq!(words(expression).unwrap_or_default(), said, "{expression}");
    }
}
