# What readers are told, in English. Values are HTML as Telegram understands it, but for buttons, commands and the
# short answers to a press, which are plain. Keys and variables are the same in every language.

start-choose = <b>Baithak</b>
    Top stories, and a place to talk them over. In which language do you read?
language-saved = Stories will come in English.
welcome =
    <b>Welcome.</b> The top stories come to you here. Reply to any of them, and your comment goes to the site.
    Until you choose otherwise, I send stories from every section.
sections-saved = Saved.

section-world = World
section-politics = Politics
section-business = Business
section-sport = Sport
section-science = Science
section-culture = Culture
section-cities = Cities
section-all = All sections

settings =
    <b>Your settings</b>
    Language: { $language }
    Sections: { $sections }
    Hours: { $hours }
    Stories: { $push ->
        [on] on
       *[off] off; /top still shows you the best
    }
settings-hours = Hours and time zone
settings-words = Words
settings-digest = Digest
settings-language = Language
settings-pause = Stop sending stories
settings-resume = Send me stories

hours =
    <b>When stories may come</b>
    Quiet: { $quiet ->
        [yes] from { $begins } until { $ends }. What comes meanwhile waits until then; breaking news { $breaking ->
            [yes] comes all the same
           *[no] waits too
        }.
       *[no] never; stories come at any hour.
    }
    Stories a day, at most: { $limited ->
        [yes] { $n }
       *[no] no limit
    }
    Your time: { $time } ({ $place })
hours-zones = <b>Which time zone are you in?</b>
hours-short-any = stories come at any hour
hours-short-quiet = quiet from { $begins } until { $ends } ({ $place })
hours-short-daily = at most { $n } stories a day
button-quiet-on = Quiet from { $begins } until { $ends }
button-quiet-begins = Quiet from { $time }
button-quiet-ends = Quiet until { $time }
button-quiet-off = No quiet hours
button-breaking-comes = Breaking news at any hour
button-breaking-waits = Breaking news waits too
button-daily = At most { $n } a day
button-daily-any = No limit a day
button-zones = Another time zone
button-settings-back = Back

digest =
    <b>A digest: the best stories in one message</b>
    It comes { $comes ->
        [yes] every day at { $times } ({ $place })
       *[no] never; press the times at which it should
    }.
    { $comes ->
        [yes] { $alerts ->
            [yes] Stories come one by one as well; the digest has those you were not sent.
            [breaking] Of other stories only breaking news comes by itself.
           *[no] No story comes by itself.
        }
       *[no] Stories come one by one.
    }
digest-heading = <b>Top stories</b> · { $when }
digest-hint = <i>To comment on a story, press its number.</i>
digest-short = digest at { $times }
button-digest-alone = Nothing but the digest
button-digest-besides = Stories one by one as well
digest-none = There is nothing new that you were not sent.
button-digest-now = Send me one now
button-digest-off = No digest

words =
    <b>Words</b>
    A story with a word you follow comes from any section. One with a word you mute does not come by itself.
    Following: { $follows }
    Muted: { $mutes }
words-none = none
button-word-follow = Follow a word
button-word-mute = Mute a word
word-follow = Which word or name do you want to follow? Write it as your next message.
word-mute = Which word or name do you want to mute? Write it as your next message.
word-placeholder = A word or a name
word-unknown = That is no word I can look for: two letters to { $letters }, and at most { $words } words. Write another one, or send any command to leave it.
word-many = You have { $n } already. Take one away first.

stopped = I have stopped sending stories. Your comments stay where they are. /start brings the stories back.
stopped-already = I am not sending you any stories. /start brings them back.
stories-again = <b>Stories come again.</b> /stop ends them.
top-none = There is no story in this language yet. The first one will come by itself.
story-unknown = I can’t find that story any more. /top has the current ones.
story-corrected = ✎ Corrected by the newsroom.
story-recalled = <b>This story was taken back by the newsroom.</b>

button-comment = Comment
button-comments = Comments ({ $n })
button-read = Read
button-share = Share
button-more = More comments
button-agree = I agree

compose-prompt =
    Write your comment on “{ $title }” as your next message.
    To leave it, send any command, for example /top.
compose-placeholder = Your comment
how-to-comment = To comment, reply to a story or press its <b>Comment</b> button, then write. /top brings you the current stories.
rest-not-taken = Your comment was longer than one message can be. Its first part was received; this rest was not. You may edit the first message to make it shorter, or leave it as it is.
reply-unknown = That message is no story, so I don’t know where your comment belongs. Reply to a story or to a comment, or press /top.

terms-ask =
    Before your first comment, here is what we ask of everyone. /terms has the full words.
terms-kept = Your comment is kept, and sent as soon as you agree.
terms-current = These are the terms now.
terms-agreed = Thank you.
terms-not-agreed = You have not agreed to these terms yet; you are asked before your first comment.
write-now = Thank you. Now write your comment as your next message.

refused-empty = There is nothing to read in that message, so it wasn’t sent. Please write your comment in words.
refused-too_long = That comment is too long. { $at_most } characters fit; please shorten it and send it again.
refused-not_text = I can only take a comment in writing, so this one wasn’t sent. Please write it as text.
refused-bad_characters = Part of that message can’t be read, so it wasn’t sent. Please write it again.
refused-forwarded = That is a forwarded message, so it wasn’t sent. Please say it in your own words.
refused-drafts = I am keeping { $n ->
        [one] one comment
       *[other] { $n } comments
    } of yours until you agree to the terms. Please agree first.
refused-parent = The comment you answered no longer stands, so your answer wasn’t sent.
refused-gone = That comment no longer stands on the site, so editing it changes nothing.
refused-closed = Comments on this story are closed, so this one wasn’t sent.
refused-closed_edit = Comments on this story are closed, so your edit wasn’t taken. What you wrote before stays as it is.
edit-unknown = That message is no comment of yours, so editing it changes nothing. Please send it as a new message.

throttled = You are faster than I am. Give me a minute; what you sent just now wasn’t taken.
unknown-command = I don’t know that command. /help lists those I do.
old-button = This button no longer works. /top brings the current stories.
answer-closed = Comments on this story are closed.
failed = Something went wrong on our side, and that message wasn’t taken. Please send it again in a little while.

comments-heading = { $n ->
        [one] <b>One comment</b> on “{ $title }”.
       *[other] <b>{ $n } comments</b> on “{ $title }”.
    } To answer one, reply to it.
comments-none = Nobody has commented on “{ $title }” yet. To be the first, reply to this message, or press <b>Comment</b> and write.
comments-closed = Comments on “{ $title }” are closed.
comment-edited = edited
comment-answers = answers { $name }

mycomments-none = You have not commented yet. Reply to a story to begin.
mycomments = <b>Your latest comments</b>
status-received = being read
status-held = with a moderator
status-published = published
status-rejected = not published
status-removed = removed
status-withdrawn = withdrawn

notice-received = Received. We are reading it and will tell you here what becomes of it.
notice-received-edit = Received: your edited comment. We are reading it and will tell you here what becomes of it.
notice-published = Published. { $link }
notice-published-edit = Published: your edited comment now stands. { $link }
notice-published-moderator = Published: a moderator has read and approved it. { $link }
notice-held = Held: a moderator is reading it, and you will be told what they decide.
notice-held-edit = Held: a moderator is reading your edit. Until they decide, your earlier text stands.
notice-held-again = Held: a moderator is looking at it once more.
notice-held-reading = Held: right now a person reads every comment before it is published. Nothing is wrong with yours, and you will be told what becomes of it.
notice-held-reading-edit = Held: right now a person reads every comment before it is published, your edit too. Until then your earlier text stands.
notice-rejected =
    Not published: clause { $clause } — { $title }.
    { $words }
notice-rejected-moderator =
    Not published: a moderator decided under clause { $clause } — { $title }.
    { $words }
notice-rejected-plain = Not published.
notice-rejected-stands = Your earlier text stands.
notice-rejected-edit = You can edit your message; it is then read again.
notice-removed = Removed: your comment no longer stands on the site.
notice-replaced = Replaced by your edited comment.
notice-link = See it on the site

privacy =
    <b>What we keep about you</b>
    Your Telegram number and first name, your language, sections, words and hours, which stories were sent to you and which you opened, on which day you last used the bot, your comments with every edit of them, what was decided about each and why, and when you agreed to the terms.
    On the site, others see your first name and your published comments, nothing else.
    Moderators see your first name, your comment, and how many of yours were published or not. Nobody here sees your telephone number.
    /mydata gives you all of it as a file. /forget erases it; what was decided about your comments is kept, without words and name.
mydata =
    <b>Your data</b>
    Comments: { $comments }
    Stories sent to you: { $stories }
    The file holds everything we keep about you, word for word.
mydata-held = Kept by law: { $n }. The text of these stays even if you ask for it to be erased, but nobody sees it then.
forget-ask =
    <b>Erase everything?</b>
    Your comments disappear from the site, and with them what we keep about you: your name, your language, your settings, every word. What was decided about them is kept, without words and name. This can’t be undone. /mydata gives you a copy first.
forget-kept = Nothing was erased.
forgotten =
    <b>Erased.</b> What was decided about your comments is kept, without words and name. If you write again, we begin anew.
    What stands in this chat is in your hands: you can delete it in Telegram.
forgotten-held = By law we must keep the text of these comments for now: { $n }. Nobody sees them on the site, and they go as soon as the law allows.
button-forget-yes = Erase everything
button-forget-no = Keep it
help =
    <b>What I can do</b>
    /top – the current top stories
    /settings – sections, hours, and stories on or off
    /language – another language
    /stop – no more stories
    /comments – comments on the latest story
    /mycomments – your comments and what became of them
    /terms – the terms for comments
    /privacy – what we keep about you
    /mydata – all of it, as a file
    /forget – erase it all
    To comment, reply to a story or press its <b>Comment</b> button. Edit your message, and the comment is edited too.

command-start = Begin, or choose a language
command-top = The current top stories
command-settings = Sections, hours; stories on or off
command-language = Another language
command-comments = Comments on the latest story
command-mycomments = Your comments
command-terms = The terms for comments
command-privacy = What we keep about you
command-mydata = Everything we keep about you, as a file
command-forget = Erase everything about you
command-stop = No more stories
command-help = What I can do
