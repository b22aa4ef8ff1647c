"""The way of a comment and of a story, through all processes, as the people who use them see it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.e2e.system import (
    GROUP,
    People,
    System,
    buttons,
    data_beginning,
    eventually,
    has_data,
    people_of,
    running,
    text_of,
    url_of,
)

pytestmark = pytest.mark.xdist_group("e2e")

ORDINARY = "The dam should have been opened years ago; the farmers downstream paid for the delay."
WAR = "A general was killed in an air strike last night. I think this war has cost both peoples enough and must end."
ATTACK = "Asha, you are a stupid idiot and a worthless piece of trash, shut up you moron"
DOUBTFUL = "Call me on +91 98765 43210 and I will explain the budget to you."


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(tmp_path_factory.mktemp("e2e")) as system:
        yield system


@pytest.fixture
async def people(system: System) -> AsyncIterator[People]:
    async with people_of(system) as people:
        yield people


def title_of(story: dict[str, Any]) -> str:
    return text_of(story).splitlines()[0]


async def test_a_newcomer_subscribes_comments_and_reads_it_on_the_site(people: People) -> None:
    reader = await people.newcomer("Nadia")
    story = await reader.joins("en")
    labels = [button["text"] for button in buttons(story)]
    assert any(label.startswith("Comment") for label in labels)
    assert any(label.startswith("Comments (") for label in labels)
    assert {"Read", "Share"} <= set(labels)

    comment = await reader.comments(story, ORDINARY)
    await reader.agrees()
    began = time.monotonic()
    notice = await reader.told(comment, "Published")
    assert time.monotonic() - began < 2
    assert any(entity["type"] in {"text_link", "url"} for entity in notice.get("entities", [])) or buttons(notice)

    url = url_of(story, "/demo/stories/")
    assert ORDINARY in await people.published(url)
    listed = await people.get("/api/v1/stories", language="en", limit="100")
    assert next(item for item in listed["items"] if item["url"] == url)["comments"] == len(await people.published(url))


async def test_before_the_first_comment_the_terms_are_agreed_to_and_the_words_are_not_lost(people: People) -> None:
    reader = await people.newcomer("Farah", language="ur")
    story = await reader.joins("ur")
    comment = await reader.comments(story, "پانی کی تقسیم منصفانہ ہونی چاہیے۔")
    terms = await reader.sees(has_data("agree:"), what="the terms in Urdu")
    assert "شرائط" in text_of(terms)
    url = url_of(story, "/demo/stories/")
    assert text_of(comment) not in await people.published(url)
    await reader.press(terms, data=data_beginning(terms, "agree:"))

    async def published() -> bool:
        return text_of(comment) in await people.published(url)

    await eventually(published, what="publication")


async def test_a_comment_on_a_war_is_published_in_all_written_languages(people: People) -> None:
    reader = await people.newcomer("Omar")
    story = await reader.joins("en")
    comment = await reader.comments(story, WAR)
    await reader.agrees()
    await reader.told(comment, "Published")
    written = [WAR]
    for text in (
        "فضائی حملے میں ایک جنرل مارا گیا، میرے خیال میں یہ جنگ اب ختم ہونی چاہیے۔",
        "हवाई हमले में एक जनरल मारा गया, मेरी राय में यह युद्ध अब रुकना चाहिए।",
        "हवाई हल्ल्यात एक जनरल मारला गेला, माझ्या मते हे युद्ध आता थांबले पाहिजे.",
        "قُتل جنرال في غارة جوية، وأرى أن هذه الحرب يجب أن تنتهي الآن.",
        "hawai hamle mein ek general mara gaya, mere khayal se ab yeh jung khatam honi chahiye",
        "Muslims and Hindus in this city have lived together for generations.",
    ):
        await reader.told(await reader.comments(story, text), "Published")
        written.append(text)
    assert set(written) <= set(await people.published(url_of(story, "/demo/stories/")))


async def test_an_attack_on_a_neighbour_is_not_published_and_the_clause_is_named(people: People) -> None:
    reader = await people.newcomer("Vikram")
    story = await reader.joins("en")
    comment = await reader.comments(story, ATTACK)
    await reader.agrees()
    notice = await reader.told(comment, "Held", "Not published")
    if text_of(notice).startswith("Not published"):
        assert "clause 3.2" in text_of(notice)
    assert ATTACK not in await people.published(url_of(story, "/demo/stories/"))


async def test_a_held_comment_is_decided_by_the_first_of_two_moderators(people: People) -> None:
    reader = await people.newcomer("Lena")
    story = await reader.joins("en")
    comment = await reader.comments(story, DOUBTFUL)
    await reader.agrees()
    await reader.told(comment, "Held")
    first, second = people.moderator, people.second_moderator
    card = await first.sees(lambda message: "98765" in text_of(message), what="the card", chat=GROUP)
    assert {"Approve", "Reject"} <= {button["text"] for button in buttons(card)}

    await first.press(card, button="Approve")
    late = await second.press(card, data=data_beginning(card, "approve:"))
    assert late is not None
    assert "Meera" in late["text"]
    decided = await first.sees(
        lambda message: message["message_id"] == card["message_id"] and "Approved" in text_of(message),
        what="the card closed for everybody",
        chat=GROUP,
    )
    assert any(button["text"].startswith("Undo") for button in buttons(decided))
    published = await reader.told(comment, "Published")
    assert published["date"] >= comment["date"]
    assert DOUBTFUL in await people.published(url_of(story, "/demo/stories/"))


async def test_one_command_holds_the_site_and_one_press_ends_it(people: People) -> None:
    reader, moderator = await people.newcomer("Noor"), people.moderator
    story = await reader.joins("en")
    url = url_of(story, "/demo/stories/")
    done = await asyncio.to_thread(people.system.command, "switch", "hold", "--site", "--note", "riots downtown")
    assert done.returncode == 0, done.stderr
    told = await moderator.sees(lambda one: "riots downtown" in text_of(one), what="the switch", chat=GROUP)
    assert (await people.get("/api/v1/comments", story=url))["held_for_reading"] is True
    text = f"{ORDINARY} They had warned of it."
    comment = await reader.comments(story, text)
    await reader.agrees()
    assert "a person reads every comment" in text_of(await reader.told(comment, "Held"))
    card = await moderator.sees(
        lambda one: "They had warned of it." in text_of(one) and has_data("approve:")(one), what="the card", chat=GROUP
    )
    assert "Nothing was found" in text_of(card)
    await moderator.press(told, button="End")
    await moderator.sees(lambda one: "Ended by Meera" in text_of(one), what="the end of it", chat=GROUP)
    after = await reader.comments(story, f"{ORDINARY} Nobody listened.")
    await reader.told(after, "Published")
    assert text not in await people.published(url)
    await moderator.press(card, button="Approve")
    await reader.told(comment, "Published")
    assert (await people.get("/api/v1/comments", story=url))["held_for_reading"] is False


async def test_a_rejected_comment_names_its_clause_in_the_readers_language(people: People) -> None:
    reader = await people.newcomer("Sana", language="ur")
    story = await reader.joins("ur")
    text = "پل کے بارے میں مزید دستاویز کے لیے sana@example.com پر لکھیے"
    comment = await reader.comments(story, text)
    await reader.agrees()
    card = await people.moderator.sees(
        lambda message: "sana@example.com" in text_of(message), what="the card", chat=GROUP
    )
    await people.moderator.press(card, button="Reject")
    choice = await people.moderator.sees(
        lambda message: message["message_id"] == card["message_id"] and has_data("clause:")(message),
        what="the clauses to choose from",
        chat=GROUP,
    )
    await people.moderator.press(
        choice, data=next(b["callback_data"] for b in buttons(choice) if b["callback_data"].endswith(":2.2"))
    )
    notice = await reader.sees(
        lambda message: "2.2" in text_of(message) and message["message_id"] > comment["message_id"], what="the notice"
    )
    letters = [letter for letter in text_of(notice) if letter.isalpha()]
    assert sum(1 for letter in letters if "\u0600" <= letter <= "\u06ff") >= 0.9 * len(letters)
    assert text not in await people.published(url_of(story, "/demo/stories/"))


async def test_an_edit_is_screened_and_replaces_the_text_when_it_passes(people: People) -> None:
    reader = await people.newcomer("Tara")
    story = await reader.joins("en")
    comment = await reader.comments(story, "The bridge opened on time.")
    await reader.agrees()
    await reader.told(comment, "Published")
    url = url_of(story, "/demo/stories/")
    await reader.edit(comment["message_id"], "The bridge opened on time, and under budget.")

    async def edited() -> bool:
        texts = await people.published(url)
        return "The bridge opened on time, and under budget." in texts and "The bridge opened on time." not in texts

    await eventually(edited, what="the edit to be published")
    await reader.edit(comment["message_id"], ATTACK)

    async def judged() -> bool:
        messages = await reader.messages(after=comment["message_id"])
        return any(text_of(message).startswith(("Held", "Not published")) for message in messages)

    await eventually(judged, what="the edit to be judged")
    assert "The bridge opened on time, and under budget." in await people.published(url)


async def test_stop_ends_the_stories_and_start_brings_them_back(people: People, system: System) -> None:
    reader = await people.newcomer("Ravi")
    await reader.joins("en")
    stopped = await reader.write("/stop")
    await reader.sees(lambda message: message["message_id"] > stopped["message_id"], what="a goodbye")
    pushed = system.command("story", "push", "https://news.example/after-stop", "--title", "After the stop")
    assert pushed.returncode == 0, pushed.stderr
    other = await people.newcomer("Asma")
    await other.joins("en")
    again = system.command("story", "push", "https://news.example/after-stop-2", "--title", "Second after the stop")
    assert again.returncode == 0
    await other.sees(lambda message: "Second after the stop" in text_of(message), what="the pushed story")
    assert not any("after the stop" in text_of(message).lower() for message in await reader.messages())


async def test_the_dashboard_opens_by_a_link_that_works_once(people: People) -> None:
    asked = await people.moderator.write("/dashboard")
    message = await people.moderator.sees(
        lambda message: "/review/login" in json.dumps(message), what="the login link", after=asked["message_id"]
    )
    found = json.dumps(message)
    start = found.index("http", found.index("/review/login") - 60)
    link = found[start : found.index('"', start)]
    async with people.http.get(link) as page:
        assert page.status == 200
    denied = await people.reader.write("/dashboard")
    answer = await people.reader.sees(
        lambda message: message["message_id"] > denied["message_id"], what="an answer", after=denied["message_id"]
    )
    assert "/review/login" not in json.dumps(answer)


async def test_health_metrics_and_the_documents_answer(people: People) -> None:
    ready = await people.get("/readyz")
    assert ready["ready"] is True
    for path in ("/healthz", "/metrics", "/openapi.json", "/docs", "/embed.js", "/feeds/comments.atom", "/"):
        async with people.http.get(people.system.web + path) as answer:
            assert answer.status == 200, path
            assert answer.headers["X-Content-Type-Options"] == "nosniff", path


def test_every_part_is_a_child_that_is_started_again(system: System) -> None:
    before = system.children()
    assert set(before) == {"redis-server", "sandbox", "worker", "web", "bot"}


async def test_the_screen_command_meets_the_same_terms(system: System) -> None:
    lines = [
        {"id": "1", "text": ORDINARY},
        {"id": "2", "text": ATTACK, "language": "en"},
        {"id": "3", "text": WAR, "author": "x", "story": "https://news.example/1"},
    ]
    stdin = "\n".join(json.dumps(line) for line in lines).encode() + b"\nnot json\n"
    done = await asyncio.to_thread(system.command, "screen", stdin=stdin)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [answer.get("outcome") for answer in answers[:1]] == ["publish"]
    assert answers[1]["outcome"] in {"hold", "reject"}
    assert answers[2]["outcome"] == "publish"
    assert answers[3]["line"] == 4
