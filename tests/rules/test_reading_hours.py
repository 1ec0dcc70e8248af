"""Reading what moderators type about support hours: in many spellings, and nothing that is not understood."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Absence, Language, Refusal, SupportHours
from bot.rules.hours import calendar_of
from bot.rules.reading_hours import (
    MOST_ABSENCES,
    read_absences,
    read_holidays,
    read_week,
    read_zone,
    tell_absences,
    tell_holidays,
    tell_week,
)


def absence(first: str, last: str | None = None) -> Absence:
    return Absence(date.fromisoformat(first), date.fromisoformat(last or first))


@pytest.mark.parametrize(
    ("words", "week"),
    [
        ("Mo-Fr 9-17", "Mo-Fr 09:00-17:00"),
        ("mo-fr 9-17", "Mo-Fr 09:00-17:00"),
        ("Mon-Fri 9-17", "Mo-Fr 09:00-17:00"),
        ("Mo-Fr: 9:00 – 17:00", "Mo-Fr 09:00-17:00"),
        ("Montag bis Freitag, 9 bis 17 Uhr", "Mo-Fr 09:00-17:00"),
        ("montags bis freitags von 9.00 Uhr bis 17.00 Uhr", "Mo-Fr 09:00-17:00"),
        ("Monday to Friday from 9am to 5pm", "Mo-Fr 09:00-17:00"),
        ("Weds, Thurs 12 p.m. - 12 a.m.", "We,Th 12:00-00:00"),
        ("Mo-Do 9:00-17:00, Fr 9-15 Uhr", "Mo-Th 09:00-17:00, Fr 09:00-15:00"),
        ("Mo-Do 9-17; Fr 9-15", "Mo-Th 09:00-17:00, Fr 09:00-15:00"),
        ("Mo-Do 9-17 Fr 9-15", "Mo-Th 09:00-17:00, Fr 09:00-15:00"),
        ("Di 10-12", "Tu 10:00-12:00"),
        ("Mo, Mi und Fr 9.30–12, 13–17h", "Mo,We,Fr 09:30-12:00,13:00-17:00"),
        ("Sonnabend und Sonntag 10-12", "Sa,Su 10:00-12:00"),
        ("Mo 22-6", "Mo 22:00-06:00"),
        ("täglich 9-17", "Mo-Su 09:00-17:00"),
        ("Taeglich von 9 bis 17 Uhr", "Mo-Su 09:00-17:00"),
        ("daily 9am-5pm", "Mo-Su 09:00-17:00"),
        ("wochentags 9 bis 17", "Mo-Fr 09:00-17:00"),
        ("werktags 9-17", "Mo-Fr 09:00-17:00"),
        ("Weekdays 9-17, weekends 10-12", "Mo-Fr 09:00-17:00, Sa-Su 10:00-12:00"),
        ("on weekdays 9-17, on the weekend 10-12", "Mo-Fr 09:00-17:00, Sa-Su 10:00-12:00"),
        ("Mo-Fr 9-17, am Wochenende 10-12", "Mo-Fr 09:00-17:00, Sa-Su 10:00-12:00"),
        ("an Wochentagen 9-17; an Wochenenden 10-12", "Mo-Fr 09:00-17:00, Sa-Su 10:00-12:00"),
        ("9-17", "09:00-17:00"),
        ("24/7", "24/7"),
    ],
)
def test_weekly_hours_are_understood_in_many_spellings(words: str, week: str) -> None:
    assert read_week(words) == week


@pytest.mark.parametrize(
    "words",
    [
        "",
        "-",
        "never",
        "Mo-Fr",
        "täglich",
        "am Wochenende",
        "wochenlang 9-17",
        "am 9-17 Abend",
        "Mo-Fr 9-17, Sa",
        "Mo-Fr 25-26",
        "Mo-Fr 9:75-17",
        "Mo-Fr 9-17; PH off",
        "sunrise-sunset",
        "Jan-Mar Mo 9-10",
        'Mo 9-10 "ring twice"',
        "Mo[1] 9-10",
        "Mo 9+",
        "Mo 9-12 13-17",
        "Mo 9-5pm",
        "Mo 13pm-14pm",
        "Mo 0am-1am",
        "M 9-10",
        "Mo 9-10 || We 9-10",
        "Mo ٩-١٠",
        "Mo 9-10\x00",
        "Mo 9-10," * 30,
        "9" * 5_000,
        "Mo 9-10, " * 20,
    ],
)
def test_weekly_hours_that_are_not_understood_are_refused(words: str) -> None:
    with pytest.raises(Refusal, match="refused-week") as refused:
        read_week(words)
    assert len(str(refused.value.text.values["words"])) <= 60


def test_weekly_hours_are_told_with_the_names_that_the_reader_knows() -> None:
    week = "Mo-Th 09:00-17:00, Sa,Su 22:00-06:00"
    assert tell_week(week, Language.DE) == "Mo-Do 09:00-17:00, Sa,So 22:00-06:00"
    assert tell_week(week, Language.EN) == "Mon-Thu 09:00-17:00, Sat,Sun 22:00-06:00"
    assert tell_week(read_week("Di 0-24, Mi 9-10"), Language.DE) == "Di 00:00-24:00, Mi 09:00-10:00"
    assert tell_week(read_week("Mo-So 0-24"), Language.EN) == "Mon-Sun 00:00-24:00"
    assert tell_week("24/7", Language.DE) == "24/7"


times = st.tuples(st.integers(0, 23), st.sampled_from(["", ":00", ":30", ".15"])).map(
    lambda time: f"{time[0]}{time[1]}"
)
day_words = st.sampled_from(["Mo", "Di", "Mittwoch", "Donnerstags", "Fr", "Sa", "So", "Tuesday", "Wed", "Thurs", "Sun"])
week_rules = st.tuples(day_words, st.sampled_from(["-", ", ", " und "]), day_words, times, times).map(
    lambda parts: "{}{}{} {}-{}".format(*parts)
)


@given(st.lists(week_rules, min_size=1, max_size=4).map(", ".join), st.sampled_from(Language))
def test_weekly_hours_that_are_told_are_understood_as_the_same(words: str, language: Language) -> None:
    week = read_week(words)
    assert read_week(tell_week(week, language)) == week
    calendar_of(SupportHours(week=week)).after(datetime(2026, 3, 2, tzinfo=UTC), timedelta(hours=1))


@given(st.text(max_size=60) | st.text("MoDitue 0123456789:.-,;/apm", max_size=60))
def test_any_words_are_understood_or_refused(words: str) -> None:
    for read in (read_week, read_zone, read_holidays, read_absences):
        with suppress(Refusal):
            read(words)


@pytest.mark.parametrize(
    ("words", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        (" America/new york ", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_a_zone_is_known_however_it_is_written(words: str, zone: str) -> None:
    assert read_zone(words) == zone


@pytest.mark.parametrize(
    ("words", "nearest"),
    [("Berlin", "Europe/Berlin"), ("Europe/Vienne", "Europe/Vienna"), ("New York", "America/New_York")],
)
def test_a_zone_that_does_not_exist_is_refused_with_the_one_that_is_meant(words: str, nearest: str) -> None:
    with pytest.raises(Refusal, match="refused-zone") as refused:
        read_zone(words)
    assert refused.value.text.values == {"words": words, "nearest": nearest}


@pytest.mark.parametrize("words", ["", "localtime", "Factory", "../etc/passwd", "x" * 5_000, "Europe/Berlin\x00"])
def test_what_is_no_zone_is_refused(words: str) -> None:
    with pytest.raises(Refusal, match="refused-zone"):
        read_zone(words)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("", (None, None)),
        ("  ", (None, None)),
        ("DE", ("DE", None)),
        ("de", ("DE", None)),
        ("DE-BY", ("DE", "BY")),
        ("de - by", ("DE", "BY")),
        ("de-bayern", ("DE", "BY")),
        ("DE-Augsburg", ("DE", "Augsburg")),
        ("at-wien", ("AT", "9")),
        ("US-CA", ("US", "CA")),
    ],
)
def test_countries_and_regions_are_known(words: str, place: tuple[str | None, str | None]) -> None:
    assert read_holidays(words) == place
    country, region = place
    hours = SupportHours(country=country, region=region)
    assert read_holidays(tell_holidays(hours)) == place
    calendar_of(hours).after(datetime(2026, 3, 2, tzinfo=UTC), timedelta(hours=1))


@pytest.mark.parametrize("words", ["XX", "DEU", "Germany", "NYSE", "-", "-BY", "D", "ÄÖ", "__", "x" * 5_000])
def test_what_is_no_country_is_refused(words: str) -> None:
    with pytest.raises(Refusal, match="refused-holidays"):
        read_holidays(words)


def test_an_unknown_region_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Refusal, match="refused-region") as refused:
        read_holidays("AT-BY")
    assert refused.value.text.values == {"words": "BY", "country": "AT", "known": "1, 2, 3, 4, 5, 6, 7, 8, 9"}


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("24.12.2026-1.1.2027", "2026-12-24", "2027-01-01"),
        ("24.12.2026 – 01.01.2027", "2026-12-24", "2027-01-01"),
        ("24. 12. 2026 bis 1. 1. 2027", "2026-12-24", "2027-01-01"),
        ("2026-12-24 to 2027-01-01", "2026-12-24", "2027-01-01"),
        ("2026-12-24 until 2027-01-01", "2026-12-24", "2027-01-01"),
        ("2026-12-24/2027-01-01", "2026-12-24", "2027-01-01"),
        ("24.12.26", "2026-12-24", "2026-12-24"),
        ("24.12.26-1.1.27", "2026-12-24", "2027-01-01"),
        ("24. 12. 26 bis 1.1.2027", "2026-12-24", "2027-01-01"),
        ("1.2.20", "2020-02-01", "2020-02-01"),
        ("1.2.69", "2069-02-01", "2069-02-01"),
        ("5.6.2026", "2026-06-05", "2026-06-05"),
        ("2026-06-05", "2026-06-05", "2026-06-05"),
        ("29.2.2028", "2028-02-29", "2028-02-29"),
        ("1.1.2026-31.12.2026", "2026-01-01", "2026-12-31"),
    ],
)
def test_an_absence_is_a_day_or_a_span_day_first_or_iso(words: str, first: str, last: str) -> None:
    assert read_absences(words) == (absence(first, last),)


def test_absences_stand_one_a_line_and_are_kept_in_order() -> None:
    assert read_absences("\n5.5.2027\n\n 24.12.2026-1.1.2027, 2026-05-05\n") == (
        absence("2026-05-05"),
        absence("2026-12-24", "2027-01-01"),
        absence("2027-05-05"),
    )
    assert read_absences(" \n ") == ()


@pytest.mark.parametrize(
    "words",
    ["Christmas", "24.12.", "30.2.2026", "2026-13-01", "12/24/2026", "26-12-24", "24.12.6", "24.12.126", "29.2.27",
     "1.1.1999", "1.1.2026-", "٣.١.٢٠٢٦", "1.1.2026-2.1.2026-3.1.2026", "9" * 5_000],
)  # fmt: skip
def test_an_absence_that_is_not_understood_is_refused(words: str) -> None:
    with pytest.raises(Refusal, match=r"refused-absence$"):
        read_absences(f"5.5.2026\n{words}")


@pytest.mark.parametrize("words", ["2.1.2027-1.1.2027", "2026-01-01 to 2027-01-02", "1.1.2026-1.1.2099"])
def test_an_absence_that_ends_before_it_begins_or_takes_more_than_a_year_is_refused(words: str) -> None:
    with pytest.raises(Refusal, match="refused-absence-span"):
        read_absences(words)


def test_there_is_an_end_to_absences() -> None:
    assert len(read_absences("1.1.2026\n" * MOST_ABSENCES)) == MOST_ABSENCES
    with pytest.raises(Refusal, match="refused-too-many-absences"):
        read_absences("1.1.2026\n" * (MOST_ABSENCES + 1))


def test_absences_are_told_as_dates_are_written_in_the_language() -> None:
    absences = (absence("2026-05-05"), absence("2026-12-24", "2027-01-01"))
    assert tell_absences(absences, Language.DE) == "5.5.2026\n24.12.2026-1.1.2027"
    assert tell_absences(absences, Language.EN) == "2026-05-05\n2026-12-24 to 2027-01-01"


first_days = st.dates(date(2000, 1, 1), date(2098, 12, 31))
some_absences = st.lists(
    st.builds(lambda first, days: Absence(first, first + timedelta(days)), first_days, st.integers(0, 365)), max_size=9
)


@given(some_absences, st.sampled_from(Language))
def test_absences_that_are_told_are_understood_as_the_same(absences: list[Absence], language: Language) -> None:
    told = tell_absences(absences, language)
    assert read_absences(told) == tuple(sorted(absences, key=lambda absence: (absence.first, absence.last)))
