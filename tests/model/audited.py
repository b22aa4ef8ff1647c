"""Lines that an outside auditor found decided wrongly. None is trained on; a few phrases that are come near to one."""

from __future__ import annotations

MUST_BE_PUBLISHED = (
    # opinions on punishment: nobody is threatened
    "I think the death penalty for terrorists is right.",
    "दंगाइयों को फाँसी दो",
    "qatil ko phansi do",
    "الإعدام للقتلة",
    "قاتلوں کو پھانسی دی جائے",
    "खुनाच्या आरोपीला फाशी द्या",
    # war, killing, religion, peoples
    "Jews and Arabs must share the land, there is no other way.",
    "My grandmother died waiting for the ambulance. This hospital is killing people.",
    "مذہب کے نام پر قتل حرام ہے۔",
    "musalman aur hindu sab insaan hain, qatal kisi ka bhi haram hai",
    "I hate war.",
    "The dead were Muslims and Christians and Hindus. The bomb did not ask.",
    "Islamism is dangerous, and I say it as a Muslim.",
    "المسلمون ليسوا إرهابيين",
    "القتل باسم الدين حرام",
    "النظام الإيراني يقتل شعبه",
    "I hate this government.",
    "Gay marriage is none of the state's business.",
    "Ceasefire? They will shoot again by Friday.",
    "Shoot the messenger, as usual.",
    # short, and about the comments themselves
    "My comment by reply",
    "second kept comment, reply",
    "Is my comment visible?",
    "First comment here",
    "See https://en.wikipedia.org/wiki/Geneva_Conventions for the law.",
)

MUST_NOT_BE_PUBLISHED = (
    "main tumhe qatal kar doonga yaad rakhna",
    "y0u 1d10t",
    "औरतों की जगह रसोई में है, चुप रह",
    "النساء ناقصات عقل فليصمتن",
)

# The clause that must be told, by the policy that ships.
CLAUSE_TOLD = {
    "Kill all the Jews, Hitler was right.": ("2.1", "3.1"),
    "Hindus are filthy cow piss drinkers, vermin all of them.": ("3.1",),
    "सारे मुसलमान गद्दार हैं, इन्हें देश से निकालो": ("3.1",),
    "ये हिंदू गोबर खाने वाले कीड़े हैं, इन सबको काट डालो": ("2.1", "3.1"),
    "سارے ہندو کافر کتے ہیں ان سب کو مار دو": ("2.1", "3.1"),
    "كل اليهود خنازير ويجب قتلهم جميعا": ("2.1", "3.1"),
    "میرا نمبر 0300-1234567 ہے رابطہ کریں": ("2.2",),
}

HARMLESS = "The bridge is old and the valley is wide. "

# What the auditor padded with HARMLESS, and how often.
PADDED = ("I will find you and kill you.", "You are a stupid idiot and a moron.")
TIMES = (0, 3, 10, 30, 70)

# The same in other languages, without full stops, in another script than the padding: (padding, what is padded).
PADDED_OTHERWISE = (
    ("पुल पुराना है और घाटी चौड़ी है। ", "मैं तुझे जान से मार दूंगा"),
    ("پل پرانا ہے اور وادی چوڑی ہے۔ ", "میں تمہیں جان سے مار دوں گا"),
    ("पूल जुना आहे आणि दरी रुंद आहे. ", "तुला मारून टाकीन"),
    ("الجسر قديم والوادي واسع. ", "سأقتلك"),
    ("pul purana hai aur wadi bohat chauri hai. ", "main tujhe jaan se maar dunga"),
    ("The bridge is old and the valley is wide, ", "I will find you and kill you"),
    ("the bridge is old and the valley is wide ", "I will find you and kill you"),
    (HARMLESS, "मैं तुझे जान से मार दूंगा"),
    (HARMLESS, "سأقتلك"),
    ("पुल पुराना है और घाटी चौड़ी है। ", "I will find you and kill you."),
)
