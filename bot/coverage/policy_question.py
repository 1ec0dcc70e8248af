"""Tells a question about the policy ("is this covered?") from a request for help, which opens a ticket at once."""

from __future__ import annotations

import re

from bot.model import Language

_CUES = {
    Language.DE: r"""
        \b(ab)?gedeckt\b | \binklusive\b | \binbegriffen\b | \b(mit)?enthalten\b.*\bsupport\b
        | \bsupport\b.*\b(mit)?enthalten\b | \bsupport\b.*\b(umfasst|dabei|inkl|beinhaltet|einschlie\w+)\b
        | \b(deckt|umfasst|beinhaltet|bietet)\b.*\bsupport\b | \b(geh[öo]e?rt|f[äa]e?llt|z[äa]e?hlt)\b.*\bsupport\b
        | \b(hilft|helft)\b.*\b(auch\b.*\bbei|ihr\s+(auch\s+)?(bei|mit)|ihr\s+auch)\b
        | \bbekomme?\b.*\bsupport\b | \bvom\s+support\b | \bim\s+support\b | \bsupport\s+(auch\s+)?f[üu]e?r\b
    """,
    Language.EN: r"""
        \bcover(s|ed|age)?\b | \bsupport\s+(also\s+)?(include|cover|extend)s?\b | \bincluded\s+(in|with)\b.*\bsupport\b
        | \bpart\s+of\b.*\bsupport\b
        | \b(do|does|would|will)\s+(you|u|support)\b.*\b(help|support)\b.*\b(with|if|when)\b
        | \bsupport\b.*\bincluded\b | \bunder\b.*\bsupport\b | \bdo\s+(i|we)\s+get\s+(help|support)\b
    """,
}
_ABOUT_POLICY = {language: re.compile(cues, re.VERBOSE | re.IGNORECASE) for language, cues in _CUES.items()}
_EXAMINED = 500
"""Characters; who asks about the policy says so early."""


def asks_about_policy(text: str, language: Language) -> bool:
    """Whether somebody wants to know what support includes, rather than wanting that support now."""
    return _ABOUT_POLICY[language].search(text[:_EXAMINED]) is not None
