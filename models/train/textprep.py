"""Text preprocessing shared by every model.

The scorer repeats these steps in another language, so they are kept to two
regular expressions and a whitespace rule; nothing else happens to a text
before the tokenizer or the n-gram hasher sees it.
"""

import re
import unicodedata

# Unicode White_Space, spelled out: Python's own \s also takes U+001C..1F.
BLANK = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
URL = re.compile(f"https?://[^{BLANK}]+")
MENTION = re.compile(r"@[A-Za-z0-9_]+(@[A-Za-z0-9_.-]+)?")
SPACE = re.compile(f"[{BLANK}]+")
NOT_WORD = re.compile(r"\W+")


def preprocess(text):
    """URLs become `http`, mentions `@user`, whitespace runs one space."""
    text = URL.sub("http", text)
    text = MENTION.sub("@user", text)
    return SPACE.sub(" ", text).strip(" ")


def text_key(text):
    """A key under which near copies of a post are equal.

    Used to keep held-out texts out of training: mentions, links, case and
    punctuation differ between re-uploads of the same post.
    """
    text = MENTION.sub("", URL.sub("", text))
    return NOT_WORD.sub("", text.lower())


def is_emoji(char):
    """Whether a character is a pictograph worth its own vocabulary entry."""
    code = ord(char)
    if 0x1F000 <= code <= 0x1FAFF:
        return True
    return 0x2190 <= code <= 0x2BFF and unicodedata.category(char) == "So"
