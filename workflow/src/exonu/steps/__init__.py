"""Steps of the workflow: a module per rule, since the digest of what a rule depends on starts
there.

A step is a process of a second or two, and half of that is loading libraries. Started as a command
(`python -m`), it loads them without looking for garbage in between, of which there is none, and
without what they load in vain."""

import gc
import importlib.util
import sys


def load_when_used(name: str) -> None:
    """Load a module of a package when it is imported by its own name or an attribute of it is asked
    for, and not when everything is taken out of the package.

    >>> import wsgiref
    >>> load_when_used("wsgiref.validate")
    >>> taken = wsgiref.validate
    >>> type(taken) is type(wsgiref), callable(taken.validator), type(taken) is type(wsgiref)
    (False, True, True)
    """
    package, _, own = name.rpartition(".")
    found = None if name in sys.modules else importlib.util.find_spec(name)
    if found is None or found.loader is None:
        return
    found.loader = importlib.util.LazyLoader(found.loader)
    sys.modules[name] = module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    setattr(sys.modules[package], own, module)


if sys.argv[0] == "-m":  # what Python calls a module that it is still looking for
    gc.disable()  # until `_step` calls the step
    # scipy takes hold of all that numpy has; these two are half of its time, and nobody uses them.
    for unused in ("numpy.f2py", "numpy.testing"):
        load_when_used(unused)
