"""Stories, subscribers and Telegram, on top of `moderation`. The way of a story:

    schedule.FeedWatch.look              a feed's turn
      feed.Fetcher.fetch                 public addresses only, if it changed
      feed.read_feed                     story.FeedStory each, at its story.canonical_address
    schedule.Schedule.take               stored once
      ranking.rank                       best first, what was told before left out; pure
      keywords.phrases                   and what they say, for who follows or mutes a word of it
    schedule.Schedule.push               a delivery for each subscriber.Subscriber it is for, when their
                                         hours.Hours.due allows, page by page
        ── pushes and deliveries, in the store ──
    delivery.Sender.send_due             leased, the urgent first
      messages.alert, keyboards.shown_in rendered
      limiter.Limiter.place              its turn among all messages; telegram.Pacing asks for it
    delivery.Sender.show                 sent, its message remembered

The way of a digest:

    hours.Hours.next_digest              when it is due, told with the subscriber
        ── subscribers, in the store ──
    digest.DigestSender.send_due         taken
      schedule.Schedule.digest           ranking.rank and spread, of what was not sent
      messages.digest, keyboards.digest  rendered, sent, its stories remembered; the next one is due

The way of a correction or a recall:

    editing.Editor.correct, recall       the story says something else, or nothing; what was not sent is not
        ── stories and the messages that show them, in the store ──
    amending.Amender.amend_waiting       each message edited, digests too, those sent last first

The way of what readers and moderators do:

    inbox.Poller.keep                    stored, then confirmed (or web.create_app takes it by webhook)
        ── inbox, in the store, in order for each chat ──
    inbox.InboxWorker.start_due
    handlers.Handling                    middlewares.Reader says who; each feature has its router
      handlers.CommentHandlers           → moderation.intake.Intake.submit
      handlers.ModeratorHandlers         → moderation.review.Review.review
      handlers.SwitchHandlers            → moderation.switches.Switches.begin
      handlers.EditorHandlers            → editing.Editor: push, correct, recall, pin, mute
      handlers.PrivacyHandlers           → privacy.ReaderData, on both sides; noted in the erasure_list
    notices.ReaderNotices                what became of it, from moderation.outcomes.Outcomes.lease
    notices.Desk                         cards posted, changed and closed
    notices.Switchboard                  the moderators' group told of every switch

The way of an alarm:

    notices.Watch.facts                  measured by moderation.health.Health.look, and the feeds
      alarms.find_all                    what is wrong; pure, as are the next two
      alarms.advance                     what has stood long enough, what has been over long enough
      alarms.to_tell                     to which administrator that is news
    notices.Watch.look                   told, and kept in the store

`assembling.assemble` puts all this together for `process`, on `store.BotStore`; `web_process` does it for the web part,
which asks `membership.Membership` who is a moderator. `supervisor.Supervisor` runs every part as a process, once
`preflight.check_configuration` and its like have found nothing wrong, on a Redis from `embedded.servers`;
`aiogram_types.build_when_used` has the bot start sooner. `doctor.examine` looks at everything. `retention` says what
the bot need not keep. `editing.editor_of` and `feed_check.check_feed` stand behind an editor's commands; `keeping`
stands behind those about readers' data, `lists` behind those that take subscribers from another bot, `backup.backup`
and `restoring.restore` behind those about the whole. The Bot API server of demo and tests is `sandbox.server`, which
shares no code with the rest.
"""
