"""Signs of feeling that writers put into their posts: emoji, emoticons, interjections.

They are labels that nobody had to give (Felbo et al., DeepMoji, 2017): a post
loses its signs, and the encoder learns to tell from the rest which they were.
"""

import re
from collections import Counter

from textprep import SPACE, is_emoji

# One sign in several spellings. Hearts are one sign whatever their colour.
SPELLINGS = {
    "smile": ":) :-) =) :] =] (: (= ^_^ ^^ ☺ 😊 🙂", "grin": ":D :-D =D XD xD 😀 😁 😃 😄 😆",
    "wink": ";) ;-) ;] ;D 😉", "tongue": ":P :p :-P :-p =P =p 😛 😜 😝", "sad": ":( :-( =( :[ ): 😞 😔 ☹ 🙁",
    "cry": ":'( ;( 😢 😭", "unsure": ":/ :-/ =/ :\\ :-\\ =\\ 😕", "flat": ":| :-| -_- -.- 😐 😑",
    "heart": "<3 ♥ ❤ ♡ 💕 💖 💗 💓 💜 💙 💚 💛 🧡 💞 💘", "broken heart": "</3 💔", "shock": ":O :o :-O o_O O_o 😱 😳",
    "laugh": "😂 🤣", "lol": "lol lmao lmfao rofl", "haha": "haha hahaha hahahaha hehe hehehe",
    "omg": "omg omfg", "wtf": "wtf wth", "ugh": "ugh argh argh grr smh", "yay": "yay woohoo woot yeah yea",
    "wow": "wow whoa", "aww": "aww awww awe", "damn": "damn dammit fuck fucking shit", "sigh": "sigh meh bah",
    "thanks": "thanks thx thankyou", "please": "please pls plz", "sorry": "sorry", "sad word": "sadly unfortunately",
    "happy word": "finally congrats congratulations cheers",
}
OF_SPELLING = {spelling: name for name, group in SPELLINGS.items() for spelling in group.split()}
# Parts of composed emoji that say nothing by themselves: skin, sex, flag letters, joiners.
BARE = re.compile("[\u200d\ufe0e\ufe0f\u2640\u2642\U0001f3fb-\U0001f3ff\U0001f1e6-\U0001f1ff]")
TRAILING = ".,!?;:)\"'*…~"
MOST = 64


def pieces(text):
    """(piece, sign or None): the words of a text, emoji apart from them."""
    for word in BARE.sub("", text).split(" "):
        part = ""
        for char in word:
            if is_emoji(char) or char in OF_SPELLING:
                if part:
                    yield part, _sign(part)
                yield char, OF_SPELLING.get(char, char)
                part = ""
            else:
                part += char
        if part:
            yield part, _sign(part)


def _sign(word):
    """The sign that a word is, perhaps with punctuation after it."""
    return OF_SPELLING.get(word) or OF_SPELLING.get(word.rstrip(TRAILING).lower())


def common(texts):
    """The commonest signs, most frequent first; the place of one is its class."""
    counts = Counter(sign for text in texts for sign in {s for _, s in pieces(text) if s})
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return {sign: i for i, (sign, _) in enumerate(ranked[:MOST])}


def without(text, classes, rng):
    """(text without signs, one of its signs as a class or None)."""
    parts = list(pieces(text))
    found = sorted({classes[s] for _, s in parts if s in classes})
    if not found:
        return text, None
    rest = " ".join(piece for piece, s in parts if s not in classes)
    return SPACE.sub(" ", rest).strip(" "), rng.choice(found)
