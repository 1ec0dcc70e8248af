"""A policy that can be used is loaded whole; one that cannot is refused with file, line and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.coverage.policy import PolicyError, address, load_policy
from bot.model import BlockKind, Language, Ruling
from tests.coverage.small_policy import CUSTOMIZATION, DEFECT, GERMAN, SMALL_TALK, write_policy


def test_a_good_policy_is_loaded_whole(tmp_path: Path) -> None:
    policy = load_policy(write_policy(tmp_path))
    defect = policy.categories["defect"]
    assert defect.ruling is Ruling.COVERED
    assert defect.texts[Language.EN].title == "Faults in the item"
    assert defect.texts[Language.DE].phrases[1] == "die seite ist weiß seit dem update"
    assert defect.texts[Language.DE].look_alikes == {"customization": ("der slider soll runder werden",)}
    document = policy.documents[Language.DE]
    assert document.title == "Richtlinie"
    assert [block.kind for block in document.intro] == [BlockKind.QUOTE]
    assert [block.words for block in document.sections[0].blocks] == ["Bald.", "eins", "zwei"]


def test_another_text_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first = load_policy(write_policy(tmp_path / "one"))
    second = load_policy(write_policy(tmp_path / "two", policy_de_md=GERMAN.replace("Bald", "Gleich")))
    assert first.version != second.version


def test_the_form_of_address_is_chosen() -> None:
    text = "[Schreiben Sie|Schreib] uns, was [Sie sehen|du siehst]."
    assert address(text, formal=True) == "Schreiben Sie uns, was Sie sehen."
    assert address(text, formal=False) == "Schreib uns, was du siehst."


BRACKETS = "square brackets and | only as in [Schreiben Sie|Schreib], curly ones only as {answer_time}"
BROKEN = {
    "unknown verdict": (
        DEFECT.replace("verdict: covered", "verdict: coverd"),
        f'defect.yaml, line 2: verdict must be one of {", ".join(Ruling)}, not "coverd"',
    ),
    "unknown key": (DEFECT.replace("  title: Fehler", "  titel: Fehler"), 'defect.yaml, line 4: unknown key "titel"'),
    "key twice": (DEFECT + "id: defect\n", 'defect.yaml, line 23: the key "id" is there twice'),
    "empty title": (
        DEFECT.replace("  title: Fehler im Artikel", "  title:"),
        "defect.yaml, line 4: title is empty",
    ),
    "empty clause": (
        DEFECT.replace("  clause: Support includes help with faults in the item.", "  clause: ''"),
        "defect.yaml, line 17: clause is missing or empty",
    ),
    "no answer": (
        DEFECT.replace("  answer: Yes, this is covered.\n", ""),
        "defect.yaml, line 15: answer is missing or empty",
    ),
    "no English": (DEFECT[: DEFECT.index("en:")], 'defect.yaml, line 1: "en" is missing'),
    "English as one line": (
        DEFECT[: DEFECT.index("en:")] + "en: later\n",
        "defect.yaml, line 15: en must have lines of its own below it",
    ),
    "few phrases": (
        DEFECT.replace("    it always throws an error\n", ""),
        "defect.yaml, line 19: 2 phrases are too few; write at least 3",
    ),
    "phrase twice": (
        DEFECT.replace("it always throws an error", "the slider stays empty"),
        'defect.yaml, line 22: the phrase "the slider stays empty" is there twice',
    ),
    "phrases as a list": (
        DEFECT.replace("  phrases: |\n    the slider", "  phrases:\n    - the slider").replace(
            "\n    the page", "\n    - p"
        ),
        'defect.yaml, line 20: "phrases" must be text, or a block of lines after |',
    ),
    "phrases folded": (
        DEFECT.replace("phrases: |\n    the", "phrases: >\n    the"),
        'defect.yaml, line 19: "phrases" must begin with | instead of >, to keep its lines apart',
    ),
    "look-alikes of nobody": (
        DEFECT.replace("    customization: |", "    customisation: |"),
        'defect.yaml, line 13: look_alikes must be grouped by another category\'s id, not "customisation"',
    ),
    "bad brackets": (
        DEFECT.replace("|Schreib]", "]"),
        f"defect.yaml, line 6: answer: {BRACKETS}",
    ),
    "an unknown placeholder": (
        DEFECT.replace("[Schreiben Sie|Schreib]", "In {answer_times} [schreiben Sie|schreib]"),
        f"defect.yaml, line 6: answer: {BRACKETS}",
    ),
    "a placeholder in a title": (
        DEFECT.replace("title: Faults in the item", "title: Faults {answer_time}"),
        "defect.yaml, line 16: no brackets and no | in a title or heading",
    ),
    "bad id": (
        DEFECT.replace("id: defect", "id: De fect"),
        'defect.yaml, line 1: id must be of small letters, digits and _, not "De fect"',
    ),
    "alias": (
        DEFECT.replace("title: Faults in the item", "title: *other"),
        "defect.yaml, line 16: aliases and anchors (* and &) are not allowed",
    ),
    "anchor": (
        DEFECT.replace("verdict: covered", "verdict: &a covered"),
        "defect.yaml, line 2: aliases and anchors (* and &) are not allowed",
    ),
    "second document": (
        DEFECT + "---\nid: other\n",
        "defect.yaml, line 23: a file holds one category; remove the line ---",
    ),
    "no mapping": ("- defect\n", "defect.yaml, line 1: the file must consist of lines such as `id: defect`"),
    "empty file": ("", "defect.yaml, line 1: the file must consist of lines such as `id: defect`"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_category_is_refused_with_file_line_and_reason(case: str, tmp_path: Path) -> None:
    content, message = BROKEN[case]
    with pytest.raises(PolicyError) as caught:
        load_policy(write_policy(tmp_path, defect_yaml=content))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("id: defect\n\tverdict: covered\n", 2),
        ("id: defect\nde: 'never closed\n", 3),
        ("id: defect\nverdict: \x07\n", 1),
        ("[" * 50_000, 1),
        ("- " * 50_000, 1),
        ("a: " + "{a: " * 50_000, 1),
    ],
)
def test_what_is_not_the_expected_yaml_is_refused(content: str, line: int, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(write_policy(tmp_path, defect_yaml=content))
    assert (caught.value.file, caught.value.line) == ("defect.yaml", line)


def test_other_encodings_than_utf8_are_refused_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"defect\.yaml, line 5: not UTF-8"):
        load_policy(write_policy(tmp_path, defect_yaml=DEFECT.encode("latin-1")))


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert "defect" in load_policy(write_policy(tmp_path, defect_yaml=DEFECT.encode("utf-8-sig"))).categories


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"defect\.yaml, line 1: the file is larger than 1,000,000 bytes"):
        load_policy(write_policy(tmp_path, defect_yaml=DEFECT + "#" * 10_000_000))


def test_hidden_files_are_none_of_the_policy(tmp_path: Path) -> None:
    folder = write_policy(tmp_path)
    version = load_policy(folder).version
    (folder / "categories" / ".#defect.yaml").symlink_to("somebody@somewhere.4711")  # as Emacs locks what it edits
    (folder / "categories" / ".customization.yaml").write_text("half written", encoding="utf-8")
    assert load_policy(folder).version == version


@pytest.mark.parametrize("name", ["categories/folder.yaml", "policy.en.md"])
def test_a_folder_in_the_place_of_a_file_is_refused(name: str, tmp_path: Path) -> None:
    folder = write_policy(tmp_path)
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir()
    with pytest.raises(PolicyError) as caught:
        load_policy(folder)
    assert str(caught.value) == f"{Path(name).name}, line 1: the file cannot be read: Is a directory"


def test_a_file_that_vanished_is_refused(tmp_path: Path) -> None:
    folder = write_policy(tmp_path)
    (folder / "categories" / "gone.yaml").symlink_to("nowhere.yaml")
    with pytest.raises(PolicyError, match=r"gone\.yaml, line 1: the file is missing"):
        load_policy(folder)


def test_an_id_that_is_used_twice_names_both_files(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r'faults\.yaml, line 1: the id "defect" is already used by defect\.yaml'):
        load_policy(write_policy(tmp_path, faults_yaml=DEFECT))


def test_a_phrase_of_two_categories_names_both(tmp_path: Path) -> None:
    content = CUSTOMIZATION.replace("one more field", "nothing").replace(
        "i would like nothing", "The Slider stays empty"
    )
    reason = (
        'defect.yaml, line 20: the phrase "the slider stays empty" stands for defect here, '
        "but for customization in customization.yaml"
    )
    with pytest.raises(PolicyError) as caught:
        load_policy(write_policy(tmp_path, customization_yaml=content))
    assert str(caught.value) == reason


def test_a_look_alike_that_another_category_has_as_phrase_is_welcome(tmp_path: Path) -> None:
    content = DEFECT.replace("der slider soll runder werden", "könnt ihr das menü umbauen")
    assert "defect" in load_policy(write_policy(tmp_path, defect_yaml=content)).categories


def test_small_talk_needs_neither_clause_nor_answer(tmp_path: Path) -> None:
    policy = load_policy(write_policy(tmp_path, small_talk_yaml=SMALL_TALK))
    assert policy.categories["small_talk"].texts[Language.DE].answer == ""


def test_a_folder_without_categories_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="there is no category file"):
        load_policy(tmp_path)


BROKEN_DOCUMENTS = {
    "no title": ("## Times\n\nSoon.\n", r"policy\.en\.md, line 1: the file must begin with its title"),
    "two titles": ("# A\n\n## B\n\nx\n\n# C\n", r"policy\.en\.md, line 7: there must be only one title"),
    "no section": ("# A\n\ntext\n", r"policy\.en\.md, line 1: the file has no section"),
    "empty section": ("# A\n\n## B\n\n## C\n\nx\n", r'policy\.en\.md, line 3: the section "B" is empty'),
    "deep heading": ("# A\n\n## B\n\n### C\n", r"policy\.en\.md, line 5: only # \(the title\) and ##"),
    "bold": ("# A\n\n## B\n\nso **bold**\n", r"policy\.en\.md, line 5: plain words only, please: found strong"),
    "code": ("# A\n\n## B\n\n```\nx\n```\n", r"policy\.en\.md, line 5: only a title, sections"),
    "nested": ("# A\n\n## B\n\n- a\n  - b\n", r"policy\.en\.md, line 6: a list or quotation cannot stand in another"),
    "fewer blocks": ("# A\n\n> m\n\n## B\n\nx\n\n- y\n", r'policy\.en\.md, line 5: the section "B" differs in form'),
    "more sections": (
        "# A\n\n> m\n\n## B\n\nx\n\n- y\n- z\n\n## C\n\nx\n",
        r"policy\.en\.md, line 12: 2 sections, but 1 in policy\.de\.md",
    ),
    "stray brackets": (
        "# A\n\n> m\n\n## B\n\n[x]\n\n- y\n- z\n",
        r"policy\.en\.md, line 5: square brackets",
    ),
    "unknown placeholder": ("# A\n\n> {time}\n\n## B\n\nx\n\n- y\n- z\n", r"policy\.en\.md, line 1: square brackets"),
    "placeholder in a heading": (
        "# A\n\n> m\n\n## {answer_time}\n\nx\n\n- y\n- z\n",
        r"policy\.en\.md, line 5: no brackets",
    ),
    "no motto": ("# A\n\n## B\n\nx\n\n- y\n- z\n", r"policy\.en\.md, line 1: what stands before the first section"),
}


@pytest.mark.parametrize("case", BROKEN_DOCUMENTS)
def test_a_broken_document_is_refused_with_file_line_and_reason(case: str, tmp_path: Path) -> None:
    content, message = BROKEN_DOCUMENTS[case]
    with pytest.raises(PolicyError, match=message):
        load_policy(write_policy(tmp_path, policy_en_md=content))


def test_a_missing_document_is_refused(tmp_path: Path) -> None:
    folder = write_policy(tmp_path)
    (folder / "policy.en.md").unlink()
    with pytest.raises(PolicyError, match=r"policy\.en\.md, line 1: the file is missing"):
        load_policy(folder)
