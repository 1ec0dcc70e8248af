"""What a pressed button and a filled-in form do. Both are stateless: `kind:rest`, and the rest may be forged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bot.desk import (
    answering,
    claiming,
    closing,
    correcting,
    fairness,
    home,
    line,
    opening,
    paid,
    replying,
    responding,
    setting_up,
)
from bot.desk.policy import document, drafts, editing, exchanging, lessons, posts
from bot.desk.scene import Answer, Scene
from bot.model import Refusal
from bot.store.database import Transaction

Pressed = Callable[[Transaction, Scene, str], Awaitable[Answer]]

BUTTONS: Mapping[str, Pressed] = {
    "ticket": opening.ticket_command,
    "private": opening.private_command,
    "covered": answering.covered_command,
    "open": opening.open_from_answer,
    "add": responding.add_to_ticket,
    "helped": answering.helped,
    "wrong": answering.wrong,
    "paid": paid.paid_form,
    "place": line.place_button,
    "claim": claiming.claim_button,
    "claim-next": claiming.claim_next,
    "reply": replying.reply_button,
    "home": home.home,
    "release": claiming.release_button,
    "close": closing.close_button,
    "correct": correcting.correct_button,
    "fairness": fairness.fairness_button,
    "post-policy": posts.post_button,
    "policy-edit": editing.edit_button,
    "policy-document": document.document_button,
    "policy-choose": editing.choose_button,
    "policy-draft": drafts.draft_button,
    "policy-apply": drafts.apply_button,
    "policy-discard": drafts.discard_button,
    "policy-undo": drafts.undo_button,
    "policy-learn": lessons.learn_button,
    "policy-teach": lessons.teach_button,
    "policy-leave": lessons.leave_button,
}
FORMS: Mapping[str, Pressed] = {
    "ticket": opening.ticket_form,
    "private": opening.private_form,
    "covered": answering.covered_form,
    "claim": claiming.claim_form,
    "reply": replying.reply_form,
    "paid": paid.paid_request,
    "correct": correcting.correct_form,
    "policy-edit": editing.edit_form,
    "policy-document": document.document_form,
    "policy-add": editing.add_form,
    "policy-rename": editing.rename_form,
    "policy-import": exchanging.import_form,
    "policy-apply": drafts.apply_form,
    "policy-teach": lessons.teach_form,
    "setup": setting_up.setup_form,
    "setup-rules": setting_up.rules_form,
    "setup-tickets": setting_up.tickets_form,
    "setup-hours": setting_up.hours_form,
    "setup-promise": setting_up.promise_form,
    "setup-mode": setting_up.mode_form,
}


def known(table: Mapping[str, Pressed], kind: str) -> Pressed:
    """What a kind of button or form does. Refuses one that we never made, or no longer make."""
    if kind not in table:
        raise Refusal("refused-old-button")
    return table[kind]
