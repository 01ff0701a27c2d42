"""When EventBridge's schedule expressions are due, found by brute force: an oracle that shares nothing with nbjobs, not
its language, its parser, its search or its time zone library.

Reads one case a line as JSON, `{"expression", "zone", "from", "until", "due": […]}`, instants as seconds since 1970,
`due` all moments after `from` up to `until`. Prints how many moments and ends were compared; the first difference ends
it with an error.
"""

import calendar
import functools
import json
import re
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split()


def number(text, names):
    return names.index(text.upper()) + 1 if text.upper() in names else int(text)


def values(field, low, high, names=()):
    """The values that a field names."""
    found = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        if span == "*":
            run = list(range(low, high + 1))
        elif "-" in span:
            first, last = (number(part, names) for part in span.split("-"))
            whole = list(range(low, high + 1))
            begin = whole.index(first)
            turned = whole[begin:] + whole[:begin]
            run = turned[: turned.index(last) + 1]
        elif step:
            run = list(range(number(span, names), high + 1))
        else:
            run = [number(span, names)]
        found.update(run[:: int(step or 1)])
    return found


def sunday_one(day):
    return day.isoweekday() % 7 + 1


def nearest_weekday(year, month, wanted):
    """The day of the month's weekday that is nearest to `wanted`, within the month."""
    last = calendar.monthrange(year, month)[1]
    days = [d for d in range(1, last + 1) if date(year, month, d).isoweekday() <= 5]
    return min(days, key=lambda d: (abs(d - wanted), d)) if wanted <= last else None


def day_matches(day, of_month, of_week):
    last = calendar.monthrange(day.year, day.month)[1]
    if of_week == "?":
        if of_month == "L":
            return day.day == last
        if of_month == "LW":
            return day.day == max(d for d in range(1, last + 1) if date(day.year, day.month, d).isoweekday() <= 5)
        if of_month.endswith("W"):
            return day.day == nearest_weekday(day.year, day.month, int(of_month[:-1]))
        return day.day in values(of_month, 1, 31)
    if "#" in of_week:
        weekday, nth = of_week.split("#")
        same = [d for d in range(1, last + 1) if sunday_one(date(day.year, day.month, d)) == number(weekday, WEEKDAYS)]
        return len(same) >= int(nth) and day.day == same[int(nth) - 1]
    if of_week == "L":
        return sunday_one(day) == 7
    if of_week.endswith("L"):
        weekday = number(of_week[:-1], WEEKDAYS)
        return day.day == max(d for d in range(1, last + 1) if sunday_one(date(day.year, day.month, d)) == weekday)
    return sunday_one(day) in values(of_week, 1, 7, WEEKDAYS)


@functools.lru_cache(maxsize=None)
def minutes_of(zone, begin, until):
    """Every minute that the world lives through, as (instant, local date, hour, minute), the second time that clocks
    show the same left out. Looks back a day before `begin`, so that it knows what was shown already."""
    shown, found = set(), []
    info = ZoneInfo(zone)
    for at in range(begin - 86_400 - begin % 60, until + 1, 60):
        local = datetime.fromtimestamp(at, UTC).astimezone(info)
        key = (local.date(), local.hour, local.minute)
        if local.second == 0 and key not in shown:
            shown.add(key)
            if at > begin:
                found.append((at, *key))
    return found


def days_of(zone, begin, until):
    first = datetime.fromtimestamp(begin, UTC).date() - timedelta(days=1)
    last = datetime.fromtimestamp(until, UTC).date() + timedelta(days=1)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def cron_by_minute(fields, zone, begin, until):
    minutes, hours, of_month, month, of_week, year = fields
    minutes, hours = values(minutes, 0, 59), values(hours, 0, 23)
    months, years = values(month, 1, 12, MONTHS), values(year, 1970, 2199)
    is_due = functools.lru_cache(maxsize=None)(
        lambda day: day.year in years and day.month in months and day_matches(day, of_month, of_week)
    )
    return [at for at, day, h, m in minutes_of(zone, begin, until) if m in minutes and h in hours and is_due(day)]


def cron_by_day(fields, zone, begin, until):
    """For spans too long to go through by the minute: each local time there and back again."""
    minutes, hours, of_month, month, of_week, year = fields
    minutes, hours = sorted(values(minutes, 0, 59)), sorted(values(hours, 0, 23))
    months, years = values(month, 1, 12, MONTHS), values(year, 1970, 2199)
    info, found = ZoneInfo(zone), []
    for day in days_of(zone, begin, until):
        if day.year in years and day.month in months and day_matches(day, of_month, of_week):
            for hour in hours:
                for minute in minutes:
                    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=info)
                    instant = local.astimezone(UTC)
                    exists = instant.astimezone(info).replace(tzinfo=None) == local.replace(tzinfo=None)
                    if exists and begin < instant.timestamp() <= until:
                        found.append(int(instant.timestamp()))
    return sorted(found)


def rate(text, begin, until):
    count, unit = text.split()
    period = timedelta(**{unit.rstrip("s") + "s": int(count)}).total_seconds()
    return list(range(begin + int(period), until + 1, int(period)))


def due(case):
    kind, inside = re.fullmatch(r"(cron|rate)\((.*)\)", case["expression"]).groups()
    begin, until = case["from"], case["until"]
    if kind == "rate":
        return rate(inside, begin, until)
    find = cron_by_minute if until - begin <= 5 * 86_400 else cron_by_day
    return find(inside.split(), case["zone"], begin, until)


def main():
    compared = 0
    for line in sys.stdin:
        case = json.loads(line)
        expected = due(case)
        if case["due"] != expected:
            other = sorted(set(case["due"]) ^ set(expected)) or case["due"]
            sys.exit(f"{case['expression']} in {case['zone']}: differs at {other[:5]}, between {case['from']} and {case['until']}")
        # Each moment, and that there is no other before the end.
        compared += len(expected) + 1
    print(compared)


if __name__ == "__main__":
    main()
