"""Telephone numbers, e-mail and home addresses, in digits of any script; not prices, years, dates or scores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from moderation.decision import Span
from moderation.rules.plain import Plain, plain

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

FEWEST_DIGITS, MOST_DIGITS = 8, 15

_IN_NAME = r"[\w\u0900-\u0963-]"
_MAIL = re.compile(
    rf"(?<![\w.+-])[\w\u0900-\u0963.+-]{{1,64}}@(?:{_IN_NAME}{{1,63}}\.){{1,5}}[^\W\d_]{_IN_NAME}{{1,23}}"
)
_AT = r"(?:\s?[\[({<]\s?(?:at|एट|ایٹ)\s?[\])}>]\s?|\s{1,2}at\s{1,2})"
_DOT = r"(?:\s?[\[({<]\s?(?:dot|\.)\s?[\])}>]\s?|\s{1,2}dot\s{1,2}|\.)"
_HOSTS = "gmail|googlemail|yahoo|ymail|hotmail|outlook|live|rediffmail|proton|protonmail|icloud|aol"
_LIKE_ASCII = str.maketrans({"\u0131": "i", "\u017f": "s"})
_NO_NAME = r"(?!(?:look|looked|work|works|worked|is|are|was|bought|news) )"
_HIDDEN_MAIL = re.compile(
    rf"(?<![\w.+-]){_NO_NAME}[\w.+-]{{2,64}}(?:\s?@\s?|{_AT})(?:{_HOSTS}){_DOT}(?:com|co\.in|co\.uk|in|net|me)(?!\w)",
    re.IGNORECASE,
)

_ANY_DIGIT = re.compile(r"\d")
# No comma and no slash: they stand in amounts, cricket scores and dates.
_DIGITS = re.compile(
    r"(?<![0-9A-Za-z_/#])(?<![0-9][.,:])(?:\+\s?|\(\+?)?[0-9](?:[ \-.()]{0,3}[0-9]){7,18}(?![0-9A-Za-z_%])"
)
_DATE = re.compile(r"(?:\d{4}[-. ]\d{1,2}[-. ]\d{1,2}|\d{1,2}[-. ]\d{1,2}[-. ]\d{4})(?:[ -]+\d{1,2})*")
_YEARS = re.compile(r"(?:1[0-9]|20)\d\d(?:[ \-.]+(?:1[0-9]|20)\d\d)*")
_SCORES = re.compile(r"(?<!\d)\d{1,2}-\d{1,2}(?!\d)(?:[ .()]+\d{1,2}-\d{1,2}(?!\d))+")
_DECIMAL = re.compile(r"\d+\.\d+")
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?:\s.*)?")
_RANGE = re.compile(r"(\d{4,6}0)-(\d{4,6}0)")
_ROUND = re.compile(r"0{5,}$")
_AMOUNT_BEFORE = re.compile(
    r"(?:[$€£¥₹₨﷼]|\b(?:rs|inr|pkr|usd|aed|sar|egp|eur|gbp)\.?|रु\.?|रुपये|روپے|روپیہ|درهم|ريال|دولار)\s*$", re.I
)
_AMOUNT_AFTER = re.compile(
    r"\s*(?:[$€£¥₹%]|(?:rupees?|dollars?|crores?|lakhs?|millions?|billions?|people|votes?|voters?|views?|km|years?|tonnes?)\b"
    r"|रुपये|रुपए|रुपया|करोड़|लाख|हज़ार|लोग|वोट|मत|कोटी|हजार|रुपयांचे|روپے|روپیہ|کروڑ|لاکھ|لوگ|ووٹ|مليون|مليار|ألف|دولار|ريال|درهم|شخص|صوت)",
    re.I,
)
_CUE = re.compile(
    r"(?:\b(?:call|phone|tel|mobile|mob|whatsapp|whats app|wa|contact|number|no|cell|sms|dial|imo|signal|ph)\b"
    r"|फ़ोन|फोन|कॉल|नंबर|नम्बर|मोबाइल|व्हाट्सएप|व्हाट्सअॅप|संपर्क|सम्पर्क|क्रमांक|मोबाईल"
    r"|فون|نمبر|کال|موبائل|واٹس|رابطہ|رقم|هاتف|اتصل|جوال|واتس|موبايل|للتواصل).{0,24}$",
    re.I | re.S,
)

# Two of three: a number in a street, a flat or a house number, a postal code. Any one alone is in the news every day.
_STREET = (
    r"(?:street|st|road|rd|lane|ln|avenue|ave|marg|gali|galli|mohalla|nagar|colony|chowk|drive|close|crescent|terrace"
    r"|स्ट्रीट|सड़क|रोड|मार्ग|गली|नगर|कॉलोनी|कालोनी|मोहल्ला|गल्ली|پیٹھ|سٹریٹ|اسٹریٹ|روڈ|گلی|کالونی|محلہ)"
)
_NAMES = r"[^\W\d_][\w\u0900-\u0963.'-]{0,24}"
_NUMBER = r"[0-9]{1,4}[A-Za-z]?(?:[/-][0-9A-Za-z]{1,4})?"
_NUMBERED = r"\s{0,2}(?:#|(?:no|number|num|नं|नंबर|क्रमांक|نمبر|رقم)\b\.?)\s{0,2}[:#-]?\s{0,2}"
_NO = rf"(?:{_NUMBERED}|\s{{0,2}}[:#-]?\s{{0,2}})"
_IN_STREET = re.compile(
    rf"(?<![\w.,$€£₹]){_NUMBER},?\s(?:{_NAMES}\s){{1,3}}{_STREET}(?![\w\u0900-\u0963])"
    rf"|(?<![\w\u0900-\u0963]){_STREET}{_NO}{_NUMBER}(?!\w)|(?<!\w)شارع\s(?:{_NAMES}\s){{0,3}}{_NO}{_NUMBER}(?!\w)",
    re.I,
)
_HOUSE = re.compile(
    r"(?<![\w\u0900-\u0963])(?:"
    rf"(?:flat|apartment|apt|house|h\.?\s?no|plot|makan|मकान|फ्लैट|फ्लॅट|प्लॉट|مکان|فلیٹ|پلاٹ|شقة){_NO}"
    rf"|(?:door|ghar|घर|گھر|منزل|بناية){_NUMBERED}){_NUMBER}(?!\w|\s?(?:%|per\s?cent))",
    re.I,
)
# Six digits (India), five after a hyphen or a state (Pakistan, the United States), or as in Britain.
_POSTAL = re.compile(
    r"(?<![\w.,₹$€£/-])[1-9][0-9]{2}\s?[0-9]{3}(?![\w,%]|\.\d)|(?<=[^\W\d_])\s?-\s?[1-9][0-9]{2}\s?[0-9]{3}(?!\w)"
    r"|(?<=[^\W\d_])\s?-\s?[1-9][0-9]{4}(?!\w)|\b[A-Z]{2}\s[0-9]{5}(?!\w)"
    r"|\b[A-Z]{1,2}[0-9][0-9A-Z]?\s[0-9][A-Z]{2}\b"
)
# After a street and a town, at an end: "Karachi 74000".
_POSTAL_LAST = re.compile(r"(?<=,)\s?[^\W\d_]{3,24}\s[1-9][0-9]{4}(?=\s*(?:$|[.,;:!?\n]))")
_NEAR = 60  # code points between a street and what makes it somebody's door


def mail_addresses(text: str) -> tuple[Span, ...]:
    """Where e-mail addresses stand, also with "(at)" and "dot" for their signs."""
    written = plain(text)
    spans = [written.span(*match.span()) for match in _MAIL.finditer(written.text)] if "@" in written.text else []
    if not _names_a_host(written.text):
        return tuple(spans)
    for match in _HIDDEN_MAIL.finditer(written.text):
        span = written.span(*match.span())
        if not any(span.begin < other.end and other.begin < span.end for other in spans):
            spans.append(span)
    return tuple(sorted(spans, key=lambda span: span.begin))


def _names_a_host(text: str) -> bool:
    """Whether any host that a hidden address may be at is named: looked for first, for it hardly ever is."""
    # The letters that stand for "i" and "s" where a pattern ignores case.
    lowered = text.lower() if text.isascii() else text.lower().replace("i\u0307", "i").translate(_LIKE_ASCII)
    return any(host in lowered for host in _HOSTS.split("|"))


def home_addresses(text: str) -> tuple[Span, ...]:
    """Where somebody's door stands: two of a number in a street, a flat or house number, and a postal code, nearby."""
    if _ANY_DIGIT.search(text) is None:
        return ()
    written = plain(text)
    spans: list[Span] = []
    for first, others in ((_IN_STREET, (_HOUSE, _POSTAL, _POSTAL_LAST)), (_HOUSE, (_POSTAL,))):
        for found in first.finditer(written.text):
            begin, end = found.span()
            beside = [place for other in others for place in _beside(other, written.text, begin, end)]
            if beside:
                span = written.span(min(begin, *(one for one, _ in beside)), max(end, *(other for _, other in beside)))
                if not any(span.begin < known.end and known.begin < span.end for known in spans):
                    spans.append(span)
    return tuple(sorted(spans, key=lambda span: span.begin))


def _beside(pattern: re.Pattern[str], text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the pattern stands near a stretch, on one line with it and not within it."""
    first = max(text.rfind("\n", 0, begin) + 1, begin - _NEAR)
    line = text.find("\n", end)
    last = min(len(text) if line < 0 else line, end + _NEAR)
    for match in pattern.finditer(text, first, last):
        if match.end() <= begin or match.start() >= end:
            yield match.span()


def phone_numbers(text: str, *, regions: Sequence[str]) -> tuple[Span, ...]:
    """Where telephone numbers stand: any with + and a country code, and those of `regions` (ISO 3166) without.

    A bare row of digits counts only where it is a whole mobile number, begins with the trunk 0, or is called one.
    """
    if _ANY_DIGIT.search(text) is None or sum(map(str.isdecimal, text)) < FEWEST_DIGITS:
        return ()
    written = plain(text)
    return tuple(
        written.span(match.start(), match.end())
        for match in _DIGITS.finditer(written.text)
        if not _is_something_else(written, match, called := _is_called(written, match))
        and _is_phone(match, regions, called=called)
    )


def _is_called(written: Plain, match: re.Match[str]) -> bool:
    return _CUE.search(written.text, max(0, match.start() - 40), match.start()) is not None


def _is_something_else(written: Plain, match: re.Match[str], called: bool) -> bool:
    shown = match[0].strip("() ")
    bare = re.sub(r"\D", "", shown)
    if not FEWEST_DIGITS <= len(bare) <= MOST_DIGITS:
        return True
    if shown.startswith("+"):
        return False
    groups = [int(group) for group in re.findall(r"\d+", shown)]
    counting = len(groups) > 2 and groups == list(range(groups[0], groups[0] + len(groups)))
    ends = _RANGE.fullmatch(shown)
    counting = counting or (ends is not None and int(ends[1]) < int(ends[2]))
    whole = any(kind.fullmatch(shown) for kind in (_DATE, _YEARS, _SCORES, _IP))
    decimal = bool(_DECIMAL.fullmatch(shown)) and len(shown.partition(".")[0]) != 5
    return (
        whole
        or decimal
        or counting
        or (not called and bool(_ROUND.search(bare)))
        or len(set(bare)) == 1
        or _AMOUNT_BEFORE.search(written.text, max(0, match.start() - 12), match.start()) is not None
        or _AMOUNT_AFTER.match(written.text, match.end()) is not None
    )


def _is_phone(match: re.Match[str], regions: Sequence[str], *, called: bool) -> bool:
    import phonenumbers

    shown = match[0].strip("() ")
    bare = re.sub(r"\D", "", shown)
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    for number in _readings(bare, regions, international=shown.startswith("+")):
        if not phonenumbers.is_valid_number(number):
            continue
        national = len(phonenumbers.national_significant_number(number))
        is_mobile = phonenumbers.number_type(number) in mobile
        if shown.startswith("+") or called or bare.startswith("0") or (is_mobile and national >= 10):
            return True
    return False


def _readings(bare: str, regions: Sequence[str], *, international: bool) -> Iterator[PhoneNumber]:
    import phonenumbers

    for written, region in [(f"+{bare}", None)] if international else [(bare, region) for region in regions]:
        try:
            yield phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
