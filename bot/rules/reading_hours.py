"""What moderators type about support hours, understood, and told back in words that are understood again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from zoneinfo import available_timezones

from babel.dates import get_day_names
from opening_hours import OpeningHours, validate
from rapidfuzz import fuzz, process

from bot.model import Absence, Language, Refusal, SupportHours
from bot.rules.hours import holidays_of
from bot.rules.limits import title

MOST_ABSENCES = 50

_LONGEST_WEEK = 200
"""Characters of weekly hours, also when they are told back: a form takes no more."""
_LONGEST_ABSENCE = timedelta(days=366)
_QUOTED = 60
"""Characters of somebody's words that a refusal repeats."""
_LISTED = 400
"""Characters of a country's regions that a refusal lists."""
_NO_ZONES = {"Factory", "localtime"}
"""Names in the IANA database that are no place."""

_HALF_A_DAY = 12
_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
"""As OpenStreetMap writes them."""
_WORDS = {
    **dict.fromkeys(("bis", "to", "till", "until", "through"), "-"),
    **dict.fromkeys(("und", "and"), ","),
    **dict.fromkeys(("von", "from", "uhr", "h", "am", "an", "on", "the"), ""),
    **dict.fromkeys(("täglich", "taeglich", "daily"), "Mo-Su"),
    **dict.fromkeys(("wochentags", "wochentagen", "werktags", "werktagen", "weekdays"), "Mo-Fr"),
    **dict.fromkeys(("wochenende", "wochenenden", "weekend", "weekends"), "Sa-Su"),
}
"""What is no day's name, and how OpenStreetMap writes it."""
_SIGNS = {"-": "-", "–": "-", "—": "-", ",": ",", ";": ",", ":": "", " ": ""}
_TOKEN = re.compile(
    r"(?P<always>24/7)"
    r"|(?P<time>(?P<hour>[0-9]{1,2})(?:[:.](?P<minute>[0-9]{2}))?(?:\s*(?P<half>[ap])\.?m\b\.?)?)"
    r"|(?P<word>[^\W\d_]+)\.?"
    r"|(?P<sign>.)"
)
_TIMED = re.compile("[0-9]")
_DATE = r"20[0-9]{2}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}\. ?[0-9]{1,2}\. ?(?:20)?[0-9]{2}"
_ABSENCE = re.compile(rf"({_DATE})(?: ?(?:-|–|—|bis|to|until|/) ?({_DATE}))?", re.IGNORECASE)


def read_week(words: str) -> str:
    """Weekly hours in the form of OpenStreetMap: "Mo-Do 9-17, Fr 9-15 Uhr" is "Mo-Th 09:00-17:00, Fr 09:00-15:00".

    Days in German or English, each with its times; what is listed for the same day adds up; "22-6" goes over midnight.
    """
    refusal = Refusal("refused-week", words=title(words, _QUOTED))
    if len(words) > _LONGEST_WEEK:
        raise refusal
    tokens = list(_TOKEN.finditer(" ".join(words.casefold().split())))
    pieces = [_in_osm(token) for token in tokens]
    halves = {bool(token["half"]) for token in tokens if token["time"]}
    if None in pieces or len(halves) > 1:  # "1-5 pm" could be either half of the day
        raise refusal
    joined = "".join(piece for piece in pieces if piece)
    spaced = re.sub(r"(?<=[a-z]),?(?=[0-9])", " ", joined)
    ruled = re.sub(r"(?<=[0-9]),?(?=[A-Z])", ", ", spaced).strip(",")
    if not validate(ruled) or not all(map(_TIMED.search, ruled.split(", "))):
        raise refusal
    week = str(OpeningHours(ruled))
    if any(len(tell_week(week, language)) > _LONGEST_WEEK for language in Language):
        raise refusal
    return week


def tell_week(week: str, language: Language) -> str:
    """The weekly hours with the reader's names of the days."""
    names = get_day_names("abbreviated", "stand-alone", locale=language.value)
    rules = (rule if _TIMED.search(rule) else f"{rule} 00:00-24:00" for rule in week.split(", "))
    return re.sub("|".join(_DAYS), lambda day: names[_DAYS.index(day[0])], ", ".join(rules))


def read_zone(words: str) -> str:
    """The name of a time zone in the IANA database, however it is capitalised. Refuses another with the most alike."""
    zones = _zones()
    name = words.strip()[:_QUOTED].replace(" ", "_").casefold()
    if name not in zones:
        nearest, _, _ = process.extractOne(name, zones.keys(), scorer=fuzz.WRatio)
        raise Refusal("refused-zone", words=title(words, _QUOTED), nearest=zones[nearest])
    return zones[name]


def read_holidays(words: str) -> tuple[str | None, str | None]:
    """Country and region whose public holidays are kept: "de-by" is ("DE", "BY"), "AT" is ("AT", None)."""
    if not words.strip():
        return None, None
    country, _, region = (part.strip() for part in words.upper().partition("-"))
    refusal = Refusal("refused-holidays", words=title(words, _QUOTED))
    if not re.fullmatch("[A-Z]{2}", country):  # the library has second names of three letters for them
        raise refusal
    try:
        known = holidays_of(country, None)
    except NotImplementedError:
        raise refusal from None
    by_name = {name.casefold(): id_ for name, id_ in known.subdivisions_aliases.items()}
    by_name |= {id_.casefold(): id_ for id_ in known.subdivisions}
    if region and region.casefold() not in by_name:
        regions = title(", ".join(known.subdivisions), _LISTED) or "–"
        raise Refusal("refused-region", words=title(region, _QUOTED), country=country, known=regions)
    return country, by_name.get(region.casefold())


def tell_holidays(hours: SupportHours) -> str:
    """Country and region: "DE-BY", "AT"; empty without holidays."""
    return "-".join(part for part in (hours.country, hours.region) if part)


def read_absences(words: str) -> tuple[Absence, ...]:
    """Absences, one a line: "24.12.2026-1.1.27", "2026-12-24 to 2027-01-01", or a single day. Earliest first."""
    lines = [" ".join(line.split()) for line in re.split(r"[\n;,]", words) if line.strip()]
    if len(lines) > MOST_ABSENCES:
        raise Refusal("refused-too-many-absences", most=MOST_ABSENCES)
    return tuple(sorted(map(_absence, lines), key=lambda absence: (absence.first, absence.last)))


def tell_absences(absences: Iterable[Absence], language: Language) -> str:
    """Absences, one a line, as dates are written in the language."""
    form, until = ("{0.day}.{0.month}.{0.year}", "-") if language is Language.DE else ("{0:%Y-%m-%d}", " to ")
    days = (sorted({absence.first, absence.last}) for absence in absences)
    return "\n".join(until.join(map(form.format, ends)) for ends in days)


def _in_osm(token: re.Match[str]) -> str | None:
    """One token of weekly hours in OpenStreetMap's form, empty for what says nothing; None if it is not understood."""
    match token.lastgroup:
        case "always":
            return token[0]
        case "time":
            return _time(int(token["hour"]), token["minute"] or "00", token["half"])
        case "word":
            return _WORDS.get(token["word"], _day(token["word"]))
        case _:
            return _SIGNS.get(token[0])


def _time(hour: int, minute: str, half: str | None) -> str | None:
    """In 24 hours: 5 and "p" is "17:00". None for a time that no clock shows."""
    if half is not None:
        if not 1 <= hour <= _HALF_A_DAY:
            return None
        hour = hour % _HALF_A_DAY + (_HALF_A_DAY if half == "p" else 0)
    return f"{hour:02}:{minute}"


def _day(word: str) -> str | None:
    """The day whose name begins so, in German or English; also as in "montags"."""
    start = word.removesuffix("s")
    return next((day for name, day in _day_names() if len(start) > 1 and name.startswith(start)), None)


def _absence(line: str) -> Absence:
    refusal = Refusal("refused-absence", words=title(line, _QUOTED))
    found = _ABSENCE.fullmatch(line)
    if found is None:
        raise refusal
    try:
        first, last = _date(found[1]), _date(found[2] or found[1])
    except ValueError:
        raise refusal from None
    if not first <= last < first + _LONGEST_ABSENCE:
        raise Refusal("refused-absence-span", words=title(line, _QUOTED))
    return Absence(first, last)


def _date(words: str) -> date:
    """Raises ValueError for a day that no calendar has."""
    if "-" in words:
        return date.fromisoformat(words)
    day, month, year = map(int, words.split("."))
    return date(2000 + year % 100, month, day)


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in sorted(available_timezones() - _NO_ZONES)}


@cache
def _day_names() -> tuple[tuple[str, str], ...]:
    """Each name of a day in all our languages, and how OpenStreetMap writes it."""
    named = [get_day_names("wide", locale=language.value) for language in Language]
    names = [(names[number].casefold(), day) for names in named for number, day in enumerate(_DAYS)]
    return (*names, ("sonnabend", "Sa"))
