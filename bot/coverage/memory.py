"""What was learnt from a policy, kept in a file of the user's cache, so that a restart need not learn it again.

The file may be missing, torn or made by another version at any time: then everything is learnt anew. It is a pickle,
and reading one runs whatever it says; so one that somebody else could have written is not read.
"""

from __future__ import annotations

import os
import pickle
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import structlog
from platformdirs import user_cache_path

from bot.coverage.examples import Example, examples_of
from bot.coverage.knowledge import Knowledge, learn
from bot.coverage.policy import Policy

_DIGEST = sha256().digest_size
"""Bytes with which a file begins, written last; they tell whether the rest is whole."""
_KEPT = 3
"""Files, of 60 MB each for the shipped policy: more than one, so that two versions may take turns."""

_log = structlog.get_logger(__name__)


def recall(policy: Policy, folder: Path | None = None) -> Knowledge:
    """What is to be known of a policy: from the `folder` (the user's cache) if it is there, else learnt and kept."""
    examples = examples_of(policy)
    folder = folder or _cache()
    if folder is None:
        return learn(policy, examples)
    file = folder / f"{_fingerprint(policy, examples)}.learnt"
    known = _read(file)
    if known is None:
        known = learn(policy, examples)
        try:
            _keep(known, file)
        except (OSError, MemoryError) as error:
            _log.info("what was learnt cannot be kept, so each start learns it", reason=type(error).__name__)
    return known


def _cache() -> Path | None:
    """The user's; None for one without a home, as in many containers."""
    try:
        folder = user_cache_path("wartemarke")
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None  # older versions of platformdirs do not raise


def _fingerprint(policy: Policy, examples: Sequence[Example]) -> str:
    """Differs with whatever leads to other knowledge, or to another form of it."""
    versions = sys.version_info[:2], np.__version__
    told = sha256(repr((versions, list(policy.categories), examples)).encode(errors="backslashreplace"))
    for source in sorted(Path(__file__).parent.glob("*.py")):
        told.update(source.read_bytes())
    return told.hexdigest()


def _read(file: Path) -> Knowledge | None:
    """None unless it is whole, and nobody else could have written it."""
    try:
        if not (_is_ours(file.parent) and _is_ours(file)):
            return None
        with file.open("rb") as kept:
            told = kept.read(_DIGEST)
            if file_digest(kept, "sha256").digest() != told:
                return None
            kept.seek(_DIGEST)
            known = pickle.load(kept)  # noqa: S301 (ours, see above)
    except Exception:  # noqa: BLE001 (whatever is wrong with it, it can be learnt)
        return None
    with suppress(OSError):
        os.utime(file)  # what was not used for longest is taken away first
    return known if isinstance(known, Knowledge) else None


def _is_ours(path: Path) -> bool:
    """Whether only this user can write there."""
    told = path.stat()
    others = stat.S_IWGRP | stat.S_IWOTH
    return sys.platform == "win32" or (told.st_uid == os.geteuid() and not told.st_mode & others)


def _keep(known: Knowledge, file: Path) -> None:
    """Put it there at once or not at all, and take away what was not used for longest."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as part:
        try:
            part.write(bytes(_DIGEST))
            pickle.dump(known, part, pickle.HIGHEST_PROTOCOL)  # at once it would be as much memory again
            part.seek(_DIGEST)
            digest = file_digest(part, "sha256").digest()
            part.seek(0)
            part.write(digest)
            part.close()
            Path(part.name).replace(file)
        except BaseException:
            Path(part.name).unlink()
            raise
    by_age = sorted(file.parent.iterdir(), key=lambda one: one.stat().st_mtime)
    for old in by_age[:-_KEPT]:
        old.unlink(missing_ok=True)
