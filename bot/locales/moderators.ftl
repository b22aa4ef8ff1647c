# What moderators are shown. In English only: cards are read by the whole group.

card-held = <b>Held</b> · { $language }
card-story = Story: { $story }
card-answers = Answers: <i>{ $parent }</i>
card-author = <b>{ $name }</b> · { $published } published, { $rejected } not
card-clause = clause { $clause }{ $label ->
        [none] {""}
       *[other] {" "}{ $label }
    } { $score }
card-check = The check “{ $check }” broke, so a person decides.
card-check-language = Partly or wholly in no language that the classifier knows: a person decides.
card-check-direction = Its letters are shown in another order than they stand in: a person decides.
card-check-length = Longer than the classifier reads: a person decides.
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
card-edited = <b>Edited by its author.</b> { $became ->
        [received] The new text is screened again.
        [published] The new text was published.
        [held] The new text was held for a moderator.
        [rejected] The new text was not published.
       *[other] The new text was { $became }.
    }
card-withdrawn = <b>Withdrawn by its author.</b>
card-erased = <b>Erased</b> at its author’s wish.
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
answer-undo-nothing = There is no moderator's decision to undo.
answer-undo-others = Only who decided can undo it.
answer-undo-late = Too late to undo: the decision stands.
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
switch-ended = <b>Ended by { $name }</b>, { $at } UTC.
switch-ended-held = What was held stays with people.
switch-none = <b>No switch is on.</b>
switch-more = And { $n } more: /dashboard has them all.
switch-help =
    /hold with a story’s link, or as a reply to a story, holds that story; /hold with a section’s name holds the section.
    /close with a story’s link, or as a reply to a story, closes its comments.
switch-which = Which story? Send { $command } with its link, or as a reply to its message. To hold a section: /hold and its name, like /hold world.
switch-nothing-so-called = No story and no section is called { $named }. Send { $command } with a story's link or as a reply to its message; /hold takes a section too: { $sections }.
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
        [one] One comment is waiting for a moderator, for { $span }.
       *[other] { $waiting } comments are waiting for a moderator, the oldest for { $span }.
    }
    { $received ->
        [one] One comment is being screened.
       *[other] { $received } comments are being screened.
    }
    { $subscribers ->
        [one] One subscriber.
       *[other] { $subscribers } subscribers.
    }
editor-takes = { $minutes ->
        [one] , which takes one minute
       *[other] , which takes { $minutes } minutes
    }
editor-later = ; { $n ->
        [one] one of them gets it when the quiet time ends that they chose
       *[other] { $n } of them get it when the quiet time ends that they chose
    }
editor-channels = , and at once to { $n ->
        [one] one channel
       *[other] { $n } channels
    }
editor-full =  { $n ->
        [one] One more has
       *[other] { $n } more have
    } as many stories today as they want.
editor-which = Which story? Send { $command } with its link, address or number, or as a reply to its message.
editor-unknown = I know no story of that name. Send { $command } with a story’s link, address or number, or as a reply to its message.
editor-no-note = nothing is said (write it behind the link, in 120 characters)
editor-recalled-already = That story was taken back, and is sent to nobody any more.
editor-push-sure = <b>Push “{ $title }”?</b> It goes to { $n ->
        [one] one subscriber who does
       *[other] { $n } subscribers who do
    } not have it{ $takes }{ $later }{ $channels }.{ $full }
editor-correct-how =
    <b>How to correct.</b> Write /correct and the story’s link, or answer its message with /correct. On the next line comes the new title, below it the two lines about it, where they change too.
editor-correct-sure =
    <b>Correct “{ $title }”?</b> Every message that shows it then says:
    <b>{ $new }</b>
    { $summary }
editor-recall-sure = <b>Take “{ $title }” back?</b> It goes to nobody else, every message that shows it says that it was taken back, and its comments are closed. A message with a picture goes, and another one says it. The story does not come back. Why: { $note }
editor-pushed = <b>Pushed:</b> “{ $title }” goes to { $n ->
        [one] one subscriber
       *[other] { $n } subscribers
    }{ $takes }{ $later }{ $channels }.
editor-corrected = <b>Corrected:</b> { $n ->
        [one] one message is
       *[other] { $n } messages are
    } being changed to “{ $title }”{ $takes }.
editor-recalled = <b>Taken back:</b> “{ $title }”. { $stopped ->
        [one] One was
       *[other] { $stopped } were
    } not sent any more; { $n ->
        [one] one message is
       *[other] { $n } messages are
    } being changed{ $takes }.
editor-pinned = <b>Pinned:</b> “{ $title }” is first of the top stories for { $n ->
        [one] one hour
       *[other] { $n } hours
    }. /unpin ends it.
editor-unpinned = “{ $title }” stands where it comes by itself.
editor-muted = <b>Muted:</b> “{ $title }” is not among the top stories and in no digest any more. What is on its way goes on; its comments stay open. /unmute ends it.
editor-unmuted = “{ $title }” may be among the top stories again.
editor-left = Left as it is: “{ $title }”.
progress =
    <b>{ $title }</b>
    { $bar } { $percent } %
    Sent: { $sent } · waiting: { $waiting } · in their quiet time: { $later }
    { $moving ->
        [yes] { $rate } a second, { $minutes ->
            [one] a minute or less to go
           *[other] { $minutes } minutes to go
        }
       *[no] { $rest ->
            [yes] Nothing is left to do now.
           *[no] On its way …
        }
    }
    Not sent: { $blocked } blocked the bot · { $gone } left meanwhile · { $recalled } recalled · { $refused } refused
    Messages still to be changed: { $behind }
answer-not-administrator = Only administrators can do that.
button-story-push = Push
button-story-correct = Correct
button-story-recall = Take back
button-story-leave = Leave it
button-story-far = How far is it?
help-administrators =
    <b>For administrators</b>
    /push – push a story now, with its link or number
    /correct – mend a story’s words in every message
    /recall – take a story back
    /pin – have a story first of the top stories, for a day or so many hours; /unpin ends it
    /mute – have a story not among the top stories; /unmute ends it

help-moderators =
    <b>For moderators</b>
    /queue – the next held comment
    /dashboard – a one-time link to the dashboard
    /stats – how much waits, and for how long
    /status – how the whole system is
    /feeds – each feed: when it was read last, and why not
    /switches – what is on for a bad day, and an end to it
    /hold – people read every comment first, on a story or in a section
    /close – close a story’s comments

# What administrators are told of the system. Each alarm says what it means, then what to do first.

alarms-new = { $n ->
        [one] <b>Alarm</b>
       *[other] <b>{ $n } alarms</b>
    }
alarms-over = <b>Over</b>
alarms-more = { $n ->
        [one] and one more
       *[other] and { $n } more
    }: write /status

alarm-database = The database can’t be used: no comment is accepted or decided. See that it runs and that its disk has room.
alarm-redis = Redis can’t be reached: comments are still taken and decided, but later. Start it again; nothing is lost.
alarm-workers = No worker runs: comments are accepted and nobody screens them. Start one, and read its log.
alarm-model = { $without ->
        [one] One worker of { $workers } has
       *[other] { $without } workers of { $workers } have
    } no usable model: every comment they take is held. Put the model’s file back, or go back to an earlier model.
alarm-disk = Only { $percent } % of the disk is free, { $mb } MB: without any no comment can be kept. Make room at the data directory.
alarm-undecided = { $received ->
        [one] One comment waits
       *[other] { $received } comments wait
    } to be screened, the oldest for { $span }. See that workers run and that no text stops them, then start more.
alarm-queue = { $length ->
        [one] One comment is
       *[other] { $length } comments are
    } in the screening queue: more come than are screened. Start more workers.
alarm-dead_letters = { $dead ->
        [one] One comment has
       *[other] { $dead } comments have
    } stopped workers, the latest { $span } ago; a moderator got it. Look for “poison held” in the workers’ logs.
alarm-held = { $held ->
        [one] One comment waits
       *[other] { $held } comments wait
    } for a moderator, the oldest for { $span }. Ask moderators to decide: /queue shows the next.
alarm-feed = The feed { $feed } could not be read for { $span }: no new story of it goes out. Try it with baithak feed check.
alarm-feed-never = The feed { $feed } could never be read: no story of it goes out. Try it with baithak feed check.

over-database = The database can be used again, after { $span }.
over-redis = Redis answers again, after { $span }.
over-workers = A worker runs again, after { $span }.
over-model = Every worker has a usable model again, after { $span }. What was held meanwhile waits for moderators.
over-disk = The disk has room again, after { $span }.
over-undecided = No comment waits long to be screened any more, after { $span }.
over-queue = The screening queue is short again, after { $span }.
over-dead_letters = No comment stops workers any more; the first did { $span } ago.
over-held = No comment waits too long for a moderator any more, after { $span }.
over-feed = The feed { $feed } is read again, after { $span }.

span-s = { $n } s
span-min = { $n } min
span-h = { $n } h
span-days = { $n } days

system-well = <b>All is well</b>
system-since = { $text } <i>For { $span }.</i>
system-unknown = not known
system-ok = ok
system-database = Database: { $state }
system-redis = Redis: { $state }
system-away = can’t be used
system-workers = Workers: { $state }
system-workers-none = none
system-workers-are = { $n }, model { $models }
system-workers-without = { $n }, { $without } without a usable model, the rest with { $models }
system-bot = Bot: works
system-feeds = Feeds: { $state }
system-feeds-read = { $n } read
system-feeds-failing = { $failing } of { $n } failing
system-feed = { $feed }: failed { $failures ->
        [one] once
       *[other] { $failures } times
    } in a row, { $error }
feeds = <b>Feeds:</b> { $state }
feeds-good = ✓ { $feed }: { $read }, looked at every { $every }
feeds-bad = ✗ { $feed }: failed { $failures ->
        [one] once
       *[other] { $failures } times
    } in a row, { $error }; { $read }
feeds-read = read { $span } ago
feeds-never = never read
feeds-more = … and { $n } more. “baithak doctor” looks at all of them.
system-queue = Screening queue: { $state }
system-queue-is = { $length }, { $pending } of them with workers
system-received = Received: { $state }
system-held = Held: { $state }
system-none-wait = none waiting
system-waiting = { $n } waiting, the oldest for { $span }
system-dead = Dead letters: { $state }
system-disk = Disk: { $state }
system-disk-is = { $percent } % free, { $mb } MB
