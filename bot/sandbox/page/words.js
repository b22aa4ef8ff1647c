// What the page itself says, in the language of the person whose window it is.

const RIGHT_TO_LEFT = new Set(["ar", "ur", "fa", "he", "ps", "sd"]);

const WORDS = {
  en: {
    write: "Message", start: "Start", restart: "Unblock and restart", send: "Send", reply: "Reply", edit: "Edit",
    copy: "Copy text", bot: "bot", typing: "typing…", connecting: "connecting…", members: "{n} members", edited: "edited",
    today: "Today", yesterday: "Yesterday", unread: "Unread messages", chats: "Chats", more: "More", block: "Block the bot",
    unblock: "Unblock the bot", join: "Join {name}", leave: "Leave the group", commands: "Commands", cancel: "Cancel",
    editing: "Editing", forwarded: "Forwarded from {name}", photo: "Photo", voice: "Voice message", sticker: "Sticker",
    file: "File", unknown: "A message this page cannot show", latest: "To the latest message", ok: "OK", earlier: "Earlier messages",
    gone: "Message not here any more", joined: "{name} joined the group", left: "{name} left the group", pinned: "{name} pinned a message",
    empty: "No messages here yet", intro: "Press Start below to begin.", reactions: "React with {emoji}", you: "You",
    change: "Change the person", copied: "Copied", actions: "Message actions", attach: "Send something else", forwardedMessage: "Forwarded message",
  },
  ur: {
    write: "پیغام", start: "شروع کریں", restart: "بلاک ہٹائیں", send: "بھیجیں", reply: "جواب دیں", edit: "ترمیم",
    copy: "متن کاپی کریں", bot: "بوٹ", typing: "لکھ رہا ہے…", connecting: "رابطہ ہو رہا ہے…", members: "{n} ارکان", edited: "ترمیم شدہ",
    today: "آج", yesterday: "کل", unread: "نئے پیغامات", chats: "چیٹس", more: "مزید", block: "بوٹ کو بلاک کریں",
    unblock: "بوٹ سے بلاک ہٹائیں", join: "{name} میں شامل ہوں", leave: "گروپ چھوڑیں", commands: "احکامات", cancel: "منسوخ",
    editing: "ترمیم", forwarded: "{name} سے آگے بھیجا گیا", photo: "تصویر", voice: "صوتی پیغام", sticker: "اسٹیکر",
    file: "فائل", unknown: "یہ پیغام یہاں دکھایا نہیں جا سکتا", latest: "تازہ ترین پیغام پر جائیں", ok: "ٹھیک ہے", earlier: "پرانے پیغامات",
    gone: "یہ پیغام اب یہاں نہیں", joined: "{name} گروپ میں شامل ہوئے", left: "{name} نے گروپ چھوڑ دیا", pinned: "{name} نے پیغام پن کیا",
    empty: "ابھی کوئی پیغام نہیں", intro: "شروع کرنے کے لیے نیچے بٹن دبائیں۔", reactions: "{emoji} سے ردعمل دیں", you: "آپ",
    change: "شخص بدلیں", copied: "کاپی ہو گیا", actions: "پیغام کے اختیارات", attach: "کچھ اور بھیجیں", forwardedMessage: "آگے بھیجا گیا پیغام",
  },
  hi: {
    write: "संदेश", start: "शुरू करें", restart: "अनब्लॉक करें", send: "भेजें", reply: "जवाब दें", edit: "बदलें",
    copy: "टेक्स्ट कॉपी करें", bot: "बॉट", typing: "लिख रहा है…", connecting: "जुड़ रहा है…", members: "{n} सदस्य", edited: "बदला गया",
    today: "आज", yesterday: "कल", unread: "नए संदेश", chats: "चैट", more: "और", block: "बॉट को ब्लॉक करें",
    unblock: "बॉट को अनब्लॉक करें", join: "{name} में शामिल हों", leave: "समूह छोड़ें", commands: "कमांड", cancel: "रद्द करें",
    editing: "बदलाव", forwarded: "{name} से आगे भेजा गया", photo: "फ़ोटो", voice: "आवाज़ संदेश", sticker: "स्टिकर",
    file: "फ़ाइल", unknown: "यह संदेश यहाँ नहीं दिखाया जा सकता", latest: "सबसे नए संदेश पर जाएँ", ok: "ठीक है", earlier: "पुराने संदेश",
    gone: "यह संदेश अब यहाँ नहीं है", joined: "{name} समूह में आए", left: "{name} ने समूह छोड़ा", pinned: "{name} ने संदेश पिन किया",
    empty: "अभी कोई संदेश नहीं", intro: "शुरू करने के लिए नीचे बटन दबाएँ।", reactions: "{emoji} से प्रतिक्रिया दें", you: "आप",
    change: "व्यक्ति बदलें", copied: "कॉपी हुआ", actions: "संदेश के विकल्प", attach: "कुछ और भेजें", forwardedMessage: "आगे भेजा गया संदेश",
  },
  mr: {
    write: "संदेश", start: "सुरू करा", restart: "अनब्लॉक करा", send: "पाठवा", reply: "उत्तर द्या", edit: "बदला",
    copy: "मजकूर कॉपी करा", bot: "बॉट", typing: "लिहित आहे…", connecting: "जोडत आहे…", members: "{n} सदस्य", edited: "बदललेला",
    today: "आज", yesterday: "काल", unread: "नवे संदेश", chats: "चॅट", more: "आणखी", block: "बॉटला ब्लॉक करा",
    unblock: "बॉटला अनब्लॉक करा", join: "{name} मध्ये सामील व्हा", leave: "गट सोडा", commands: "आदेश", cancel: "रद्द करा",
    editing: "बदल", forwarded: "{name} कडून पुढे पाठवले", photo: "फोटो", voice: "आवाजी संदेश", sticker: "स्टिकर",
    file: "फाइल", unknown: "हा संदेश इथे दाखवता येत नाही", latest: "ताज्या संदेशाकडे जा", ok: "ठीक आहे", earlier: "जुने संदेश",
    gone: "हा संदेश आता इथे नाही", joined: "{name} गटात आले", left: "{name} यांनी गट सोडला", pinned: "{name} यांनी संदेश पिन केला",
    empty: "अजून एकही संदेश नाही", intro: "सुरू करण्यासाठी खालचे बटण दाबा.", reactions: "{emoji} ने प्रतिसाद द्या", you: "तुम्ही",
    change: "व्यक्ती बदला", copied: "कॉपी झाले", actions: "संदेशाचे पर्याय", attach: "दुसरे काही पाठवा", forwardedMessage: "पुढे पाठवलेला संदेश",
  },
  ar: {
    write: "رسالة", start: "ابدأ", restart: "إلغاء الحظر", send: "إرسال", reply: "رد", edit: "تعديل",
    copy: "نسخ النص", bot: "بوت", typing: "يكتب…", connecting: "جارٍ الاتصال…", members: "{n} أعضاء", edited: "معدّلة",
    today: "اليوم", yesterday: "أمس", unread: "رسائل جديدة", chats: "الدردشات", more: "المزيد", block: "حظر البوت",
    unblock: "إلغاء حظر البوت", join: "الانضمام إلى {name}", leave: "مغادرة المجموعة", commands: "الأوامر", cancel: "إلغاء",
    editing: "تعديل", forwarded: "محوّلة من {name}", photo: "صورة", voice: "رسالة صوتية", sticker: "ملصق",
    file: "ملف", unknown: "لا يمكن عرض هذه الرسالة هنا", latest: "إلى أحدث رسالة", ok: "حسنًا", earlier: "رسائل أقدم",
    gone: "لم تعد هذه الرسالة هنا", joined: "انضم {name} إلى المجموعة", left: "غادر {name} المجموعة", pinned: "ثبّت {name} رسالة",
    empty: "لا رسائل بعد", intro: "اضغط الزر أدناه للبدء.", reactions: "تفاعل بـ {emoji}", you: "أنت",
    change: "تغيير الشخص", copied: "تم النسخ", actions: "خيارات الرسالة", attach: "إرسال شيء آخر", forwardedMessage: "رسالة محوّلة",
  },
};

export const LANGUAGES = [["en", "English"], ["ur", "اردو"], ["hi", "हिन्दी"], ["mr", "मराठी"], ["ar", "العربية"]];

/** The language the page speaks to this person: their own where we have it, else English. */
export function languageOf(person) {
  const code = (person?.language_code ?? "en").split("-")[0];
  return code in WORDS ? code : "en";
}

export function directionOf(language) {
  return RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
}

/** Words of one language: `say("members", {n: 3})`. Raises on a word nobody wrote. */
export function speaker(language) {
  const words = WORDS[language] ?? WORDS.en;
  return (key, values = {}) => {
    if (!(key in words)) throw new Error(`no word ${key} in ${language}`);
    return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  };
}

/** Hours and minutes of a Bot API date (seconds). */
export function clockTime(seconds, language) {
  return new Date(seconds * 1000).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hour12: false });
}

/** The day of a Bot API date as people say it. */
export function dayName(seconds, language) {
  const say = speaker(language);
  const day = new Date(seconds * 1000);
  const now = new Date();
  if (day.toDateString() === now.toDateString()) return say("today");
  now.setDate(now.getDate() - 1);
  if (day.toDateString() === now.toDateString()) return say("yesterday");
  return day.toLocaleDateString(language, { day: "numeric", month: "long" });
}
