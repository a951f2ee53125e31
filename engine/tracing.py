"""Spans of OpenTelemetry, for programs that use it: a span for each job, with one for each batch and stage inside.

Who uses OpenTelemetry has imported it before the first job, to say where spans go. So it is never imported here, and
where it is missing nothing is paid but a look into a dictionary.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, TypeAlias

PREFIX: Final = "barsweep."
TRACE: Final = "opentelemetry.trace"
Context: TypeAlias = Any
"""An OpenTelemetry context, None without OpenTelemetry."""


def current_context() -> Context:
    """What spans of other threads shall lie in that belong to what this thread does now."""
    if TRACE not in sys.modules:
        return None
    from opentelemetry.context import get_current  # noqa: PLC0415 - there already, see above

    return get_current()


def span(name: str, attributes: Mapping[str, str | int | float], context: Context) -> AbstractContextManager[Any]:
    """A span around a block: inside the thread's own span if there is one, else inside `context`."""
    if TRACE not in sys.modules:
        return nullcontext()
    from opentelemetry import trace  # noqa: PLC0415 - there already, see above

    inside = None if trace.get_current_span().get_span_context().is_valid else context
    named = {PREFIX + key: value for key, value in attributes.items()}
    return trace.get_tracer("barsweep").start_as_current_span(PREFIX + name, context=inside, attributes=named)
