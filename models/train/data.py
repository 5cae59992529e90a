"""Reading the labelled sets and turning them into training rows.

A row is a dict: `text` (preprocessed), `task` (which head its label is for),
`y` (class index, list of emotion indices or a float), `w` (loss weight) and
`sev` (severity target 0..1, or None; `sev_w` its weight).
"""

import functools
import hashlib
import lzma
import os
import random

from textprep import is_emoji, preprocess, text_key

HOLDOUT_PERCENT = 7
WEAK_TASKS = {"entity": 3, "tse": 3, "emotion": 28, "valence": 1}
SEVERITY = {-2: 1.0, -1: 0.85, 0: 0.25, 1: 0.06, 2: 0.0}
# Of posts that have a class but no five points: the mean target of such posts that have both.
SEVERITY_OF_CLASS = (0.61, 0.24, 0.08)
# Of one's own posts with points: a severe one must stand out from a plain complaint.
SEVERITY_OF_OWN = {-2: 1.0, -1: 0.45, 0: 0.15, 1: 0.05, 2: 0.0}
CLASSES = {"negative": 0, "neutral": 1, "positive": 2, "0": 0, "1": 1, "2": 2}
LANGUAGES = ("fr", "de", "it", "es", "pt")
EMOTIONS = (
    "admiration amusement anger annoyance approval caring confusion curiosity "
    "desire disappointment disapproval disgust embarrassment excitement fear "
    "gratitude grief joy love nervousness neutral optimism pride realization "
    "relief remorse sadness surprise"
).split()


def read_tsv(path):
    """Rows of a TSV file as dicts; quotes are plain characters, a byte order mark is none."""
    with open(path, encoding="utf-8-sig") as handle:
        head = handle.readline().rstrip("\n").split("\t")
        return [dict(zip(head, line.rstrip("\n").split("\t"))) for line in handle]


def held_out(text):
    """Whether a text belongs to the held-out part, decided by the text alone.

    Hashing the text (not the row) keeps every copy of one post on one side,
    also across data sets.
    """
    digest = hashlib.sha1(text_key(text).encode("utf-8")).digest()
    return int.from_bytes(digest[:4], "big") % 100 < HOLDOUT_PERCENT


def severity_target(points):
    """Five-point labels (-2..2, one a topic) to 0..1, 1 being most negative.

    Uneven steps: what matters is who leads, so the step from nought to
    negative is large, and those between shades of positive are small.
    """
    return sum(SEVERITY[p] for p in points) / len(points)


def five_points(folder):
    """Text key -> (text, its five-point labels, one a topic, the part it is from)."""
    found = {}
    for row in read_tsv(os.path.join(folder, "semeval_topic", "train.tsv")):
        try:
            points = int(row["orig_label"])
        except ValueError:
            continue
        key = text_key(row["text"])
        found.setdefault(key, (row["text"], [], row["split"]))[1].append(points)
    return found


def gold_rows(folder):
    """(training rows, held-out rows) for the main head and severity."""
    points = five_points(folder)
    train, hold, seen = [], [], set()
    for row in read_tsv(os.path.join(folder, "semeval_tweeteval", "train.tsv")):
        key, label = text_key(row["text"]), int(row["label"])
        seen.add(key)
        sev = severity_target(points[key][1]) if key in points else SEVERITY_OF_CLASS[label]
        item = {"text": preprocess(row["text"]), "task": "main", "y": label, "w": 1.0,
                "sev": sev, "sev_w": 1.0 if key in points else 0.5}
        (hold if held_out(row["text"]) else train).append(item)
    for key, (text, found, _) in points.items():
        if key in seen or held_out(text):
            continue
        label = 0 if sum(found) < 0 else 2 if sum(found) > 0 else 1
        train.append({"text": preprocess(text), "task": "main", "y": label, "w": 0.4,
                      "sev": severity_target(found), "sev_w": 1.0})
    return train, hold


def own_rows(path, barred):
    """(training rows, held-out rows) of one's own labelled posts, and how many were left out.

    Left out are those that are not English, and those whose text keys are `barred`.

    Columns `label` (0 to 2, or the names), `text`, perhaps `lang` and `points`
    (-2 to 2): what `ebb model labels` writes. Raises ValueError, with the line.
    """
    train, hold, left_out = [], [], 0
    for number, row in enumerate(read_tsv(path), 2):
        try:
            label, text = CLASSES[row["label"]], row["text"]
            points = int(row["points"]) if row.get("points") else None
            severity = SEVERITY_OF_CLASS[label] if points is None else SEVERITY_OF_OWN[points]
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path}, line {number}: {error} is no label, points or column that is known") from error
        if row.get("lang", "").lower()[:2] not in ("", "en") or text_key(text) in barred:
            left_out += 1
            continue
        item = {"text": preprocess(text), "task": "main", "y": label, "w": 0.5, "sev": severity, "sev_w": 0.5}
        (hold if held_out(text) else train).append(item)
    return train, hold, left_out


def severity_holdout(folder):
    """Held-out five-point labels, a row a topic: text, points, part, label of the whole post."""
    path = os.path.join(folder, "semeval_tweeteval", "train.tsv")
    whole = {text_key(row["text"]): int(row["label"]) for row in read_tsv(path)}
    return [{"text": preprocess(text), "points": label, "part": part, "whole": whole.get(key)}
            for key, (text, points, part) in five_points(folder).items() if held_out(text)
            for label in points]


def _entity_rows(folder, rng):
    """One variant a tweet: the rest are machine-altered copies."""
    by_id = {}
    for row in read_tsv(os.path.join(folder, "twitter_entity", "train.tsv")):
        by_id.setdefault(row["id"], []).append(row)
    for rows in by_id.values():
        row = rng.choice(rows)
        yield row["text"], "entity", int(row["label"])


def _emotion_rows(folder):
    """All mapped and unmapped Reddit comments with their emotion lists."""
    for name in ("train.tsv", "unmapped.tsv"):
        for row in read_tsv(os.path.join(folder, "goemotions", name)):
            found = [EMOTIONS.index(e) for e in row["orig_label"].split(",") if e in EMOTIONS]
            if found:
                yield row["text"], "emotion", found


def weak_rows(folder, seed):
    """Near-domain rows for pre-training, each set with its own head.

    Separate heads let the encoder learn from sets whose idea of `neutral`
    differs, without bending the main head.
    """
    rng = random.Random(seed)
    found = list(_entity_rows(folder, rng))
    for row in read_tsv(os.path.join(folder, "tweet_sentiment_extraction", "train.tsv")):
        found.append((row["text"], "tse", int(row["label"])))
    found += list(_emotion_rows(folder))
    for row in read_tsv(os.path.join(folder, "vader_reviews_news", "train.tsv")):
        found.append((row["text"], "valence", float(row["orig_label"]) / 4.0))
    barred = validation_keys(folder)
    return [{"text": preprocess(text), "task": task, "y": y, "w": 1.0, "sev": None}
            for text, task, y in found
            if text_key(text) not in barred and not held_out(text)]


def subtitle_rows(folder, lang, limit=2000):
    """Rows of one language of the subtitles, which are negative or positive; at most `limit`."""
    names = {"nb": "no"}
    rows = [r for r in read_tsv(os.path.join(folder, "xed_multilingual", "train.tsv"))
            if r["lang"] == names.get(lang, lang) and r["label"] in ("0", "2")]
    return random.Random(0).sample(rows, limit) if len(rows) > limit else rows


def validation_rows(folder):
    """The English validation file, never trained on."""
    rows = read_tsv(os.path.join(folder, "semeval_tweeteval", "val.tsv"))
    return [preprocess(r["text"]) for r in rows], [int(r["label"]) for r in rows]


def validation_keys(folder):
    """Keys of validation texts, to bar them from every training set."""
    keys = {text_key(r["text"])
            for r in read_tsv(os.path.join(folder, "semeval_tweeteval", "val.tsv"))}
    keys |= {text_key(r["text"]) for r in read_tsv(os.path.join(folder, "umsab", "val.tsv"))}
    return keys


UNLABELLED = {"tweets": "en_tweets.txt.xz", "reddit": "en_reddit_120MB.txt.xz"}


def posts(root, name, seed):
    """All English posts of a kind that nobody labelled, shuffled; none that is measured on."""
    path = os.path.join(root, "unlabelled", UNLABELLED[name])
    return unlabelled(path, 10 ** 9, seed, research_keys(os.path.join(root, "train")))


def unlabelled(path, limit, seed, barred=frozenset(), shortest=15):
    """A random sample of preprocessed lines from an xz file."""
    if not limit or not os.path.exists(path):
        return []
    with lzma.open(path, "rt", encoding="utf-8") as handle:
        lines = [line.strip() for line in handle]
    random.Random(seed).shuffle(lines)
    found = []
    for line in lines:
        if len(found) >= limit:
            break
        if len(line) >= shortest and not held_out(line) and text_key(line) not in barred:
            found.append(preprocess(line))
    return found


ENGLISH_RESEARCH = {
    "sms_2013": "eval_small_en/sms_2013.tsv", "sts_2009": "eval_small_en/sts_manual_2009.tsv",
    "vader_tweets": "eval_small_en/vader_tweets.tsv", "apple_2014": "apple_dfe_2014/train.tsv",
    "gop_debate_2015": "gop_debate_2015/train.tsv", "sxsw_2011": "sxsw_brands_2011/train.tsv",
    "sst5_dev": "sst5/dev.tsv", "figurative_2015": "figurative_2015/test.tsv",
}
OTHER_RESEARCH = {
    "tass2020_es": "tass2020_es/dev.tsv", "emoevent_es": "emoevent_es/train.tsv",
    "sentipolc_it": "sentipolc_it/train.tsv", "germeval2017_de": "germeval2017_db_de/train.tsv",
    "one_million_posts_de": "one_million_posts_de/train.tsv",
    "tweets_mg_pt": "tweets_mg_pt/train.tsv",
}


def research_rows(folder, name, limit=2000):
    """(texts, labels) of a set that may be measured on but not trained on.

    Of larger sets a fixed random sample of `limit` rows.
    """
    place = {**ENGLISH_RESEARCH, **OTHER_RESEARCH}[name]
    path = os.path.join(folder, "..", "research", *place.split("/"))
    if not os.path.exists(path):
        return [], []
    rows = [r for r in read_tsv(path) if r["label"] in ("0", "1", "2")]
    rows = random.Random(0).sample(rows, limit) if len(rows) > limit else rows
    return [preprocess(r["text"]) for r in rows], [int(r["label"]) for r in rows]


@functools.cache
def research_keys(folder):
    """Keys of every text of the measuring-only sets and validation files.

    The unlabelled text was gathered from many sources, some of them these;
    a measuring set should be unseen even without its labels.
    """
    keys = validation_keys(folder)
    root = os.path.join(folder, "..", "research")
    for base, _, names in os.walk(root):
        for name in names:
            if name.endswith(".tsv"):
                keys |= {text_key(r.get("text", "")) for r in read_tsv(os.path.join(base, name))}
    return keys


def social_lines(root, limit, seed):
    """Lines in other languages for self-training: posts first, then long lines.

    Posts are told by a mention, hashtag, link or emoji; the rest of the file
    is mostly subtitles and phrase-book sentences.
    """
    path = os.path.join(root, "unlabelled", "eu.txt.xz")
    barred = research_keys(os.path.join(root, "train"))
    lines = unlabelled(path, 10 ** 9, seed, barred)
    posts = [t for t in lines if "#" in t or "@user" in t or "http" in t or any(map(is_emoji, t))]
    chosen = set(posts)
    rest = [t for t in lines if len(t) >= 60 and t not in chosen]
    return (posts + rest)[:limit]
