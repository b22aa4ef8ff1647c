# ما يُقال للقرّاء، بالعربية.

start-choose = <b>بيثك</b>
    أهم الأخبار، ومكان للحديث عنها. بأي لغة تقرأ؟
language-saved = ستصلك الأخبار بالعربية.
welcome =
    <b>أهلًا بك.</b> ستصلك أهم الأخبار هنا. ردّ على أي خبر منها، فيصل تعليقك إلى الموقع.
    وإلى أن تختار غير ذلك، ستصلك أخبار كل الأقسام.
sections-saved = حُفظ اختيارك.

section-world = العالم
section-politics = السياسة
section-business = الاقتصاد
section-sport = الرياضة
section-science = العلوم
section-culture = الثقافة
section-cities = المدن
section-all = كل الأقسام

settings =
    <b>إعداداتك</b>
    اللغة: { $language }
    الأقسام: { $sections }
    الأخبار: { $push ->
        [on] تصلك فور ورودها
       *[off] لا تُرسل إليك؛ ويمكنك الاطلاع على أهمها عبر /top
    }
settings-language = اللغة
settings-pause = أوقف إرسال الأخبار
settings-resume = أرسل إليّ الأخبار

stopped = توقّف إرسال الأخبار إليك، وتعليقاتك باقية في مكانها. أرسل /start لتعود الأخبار.
stopped-already = لا تُرسل إليك أخبار الآن. أرسل /start لتعود.
top-none = لا أخبار بهذه اللغة بعد. سيصلك أول خبر من تلقاء نفسه.
story-unknown = لم أعد أجد هذا الخبر. أرسل /top لترى الأخبار الحالية.

button-comment = علّق
button-comments = التعليقات ({ $n })
button-read = اقرأ
button-share = شارك
button-more = مزيد من التعليقات
button-agree = أوافق

compose-prompt =
    اكتب تعليقك على «{ $title }» في رسالتك التالية.
    وإن عدلت عن ذلك فأرسل أي أمر، مثل /top.
compose-placeholder = تعليقك
how-to-comment = للتعليق، ردّ على خبر أو اضغط زر <b>علّق</b> تحته ثم اكتب. أرسل /top لترى الأخبار الحالية.
reply-unknown = هذه الرسالة ليست خبرًا، فلا أعرف أين يوضع تعليقك. ردّ على خبر أو على تعليق، أو أرسل /top.

terms-ask =
    قبل تعليقك الأول، هذا ما نطلبه من الجميع. والنص الكامل في /terms.
terms-kept = تعليقك محفوظ، وسيُرسل فور موافقتك.
terms-current = هذه هي الشروط الآن.
terms-agreed = شكرًا لك.
terms-agreed-note = وافقت على هذه الشروط في { $date }.
terms-not-agreed = لم توافق على هذه الشروط بعد؛ ستُسأل عنها قبل تعليقك الأول.
write-now = شكرًا لك. اكتب الآن تعليقك في رسالتك التالية.

refused-empty = ليس في هذه الرسالة ما يُقرأ، فلم تُرسل. اكتب تعليقك بالكلمات.
refused-too_long = هذا التعليق طويل. الحد الأقصى { $at_most } حرف؛ اختصره وأرسله من جديد.
refused-not_text = لا أستطيع أن أقبل التعليق إلا مكتوبًا، فلم يُرسل هذا. اكتبه نصًّا من فضلك.
refused-bad_characters = جزء من هذه الرسالة لا يمكن قراءته، فلم تُرسل. اكتبها من جديد من فضلك.
refused-forwarded = هذه رسالة معاد توجيهها، فلم تُقبل تعليقًا. قل رأيك بكلماتك أنت.
refused-drafts = { $n ->
        [zero] لا تعليق لك ينتظر
        [one] لك تعليق واحد ينتظر
        [two] لك تعليقان ينتظران
        [few] لك { $n } تعليقات تنتظر
        [many] لك { $n } تعليقًا تنتظر
       *[other] لك { $n } تعليق تنتظر
    } موافقتك على الشروط. وافق عليها أولًا من فضلك.
refused-parent = التعليق الذي رددت عليه لم يعد منشورًا، فلم يُرسل ردّك.
refused-gone = هذا التعليق لم يعد على الموقع، فلا أثر لتعديله.

throttled = أنت أسرع مني. أمهلني دقيقة؛ ما أرسلته الآن لم يُقبل.
unknown-command = لا أعرف هذا الأمر. أرسل /help لترى ما أعرفه.
old-button = هذا الزر لم يعد يعمل. أرسل /top لترى الأخبار الحالية.
failed = حدث خلل من جانبنا ولم نتمكن من قبول رسالتك. أرسلها من جديد بعد قليل.

comments-heading = { $n ->
        [zero] <b>لا تعليقات</b> على «{ $title }».
        [one] <b>تعليق واحد</b> على «{ $title }».
        [two] <b>تعليقان</b> على «{ $title }».
        [few] <b>{ $n } تعليقات</b> على «{ $title }».
        [many] <b>{ $n } تعليقًا</b> على «{ $title }».
       *[other] <b>{ $n } تعليق</b> على «{ $title }».
    } للإجابة عن تعليق، ردّ عليه.
comments-none = لم يعلّق أحد على «{ $title }» بعد. ردّ على هذه الرسالة لتكون أول من يعلّق.
comment-edited = معدَّل
comment-answers = ردًّا على { $name }

mycomments-none = لم تعلّق بعد. ردّ على خبر لتبدأ.
mycomments = <b>أحدث تعليقاتك</b>
status-received = قيد القراءة
status-held = لدى المشرف
status-published = نُشر
status-rejected = لم يُنشر
status-removed = أُزيل
status-withdrawn = سُحب

notice-received = وصل تعليقك. نحن نقرؤه، وسنخبرك هنا بما يتقرّر.
notice-received-edit = وصل تعليقك المعدَّل. نحن نقرؤه، وسنخبرك هنا بما يتقرّر.
notice-published = نُشر. { $link }
notice-published-edit = نُشر: تعليقك المعدَّل هو المنشور الآن. { $link }
notice-published-moderator = نُشر: قرأه المشرف ووافق عليه. { $link }
notice-held = أُوقف مؤقتًا: المشرف يقرؤه، وستُخبَر بقراره.
notice-held-edit = أُوقف مؤقتًا: المشرف يقرأ تعديلك، ويبقى نصّك السابق منشورًا إلى أن يقرّر.
notice-held-again = أُوقف مؤقتًا: المشرف ينظر فيه مرة أخرى.
notice-rejected =
    لم يُنشر: البند { $clause } — { $title }.
    { $words }
notice-rejected-moderator =
    لم يُنشر: قرّر المشرف ذلك بموجب البند { $clause } — { $title }.
    { $words }
notice-rejected-plain = لم يُنشر.
notice-rejected-stands = نصّك السابق باقٍ على الموقع.
notice-rejected-edit = يمكنك تعديل رسالتك، فتُقرأ من جديد.
notice-removed = أُزيل: لم يعد تعليقك على الموقع.
notice-replaced = حلّ محلّه تعليقك المعدَّل.
notice-link = شاهده على الموقع
notice-story = الخبر: { $title }

privacy =
    <b>ما نحتفظ به عنك</b>
    رقم معرّفك في تيليغرام واسمك، ولغتك والأقسام التي اخترتها، والأخبار التي أُرسلت إليك، وتعليقاتك بكل تعديلاتها، وما تقرّر في كل منها وسببه، ووقت موافقتك على الشروط.
    على الموقع لا يرى الآخرون سوى اسمك وتعليقاتك المنشورة.
    ويرى المشرفون اسمك وتعليقك، وعدد ما نُشر من تعليقاتك وما لم يُنشر. ولا أحد هنا يرى رقم هاتفك.
help =
    <b>ما أستطيع فعله</b>
    /top – أهم الأخبار الآن
    /settings – الأقسام، وإرسال الأخبار أو إيقافه
    /language – لغة أخرى
    /stop – إيقاف الأخبار
    /comments – التعليقات على أحدث خبر
    /mycomments – تعليقاتك وما آلت إليه
    /terms – شروط التعليق
    /privacy – ما نحتفظ به عنك
    للتعليق، ردّ على خبر أو اضغط زر <b>علّق</b>. وإذا عدّلت رسالتك تعدّل التعليق معها.

command-start = البداية، أو اختيار اللغة
command-top = أهم الأخبار الآن
command-settings = الأقسام، وإرسال الأخبار أو إيقافه
command-language = لغة أخرى
command-comments = التعليقات على أحدث خبر
command-mycomments = تعليقاتك
command-terms = شروط التعليق
command-privacy = ما نحتفظ به عنك
command-stop = إيقاف الأخبار
command-help = ما أستطيع فعله
