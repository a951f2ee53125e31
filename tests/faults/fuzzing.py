"""A coverage-guided fuzzer of parser, checker, planner and executors: `make fuzz`.

Inputs are texts in one of the languages; they are written by grammar, spoiled by pieces and by bytes, and those that
reach new code are gone on from. Whatever is no error of barsweep's own, takes longer than `SECONDS` or more than
`MEGABYTES` stops the run and is kept in the working folder. `--keep` puts a small set of texts that reach all of what
was reached into corpus/texts.jsonl, which the tests replay.
"""

import argparse
import hashlib
import json
import random
import sys
import time
from pathlib import Path

import atheris

sys.path.append(str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["barsweep.formulas"]):
    from faults import writing
    from faults.attempts import LANGUAGES, attempt, check

CORPUS = Path(__file__).parent / "corpus" / "texts.jsonl"
SECONDS = 60
MEGABYTES = 2_500
LONGEST = 300
COMPUTED = 40  # one sound text in so many is computed too, which takes a hundred times as long
SLOWEST = {"seconds": 0.0, "text": "", "runs": 0, "sound": 0, "computed": 0}


def packed(language, text):
    """An input: its first byte says the language."""
    return bytes([LANGUAGES.index(language)]) + text.encode("utf-8", "surrogatepass")


def unpacked(data):
    """The language and the text of an input; halves of characters are left alone."""
    try:
        text = data[1:].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = data[1:].decode("utf-8", "replace")
    return LANGUAGES[data[0] % len(LANGUAGES)] if data else None, text


def run(data):
    """Try one input, and remember which took longest."""
    language, text = unpacked(data)
    chosen = int.from_bytes(hashlib.blake2b(data, digest_size=4).digest(), "big") % COMPUTED == 0
    begun = time.process_time()
    SLOWEST["runs"] += 1
    sound = attempt(text, language, computed=chosen)
    SLOWEST["sound"] += sound
    SLOWEST["computed"] += sound and chosen
    took = time.process_time() - begun
    if not chosen and took > SLOWEST["seconds"]:
        SLOWEST.update(seconds=took, text=repr((language, text)))
    if SLOWEST["runs"] % 10_000 == 0:
        report()


def report():
    sys.stdout.write(json.dumps({**SLOWEST, "text": SLOWEST["text"][:300]}) + "\n")
    sys.stdout.flush()


def mutated(data, most, seed):
    """An input made of another one: half by pieces of the language, else by bytes; now and then a new text."""
    draw = random.Random(seed)
    language, text = unpacked(data)
    if draw.random() < 0.2:
        language = draw.choice((None, None, None, *LANGUAGES))
        return packed(language, writing.formula(draw, language))[:most]
    if draw.random() < 0.85:
        return packed(language, writing.spoiled(draw, text, language))[:most]
    return atheris.Mutate(data, most)


def seed_folder(folder):
    """Write the kept texts, and some new ones, where the fuzzer begins."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = [tuple(json.loads(line)) for line in CORPUS.read_text().splitlines()] if CORPUS.exists() else []
    draw = random.Random(1)
    made = [(language, writing.formula(draw, language)) for language in LANGUAGES for _ in range(100)]
    for language, text in (*kept, *made):
        data = packed(language, text)
        (folder / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)


def reached(data):
    """The steps from line to line that an input takes in formulas/."""
    steps, last = set(), {}

    def trace(frame, event, _):
        name = frame.f_code.co_filename
        if "formulas" not in name:
            return None
        if event == "line":
            steps.add((name, last.get(frame), frame.f_lineno))
            last[frame] = frame.f_lineno
        return trace

    language, text = unpacked(data)
    sys.settrace(trace)
    try:
        attempt(text, language, computed=False)
    finally:
        sys.settrace(None)
    return steps


def keep(folder):
    """Put into the corpus, one a line, the texts that take a step which no shorter one takes."""
    found = {packed(*unpacked(file.read_bytes())) for file in folder.iterdir()}
    kept, seen = [], set()
    for data in sorted(found, key=lambda each: (len(each), each)):
        steps = reached(data)
        if steps - seen:
            kept.append(unpacked(data))
            seen |= steps
    CORPUS.parent.mkdir(exist_ok=True)
    CORPUS.write_text("".join(json.dumps(each) + "\n" for each in kept), encoding="utf-8")
    sys.stdout.write(f"{len(kept)} texts of {len(found)}, {CORPUS.stat().st_size:,} bytes, {len(seen):,} steps\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("bench/.venvs/fuzz/texts"))
    parser.add_argument("--keep", action="store_true", help="put the smallest set of texts into the corpus instead")
    given = parser.parse_args()
    check("close > 1")  # what is made once is no part of any input
    if given.keep:
        return keep(given.folder)
    seed_folder(given.folder)
    limits = [f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}", f"-max_len={LONGEST}"]
    options = [f"-runs={given.runs}", f"-seed={given.seed}", f"-artifact_prefix={given.folder.parent}/"]
    atheris.Setup([sys.argv[0], *limits, *options, str(given.folder)], run, custom_mutator=mutated)
    return atheris.Fuzz()


if __name__ == "__main__":
    main()
