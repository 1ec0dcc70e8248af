"""Methods of the Web API that open and change forms and Home tabs."""

from __future__ import annotations

from tests.doubles.slack import limits, shapes
from tests.doubles.slack.api import Call, Methods, adder
from tests.doubles.slack.errors import ApiError, Json, invalid
from tests.doubles.slack.keys import TRIGGER_SECONDS, Trigger
from tests.doubles.slack.schema import Checker
from tests.doubles.slack.world import User, View, Workspace

METHODS: Methods = {}
method = adder(METHODS)
MOST_STACKED = 3
"""Forms that can lie on top of each other."""


def problems(checker: Checker, data: Json, kind: str, where: str) -> list[str]:
    """What Slack would not take in a view; each is a complaint, too."""
    found = limits.problems_of_view(data)
    if problem := checker.problem_of_view(data):
        found.append(problem)
    if data.get("type") != kind:
        found.append(f"type: {data.get('type')!r} where a {kind} is wanted")
    for problem in found:
        checker.note(f"{where}: {problem}")
    return found


def _checked(call: Call, kind: str) -> Json:
    data: Json = call.args["view"]
    if found := problems(call.checker, data, kind, call.method):
        raise invalid("invalid_arguments", found)
    return data


def new_view(workspace: Workspace, user: User, data: Json, below: View | None = None) -> View:
    world = workspace.world
    view = View(world.ids.new("V"), user, workspace, shapes.with_ids(data, world.ids), below=below)
    world.views[view.id] = view
    return view


def _trigger(call: Call) -> Trigger:
    """The act for which the call opens something; only once, and soon after it."""
    trigger = call.world.keys.triggers.get(call.text("trigger_id"))
    if trigger is None or trigger.workspace is not call.workspace:
        raise ApiError("invalid_trigger_id")
    if trigger.is_used:
        raise ApiError("exchanged_trigger_id")
    if call.world.ids.now() - trigger.at > TRIGGER_SECONDS:
        raise ApiError("expired_trigger_id")
    return trigger


@method("views.open", "trigger_id view", "interactivity_pointer")
def open_view(call: Call) -> Json:
    trigger = _trigger(call)
    view = new_view(call.workspace, trigger.user, _checked(call, "modal"))
    trigger.is_used = True
    trigger.opened(view)
    return {"view": shapes.view(view)}


@method("views.push", "trigger_id view", "interactivity_pointer")
def push(call: Call) -> Json:
    trigger = _trigger(call)
    if trigger.view is None or trigger.view.data["type"] != "modal":
        raise ApiError("invalid_arguments")
    if len(call.world.stack(trigger.user)) >= MOST_STACKED:
        raise ApiError("push_limit_reached")
    view = new_view(call.workspace, trigger.user, _checked(call, "modal"), trigger.view)
    trigger.is_used = True
    trigger.opened(view)
    return {"view": shapes.view(view)}


@method("views.update", "view", "view_id external_id hash")
def update(call: Call) -> Json:
    data = _checked(call, "modal")
    view = call.world.views.get(call.text("view_id"))
    if view is None or not view.is_open or view.workspace is not call.workspace:
        raise ApiError("not_found")
    _compare(call, view)
    view.change(data)
    return {"view": shapes.view(view)}


@method("views.publish", "user_id view", "hash")
def publish(call: Call) -> Json:
    data = _checked(call, "home")
    user = call.workspace.users.get(call.text("user_id"))
    if user is None:
        raise ApiError("user_not_found")
    home = call.workspace.homes.get(user.id)
    if home is None:
        home = call.workspace.homes[user.id] = new_view(call.workspace, user, data)
        home.is_open = False
    else:
        _compare(call, home)
        home.change(data)
    return {"view": shapes.view(home)}


def _compare(call: Call, view: View) -> None:
    """Refuse a change that was made for an earlier state."""
    if call.text("hash") and call.text("hash") != view.hash:
        raise ApiError("hash_conflict")
