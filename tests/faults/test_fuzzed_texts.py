"""Texts that a fuzzer came upon, and new ones by the same grammar: each is computed, or told what is wrong."""

import json
import random
from pathlib import Path

import pytest
from faults.attempts import LANGUAGES, attempt, check
from faults.writing import formula, spoiled

from barsweep.errors import FormulaError

CORPUS = Path(__file__).parent / "corpus" / "texts.jsonl"
TEXTS = [tuple(json.loads(line)) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
PARTS = 8
COMPUTED = 20  # one in so many of the sound texts


@pytest.mark.parametrize("part", range(PARTS))
def test_what_was_found_before(part):
    """Texts that together reach all of the parser and checker that a million inputs reached."""
    own = TEXTS[part::PARTS]

    sound = sum(
        attempt(text, language, computed=place % COMPUTED == part) for place, (language, text) in enumerate(own)
    )

    assert 0 < sound < len(own)


def test_the_corpus_is_of_every_language_and_small():
    assert {language for language, _ in TEXTS} == set(LANGUAGES)
    assert CORPUS.stat().st_size < 300_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_by_the_grammar(language):
    """Many are sound, so that what is behind the parser is reached too; spoiled, most are not."""
    draw = random.Random(20)
    written = [formula(draw, language) for _ in range(60)]

    sound = sum(attempt(text, language, computed=place < 5) for place, text in enumerate(written))

    assert sound > 6
    assert sum(attempt(spoiled(draw, text, language), language, computed=False) for text in written) < len(written)


def test_ranges_of_params_are_numbers():
    """Found by the fuzzer: a text in a range went through to where numbers are compared."""
    for text in ('param p = 1 in "a".."b"', 'param p = 1 in 1..5 step "a"', "param p = 1 in true..false"):
        error = check(f"{text}\nclose > p")
        assert isinstance(error, FormulaError)
        assert "range must be of numbers" in str(error)
