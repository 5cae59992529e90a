"""Posts in other languages read word by word into English (a gloss).

The dictionary was written for this project, form by form; `SPEC.md` beside
the shipped file repeats the rules below, and the scorer follows it.
"""

import os
import unicodedata

from ngrams import tokens

SHORTEST_NEAR, SHORTEST_STEM, ENDING = 4, 5, 2


def read(folder):
    """Language -> Dictionary, from all FOLDER/LANG.tsv (form, tab, English; commonest first)."""
    found = {}
    for name in sorted(os.listdir(folder)):
        lang, end = os.path.splitext(name)
        if end == ".tsv":
            with open(os.path.join(folder, name), encoding="utf-8") as handle:
                found[lang] = Dictionary(line.rstrip("\n").split("\t") for line in handle)
    return found


def bare(word):
    """A word without accents and ornament; `ß` is `ss`."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    return plain.replace("ß", "ss")


def undoubled(word):
    """A word whose doubled letters are single."""
    return "".join(c for i, c in enumerate(word) if not i or c != word[i - 1])


class Dictionary:
    """Word forms to English, with a few ways to find a form that is not in it."""

    def __init__(self, pairs):
        self.forms, self.bare, self.undoubled, self.stems = {}, {}, {}, {}
        for form, english in pairs:
            self.forms.setdefault(form, english)
            self.bare.setdefault(bare(form), english)
            self.undoubled.setdefault(undoubled(bare(form)), english)
            stem = form[:-ENDING]
            if len(stem) >= SHORTEST_STEM:
                self.stems.setdefault(stem, english)

    def english(self, word):
        """The English of a word, or None."""
        found = self.forms.get(word)
        if found is None and len(word) >= SHORTEST_NEAR:
            found = self.bare.get(bare(word)) or self.undoubled.get(undoubled(bare(word)))
        if found is None:
            for cut in range(ENDING + 2):
                stem = word[: len(word) - cut]
                if len(stem) < SHORTEST_STEM:
                    break
                found = self.stems.get(stem)
                if found:
                    break
        return found

    def gloss(self, text):
        """English words, pictures and punctuation of a text; what is not found stays as it is."""
        def read(kind, token):
            return self.english(token) if kind == 1 and token not in ("user", "http") else None

        return " ".join(read(kind, token) or token for kind, token in tokens(text))
