"""The columns that decoders fill; defined in ``service.domain.batch``."""

from service.domain.batch import EMPTY, Batch, Message, Refusal

__all__ = ["EMPTY", "Batch", "Message", "Refusal"]
