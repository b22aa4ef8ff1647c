"""What a link says is read as well, and its places lead into the link."""

from __future__ import annotations

import pytest

from moderation.classifier.slugs import FEWEST_WORDS, MOST_LINKS, slugs

THREAT = "will come to your house and kill you"


def said(text: str) -> list[str]:
    return [form.text for form in slugs(text)]


@pytest.mark.parametrize(
    "link",
    [
        "https://en.wikipedia.org/will_come_to_your_house_and_kill_you",
        "https://en.wikipedia.org/?=will+come+to+your+house+and+kill+you",
        "https://en.wikipedia.org#will-come-to-your-house-and-kill-you",
        "www.bbc.com/will%20come%20to%20your%20house/and/kill/you",
        "HTTPS://BBC.COM/Will.Come.To.Your.House.And.Kill.You",
    ],
)
def test_the_words_of_a_link_are_a_text_of_their_own(link: str) -> None:
    assert said(f"Great article: {link} well done") == [THREAT]


def test_the_places_of_its_words_are_those_of_the_comment() -> None:
    text = "See https://bbc.com/will_come_to_your_house"
    (form,) = slugs(text)
    begin = form.text.index("house")
    assert text[form.offsets[begin] : form.offsets[begin + 4] + 1] == "house"


@pytest.mark.parametrize(
    "text", ["no link at all", "https://bbc.com", "https://bbc.com/news/world", "https://bbc.com/12345/67890/1/2/3/4"]
)
def test_a_link_that_says_too_little_is_a_link(text: str) -> None:
    assert said(text) == []


def test_of_very_many_links_the_first_are_read() -> None:
    link = "https://bbc.com/" + "-".join(f"word{letter}" for letter in "abcdef"[:FEWEST_WORDS])
    assert len(said(" ".join([link] * 100))) == MOST_LINKS


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text", ["://" * 2700, "://a/" * 1600, "www." * 2000, "https://a/" + "a_" * 4000, "://a/%" * 1300]
)
def test_no_text_is_read_for_long(text: str) -> None:
    assert len(slugs(text)) <= MOST_LINKS
