"""Comments, terms and decisions; knows nothing of Telegram. The way of a comment, stage by stage:

    intake.Intake.submit                 validated, stored with its audit row and event    received
      queue.ScreeningQueue.enqueue
        ── Redis stream, consumer group; sweeper.Sweeper.sweep queues again what Redis lost ──
      queue.ScreeningQueue.claim
    worker.Worker.round
      screening.Screener.screen          screening.CHECKS in order: rules.links_elsewhere … classifier.Classifier
      decision.decide                    by policy.Policy; pure
      enforcement.enforce                status, decision, audit row, event: one commit    published | held | rejected
      outcomes.Outcomes.signal
      queue.ScreeningQueue.ack           only now
        ── outbox ──
    outcomes.Outcomes.lease              to whoever tells people
    threads.Threads.published            what everybody reads; web.create_app gives it out
    review.Review.review                 a moderator decides: enforcement.enforce_review   published | rejected

    switches.Switches.begin              a bad day: a switch.Switch that `intake` and `enforcement` obey at once

    learning.train → learning.promote    a classifier trained and judged, then put into use by a person

The way of a model: learning.train → learning.promote, by a person; `screening.ModelKeeper` brings it to each worker.

    privacy.Privacy                      what is held of a reader: out, or gone, or kept because the law says so
    retention.Retention                  what need not be kept any longer goes, a few rows at a time
    sealer.Sealer                        the audit is sealed: seals.Sealing; sealer.verify compares the two

`comment.CommentStatus` has the states and `comment.TRANSITIONS` the ways between them; `enforcement` alone takes one.
Who may decide is asked of `roles.Roles.may_review`, and by what door a moderator came in of `login.Login.session`.

How the system is, `health.Health.look` measures for everybody who shows it, and `alarms.find` says what of it is wrong.

What stands in Redis is believed by nobody: `entries.revision_of` reads it, `mending.usable` makes anew what takes
nothing more, a turn that `turns.take_turn` gives ends by itself, and `eviction.require_noeviction` looks at the start.

Below all of it: `store.Store` holds the SQL, `database.Database` the two ways to write, and `running.until_stopped` is
how a process ends, whose log goes through `log_lines.LogLines`. `backup.save` writes any package's tables into an
`archive.Archive`, whose file `sealing` encrypts. On SQLite `sqlite.Connection` hands a statement to its thread once.
Over a network `postgresql.Opening` finds the server that takes writes, and `sockets.keep_watch` has a connection to a
host that is gone end within seconds. What the two addresses may say, `postgresql.check` and `redis_address.check` know.
"""
