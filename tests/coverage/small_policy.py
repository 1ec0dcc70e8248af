"""A policy of three categories, small enough to break in every way."""

from __future__ import annotations

from pathlib import Path

DEFECT = """\
id: defect
verdict: covered
de:
  title: Fehler im Artikel
  clause: Hilfe bei Fehlern im Artikel gehört zum Support.
  answer: |
    Ja, das ist abgedeckt. [Schreiben Sie|Schreib] uns die Version.
  phrases: |
    der slider bleibt leer
    die seite ist weiß seit dem update
    es kommt immer ein fehler
  look_alikes:
    customization: |
      der slider soll runder werden
en:
  title: Faults in the item
  clause: Support includes help with faults in the item.
  answer: Yes, this is covered.
  phrases: |
    the slider stays empty
    the page is white since the update
    it always throws an error
"""

CUSTOMIZATION = """\
id: customization
verdict: not_covered
de:
  title: Anpassungen
  clause: Anpassungen gehören nicht zum Support.
  answer: Das ist leider nicht dabei.
  phrases: |
    bitte baut einen dunklen modus ein
    ich hätte gern ein feld mehr
    könnt ihr das menü umbauen
en:
  title: Customizing
  clause: Support does not include customizing.
  answer: Sorry, this is not included.
  phrases: |
    please add a dark mode
    i would like one more field
    can you rebuild the menu
"""

SMALL_TALK = """\
id: small_talk
verdict: silence
de:
  title: Geplauder
  phrases: |
    guten morgen zusammen
    das war lustig gestern
    schönes wochenende euch allen
en:
  title: Small talk
  phrases: |
    good morning everybody
    that was fun yesterday
    have a nice weekend all
"""

GERMAN = "# Richtlinie\n\n> Keiner soll zurückgelassen werden.\n\n## Zeiten\n\nBald.\n\n- eins\n- zwei\n"
ENGLISH = "# Policy\n\n> Nobody is left behind.\n\n## Times\n\nSoon.\n\n- one\n- two\n"


def write_policy(folder: Path, **files: str | bytes) -> Path:
    """Write the small policy into `folder`; `files` (by name, with _ for .) replace or add some of its files."""
    written: dict[str, str | bytes] = {
        "defect_yaml": DEFECT,
        "customization_yaml": CUSTOMIZATION,
        "small_talk_yaml": SMALL_TALK,
        "policy_de_md": GERMAN,
        "policy_en_md": ENGLISH,
        **files,
    }
    (folder / "categories").mkdir()
    for key, content in written.items():
        stem, _, ending = key.rpartition("_")
        path = folder / "categories" / f"{stem}.yaml" if ending == "yaml" else folder / f"{stem.replace('_', '.')}.md"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
