"""The bot's tables. A change here needs a migration beside it."""

from __future__ import annotations

import sqlalchemy as sa

from moderation.database import Id, UtcTime

metadata = sa.MetaData()

SOMEBODY_S = sa.text("lane <> 0")
HANDLED = sa.text("done_at IS NOT NULL")
SET_ASIDE = sa.text("done_at IS NOT NULL AND error IS NOT NULL")
"""Which updates the partial indexes of the inbox hold; used where a query says just this."""

AMENDING = sa.text("amending")
PINNED = sa.text("pinned_until IS NOT NULL")
SHOWS_STORY = sa.text("revision IS NOT NULL")
"""Which stories, and which messages, the partial indexes of amending hold."""

HAS_DIGEST = sa.text("digest_due IS NOT NULL")
"""Of which subscribers the partial index knows when their next digest is due."""

ENGAGED = sa.text("engaged_at IS NOT NULL")
"""Which subscribers the partial index of those who used the bot holds."""

stories = sa.Table(
    "stories",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("url", sa.Text, nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("section", sa.String(64), nullable=False),
    sa.Column("picture", sa.Text),
    sa.Column("published_at", UtcTime, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
    sa.Column("top", sa.Boolean, nullable=False, default=False),
    # Its place among its feed's stories of its language when the feed was read last, from 1; none where no feed has it.
    sa.Column("place", sa.Integer),
    # Language and address of the story in each other language.
    sa.Column("read_in", sa.JSON, nullable=False, default=list, server_default="[]"),
    # When it was last pushed to everybody it is for; none for what is there to read alone.
    sa.Column("pushed_at", UtcTime),
    # An editor's wish: first of the top stories until then, or none of them.
    sa.Column("pinned_until", UtcTime),
    sa.Column("muted", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.Column("recalled_at", UtcTime),
    sa.Column("corrected_at", UtcTime),
    # What an editor says of the correction or the recall, to everybody.
    sa.Column("note", sa.Text, nullable=False, default="", server_default=""),
    # Counts corrections and the recall; a message that shows an older one is to be changed, while `amending`.
    sa.Column("revision", sa.Integer, nullable=False, default=0, server_default="0"),
    sa.Column("amending", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.Index("stories_pinned", "pinned_until", sqlite_where=PINNED, postgresql_where=PINNED),
    sa.Index("stories_amending", "amending", sqlite_where=AMENDING, postgresql_where=AMENDING),
    sa.Index("stories_by_language", "language", "published_at"),
    sa.Index("stories_by_time", "published_at", "id"),
    sqlite_autoincrement=True,
)

feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("polled_at", UtcTime),
    sa.Column("succeeded_at", UtcTime),
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("error", sa.Text),
)

subscribers = sa.Table(
    "subscribers",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("sections", sa.JSON, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("joined_at", UtcTime, nullable=False),
    sa.Column("stopped_at", UtcTime),
    # As chosen, or as another bot knew it; the name of a zone such as Asia/Karachi.
    sa.Column("timezone", sa.String(64)),
    # The quiet time of each day, in minutes since midnight there; none of both without one.
    sa.Column("quiet_from", sa.SmallInteger),
    sa.Column("quiet_until", sa.SmallInteger),
    # Whether the site's top stories come in it all the same.
    sa.Column("breaking", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.Column("daily_at_most", sa.SmallInteger),
    # When digests come each day, in minutes since midnight there, and the next one; none while no story is pushed.
    sa.Column("digest_at", sa.JSON, nullable=False, default=list, server_default="[]"),
    sa.Column("digest_due", UtcTime),
    # Whether stories come by themselves too.
    sa.Column("alerts", sa.Boolean, nullable=False, default=True, server_default=sa.true()),
    # When they last did anything with the bot, to the day; none before they did.
    sa.Column("engaged_at", UtcTime),
    sa.Index("subscribers_digest_due", "digest_due", sqlite_where=HAS_DIGEST, postgresql_where=HAS_DIGEST),
    sa.Index("subscribers_by_language", "language", "active", "id"),
    sa.Index("subscribers_engaged", "language", "engaged_at", "id", sqlite_where=ENGAGED, postgresql_where=ENGAGED),
)

keywords = sa.Table(
    "keywords",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("subscriber_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    # As it was written, and as it is compared.
    sa.Column("word", sa.Text, nullable=False),
    sa.Column("folded", sa.Text, nullable=False),
    sa.UniqueConstraint("subscriber_id", "kind", "folded", name="keywords_once"),
    sa.Index("keywords_by_word", "folded", "kind", "subscriber_id"),
    sqlite_autoincrement=True,
)

pushes = sa.Table(
    "pushes",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("story_id", sa.BigInteger, sa.ForeignKey("stories.id"), nullable=False),
    # For who follows a word of the story alone.
    sa.Column("followed", sa.Boolean, nullable=False),
    # From when it is reckoned who used the bot lately.
    sa.Column("begun_at", UtcTime, nullable=False),
    # Whether those who used the bot lately are being planned, or everybody, and the last one who was looked at.
    sa.Column("lately", sa.Boolean, nullable=False),
    sa.Column("after_at", UtcTime),
    sa.Column("after_id", sa.BigInteger, nullable=False),
    sa.Column("planned", sa.Integer, nullable=False),
    sa.Column("leased_until", UtcTime, nullable=False),
    sa.Index("pushes_of_story", "story_id"),
    sqlite_autoincrement=True,
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=True),
    sa.Column("story_id", sa.BigInteger, sa.ForeignKey("stories.id"), nullable=False),
    sa.Column("subscriber_id", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("leased_until", UtcTime),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("failures", sa.Integer, nullable=False, default=0, server_default="0"),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("sent_at", UtcTime),
    sa.Column("error", sa.Text),
    # The reader asked for it just now, or for the digest it came with: it waits for no hours, and fills no day.
    sa.Column("asked", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    # Those of a lower number go first, however long others have waited.
    sa.Column("urgency", sa.SmallInteger, nullable=False, default=2, server_default="2"),
    sa.UniqueConstraint("story_id", "subscriber_id", name="deliveries_once"),
    sa.Index("deliveries_turn", "state", "urgency", "due_at"),
    sa.Index("deliveries_to_subscriber", "subscriber_id", "story_id"),
    sa.Index("deliveries_by_day", "subscriber_id", "due_at"),
    sqlite_autoincrement=True,
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("update_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("lane", sa.BigInteger, nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("received_at", UtcTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("leased_until", UtcTime),
    sa.Column("done_at", UtcTime),
    sa.Column("error", sa.Text),
    sa.Index("inbox_waiting", "done_at", "lane", "update_id"),
    # What was handled is in lane 0, which is nobody's.
    sa.Index("inbox_of_chat", "lane", "update_id", sqlite_where=SOMEBODY_S, postgresql_where=SOMEBODY_S),
    sa.Index("inbox_handled", "received_at", sqlite_where=HANDLED, postgresql_where=HANDLED),
    sa.Index("inbox_set_aside", "update_id", sqlite_where=SET_ASIDE, postgresql_where=SET_ASIDE),
)

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("person", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("state", sa.JSON, nullable=False),
    sa.Column("changed_at", UtcTime, nullable=False),
)

shown = sa.Table(
    "shown",
    metadata,
    sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("message_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("story_id", sa.BigInteger, nullable=False),
    sa.Column("comment_id", sa.BigInteger),
    sa.Column("shown_at", UtcTime, nullable=False),
    # Which revision of the story the message shows; none where it shows a comment, or only names the story.
    sa.Column("revision", sa.Integer),
    sa.Index("shown_by_time", "shown_at"),
    sa.Index("shown_of_story", "story_id", "revision", sqlite_where=SHOWS_STORY, postgresql_where=SHOWS_STORY),
)

digested = sa.Table(
    "digested",
    metadata,
    sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("message_id", sa.BigInteger, primary_key=True, autoincrement=False),
    # Which place of the digest's list the story has, and which revision of it the message shows.
    sa.Column("place", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("story_id", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("shown_at", UtcTime, nullable=False),
    sa.Index("digested_by_time", "shown_at"),
    sa.Index("digested_story", "story_id", "revision"),
)

opened = sa.Table(
    "opened",
    metadata,
    sa.Column("story_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("person", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("opened_at", UtcTime, nullable=False),
    sa.Index("opened_by_person", "person"),
    sa.Index("opened_by_time", "opened_at"),
)

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("comment_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("chat_id", sa.BigInteger, nullable=False),
    sa.Column("message_id", sa.BigInteger, nullable=False),
    sa.Column("told", sa.String(16), nullable=False),
    sa.Column("event_id", sa.BigInteger, nullable=False),
    sa.Column("told_at", UtcTime, nullable=False),
    sa.Index("notices_in_chat", "chat_id", "message_id"),
)

cards = sa.Table(
    "cards",
    metadata,
    sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("message_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("comment_id", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("posted_at", UtcTime, nullable=False),
    # To be shown anew: it has words of somebody who was erased since, or says that an edit is undecided.
    sa.Column("stale", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.Index("cards_of_comment", "comment_id", "revision"),
    sa.Index("cards_open", "open", "chat_id"),
    sa.Index("cards_stale", "stale", sqlite_where=sa.text("stale"), postgresql_where=sa.text("stale")),
)

notes = sa.Table(
    "notes",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

forgotten = sa.Table(
    "forgotten",
    metadata,
    sa.Column("author_hash", sa.String(64), primary_key=True),
    sa.Column("erased_at", UtcTime, nullable=False),
    # The newest message of theirs, or to them, that the erasure covers: an update about it is no news.
    sa.Column("through_message", sa.BigInteger, nullable=False),
    # Who it is, and whether the erasure came to its end, for as long as somebody may have to finish it.
    sa.Column("person", sa.BigInteger),
    sa.Column("done", sa.Boolean, nullable=False),
    sa.Index(
        "forgotten_unfinished",
        "person",
        sqlite_where=sa.text("person IS NOT NULL"),
        postgresql_where=sa.text("person IS NOT NULL"),
    ),
)
