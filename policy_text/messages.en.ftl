# What the bot says in English. The German sister file is the original; both have the same keys.
# Form: key = sentence. { $name } is filled in when the sentence is sent; keep these names as they are.
# Plain words only: no stars, underscores or angle brackets, because each chat writes bold type differently.

### Verdicts, in a few words

ruling-covered = covered
ruling-not_covered = not covered
ruling-paid = paid solution
ruling-process = question about the process
ruling-not_in_policy = not in the policy
ruling-silence = small talk
ruling-none = no verdict

### Answers

answer-covered = Covered: { $title }
answer-not_covered = Not covered: { $title }
answer-paid = Paid solution: { $title }
answer-process = About your question: { $title }
answer-not_in_policy = Not in the policy: { $title }
because = For { $person }, because you wrote “{ $excerpt }” (like “{ $phrase }”)
because-words = For { $person }, because you wrote “{ $excerpt }”
because-other = For { $person }, because the message says “{ $excerpt }” (like “{ $phrase }”)
because-other-words = For { $person }, because the message says “{ $excerpt }”
offer-unsure = { $person }, I am not sure what this is about. Shall I open a ticket, so that a person can take a look?
offer-policy = The support policy says what support includes: /policy
offer-for = For { $person }
offer-which-ticket = { $person }, which of your tickets does this belong to?
offer-same-ticket = { $person }, does this belong to your ticket #{ $number }?
helped-thanks = Good to hear, thank you!
wrong-sorry = Sorry about that, and thank you for telling us! We have noted it. If you like, a person can take a look.

### Buttons

button-open = Open a ticket
button-open-anyway = Open a ticket anyway
button-helped = That helped
button-wrong = Wrong answer
button-add = Add to ticket #{ $number }
button-paid = Fill in the form
button-place = My place
button-ask-ticket = Open a ticket
button-ask-private = Private ticket
button-ask-covered = Is this covered?
button-ask-paid = Paid solution
button-reply = Reply to customer
button-refresh = Refresh
button-claim = Claim
button-claim-next = Claim next
button-release = Release
button-close = Close
button-post = Post here
button-apply = Apply
button-discard = Discard
button-edit = Edit: { $language }
button-category = { $title }
button-document = The policy's text
button-undo = Undo version { $number }
button-draft = Go on: { $title }
button-learn = Add to { $title }
button-teach = Another category
button-small-talk = This is small talk
button-leave = Leave
button-fairness-csv = CSV
button-fairness-picture = Picture here
button-correct = Correct the verdict

### Tickets and places

opening = Ticket #{ $number } from { $person }
opened-heading = Your ticket is #{ $number }
opened-where = The conversation continues in a thread in { $channel }.
opened-private = The conversation continues in a private thread in { $channel }. Only you and our team can read it.
opened-direct = The conversation continues in your direct messages with the bot. Only you and our team can read it.
opened-for-author = Ticket #{ $number } is open for { $person }.
opened-here = Ticket #{ $number } is open. The conversation continues here in this thread.
meanwhile = { $person }, your request is ticket #{ $number }. Its thread may take a while to open.
receipt-heading = Ticket #{ $number }: we have your request
receipt-covered = { $person }, your request is covered: { $title }.
receipt-not_covered = { $person }, according to our policy, this is not part of support. A person will still look at it.
receipt-paid = { $person }, this sounds like a case for a paid solution. A person will look at it and get back to you.
receipt-process = { $person }, a person will look at your question.
receipt-not_in_policy = { $person }, the policy says nothing about this. A person will look at it.
receipt-silence = { $person }, a person will look at it.
receipt-none = { $person }, a person will look at it.
place-waiting = { $place ->
    [1] Ticket #{ $number } is next in line.
   *[other] Ticket #{ $number } is number { $place } in line.
}
place-claimed = { $agent } is taking care of ticket #{ $number }.
promise-span = { $least } to { $most } hours
promise-span-in-hours = { $least } to { $most } support hours
expect-normal = A first answer normally comes within { $span }, so between { $soft } and { $hard }.
expect-longer = The answer will take longer than usual. Thank you for your patience. Nobody is left behind; we will get back to you as soon as we can.
expect-by = A first answer normally comes by { $hard }.
expect-between = A first answer normally comes between { $soft } and { $hard }.
estimate = Estimated wait: { $low } to { $high }. Going by our pace of late, that holds in 8 of 10 cases; it is an estimate, not a promise.
estimate-none = We cannot estimate the wait here more closely at the moment.
late = { $person }, we have not answered ticket #{ $number } yet (waiting so far: { $waited }). Thank you for your patience; we will get back to you as soon as we can.
broken = { $alerted ->
    [1] { $person }, we are sorry: ticket #{ $number } should normally have been answered by { $due } (waiting so far: { $waited }). The support team is reminded of it specially, and will get back to you as soon as it can.
   *[other] { $person }, we are sorry: ticket #{ $number } should normally have been answered by { $due } (waiting so far: { $waited }). The support team will get back to you as soon as it can.
}
nobody-left-behind = Nobody is left behind.
nudge = { $person }, has this settled everything? If not, just write here. Otherwise we will close ticket #{ $number } on { $end }.
closed-in-silence = Ticket #{ $number } is closed, because nothing more was said.
closed-by-word = Good, then ticket #{ $number } is closed.
first-come = First come, first served.
facts-no-ticket = { $waiting ->
    [0] You have no open ticket. Nobody is waiting right now.
    [one] You have no open ticket. One ticket is waiting right now.
   *[other] You have no open ticket. { $waiting } tickets are waiting right now.
}
added-heading = Added by the customer:
added = Added to ticket #{ $number }.
added-moved = Added to ticket #{ $number }. The conversation continues there: { $thread }
opening-message-deleted = The message that ticket #{ $number } came from was deleted.
withdrawn = The request was deleted, so ticket #{ $number } is withdrawn.
closed = Ticket #{ $number } is closed.
closed-public = { $person } has closed ticket #{ $number }.
closed-by-customer = { $person } has closed ticket #{ $number }.
closed-hint = { $days ->
    [one] Is anything still open? Just write here within one day, and the ticket will open again.
   *[other] Is anything still open? Just write here within { $days } days, and the ticket will open again.
}
thread-gone = { $count ->
    [one] This ticket is closed because its thread or channel was deleted:
   *[other] These tickets are closed because their thread or channel was deleted:
}
customer-gone = { $count ->
    [one] This ticket is closed because its customer was banned from the server:
   *[other] These tickets are closed because their customer was banned from the server:
}
gone-ticket = #{ $number } of { $person } ({ $name })
closed-long-ago = Ticket #{ $number } was closed a while ago. Shall I open a new one?
reopened = { $person }, ticket #{ $number } is open again.

### Agents

card-heading = #{ $number } from { $customer }
card-waiting-answered = Waiting for another answer since { $at }.
card-waiting-urgent = Waiting since { $at }. Urgent: the answer is due by { $due }.
card-waiting-overdue = Waiting since { $at }. Overdue since { $due }.
card-waiting-fine = Waiting since { $at }. The answer is due by { $due }.
card-verdict = { $title } · { $ruling } · { $language }
card-closed = Closed since { $at }.
copy-deleted = The customer has deleted this message.
card-verdict-none = { $ruling } · { $language }
card-thread = Conversation: { $thread }
card-private = Private: the customer writes to the bot in direct messages. What they write appears in this thread.
card-internal = What you write under this message stays with the team.
reply-from = { $agent } writes:
replied = Your words are on their way to the customer of ticket #{ $number }.
home-heading = Your tickets
home-not-set-up = Support is not set up here yet. Whoever manages the workspace, or a moderator, does that with /setup; before that, invite me into the support channel and into a private channel for the agents.
home-empty = You have no open ticket. Just ask, or open one here.
refused-agents-in-support = The agents’ channel must not be a support channel: everybody could read the cards there.
refused-unreachable = The customer of ticket #{ $number } cannot be reached: the conversation could not be opened.
refused-no-ticket-here = This message does not belong to a ticket.
claimed-heading = Ticket #{ $number } from { $customer } is now yours
claimed-facts = Waited { $waited } · { $ruling }
claimed-where = Answer here: { $thread }
claimed-out-of-turn = { $ahead ->
    [one] Out of turn: one ticket was ahead. This is on record.
   *[other] Out of turn: { $ahead } tickets were ahead. This is on record.
}
claimed-public = { $agent } is taking care of this now.
released = Ticket #{ $number } is back in line at its old place: number { $place }.
released-public = { $place ->
    [1] This ticket is back in line at its old place: it is next.
   *[other] This ticket is back in line at its old place: number { $place }.
}
thread-not-open-yet = thread not open yet
queue-heading = { $waiting ->
    [0] The line: nobody is waiting
    [one] The line: one ticket
   *[other] The line: { $waiting } tickets
}
returned-public = { $place ->
    [1] The answer has taken too long, so this ticket is back in line at its old place: it is next.
   *[other] The answer has taken too long, so this ticket is back in line at its old place: number { $place }.
}
returned-agents = Ticket #{ $number } is back in line: there was no answer from { $agent } for too long.
remind = { $agent }: { $customer } is waiting for an answer in ticket #{ $number } ({ $waiting }): { $thread }. If there is none by { $back }, the ticket goes back into the line.
agent-gone = { $count ->
    [one] { $agent } is not an agent any more. Back at its old place is { $numbers }.
   *[other] { $agent } is not an agent any more. Back at their old places are { $numbers }.
}
digest-late = { $count ->
    [one] One ticket has been waiting for a while
   *[other] { $count } tickets have been waiting for a while
}
digest-urgent = { $count ->
    [one] Urgent: the answer time will soon be over for one ticket
   *[other] Urgent: the answer time will soon be over for { $count } tickets
}
digest-broken = { $count ->
    [one] The answer time is over for one ticket
   *[other] The answer time is over for { $count } tickets
}
alert-call = { $roles }: somebody has been waiting here for too long.
behind-heading = { $late ->
    [0] Nobody is waiting too long
    [one] One ticket is waiting too long
   *[other] { $late } tickets are waiting too long
}
behind-untold = They have not been told so yet:
behind-told = They have been told so:
behind-item = #{ $number } { $customer } · waiting { $age } · due { $due } · { $agent } · { $thread }
behind-unclaimed = not claimed yet
behind-swept = { $count ->
    [0] Last checked: { $at }. Nobody had been forgotten.
    [one] Last checked: { $at }. One ticket had been forgotten; it was made up for.
   *[other] Last checked: { $at }. { $count } tickets had been forgotten; it was made up for.
}
mine-heading = { $count ->
    [0] You have not claimed a ticket
    [one] You have claimed one ticket
   *[other] You have claimed { $count } tickets
}
mine-waits = Waiting for your answer: { $waiting }
mine-waits-first = Waiting for the first answer: { $waiting } · due { $due }
mine-customers-turn = It is the customer's turn.
queue-item = { $place }. #{ $number } { $customer } · waiting { $age } · { $state } · { $ruling } · { $language } · “{ $words }” · { $thread }
queue-answered = already answered
queue-urgent = urgent, due { $due }
queue-overdue = overdue since { $due }
queue-fine = due { $due }
queue-working = { $agent }: #{ $number } { $customer } · “{ $words }” · { $thread }
words-private = private
queue-claimed = In progress
queue-mine = Yours
queue-more = { $more ->
    [one] and one more
   *[other] and { $more } more
}
queue-empty = All done. Enjoy the moment!
queue-dead-letters = { $count ->
    [one] One of our messages could not be delivered. The operator sees it with: wartemarke letters
   *[other] { $count } of our messages could not be delivered. The operator sees them with: wartemarke letters
}
board-estimate = A new ticket waits an estimated { $low } to { $high }.
board-as-of = As of { $at }

### Fairness

fairness-heading = Fairness, period: { $period }
fairness-week = 7 days
fairness-month = 30 days
fairness-year = 365 days
fairness-all = Everything
fairness-order = { $count ->
    [one] In order: { $ahead } of one claim
   *[other] In order: { $ahead } of { $count } claims
}
fairness-out-of-turn = Out of turn: { $count }
fairness-waits = Wait for the first answer: half at most { $wait50 }, 80 in 100 at most { $wait80 }, 95 in 100 at most { $wait95 }
fairness-longest = Longest wait: { $wait } (#{ $number })
fairness-kept = { $all ->
    [one] Kept: { $count } of one promise, { $early } by the earlier end (today's setting: { $span })
   *[other] Kept: { $count } of { $all } promises, { $early } of them by the earlier end (today's setting: { $span })
}
fairness-open = Still without an answer: { $inside } inside the promise, { $beyond } beyond it
fairness-closed = Ended without an answer (closed or withdrawn): { $inside } inside the promise, { $beyond } beyond it
fairness-list = Out of turn: by whom and why
fairness-claim = { $ahead ->
    [one] #{ $number } by { $agent }, { $at }. One ticket was ahead ({ $passed }). Reason: { $reason }
   *[other] #{ $number } by { $agent }, { $at }. { $ahead } tickets were ahead ({ $passed }). Reason: { $reason }
}
fairness-by-answering = answered in the thread
fairness-more = { $more ->
    [one] and one more; the CSV file has all
   *[other] and { $more } more; the CSV file has all
}
fairness-record = The record stands at: { $head }. With it one can check later that nothing up to here was changed: wartemarke verify --known { $head }
fairness-cut = Only the latest { $most } entries of each kind are counted.
fairness-csv = A line for each claim, each first answer and each request that ended without an answer. Period: { $period }
fairness-about = Two charts, period: { $period }. On the left, how many requests waited how long for the first answer; on the right, how many promises were kept and broken in each week. The text has the numbers, too.
picture-waits = Wait for the first answer
picture-hours = hours (on the far right also who waited longer)
picture-requests = requests
picture-weeks = Promises by week
picture-week-of = week from
picture-promises = promises
picture-early = by the earlier end of the promise
picture-in-time = by the later end
picture-later = later, or not at all
picture-open = no answer yet

### Policy

policy-posted = The policy will be here in a moment.
policy-section-gone = This part (“{ $section }”) is no longer in the policy. /policy shows what holds now.
policy-in-force = Done: version { $number } of the policy is in force.
policy-exported = Here is the whole policy. Change it in any text editor, then bring it back with /policy import. What is left out of the file stays as it is.
edit-heading = Change the policy
edit-choose = Which part, in { $language }?
edit-off = Switched off: { $names }. To bring one back: /policy on and its name
edit-more = { $more ->
    [one] and one more part: /policy edit and its name
   *[other] and { $more } more parts: /policy edit and the name
}
draft-heading = What this change does
draft-lacks = Saved as a draft. Something is still missing:
draft-discarded = Dropped. Nothing has changed.
lacks-texts = “{ $title }” has no phrases in { $language } yet.
lacks-document = { $file }, line { $line }: { $reason }
effect-off = “{ $title }” is switched off.
effect-on = “{ $title }” is switched on again.
effect-new = New: “{ $title }” ({ $ruling })
effect-document = The policy that people read changes in { $language }.
effect-document-stays = The policy that people read stays as it is. If it needs to change, too: /policy edit document
effect-undone-too = This also takes back version { $number } by { $name }: { $why }
effect-ruling = “{ $title }”: { $old } becomes { $new }
effect-title = “{ $title }”, { $language }, new title: { $words }
effect-clause = “{ $title }”, { $language }, new clause: { $words }
effect-answer = “{ $title }”, { $language }, new answer: { $words }
effect-added = “{ $title }”, { $language }: { $count ->
    [one] one phrase more
   *[other] { $count } phrases more
}
effect-removed = “{ $title }”, { $language }: { $count ->
    [one] one phrase fewer
   *[other] { $count } phrases fewer
}
effect-alike = Much alike: “{ $phrase }” and “{ $other }” of “{ $title }”. Whoever writes so may get either answer.
effect-more = { $more ->
    [one] and one more
   *[other] and { $more } more
}
effect-verdicts = { $of ->
    [0] There are no messages of the last 30 days to try this on.
    [one] { $changed ->
        [0] The one message of the last 30 days would be answered as before.
       *[other] The one message of the last 30 days would be answered otherwise:
    }
   *[other] { $changed ->
        [0] None of the { $of } messages of the last 30 days would be answered otherwise.
        [one] One of the { $of } messages of the last 30 days would be answered otherwise:
       *[other] { $changed } of the { $of } messages of the last 30 days would be answered otherwise:
    }
}
effect-verdict = “{ $words }”: { $old } → { $new }
effect-known = Left out one at a time, { $known } of { $total } phrases of “{ $title }” would still be recognised.
effect-confused = Left out one at a time, { $known } of { $total } phrases of “{ $title }” would still be recognised; { $times } would be taken for “{ $other }”.
outcome-answer = { $ruling } ({ $title })
outcome-offer = not sure, a ticket is offered
outcome-silent = silence
history-heading = Versions of the policy
history-item = { $number } · { $at } · { $name } · { $parts } · { $why }
history-older = { $older ->
    [one] and one older version
   *[other] and { $older } older versions
}
history-none = Nothing has been changed here: this is the policy that the bot came with.
review-heading = { $count ->
    [one] The last open case
   *[other] { $count } open cases
}
review-wrong = The customer pressed “Wrong answer”. Told: { $told }
review-corrected = An agent has corrected the ticket: “{ $told }” became “{ $right }”.
review-silent = The bot would have kept silent (“{ $told }”), but it became a ticket.
review-wrong-untold = The customer pressed “Wrong answer”.
review-corrected-untold = An agent has corrected the ticket: it is about “{ $right }”. The bot had given no verdict.
review-silent-untold = The bot would have kept silent, but it became a ticket.
review-decided = Somebody has already decided about that one.
review-consequence = As a phrase of “{ $title }” it would get: { $then }. { $changed ->
    [0] No other message of the last 30 days would change.
    [one] One other message of the last 30 days would change.
   *[other] { $changed } other messages of the last 30 days would change.
}
review-learnt = Now a phrase of “{ $title }” (version { $number }).
review-known = That already is a phrase of “{ $title }”.
review-left = Left as it is.
review-none = There is nothing to learn from at the moment.
test-like = Most like: “{ $phrase }”
test-confidence = Confidence { $percent } %, read as { $language }
test-candidate = { $title } ({ $ruling }): { $percent } %
test-version = Policy { $version }
category-option = { $title }
corrected = Ticket #{ $number } is now about: { $title }
corrected-public = { $agent } has taken a closer look: this is about “{ $title }” ({ $ruling }).

### Panel

panel-heading = Support
panel = Ask whether something is covered, open a ticket, or look up your place in the line.
panel-posted = The panel will be here in a moment.

### Paid solutions

paid-heading = Request for a paid solution: { $product }
paid-from = From { $person } ({ $name })
paid-item = { $label }: { $words }
sales-contact = Contact
sales-deadline = Deadline
sales-budget = Budget
paid-not-in-queue = This is not a support ticket, and it is not in the line.
paid-thanks-heading = Thank you, your request has arrived
paid-thanks = It goes to our team for paid solutions, not into the line of support tickets. We will get back to you at the contact you gave.

### Forms

form-ticket = Open a ticket
form-ticket-text = What can we help with?
form-private = Open a private ticket
form-covered = Is this covered?
form-covered-text = Your question
form-reply = Reply to #{ $number }
form-reply-text = Your words to the customer
form-claim = Claim out of turn
form-claim-reason = { $ahead ->
    [one] One ticket is ahead. Why this one first?
   *[other] { $ahead } tickets are ahead. Why this one first?
}
form-paid = Paid solution
form-paid-product = Name of the product
form-paid-wish = What would you like?
form-paid-budget = Budget
form-paid-deadline = Deadline
form-paid-contact = How can we reach you?
form-setup = Set up: places and people
form-setup-support = Support channels
form-setup-agents = Agents' channel
form-setup-sales = Sales channel
form-setup-agent-roles = Agent roles
form-setup-moderator-roles = Moderator roles
form-setup-rules = Set up: language and texts
form-setup-tickets = Set up: limits for tickets
form-setup-language = Language of the server
form-setup-address = Form of address in German
form-setup-open-limit = Open tickets per customer
form-setup-hourly-limit = New tickets per customer and hour
form-setup-reopen = Days in which a ticket can be reopened
form-setup-retention = Days to keep customers' texts
form-setup-hours = Set up: support hours
form-setup-there = Agents are there
form-setup-zone = Time zone
form-setup-week = Weekly hours, such as Mon-Thu 9-17, Fri 9-15
form-setup-holidays = Holidays, such as DE-BY or US (empty: none)
form-setup-absences = Away, one a line: 2026-12-24 to 2027-01-01
form-setup-promise = Set up: answer time and reminders
form-setup-soft-hours = Answer time: from so many hours
form-setup-hard-hours = Answer time: up to so many hours
form-setup-reminder-hours = Remind agents after so many support hours
form-setup-nudge-days = Ask the customer after so many silent days
form-setup-close-days = Days from that question until closing
there-clock = Around the clock
there-hours = At these hours; the answer time still runs around the clock
there-both = At these hours; the answer time counts only them, too
form-setup-mode = Set up: this channel
form-setup-mode-field = How the bot behaves here
form-edit = Change: { $title }
form-edit-ruling = Verdict
form-edit-clause = Clause: the policy's sentence
form-edit-answer = Answer: what the bot adds
form-edit-phrases = { $shipped ->
    [0] Phrases ({ $language }), one a line
   *[other] More phrases, a line each; “- phrase” removes
}
form-edit-look-alikes = Look-alikes, “category: phrase” a line
form-add = A new part of the policy
form-add-title = Title in { $language }
form-rename = New titles
form-document = The policy's text
form-document-text = The whole text in { $language }
form-import = Bring a policy back
form-import-file = The file from /policy export
form-apply = Put it in force
form-apply-why = Why?
form-teach = What is this about?
form-teach-phrase = As this phrase
form-correct = What is this ticket about?
form-correct-category = Category
mode-auto = auto: answers and opens tickets
mode-ask = ask: answers, opens tickets only by button
mode-quiet = quiet: commands only
language-de = German
language-en = English
address-sie = Sie (formal)
address-du = du (informal)

### Set-up

welcome-heading = Hello, I am Wartemarke
welcome = I tell customers at once what your support policy covers, hand out numbers, and serve first come, first served.
welcome-setup = A moderator starts with /setup. Then /policy shows and posts the policy.
setup-kept = Saved.
setup-heading = How this server is set up
setup-support = Support: { $channel } ({ $mode })
setup-agents = Agents: { $channel }, { $roles }
setup-sales = Sales: { $channel }
setup-moderators = Moderators: { $roles }
setup-rules = Language: { $language }, form of address in German: { $address }. At most { $open } open tickets per customer, { $hourly } new ones an hour.
setup-reopen = { $days ->
    [one] A closed ticket opens again within one day if its customer writes.
   *[other] A closed ticket opens again within { $days } days if its customer writes.
}
setup-retention = { $days ->
    [one] Customers' texts are kept for one day.
   *[other] Customers' texts are kept for { $days } days.
}
setup-hours-clock = Support hours: around the clock
setup-hours = Support hours: { $week } ({ $zone })
setup-holidays = Closed on public holidays: { $holidays }
setup-absences = Away: { $absences }{ $more ->
    [0] { "" }
    [one] {" "}and once more
   *[other] {" "}and { $more } more times
}
setup-promise = First answer: normally in { $span }
setup-reminder = { $count ->
    [one] An agent who claims a ticket and does not answer for one support hour is reminded; after another one it goes back to its place.
   *[other] An agent who claims a ticket and does not answer for { $count } support hours is reminded; after as many again it goes back to its place.
}
setup-nudge = { $days ->
    [one] After one day of silence upon an answer, the customer is asked once whether anything is left to do.
   *[other] After { $days } days of silence upon an answer, the customer is asked once whether anything is left to do.
}
setup-close = { $days ->
    [one] After one more day of silence, the ticket is closed.
   *[other] After { $days } more days of silence, the ticket is closed.
}
setup-dues-stay = What open tickets were promised, and what customers and agents were already told, stays as it is.
setup-no-channel = no channel
setup-no-roles = no roles
setup-missing-support = Missing: a support channel. Without one nobody is heard.
setup-missing-agents = Missing: a role for agents. Without one nobody can claim tickets.
setup-missing-agents-channel = Missing: an agents' channel. Without one, agents do not see the line, and are not told which tickets wait too long.
setup-missing-sales = Missing: a sales channel. Requests for paid solutions go to the agents' channel.
setup-policy-trouble = The policy's files were refused, the last good policy stays in force: { $reason }

### Blocking

blocked = { $person } is blocked: no answers, no tickets.
already-blocked = { $person } was already blocked.
unblocked = { $person } is heard again.
not-blocked = { $person } was not blocked.

### Saying no

refused-not-agent = This is for agents only.
refused-not-moderator = This is for moderators only.
refused-not-yours = Ticket #{ $number } is with { $agent }. Only they or a moderator can release it.
refused-not-your-ticket = Ticket #{ $number } is not yours to close.
refused-not-your-claim = Ticket #{ $number } is with { $agent }. Only they, the customer or a moderator can close it.
refused-not-your-answer = This button is for the person who asked.
refused-already-yours = Ticket #{ $number } is already yours.
refused-already-claimed = Ticket #{ $number } is already with { $agent }.
refused-not-claimed = Nobody has claimed ticket #{ $number }.
refused-closed = Ticket #{ $number } is closed.
refused-already-open = There is already a ticket for this: #{ $number }.
refused-deleted = The message was deleted. Please write again, or use /ticket.
refused-no-such-ticket = There is no ticket #{ $number } here.
refused-no-open-ticket = You have no open ticket.
refused-nothing-claimed = You have not claimed a ticket.
refused-which-ticket = Which one? You have { $numbers }. Use the command in the ticket's thread, or with its number.
refused-line-empty = Nobody is waiting.
refused-not-a-number = “{ $words }” does not begin with a ticket number such as 12.
refused-reason-needed = { $ahead ->
    [one] One ticket is ahead of #{ $number }. Please give a reason: /claim { $number } the reason
   *[other] { $ahead } tickets are ahead of #{ $number }. Please give a reason: /claim { $number } the reason
}
refused-too-many-open = { $limit ->
    [one] You already have an open ticket. Please wait until it is done, or close it with /close.
   *[other] You already have { $limit } open tickets. Please wait until one is done, or close one with /close.
}
refused-too-many-an-hour = { $limit ->
    [one] At most one request an hour, please. Try again a little later.
   *[other] At most { $limit } requests an hour, please. Try again a little later.
}
refused-too-many-questions = That was a lot of questions within an hour. Please try again a little later, or open a ticket with /ticket.
refused-blocked = The moderators of this server have paused your access to support.
refused-for-author = { $person } cannot get another ticket just now: too many are open or new, or their access is paused.
refused-not-set-up = Support is not set up here yet. A moderator does that with /setup.
refused-no-support-channel = This is not a support channel. Choose the support channels with /setup first.
refused-setup-words = Use /setup, /setup rules, /setup tickets, /setup hours, /setup promise, /setup mode or /setup show.
refused-week = I do not understand “{ $words }” as weekly hours. An example: Mon-Thu 9-17, Fri 9-15
refused-zone = There is no time zone “{ $words }”. Do you mean { $nearest }?
refused-holidays = I know no public holidays for “{ $words }”. Use a country such as DE or US, or one with a region such as DE-BY.
refused-region = { $country } has no region “{ $words }”. There are: { $known }
refused-absence = I do not understand “{ $words }” as an absence. Write a day or a span on each line: 2026-12-24 to 2027-01-01
refused-absence-span = In “{ $words }”, the last day must not be before the first, nor more than a year after it.
refused-too-many-absences = I cannot remember more than { $most } absences.
refused-promise-order = The answer time must begin with fewer hours than it ends with.
refused-choice = Please choose one of the options for “{ $field }”.
refused-limit = Please enter a whole number from 1 to { $most } for “{ $field }”.
refused-field-missing = Please fill in “{ $field }”.
refused-empty = Please write a few words.
refused-no-person = “{ $words }” is not a person. Please mention somebody, or give their id.
refused-block-self = You cannot block yourself.
refused-no-such-command = There is no command /{ $name }.
refused-no-such-section = The policy has no section “{ $words }”. There are: { $sections }.
refused-old-button = This button is out of date. Nothing has changed; please use the newest message or a command.
refused-no-draft = This change was already applied or dropped. /policy history shows what is in force.
refused-overtaken = { $name } has changed the same part meanwhile (version { $number }). Please drop this draft and begin again.
refused-draft-lacks = Not yet: { $what }
refused-no-such-version = There is no such version. Use /policy undo with a number from 1 to { $newest }.
refused-no-such-category = The policy has no part “{ $words }”. There are: { $known }.
refused-which-category = Which part? Add its name. There are: { $known }
refused-nothing-off = Nothing is switched off.
refused-too-long-for-form = That is too long for a form. Please use /policy export and /policy import.
refused-not-shipped = “{ $phrase }” cannot be taken out: the bot did not come with it. Most like it is: “{ $nearest }”
refused-look-alike = “{ $words }” is not of the form “category: phrase”.
refused-too-many-categories = A policy can have at most { $most } categories.
refused-too-many-phrases = A policy can have at most { $most } phrases.
refused-no-category = A policy needs at least one category that is switched on.
refused-too-long = “{ $title }” ({ $language }): title, clause or answer is too long; at most { $most } characters here.
refused-no-title = “{ $title }” has no title in { $language }.
refused-no-clause = “{ $title }” needs a clause in { $language }: the sentence of the policy that is quoted.
refused-no-answer = “{ $title }” needs an answer in { $language }.
refused-brackets = “{ $title }” ({ $language }): please use square brackets and vertical bars only to tell formal from informal German, as the shipped texts do, and curly ones only as { $placeholder } for the answer time. None of them in the title, please.
refused-too-few-phrases = “{ $title }” needs at least { $fewest } phrases in { $language }.
refused-long-phrase = “{ $title }” ({ $language }): a phrase has at most { $most } characters, this one is longer: “{ $phrase }”
refused-large-file = The file is too large: at most { $most } characters.
refused-import = { $file }, line { $line }: { $reason }
refused-nothing-new = That changes nothing.
refused-nothing-to-test = Please add a sentence: /policy test the gallery crashes
refused-fairness-words = Please write: /fairness, with week, month, year or all, and csv or picture if you like
refused-nothing-on-record = Nothing is on record for this period yet.
refused-which-to-correct = Which ticket? Use /correct in its thread, or with its number.
something-broke = Something went wrong on our side, and nothing was changed. Please try again; if it happens again, tell the team this reference: { $reference }
something-unsure = Something went wrong on our side, and we cannot tell whether it was still done. Please look first, and try again if it was not; if it happens again, tell the team this reference: { $reference }

### Commands

command-covered = Is this covered by support? Only you see the answer.
usage-covered = your question
command-ticket = Open a ticket and get a number
usage-ticket = what it is about
command-private = Open a ticket that only you and our team can read
usage-private = what it is about
command-place = Your place in the line, and when to expect an answer
usage-place = { "" }
command-close = Close your ticket
usage-close = closing words
command-policy = Read the support policy; moderators post it and change it
usage-policy = post, edit, add, rename, off, on, test, review, history, undo, export, import, section, language, question
command-correct = Say what a ticket is really about
usage-correct = number
command-claim = Take the next ticket, or another one with a reason
usage-claim = number reason
command-release = Give a ticket back to its old place in the line
usage-release = number
command-mine = Show your tickets, and who is waiting there
usage-mine = { "" }
command-behind = Show who has been waiting too long
usage-behind = { "" }
command-queue = Show the line
usage-queue = { "" }
command-fairness = Show whether tickets were taken in order and promises kept
usage-fairness = week, month, year, all, csv, picture
command-setup = Set up channels, roles, language, hours, mode and limits
usage-setup = rules, tickets, hours, promise, mode, show
command-panel = Post a message with buttons for customers in this channel
usage-panel = { "" }
command-block = Stop answering a customer
usage-block = person
command-unblock = Answer a blocked customer again
usage-unblock = person

### Discord

please-again = That took too long. Please press or type it once more.

name-covered = covered
name-ticket = ticket
name-place = place
name-close = close
name-policy = policy
name-claim = claim
name-release = release
name-correct = correct
name-queue = queue
name-mine = mine
name-behind = behind
name-fairness = fairness
name-setup = setup
name-panel = panel
name-block = block
name-unblock = unblock
menu-covered = Is this covered?
menu-ticket = Open a ticket from this
menu-private = Open a private ticket
option-question = question
option-text = text
option-private = private
option-number = number
option-words = words
option-action = action
option-language = language
option-reason = reason
option-part = part
option-mode = mode
option-period = period
option-form = form
option-person = person
hint-covered-question = What it is about; without a question a form opens
hint-ticket-text = What it is about; without a text a form opens
hint-ticket-private = Only the agents shall be able to read it
hint-close-number = The ticket's number; not needed in its own thread
hint-close-words = What the thread shall end with
hint-policy-action = What to do with the policy; without a choice it is shown
hint-policy-text = A section or category; a sentence to try out, or the version to undo
hint-policy-language = For reading, posting and editing
hint-claim-number = The ticket's number; without one, the next in the line
hint-claim-reason = Why this ticket cannot wait for its turn
hint-release-number = The ticket's number; not needed in its own thread
hint-correct-number = The ticket's number; not needed in its own thread
hint-fairness-period = How far to look back
hint-fairness-form = As a table or a picture; without a choice, in words
hint-setup-part = What to set up; without a choice, channels and roles
hint-setup-mode = How the bot behaves in this channel
hint-block-person = Who gets no more answers
hint-unblock-person = Who gets answers again
choice-action-post = post: post it here
choice-action-edit = edit: change a category or the text
choice-action-add = add: add a category
choice-action-rename = rename: rename a category
choice-action-off = off: switch a category off
choice-action-on = on: switch a category on again
choice-action-import = import: load it from a file
choice-action-export = export: save it as a file
choice-action-history = history: show earlier versions
choice-action-undo = undo: undo a version
choice-action-test = test: try out a sentence
choice-action-review = review: go through what the bot got wrong
choice-language-both = German and English
choice-part-rules = rules: language, form of address and retention
choice-part-tickets = tickets: limits for tickets
choice-part-hours = hours: support hours, holidays and absences
choice-part-promise = promise: answer time and reminders
choice-part-mode = mode: behaviour in this channel
choice-part-show = show: show what is set
choice-period-week = one week
choice-period-month = one month
choice-period-year = one year
choice-period-all = everything
choice-form-csv = table (CSV)
choice-form-picture = picture
permission-view-channel = View Channels
permission-send-messages = Send Messages
permission-create-public-threads = Create Public Threads
permission-create-private-threads = Create Private Threads
permission-send-messages-in-threads = Send Messages in Threads
permission-manage-threads = Manage Threads
permission-read-message-history = Read Message History
permission-attach-files = Attach Files
permission-mention-everyone = Mention everyone, here and All Roles
permission-manage-guild = Manage Server
lacks-message-content = The bot does not get to read what is written in the channels: the Message Content Intent is not switched on in the Developer Portal. Commands, buttons, mentions of the bot and the menu on a message work all the same.
lacks-channel = { $channel } does not exist any more. Please choose another channel with /setup.
lacks-text-channel = { $channel } is not a text channel. Please choose another channel with /setup.
lacks-permission = In { $channel } the bot does not have the permission “{ $permission }”.
lacks-customers-write = In { $channel } the role everyone does not have the permission “{ $permission }”: customers cannot write in their tickets.
lacks-agents-view = In { $channel } the role { $roles } does not have the permission “{ $permission }”: agents who have no other role see no tickets there.
lacks-agents-manage = In { $channel } the role { $roles } does not have the permission “{ $permission }”: agents see private tickets there only after claiming them, and do not find their commands in the menu.
lacks-agents-commands = In { $channel } the permission “{ $permission }” is missing for { $roles }: agents do not find their commands in the menu there.
lacks-agents-call = In { $channel } the bot cannot notify { $roles } when a customer has waited too long: please allow everybody to mention this role in the server's settings, or give the bot the permission “{ $permission }” there.
lacks-moderators-manage = The permission “{ $permission }” is missing for { $roles }: moderators who have no other role do not find their commands in the menu, unless the server's settings allow them under “Integrations”.
lacks-privacy = In { $channel } customers' words are quoted, and everybody on the server sees them: the role everyone has the permission “{ $permission }” there.
lacks-agent-roles = { $count ->
    [one] One of the agents' roles does not exist any more. Please choose again with /setup.
   *[other] { $count } of the agents' roles do not exist any more. Please choose again with /setup.
}
lacks-moderator-roles = { $count ->
    [one] One of the moderators' roles does not exist any more. Please choose again with /setup.
   *[other] { $count } of the moderators' roles do not exist any more. Please choose again with /setup.
}

### Slack: links and windows

link-thread = view thread
link-direct = direct message
modal-send = Send
modal-cancel = Cancel
modal-close = Close
modal-wait = One moment, please …
modal-done = This is done already.

### Slack: the app and its installation

app-description = Tells customers at once what support covers, hands out numbers, and serves first come, first served.
menu-claim = Claim this ticket
menu-claim-about = Take the ticket that this message belongs to
install-title = { $app } for Slack
install-words = Customers who ask in your support channels read at once what your support policy covers. Whoever needs a person gets a number, and all are served in the order in which they came.
install-button = Add to Slack
install-done = The bot is in your workspace now. A message from it in Slack tells you how to set it up.
install-cancelled = Nothing was installed: it was cancelled at Slack.
install-expired = This was not begun in this browser within the last ten minutes. Please begin again.
install-failed = Something went wrong, and nothing was installed. Please begin again; if it happens again, tell the team this reference: { $reference }
install-again = Begin again

### Slack: answers

file-in-direct-message = The file is in your direct messages with the bot.
file-not-sent = The file cannot be sent at the moment.
not-installed = The bot is not installed in this workspace any more. Whoever manages the workspace can add it again.
needs-form = This needs a form, which cannot be opened from here. Please use the command or a button.
lacks-membership = The bot is not in { $channel }, or there is no such channel any more. Please invite the bot there: /invite
lacks-private-channel = In { $channel } customers' words are quoted, and everybody in the workspace can read them. Please make the channel private.
