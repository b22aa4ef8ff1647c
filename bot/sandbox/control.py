"""The control API: programs and the page drive people through it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from bot.sandbox.asked import answer, flag, message_id, number, object_body, path_id, quantity, text
from bot.sandbox.errors import ControlError
from bot.sandbox.methods.answering import REACTIONS
from bot.sandbox.people import People, button_named
from bot.sandbox.profile import Profile
from bot.sandbox.state import INSIDE, Chat, Json, Kept, Person, World, by_emoji
from bot.sandbox.watch import Watchers

ANSWER_WAIT_S = 10.0
LONGEST_ANSWER_WAIT_S = 60.0
LONGEST_NAME = 64
LONGEST_TITLE = 128
KEEP_ALIVE_S = 15.0


class Control:
    """People, their chats and what they do, over HTTP."""

    def __init__(self, *, world: World, people: People, profile: Profile, watchers: Watchers) -> None:
        self._world = world
        self._people = people
        self._profile = profile
        self._watchers = watchers

    def routes(self) -> list[web.RouteDef]:
        """Where each is."""
        return [
            web.get("/control/users", self._list_users),
            web.post("/control/users", self._add_user),
            web.post("/control/users/{user}/messages", self._write),
            web.post("/control/users/{user}/edits", self._edit),
            web.post("/control/users/{user}/presses", self._press),
            web.post("/control/users/{user}/reactions", self._react),
            web.post("/control/users/{user}/block", self._block),
            web.post("/control/users/{user}/unblock", self._unblock),
            web.get("/control/chats", self._list_chats),
            web.put("/control/chats/{chat}", self._keep_channel),
            web.get("/control/chats/{chat}/messages", self._list_messages),
            web.put("/control/chats/{chat}/members/{user}", self._join),
            web.delete("/control/chats/{chat}/members/{user}", self._leave),
            web.get("/control/commands", self._list_commands),
            web.get("/control/events", self._events),
        ]

    # People.

    async def _list_users(self, request: web.Request) -> web.Response:
        return answer([_shown_person(person) for person in self._world.people.values()])

    async def _add_user(self, request: web.Request) -> web.Response:
        body = await object_body(request)
        id_ = number(body, "id", None, least=1)
        if id_ is None:
            id_ = max(max(self._world.people, default=0) + 1, 3001)
        if id_ == self._world.bot_id:
            raise ControlError(409, "that id is the bot's")
        known = self._world.people.get(id_)
        before = known.user if known is not None else {}
        user: Json = {**before, "id": id_, "is_bot": False, "first_name": text(body, "first_name")}
        if not user["first_name"].strip() or len(user["first_name"]) > LONGEST_NAME:
            raise ControlError(400, f"first_name has 1..{LONGEST_NAME} characters")
        for name in ("last_name", "username", "language_code"):
            if value := text(body, name, ""):
                user[name] = value
            elif name in body:
                user.pop(name, None)
        person = Person(user=user, started=bool(known and known.started), blocked=bool(known and known.blocked))
        self._world.keep_person(person)
        return answer(_shown_person(person))

    async def _block(self, request: web.Request) -> web.Response:
        person = self._person(request)
        self._people.block(person)
        return answer({"blocked": True})

    async def _unblock(self, request: web.Request) -> web.Response:
        person = self._person(request)
        self._people.unblock(person)
        return answer({"blocked": False})

    # What they do.

    async def _write(self, request: web.Request) -> web.Response:
        person, body = self._person(request), await object_body(request)
        message = self._people.write(
            person,
            self._chat_of(person, body),
            text=text(body, "text"),
            reply_to=number(body, "reply_to_message_id", None, least=1),
            force=flag(body, "force"),
        )
        return answer(message)

    async def _edit(self, request: web.Request) -> web.Response:
        person, body = self._person(request), await object_body(request)
        chat = self._chat_of(person, body)
        message = self._people.edit(
            person, chat, message_id=message_id(body), text=text(body, "text"), force=flag(body, "force")
        )
        return answer(message)

    async def _press(self, request: web.Request) -> web.Response:
        person, body = self._person(request), await object_body(request)
        chat, id_ = self._chat_of(person, body), message_id(body)
        if id_ not in chat.kept:
            raise ControlError(404, f"no message {id_} in chat {chat.id}")
        if ("button" in body) == ("data" in body):
            raise ControlError(400, "give either button or data")
        data = text(body, "data", "")
        if "button" in body:
            button = button_named(chat.kept[id_].message, text(body, "button"))
            if button.get("disabled"):
                raise ControlError(409, "the button is disabled")
            if "callback_data" not in button:
                return answer({"answer": None, **{key: button[key] for key in ("url", "copy_text") if key in button}})
            data = button["callback_data"]
        wait_s = quantity(body, "wait_s", ANSWER_WAIT_S, at_most=LONGEST_ANSWER_WAIT_S)
        given = await self._people.press(person, chat, message_id=id_, data=data, wait_s=wait_s)
        return answer({"answer": given})

    async def _react(self, request: web.Request) -> web.Response:
        person, body = self._person(request), await object_body(request)
        emoji = body.get("emoji")
        if emoji is not None and not isinstance(emoji, str):
            raise ControlError(400, "emoji is a text, empty or null to take the reaction back")
        if emoji and emoji.replace("\ufe0f", "") not in REACTIONS:
            raise ControlError(400, "emoji is none that Telegram takes as a reaction")
        chosen = [emoji.replace("\ufe0f", "")] if emoji else []
        self._people.react(person, self._chat_of(person, body), message_id=message_id(body), emoji=chosen)
        return answer({"emoji": emoji or None})

    # Chats.

    async def _list_chats(self, request: web.Request) -> web.Response:
        return answer([self._shown_chat(chat) for chat in self._world.chats.values()])

    async def _keep_channel(self, request: web.Request) -> web.Response:
        """A channel of this id and title, the bot its administrator; one that is there is given the title."""
        body, id_ = await object_body(request), path_id(request, "chat")
        title = text(body, "title").strip()
        if text(body, "type", "channel") != "channel" or not 1 <= len(title) <= LONGEST_TITLE or id_ >= 0:
            raise ControlError(400, f"a channel has an id below 0 and a title of 1..{LONGEST_TITLE} characters")
        known = self._world.chats.get(id_)
        if known is not None and not known.channel:
            raise ControlError(409, "that id is another chat's")
        members = known.members if known is not None else {self._world.bot_id: "administrator"}
        chat = known or Chat(chat={}, members=members)
        chat.chat = {"id": id_, "type": "channel", "title": title}
        self._world.keep_chat(chat)
        return answer(self._shown_chat(chat))

    async def _list_messages(self, request: web.Request) -> web.Response:
        chat = self._chat(request)
        try:
            after = int(request.query.get("after", "0"))
        except ValueError:
            raise ControlError(400, "after is a message id") from None
        return answer([_shown_message(kept) for kept in chat.since(after)])

    async def _join(self, request: web.Request) -> web.Response:
        chat, user = self._group(request), self._anybody(request)
        body = await object_body(request)
        status = text(body, "status", "member")
        if status not in INSIDE:
            raise ControlError(400, f"status is one of {', '.join(sorted(INSIDE))}")
        self._people.set_status(chat, user, status)
        return answer(self._shown_chat(chat))

    async def _leave(self, request: web.Request) -> web.Response:
        chat, user = self._group(request), self._anybody(request)
        status = "kicked" if user["id"] == self._world.bot_id else "left"
        self._people.set_status(chat, user, status)
        return answer(self._shown_chat(chat))

    async def _list_commands(self, request: web.Request) -> web.Response:
        """The bot's commands as ?user= is offered them in ?chat_id= (both optional)."""
        try:
            user_id = int(request.query.get("user", "0"))
            chat_id = int(request.query.get("chat_id", "0")) or user_id
        except ValueError:
            raise ControlError(400, "user and chat_id are ids") from None
        chat, person = self._world.chats.get(chat_id), self._world.people.get(user_id)
        status = chat.members.get(user_id) if chat else None
        commands = self._profile.commands_for(
            chat_id=chat_id,
            private=chat is None or chat.private,
            user_id=user_id,
            administrator=status in ("creator", "administrator"),
            language=person.user.get("language_code", "") if person else "",
        )
        return answer(commands)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events; Last-Event-ID brings what was missed, if it is not too long ago."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        await response.write(b"retry: 500\n\n")
        last = request.headers.get("Last-Event-ID", "")
        changes = self._watchers.changes(after=int(last) if last.isdecimal() else None)
        try:
            await _stream(response, changes)
        finally:
            await changes.aclose()
        return response

    # Finding them.

    def _person(self, request: web.Request) -> Person:
        person = self._world.people.get(path_id(request, "user"))
        if person is None:
            raise ControlError(404, f"no person {request.match_info['user']}")
        return person

    def _anybody(self, request: web.Request) -> Json:
        user = self._world.user(path_id(request, "user"))
        if user is None:
            raise ControlError(404, f"no person {request.match_info['user']}")
        return user

    def _chat(self, request: web.Request) -> Chat:
        chat = self._world.chats.get(path_id(request, "chat"))
        if chat is None:
            raise ControlError(404, f"no chat {request.match_info['chat']}")
        return chat

    def _group(self, request: web.Request) -> Chat:
        chat = self._chat(request)
        if chat.private:
            raise ControlError(400, "a private chat has no members to change")
        return chat

    def _chat_of(self, person: Person, body: Json) -> Chat:
        chat_id = number(body, "chat_id", person.user["id"])
        chat = self._world.chats.get(chat_id if chat_id is not None else person.user["id"])
        if chat is None:
            raise ControlError(404, f"no chat {chat_id}")
        return chat

    def _shown_chat(self, chat: Chat) -> Json:
        members = [
            {"user": user, "status": status}
            for id_, status in chat.members.items()
            if (user := self._world.user(id_)) is not None
        ]
        last = next(reversed(chat.kept.values())).message if chat.kept else None
        return {**chat.chat, "members": members, "last_message_id": chat.last_id, "last_message": last}


async def _stream(response: web.StreamResponse, changes: Any) -> None:
    waiting = asyncio.ensure_future(anext(changes, None))
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=KEEP_ALIVE_S)
            if not done:
                await response.write(b": here\n\n")
                continue
            change = waiting.result()
            if change is None:
                return
            await response.write(f"id: {change.id}\ndata: {json.dumps(change.body)}\n\n".encode("ascii"))
            waiting = asyncio.ensure_future(anext(changes, None))
    except ConnectionError:
        return
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


def _shown_person(person: Person) -> Json:
    return {**person.user, "started": person.started, "blocked": person.blocked}


def _shown_message(kept: Kept) -> Json:
    return {**kept.message, "reactions": by_emoji(kept.reactions)} if kept.reactions else kept.message
