"""What the command line hands over is what a step may say."""

from lockmaster.prepare.spec import fields
from lockmaster.prepare.steps.exec.order import Asked
from lockmaster.prepare.steps.exec.spec import Spec
from lockmaster.settings import OPTIONS


def test_both_have_the_same_fields_and_defaults() -> None:
    settings = {option.key for option in OPTIONS}
    assert set(Asked._fields) == {name for name in fields(Spec) if name not in settings}
    asked, spec = Asked(command=("x",)), Spec(command=["x"])
    for name in Asked._fields[1:]:
        assert getattr(asked, name) == getattr(spec, name), name
