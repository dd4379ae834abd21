"""Other values in a document as ruamel.yaml has it, for texts that cannot be changed by lines (those with anchors)."""

from __future__ import annotations

from typing import Any

from lockmaster.manifests.emit import styled
from lockmaster.manifests.splice import known_by


def merged(root: Any, new: Any) -> Any:
    """The values of `new`, with what `root` has of comments and order; a node that others share is not changed for them."""
    if isinstance(new, list) and isinstance(root, list) and not _shared(root):
        return _list(root, new)
    if not isinstance(new, dict) or not hasattr(root, "items") or _shared(root):
        return styled(new)
    for key in [key for key in root if str(key) not in new]:
        del root[key]
    names = {str(key): key for key in root}
    for number, (key, value) in enumerate(new.items()):
        if key not in names:
            root.insert(min(number, len(root)), key, styled(value))
        elif root[names[key]] != value:
            root[names[key]] = merged(root[names[key]], value)
    return root


def _list(root: Any, new: list[Any]) -> Any:
    """What is in both is taken as it was written: 0440 is octal to Kubernetes and a plain number here."""
    left = list(root)
    for number, item in enumerate(new):
        same = next((one for one in left if known_by(one) == known_by(item)), None)
        if same is not None:
            left.remove(same)
            new[number] = merged(same, item)
        else:
            new[number] = styled(item)
    root.clear()
    root.extend(new)
    return root


def _shared(root: Any) -> bool:
    return bool(getattr(getattr(root, "anchor", None), "value", None) or getattr(root, "merge", None))
