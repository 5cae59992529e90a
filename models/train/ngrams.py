"""Hashed n-gram features of the small multilingual model.

Every rule here is repeated by the scorer in another language (see SPEC.md),
so nothing depends on Unicode tables beyond lower-casing and white space.
"""

import numpy as np
from scipy.sparse import csr_matrix

from textprep import preprocess

PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
                        "\u00a1\u00a7\u00ab\u00b7\u00bb\u00bf\u2013\u2014\u2018\u2019\u201a"
                        "\u201c\u201d\u201e\u2022\u2026\u2039\u203a\u20ac\u00a3\u00b0\u00b4")
SKIPPED = frozenset("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e\ufe0f")
NEGATIONS = frozenset(
    "not no never n't dont don't cant isnt wasnt without "
    "ne n pas jamais rien sans aucun aucune plus "
    "nicht kein keine keinen keiner keinem nie niemals nichts ohne "
    "non mai niente nessun nessuno senza né "
    "nunca nada sin ni tampoco ningún ninguna "
    "não nao nem sem nenhum nenhuma".split())
MAX_CHARS = 4000
FNV_START, FNV_PRIME, WORD64 = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF


def is_picture(char):
    """Emoji and pictographs: each is a token of its own."""
    code = ord(char)
    return 0x1F000 <= code <= 0x1FAFF or 0x2600 <= code <= 0x27BF or 0x2B00 <= code <= 0x2BFF


def kind_of(char):
    """0 space, 1 word, 2 punctuation, 3 picture, 4 skipped."""
    if char in SKIPPED:
        return 4
    if char == " ":
        return 0
    if char in PUNCTUATION:
        return 2
    return 3 if is_picture(char) else 1


def tokens(text):
    """(kind, token) list: words, punctuation runs, single pictures.

    More than two equal characters in a row become two; a punctuation run
    keeps its first four characters.
    """
    found, last = [], 0
    for char in preprocess(text)[:MAX_CHARS].lower():
        kind = kind_of(char)
        if kind == 4:
            continue
        if kind == 0:
            last = 0
        elif kind == last and kind in (1, 2):
            token = found[-1][1]
            if not (token[-2:] == char * 2 or kind == 2 and len(token) >= 4):
                found[-1] = (kind, token + char)
        else:
            found.append((kind, char))
            last = kind
    return found


def features(text, low=2, high=5):
    """Feature strings of one text, with repeats."""
    found, negated, before = [], 0, "^"
    for kind, token in tokens(text):
        found.append("w" + token)
        found.append("b" + before + " " + token)
        before = token
        if kind == 2:
            negated = 0
            continue
        if kind != 1:
            continue
        if negated:
            found.append("n" + token)
            negated -= 1
        if token in NEGATIONS:
            negated = 3
        framed = "<" + token + ">"
        for size in range(low, high + 1):
            for start in range(len(framed) - size + 1):
                found.append("c" + framed[start: start + size])
    return found


def fnv1a(text):
    """64-bit FNV-1a over the UTF-8 bytes."""
    value = FNV_START
    for byte in text.encode("utf-8"):
        value = ((value ^ byte) * FNV_PRIME) & WORD64
    return value


def bucket(text, bits):
    """The bucket of a feature: the hash's upper half folded onto the lower."""
    value = fnv1a(text)
    return (value ^ (value >> 32)) & ((1 << bits) - 1)


class Hasher:
    """Texts to a sparse matrix; hashes are cached, since n-grams repeat."""

    def __init__(self, bits):
        self.bits, self.cache = bits, {}

    def _index(self, feature):
        found = self.cache.get(feature)
        if found is None:
            found = self.cache[feature] = bucket(feature, self.bits)
        return found

    def counts(self, texts):
        """One row a text: 1 + ln(how often the bucket occurs)."""
        heads, columns, values = [0], [], []
        for text in texts:
            counts = {}
            for feature in features(text):
                at = self._index(feature)
                counts[at] = counts.get(at, 0) + 1
            columns.extend(counts)
            values.extend(counts.values())
            heads.append(len(columns))
        values = 1 + np.log(np.array(values, dtype=np.float64))
        return csr_matrix((values, np.array(columns, dtype=np.int32), np.array(heads)),
                          shape=(len(texts), 1 << self.bits))
