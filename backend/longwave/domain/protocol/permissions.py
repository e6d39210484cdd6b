"""Permissions to use instruments, as a protocol records them."""

from __future__ import annotations

from longwave.domain.instrument import Permission
from longwave.domain.protocol.anchors import calendar_day
from longwave.domain.protocol.block import Block
from longwave.domain.protocol.model import Protocol
from longwave.domain.protocol.names import unknown

_PERMISSION = ("by", "reference", "date")


def read_permissions(root: Block) -> dict[str, Permission]:
    """Read the permissions, by instrument."""
    return {
        name: _read_permission(block)
        for name, block in root.named_blocks("permissions", "permission")
    }


def _read_permission(block: Block) -> Permission:
    found = Permission(
        by=block.optional_text("by") or "",
        reference=block.optional_text("reference") or "",
        date=block.optional_text("date") or "",
        not_needed=block.optional_text("not_needed") or "",
    )
    if not block.usable:
        return found
    given = [field for field in _PERMISSION if block.has(field)]
    if block.has("not_needed"):
        for field in given:
            block.fault(
                field,
                "A permission that is not needed has neither giver nor reference.",
                "Remove this, or 'not_needed'.",
            )
        return found
    for field in _PERMISSION:
        if field not in given:
            block.fault(
                field,
                f"The field {field!r} is missing.",
                "Say who gave the permission ('by'), under which 'reference' it is kept, and its "
                "'date'; or why none is needed ('not_needed').",
            )
    if found.date and not block.faulty("date") and calendar_day(found.date) is None:
        block.fault("date", f"{found.date[:60]!r} is not a day.", "Write it as 2027-03-01.")
    return found


def check_permissions(root: Block, protocol: Protocol) -> None:
    """Note permissions of what is not asked, and excuses where the owner must be asked."""
    asked = {name for wave in protocol.waves for name in wave.instruments}
    for name, permission in protocol.permissions.items():
        field = f"permissions.{name}"
        if unknown(root, field, name, sorted(asked), "instrument"):
            continue
        instrument = protocol.instruments.get(name)
        if permission.not_needed and instrument is not None and instrument.use == "ask":
            root.fault(
                f"{field}.not_needed",
                f"Every use of {name} needs a permission: {instrument.licence}",
                "Ask for it, and record 'by', 'reference' and 'date'.",
            )
