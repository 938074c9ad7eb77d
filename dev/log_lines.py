"""Decides which lines of the processes' logs a person at the terminal sees, and how they look there.

The logs themselves are complete in .local/logs/. The terminal stays quiet: warnings, errors and restarts.
"""

import json
import re
import time

CHARACTERS_MAX = 300
SHOWN_LEVELS = ("warning", "error", "critical")
# What programs write that do not log our JSON lines: a level at the start or in brackets, the interpreter's
# own complaints, and the last words of a server.
PLAIN_PROBLEM = re.compile(
    r"^(WARNING|ERROR|CRITICAL)\b|\[(WARNING|ERROR|CRITICAL)\]|^Traceback |^\w+(Error|Exception)\b"
    r"|^(\w+\.)+[A-Z]\w+: |^configuration:|[Ff]atal error|panicked at"
)
HIDDEN_FIELDS = ("event", "level", "logger", "timestamp", "exception")
YELLOW, RED, DIM, RESET = "\033[33m", "\033[31m", "\033[2m", "\033[0m"


def shown(line: str, verbose: bool) -> str | None:
    """Return what the terminal shows for a line of a log, or None when it shows nothing."""
    if verbose:
        return line
    try:
        record = json.loads(line)
        level = str(record["level"]).lower()
    except (ValueError, TypeError, KeyError):
        return line[:CHARACTERS_MAX] if PLAIN_PROBLEM.search(line) else None
    if level not in SHOWN_LEVELS:
        return None
    parts = [level.upper(), str(record.get("event", ""))]
    parts += [f"{name}={value}" for name, value in record.items() if name not in HIDDEN_FIELDS]
    if isinstance(record.get("exception"), str):
        parts.append(record["exception"].strip().rpartition("\n")[2])
    return " ".join(parts).replace("\n", " ")[:CHARACTERS_MAX]


def prefixed(name: str, line: str, colour: bool) -> str:
    """Return a line with the time and the process's name in front, in the colour of its level."""
    prefix = f"{time.strftime('%H:%M:%S')} {name:<8}| "
    if not colour:
        return prefix + line
    tint = RED if re.search(r"\b(ERROR|CRITICAL)\b", line) else YELLOW if "WARNING" in line else ""
    return f"{DIM}{prefix}{RESET}{tint}{line}{RESET if tint else ''}"
