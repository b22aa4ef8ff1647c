// What a person may send beside text: samples, since the sandbox's people have no gallery.

const file = (name) => ({ file_id: `person-${name}`, file_unique_id: name });

/** Each has a word for its name, a sign, and `content()`: the fields of a Bot API Message that holds it. */
export const ATTACHMENTS = [
  { word: "photo", sign: "🖼", content: () => ({ photo: [{ ...file("photo"), width: 640, height: 480 }] }) },
  {
    word: "voice",
    sign: "🎤",
    content: () => ({ voice: { ...file("voice"), duration: 4, mime_type: "audio/ogg" } }),
  },
  {
    word: "sticker",
    sign: "🙂",
    content: () => ({
      sticker: {
        ...file("sticker"),
        type: "regular",
        width: 512,
        height: 512,
        is_animated: false,
        is_video: false,
        emoji: "🙏",
      },
    }),
  },
  {
    word: "file",
    sign: "📎",
    content: () => ({ document: { ...file("document"), file_name: "letter.pdf", mime_type: "application/pdf" } }),
  },
  {
    word: "forwardedMessage",
    sign: "↪",
    content: () => ({
      text: "Somebody else's words, passed on.",
      forward_origin: { type: "hidden_user", sender_user_name: "A neighbour", date: 1 },
    }),
  },
];
