"""Texts of messages: templates that know variables alone, and what becomes of their Markdown."""

from longwave.domain.texts.flaws import Flaw
from longwave.domain.texts.message import Filled, MessageTemplate, flaws_of, message_template
from longwave.domain.texts.variables import VARIABLES

__all__ = ["VARIABLES", "Filled", "Flaw", "MessageTemplate", "flaws_of", "message_template"]
