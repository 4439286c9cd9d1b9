"""Steps of the workflow: a module per rule, since the digest of what a rule depends on starts
there.

A step is a process of a second or two, and half of that is loading libraries. Started as a command
(`python -m`), it loads them without looking for garbage in between, of which there is none, and
without what they load in vain."""

import gc
import importlib.util
import sys


def load_when_used(name: str) -> None:
    """Load a module when an attribute of it is asked for, and not where it is imported.

    >>> load_when_used("this")  # which would print when it is loaded
    >>> import this
    >>> "zen" in vars(sys.modules["this"]), sys.modules.pop("this") is this
    (False, True)
    """
    found = importlib.util.find_spec(name)
    if name in sys.modules or found is None or found.loader is None:
        return
    found.loader = importlib.util.LazyLoader(found.loader)
    sys.modules[name] = module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    parent, _, own = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], own, module)


if sys.argv[0] == "-m":  # what Python calls a module that it is still looking for
    gc.disable()  # until `_step` calls the step
    # scipy takes hold of all that numpy has; these two, half of its time, nobody uses.
    for unused in ("numpy.f2py", "numpy.testing"):
        load_when_used(unused)
