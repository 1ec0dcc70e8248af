"""What a pressed button and a filled-in form do. Both are stateless: `kind:rest`, and the rest may be forged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.desk import answering, claiming, closing, line, opening, paid, policy_posts, responding, setting_up
from bot.desk.scene import Scene
from bot.model import Refusal, Reply
from bot.store.database import Transaction

Pressed = Callable[[Transaction, Scene, str], Awaitable[Reply]]

BUTTONS: Mapping[str, Pressed] = {
    "open": opening.open_from_answer,
    "add": responding.add_to_ticket,
    "helped": answering.helped,
    "wrong": answering.wrong,
    "paid": paid.paid_form,
    "place": line.place_button,
    "claim": claiming.claim_button,
    "claim-next": claiming.claim_next,
    "release": claiming.release_button,
    "close": closing.close_button,
    "post-policy": policy_posts.post_button,
}
FORMS: Mapping[str, Pressed] = {
    "ticket": opening.ticket_form,
    "covered": answering.covered_form,
    "claim": claiming.claim_form,
    "paid": paid.paid_request,
    "setup": setting_up.setup_form,
    "setup-rules": setting_up.rules_form,
    "setup-mode": setting_up.mode_form,
}


def known(table: Mapping[str, Pressed], kind: str) -> Pressed:
    """What a kind of button or form does. Refuses one that we never made, or no longer make."""
    if kind not in table:
        raise Refusal("refused-old-button")
    return table[kind]
