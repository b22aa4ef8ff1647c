"""The checks without a model: what each one finds, where, and what it leaves alone."""

from __future__ import annotations

import time

import pytest

from moderation.classifier import normalise
from moderation.rules import (
    BannedWords,
    Facts,
    floods,
    home_addresses,
    links_elsewhere,
    links_in,
    mail_addresses,
    phone_numbers,
    repeats,
)

REGIONS = ["IN", "PK", "BD", "AE", "SA", "EG", "GB", "US"]


def marked(text: str, spans: tuple[object, ...]) -> list[str]:
    """The stretches of the text that spans name."""
    return [text[span.begin : span.end] for span in spans]  # type: ignore[attr-defined]  # every rule gives Spans


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("call me on 9876543210 tonight", "9876543210"),
        ("+91 98765 43210", "+91 98765 43210"),
        ("+971 50 123 4567", "+971 50 123 4567"),
        ("+ 44 20 7946 0958 is the desk", "+ 44 20 7946 0958"),
        ("(202) 555-0143", "(202) 555-0143"),
        ("07911 123456", "07911 123456"),
        ("98765-43210", "98765-43210"),
        ("98765.43210", "98765.43210"),
        ("98765–43210", "98765–43210"),
        ("98765\u00a043210", "98765\u00a043210"),
        ("0300-1234567", "0300-1234567"),
        ("919876543210", "919876543210"),
        ("00919876543210", "00919876543210"),
        ("9 8 7 6 5 4 3 2 1 0", "9 8 7 6 5 4 3 2 1 0"),
        ("98\u200b765\u200b43210", "98\u200b765\u200b43210"),
        ("９８７６５４３２１０", "９８７６５４３２１０"),
        ("whatsapp:+923001234567", "+923001234567"),
        ("my number 501234567", "501234567"),
        ("My number is 9876500000", "9876500000"),
        ("मुझे ९८७६५४३२१० पर कॉल करें", "९८७६५४३२१०"),
        ("माझा नंबर ९८२२०१२३४५ आहे", "९८२२०१२३४५"),
        ("مجھے ۰۳۰۰۱۲۳۴۵۶۷ پر کال کریں", "۰۳۰۰۱۲۳۴۵۶۷"),
        ("اتصل على ٠٥٠١٢٣٤٥٦٧ الآن", "٠٥٠١٢٣٤٥٦٧"),
        ("mera number hai 98765 43210 call karo", "98765 43210"),
    ],
)
def test_telephone_numbers_are_found_in_digits_of_every_script(text: str, number: str) -> None:
    assert marked(text, phone_numbers(text, regions=REGIONS)) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "It costs Rs 1250000000 in all",
        "Rs. 12,50,000 and not a rupee more",
        "₹9876543210 were spent",
        "9876543210 रुपये खर्च हुए",
        "करीब 9876543210 लोग",
        "9876543210 روپے خرچ ہوئے",
        "انفقوا 9876543210 دولار",
        "in 1947, 1965 and 1971",
        "1965 1971 1999",
        "1947-1971",
        "سنة ١٩٤٨ ١٩٦٧ ١٩٧٣",
        "२०१४ २०१९ २०२४",
        "2026-11-22",
        "22-11-2026 10",
        "22.11.2026",
        "on 22/11/2026 at 10:30",
        "287/4 (50 overs) and 301/7 in 48.2 overs",
        "India won 3-2",
        "3-2 2-1 4-0 1-1",
        "6-4 7-6 6-3 4-6 6-3",
        "7-6 2-6 5-7 6-3 6-4",
        "PIN 110001",
        "पिन कोड 110001 और 400001",
        "110001 400001",
        "population 1400000000",
        "8000000000 people on earth",
        "3.14159265358979",
        "192.168.100.200",
        "20262027",
        "order 1234567890123456",
        "12345678",
        "99999999999",
        "1,40,00,00,000",
        "1 2 3 4 5 6 7 8 9 10",
        "35 36 37 38 39",
        "turnout was 67.3% of 968821926 voters",
        "between 15000-75000 a month",
        "from 20350-20500 points",
        "99.145.25.7  22",
        "a fund of 9876500000 for the flood",
        "",
    ],
)
def test_prices_years_dates_scores_and_codes_are_no_telephone_numbers(text: str) -> None:
    assert phone_numbers(text, regions=REGIONS) == ()


def test_a_number_without_country_code_counts_only_in_the_regions_given() -> None:
    assert phone_numbers("9876543210", regions=["GB"]) == ()
    assert phone_numbers("+91 9876543210", regions=[]) != ()


def test_a_region_that_reads_no_number_in_it_is_passed_over() -> None:
    assert phone_numbers("call +999 123 456 789", regions=REGIONS) == ()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("write to asha.k+news@example.co.in today", "asha.k+news@example.co.in"),
        ("raj (at) gmail (dot) com", "raj (at) gmail (dot) com"),
        ("raj at gmail dot com", "raj at gmail dot com"),
        ("raj @ gmail.com", "raj @ gmail.com"),
        ("ｒａｊ＠ｇｍａｉｌ．ｃｏｍ", "ｒａｊ＠ｇｍａｉｌ．ｃｏｍ"),
        ("राज@उदाहरण.भारत", "राज@उदाहरण.भारत"),
        ("میرا پتہ ali@example.pk ہے", "ali@example.pk"),
    ],
)
def test_mail_addresses_are_found_spelt_out_too(text: str, address: str) -> None:
    assert marked(text, mail_addresses(text)) == [address]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Her address is 14 Park Street, Flat 3B, Kolkata 700016", "14 Park Street, Flat 3B, Kolkata 700016"),
        ("He lives at 221B Baker Street, London NW1 6XE.", "221B Baker Street, London NW1 6XE"),
        ("go to House No. 12, Street 5, Lahore", "House No. 12, Street 5"),
        ("I live at 12 Main Street, Karachi 74000", "12 Main Street, Karachi 74000"),
        ("He is in Flat 3B, Green Park, New Delhi 110016 now", "Flat 3B, Green Park, New Delhi 110016"),
        ("12 MG Road, Bengaluru 560 001", "12 MG Road, Bengaluru 560 001"),
        ("makan no 45 gali no 7 karachi", "makan no 45 gali no 7"),
        ("पता: १४ पार्क रोड, फ्लैट ३, मुंबई", "१४ पार्क रोड, फ्लैट ३"),
        ("مکان نمبر 12 گلی نمبر 4 لاہور", "مکان نمبر 12 گلی نمبر 4"),
        ("شقة 5، شارع النيل 12 القاهرة", "شقة 5، شارع النيل 12"),
        ("3 Shivaji Nagar, Pune-411005", "3 Shivaji Nagar, Pune-411005"),
    ],
)
def test_somebodys_door_is_found(text: str, address: str) -> None:
    assert marked(text, home_addresses(text)) == [address]


@pytest.mark.parametrize(
    "text",
    [
        "10 Downing Street said today that 24 Akbar Road is quiet.",
        "The accident on 14 Park Street killed 3.",
        "5 people died on the road, 700016 votes were cast.",
        "12 killed on Mall Road in Lahore",
        "The House voted 220 to 212 and Wall Street fell 300 points.",
        "Flat 3 percent growth on Wall Street 5",
        "PIN code 700016 is Kolkata",
        "14 Park Street\nKolkata 700016 is a code",
        "घर 5 लोगों का था, सड़क 12 किलोमीटर",
        "no digits on Park Street, Flat B",
        "On 14 Park Street, about 74000 marched.",
        "Flat 3B is empty again.",
    ],
)
def test_a_street_in_the_news_is_nobodys_door(text: str) -> None:
    assert home_addresses(text) == ()


def test_two_doors_are_told_apart() -> None:
    text = "14 Park Street, Flat 3B. " + "x " * 60 + "House 12, Street 5"
    assert marked(text, home_addresses(text)) == ["14 Park Street, Flat 3B", "House 12, Street 5"]


@pytest.mark.parametrize("text", ["look at yahoo dot com stocks", "@asha said so", "5@3 is a score", "at home", "a@b"])
def test_what_only_looks_like_mail_is_left_alone(text: str) -> None:
    assert mail_addresses(text) == ()


def test_two_mail_addresses_are_told_apart() -> None:
    text = "raj at gmail dot com or x@example.com"
    assert marked(text, mail_addresses(text)) == ["raj at gmail dot com", "x@example.com"]


@pytest.mark.parametrize(
    ("text", "host", "link"),
    [
        ("see http://evil.ru/x?y.", "evil.ru", "http://evil.ru/x?y"),
        ("HTTPS://EVIL.COM", "evil.com", "HTTPS://EVIL.COM"),
        ("hxxps://evil.top/a", "evil.top", "hxxps://evil.top/a"),
        ("https://bbc.com@evil.com/", "evil.com", "https://bbc.com@evil.com/"),
        ("https://user:key@evil.com:8080/a", "evil.com", "https://user:key@evil.com:8080/a"),
        ("tg://resolve?domain=x", "resolve", "tg://resolve?domain=x"),
        ("//evil.com/x", "evil.com", "evil.com/x"),
        ("evil.com", "evil.com", "evil.com"),
        ("(evil.com)", "evil.com", "evil.com"),
        ("evil.com:8080", "evil.com", "evil.com:8080"),
        ("bit.ly/abc", "bit.ly", "bit.ly/abc"),
        ("t.me/cash4u", "t.me", "t.me/cash4u"),
        ("wa.me/919876543210", "wa.me", "wa.me/919876543210"),
        ("win-cash.in", "win-cash.in", "win-cash.in"),
        ("Win-Cash.In", "win-cash.in", "Win-Cash.In"),
        ("gab.ai?x=1", "gab.ai", "gab.ai?x=1"),
        ("m.site.in", "m.site.in", "m.site.in"),
        ("www.site.in", "www.site.in", "www.site.in"),
        ("site.co.in", "site.co.in", "site.co.in"),
        ("उदाहरण.भारत", "उदाहरण.भारत", "उदाहरण.भारत"),
        ("ｅｘａｍｐｌｅ．ｃｏｍ", "example.com", "ｅｘａｍｐｌｅ．ｃｏｍ"),
        ("example。com", "example.com", "example。com"),
        ("exa\u200bmple.com", "example.com", "exa\u200bmple.com"),
        ("example dot com", "example.com", "example dot com"),
        ("example[.]com", "example.com", "example[.]com"),
        ("earnmoney(dot)com", "earnmoney.com", "earnmoney(dot)com"),
        ("example . com", "example.com", "example . com"),
        ("example. com", "example.com", "example. com"),
        ("casino डॉट कॉम", "casino.कॉम", "casino डॉट कॉम"),
        ("casino ڈاٹ کام", "casino.کام", "casino ڈاٹ کام"),
        ("https://]", "]", "https://"),
    ],
)
def test_links_are_found_as_people_write_them(text: str, host: str, link: str) -> None:
    (found,) = links_in(text)
    assert (found.host, text[found.span.begin : found.span.end]) == (host, link)


@pytest.mark.parametrize(
    "text",
    [
        "galat hai.in logon ko",
        "yes.it is",
        "hai.to kya",
        "U.S.A. and U.K. agree",
        "e.g. this, i.e. that",
        "wait...what",
        "the dot com bubble",
        "after dot com boom and bust",
        "raj@gmail.com",
        "Dr.No",
        "3.30 p.m. and Rs.500",
        "version 2.0.1",
        "end.The war",
        "آج۔کل",
        "कल।आज",
        "no full stop at all",
        "well-organized.It was",
        "2.IM late",
        "come on .  In the end",
        "kya baat hai.to?",
        "yes.it?",
    ],
)
def test_a_forgotten_space_is_no_link(text: str) -> None:
    assert links_in(text) == ()


ALLOWED = ["wikipedia.org", "gov.in", "bbc.com"]


@pytest.mark.parametrize("text", ["https://en.wikipedia.org/wiki/War", "pib.gov.in", "BBC.com", "https://bbc.com./x"])
def test_links_to_sites_that_are_named_may_stand(text: str) -> None:
    assert links_elsewhere(text, allowed=ALLOWED, at_most=3) == ()


@pytest.mark.parametrize("text", ["notwikipedia.org", "bbc.com.evil.ru", "https://bbc.com@evil.ru", "bbс.com"])
def test_links_that_only_resemble_a_named_site_may_not(text: str) -> None:
    assert len(links_elsewhere(text, allowed=ALLOWED, at_most=3)) == 1


def test_more_links_than_allowed_are_all_marked_wherever_they_lead() -> None:
    text = "bbc.com bbc.com/a bbc.com/b bbc.com/c"
    assert links_elsewhere(text, allowed=ALLOWED, at_most=4) == ()
    assert len(links_elsewhere(text, allowed=ALLOWED, at_most=3)) == 4


BANNED = BannedWords(["scoundrel", "बदमाश", "مکار", "bad word", "ass"], fold=normalise)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("you Scoundrel!", "Scoundrel"),
        ("SCOUNDREL", "SCOUNDREL"),
        ("ｓｃｏｕｎｄｒｅｌ", "ｓｃｏｕｎｄｒｅｌ"),
        ("sсоundrеl", "sсоundrеl"),  # Cyrillic с, о, е
        ("scound\u200brel", "scound\u200brel"),
        ("sc0undr3l", "sc0undr3l"),
        ("$coundrel", "$coundrel"),
        ("scooooundrel", "scooooundrel"),
        ("s c o u n d r e l", "s c o u n d r e l"),
        ("s.c.o.u.n.d.r.e.l", "s.c.o.u.n.d.r.e.l"),
        ("scöundrel", "scöundrel"),
        ("तू बदमाश है", "बदमाश"),
        ("وہ مكار ہے", "مكار"),  # the Arabic kaf for the Urdu one
        ("such a bad   word here", "bad   word"),
        ("what an asss", "asss"),
    ],
)
def test_a_banned_word_is_found_in_any_spelling_that_looks_alike(text: str, word: str) -> None:
    assert marked(text, BANNED.find(normalise(text))) == [word]


@pytest.mark.parametrize("text", ["as he said", "scoundrels", "a bad, sad world", "class", "बदमाशी", "bad sword", ""])
def test_a_word_within_another_is_not_the_word(text: str) -> None:
    assert BANNED.find(normalise(text)) == ()


def test_an_empty_list_bans_nothing() -> None:
    assert BannedWords([], fold=normalise).find(normalise("anything")) == ()


def test_signs_in_a_banned_word_are_not_stretched() -> None:
    assert BannedWords(["c*nt", "100%"], fold=normalise).find(normalise("c*nt")) != ()


@pytest.mark.parametrize(("earlier", "flooded"), [(0, False), (4, False), (5, True), (50, True)])
def test_more_comments_than_the_window_takes_are_a_flood(earlier: int, flooded: bool) -> None:
    assert floods(Facts(by_author_in_window=earlier), comments=5) is flooded


LONG = "Buy two get one free at the new market"


@pytest.mark.parametrize(
    ("text", "facts", "repeated"),
    [
        (LONG, Facts(), False),
        (LONG, Facts(same_by_author=1), False),
        (LONG, Facts(same_by_author=2), True),
        (LONG, Facts(same_by_others=4), False),
        (LONG, Facts(same_by_others=5), True),
        ("thank you", Facts(same_by_author=9, same_by_others=9), False),
        ("rest in peace", Facts(same_by_others=90), False),
        ("rest in peace", Facts(same_by_author=2), True),
    ],
)
def test_the_same_text_again_is_a_repeat_unless_everybody_says_it(text: str, facts: Facts, repeated: bool) -> None:
    assert repeats(text, facts, same_author=3, other_authors=5) is repeated


@pytest.mark.parametrize(
    "text",
    [
        unit * (4096 // len(unit))
        for unit in (
            "a.",
            "1 ",
            "9",
            "a-",
            "a@",
            "a.b@",
            "dot ",
            "a dot ",
            "+1 ",
            "(",
            "1-1 ",
            ". ",
            "क्",
            "a at ",
            "-",
            "1 a road ",
            "1 a ",
            "flat 1 ",
        )
    ],
    ids=lambda text: repr(text[:6]),
)
def test_no_text_makes_a_rule_slow(text: str) -> None:
    begin = time.perf_counter()
    links_in(text)
    phone_numbers(text, regions=REGIONS)
    home_addresses(text)
    mail_addresses(text)
    assert time.perf_counter() - begin < 0.5
