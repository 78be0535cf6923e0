"""What the scheduled function does each minute."""

from pam.memory.earlier_messages import store_earlier_messages
from pam.memory.embedding import embed_requested
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database
from pam.sources.embedding import Embedder


def run_embedding(database: Database, embedder: Embedder, deadline: Deadline) -> None:
    """Embed what is due, then store messages from before memory, which the next runs embed.

    It ends when nothing is left or the deadline is near. Raises `DatabaseUnavailable`.
    """
    embed_requested(database, embedder, deadline)
    store_earlier_messages(database, deadline)
