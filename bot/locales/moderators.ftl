# What moderators are shown. In English only: cards are read by the whole group.

card-held = <b>Held</b> · { $language }
card-story = Story: { $story }
card-answers = Answers: <i>{ $parent }</i>
card-author = <b>{ $name }</b> · { $published } published, { $rejected } not
card-clause = clause { $clause }{ $label ->
        [none] {""}
       *[other] {" "}{ $label }
    } { $score }
card-check = { $check } { $score }
card-cut = { $n ->
        [one] One more character
       *[other] { $n } more characters
    }: /dashboard has the whole text.
card-unscreened = Nothing scored it: no usable classifier.
card-poison = Screening it stopped the worker, so a person decides.
card-held_for_reading = Nothing was found: everything was read by people when it came.
card-publishing_stopped = Nothing was found: publishing was stopped when it came.
card-approved = <b>Approved by { $name }</b>
card-rejected = <b>Rejected by { $name }: clause { $clause }</b>
card-decided = <b>{ $status } by { $name }</b>
card-machine = the machine
card-edited = <b>Edited by its author.</b> The new text is screened again.
card-withdrawn = <b>Withdrawn by its author.</b>
card-someone = a moderator

button-approve = Approve
button-reject = Reject
button-back = Back
button-undo = Undo
button-next = Next

summary = { $n ->
        [one] <b>One comment is waiting</b>
       *[other] <b>{ $n } comments are waiting</b>
    }{ $minutes ->
        [0] , the oldest for less than a minute.
        [one] , the oldest for a minute.
       *[other] , the oldest for { $minutes } minutes.
    }
    Press <b>Next</b> to see one, or write /dashboard to me in private.
summary-rest = The rest are above, as cards.
summary-empty = <b>Nothing is waiting.</b>

answer-approved = Approved.
answer-rejected = Rejected under clause { $clause }.
answer-undone = Undone: it is held again.
answer-late = Too late: { $status } by { $name }.
answer-late-clause = Too late: rejected by { $name }, clause { $clause }.
answer-stale = Its author edited or withdrew it meanwhile.
answer-not-moderator = Only moderators can do that.
answer-undo-late = There is nothing to undo, or not any more, or not by you.
answer-nothing = Nothing is waiting.
answer-in-private = I answer commands in private: { $link }
answer-unknown = There is no such comment.
answer-stopped = Publishing was stopped by { $name }: /switches ends that. Rejecting works.

switch-close = <b>Comments are closed</b> on { $about }
switch-hold-site = <b>People read every comment first</b>, everywhere: nothing is published by the machine
switch-hold-section = <b>People read every comment first</b> in { $about }
switch-hold-story = <b>People read every comment first</b> on { $about }
switch-stop = <b>Publishing is stopped</b>: nothing is published at all
switch-unknown = <b>A switch of a newer version is on</b>, so people read every comment first
switch-begun = { $what }, by { $name } since { $since } UTC.
switch-note = Why: { $note }
switch-ended = <b>Ended by { $name }</b>, { $at } UTC. What was held stays with people.
switch-none = <b>No switch is on.</b>
switch-more = And { $n } more: /dashboard has them all.
switch-help =
    /hold with a story’s link, or as a reply to a story, holds that story; /hold with a section’s name holds the section.
    /close with a story’s link, or as a reply to a story, closes its comments.
switch-which = Which story? Send { $command } with its link, or as a reply to its message.
switch-sure = <b>Stop publishing?</b> Nothing more appears on the site, not even what a moderator approves, until somebody ends it.
switch-already = Already so: { $switch }
button-switch-end = End { $number }
button-switch-end-one = End
button-switch-hold = Hold everything
button-switch-stop = Stop publishing
button-switch-sure = Yes, stop publishing
answer-switch-on = On.
answer-switch-already = It was on already, by { $name }.
answer-switch-ended = Ended.
answer-switch-ended-already = It was ended already, by { $name }.

dashboard =
    <b>Your way to the dashboard</b>
    { $link }
    The link works once, for { $minutes ->
        [one] one minute
       *[other] { $minutes } minutes
    }, and only for you. Don’t pass it on.
dashboard-link = Open the dashboard
stats =
    <b>Now</b>
    { $waiting ->
        [0] Nothing is waiting for a moderator.
        [one] One comment is waiting for a moderator, for { $minutes } min.
       *[other] { $waiting } comments are waiting for a moderator, the oldest for { $minutes } min.
    }
    { $received ->
        [one] One comment is being screened.
       *[other] { $received } comments are being screened.
    }
    { $subscribers ->
        [one] One subscriber.
       *[other] { $subscribers } subscribers.
    }
command-dashboard = A one-time link to the dashboard
command-queue = The next held comment
command-stats = Counts
