"""The worker's embedder in the local stack, built from the template's environment variables."""

from local.lambda_runtime.packages import SDK_LAYERS
from local.stack import LocalStack
from local.stand_ins.gemini.server import LOCAL_MODEL
from pam.bootstrap import Bootstrap
from pam.platform.deadline import Deadline
from pam.sources.embedding import EMBEDDING_DIMENSIONS, EmbeddingPurpose


def test_worker_embeds_with_the_stand_in(stack: LocalStack, lambda_environment: None) -> None:
    """With the secret's key and the stand-in's model, whose vectors are stored under a name of their own."""
    embedder = Bootstrap(stack.environment_of("chat_worker")).embedder
    assert embedder.model == LOCAL_MODEL
    [vector] = embedder.embed(["A quiet campground"], EmbeddingPurpose.QUERY, Deadline(20))
    assert len(vector) == embedder.dimensions == EMBEDDING_DIMENSIONS


def test_other_functions_have_no_settings_of_gemini(stack: LocalStack) -> None:
    """Only a function that embeds can read the key."""
    names = {name for name in stack.functions if "GEMINI_SECRET" in stack.environment_of(name)}
    assert names == {name for name, layers in SDK_LAYERS.items() if "gemini" in layers}
