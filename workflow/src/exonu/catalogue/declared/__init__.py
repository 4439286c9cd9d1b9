"""Declarations of interactions by what happens, one module for each or for a family; see docs/howto/interaction.md.

In: nothing. Out: `DECLARED` of each module, which `exonu.catalogue` collects."""
