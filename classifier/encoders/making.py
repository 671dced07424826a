"""Makes an encoder that models can refer to of one that was published: a graph with weights in 8 bits, and a check."""

from pathlib import Path

from classifier.encoders import graph
from classifier.encoders.published import Published
from classifier.ml import sentences
from classifier.ml.errors import EncoderMissing
from classifier.ml.sentences import SentenceEncoder
from tenants.errors import InvalidInput

# Short and long, a question, figures, capitals, and languages that the encoder may not have met.
GOLDEN = (
    "This is an example sentence",
    "Each sentence is converted",
    "Why was my card charged TWICE on 3 May for £12.99?",
    "please stop the music and turn off the kitchen lights",
    "Der Vertrag läuft am 31.12. aus; bitte kündigen.",
    "¿Dónde está mi pedido?",
    "ありがとうございます",
    "The quick brown fox jumps over the lazy dog. " * 12,
)
# How near vectors of 8-bit weights must be to those of the published ones (cosine): less is a mistake, not rounding.
LIKENESS = 0.96


def make(published: Published, folder: Path, *, name: str) -> str:
    """Write the encoder into a new folder and return its hash.

    Raises InvalidInput where 8 bits lose too much of it, and where its parts do not belong together.
    """
    content, small = _built(published, name, is_small=True)
    _, exact = _built(published, name, is_small=False)
    likeness = float((small.embed(GOLDEN) * exact.embed(GOLDEN)).sum(axis=1).min())
    if not likeness >= LIKENESS:
        detail = f"With 8 bits a weight its vectors turn by too much: likeness {likeness:.3f}, wanted {LIKENESS}."
        raise InvalidInput.field("directory", detail)
    said = {"tokens": published.shape.tokens, "licence": published.licence, "weights": published.sha256}
    return sentences.save(small, folder, graph=content, tokenizer=published.tokenizer, golden=GOLDEN, said=said)


def _built(published: Published, name: str, *, is_small: bool) -> tuple[bytes, SentenceEncoder]:
    """Return the graph, and an encoder that has computed with it."""
    shape = published.shape
    try:
        content = graph.build(published.weights, shape, is_small=is_small)
        encoder = sentences.opened(
            content, published.tokenizer, name=name, tokens=shape.tokens, width=2 * shape.width, sha256=""
        )
        encoder.embed(GOLDEN)
    except (EncoderMissing, MemoryError):
        raise
    except KeyError as error:
        raise InvalidInput.field("directory", f"Its weights lack {error}, which the BERT family has.") from error
    except Exception as error:  # There is no end to what can be wrong with files that somebody published.
        detail = f"Its weights, config.json and tokenizer.json do not belong together: {' '.join(str(error).split())}"
        raise InvalidInput.field("directory", detail[:500]) from error
    return content, encoder
