# The parameters of a rule and the command line of its step; see step.smk.


from hashlib import sha256
from inspect import signature

from exonu.core.digest import code_digest, library_digest
from exonu.core.files import canonical_json, write_text

STEP = "python -m exonu.steps.{params.step} --settings {params.settings:q} {params.arguments} &> {log}"
LONGEST_ARGUMENT = 20_000

# Of the jobs that could start, that one comes first for which most others wait; figures fill the gaps at the end. On a
# new machine the first job of a kind compiles its kernels while the other core does something else: fits of the first
# analysis beside the first simulation, and the reconstruction of the first sample beside the second simulation.
PRIORITY = {
    "light map": 20,  # it takes two cores: later, one would wait for the other (priorities of jobs side by side add up)
    "longest simulation": 6,  # started last it would keep one core waiting for it
    "first fits": 5,
    "events": 4,
    "simulation": 3,
    "search": 2,
    "long figures": 1,
}


def step(name, *asked, of=None, **given):
    """Parameters by which Snakemake knows that a job has to run again, and the command line that follows from names.

    The settings that are asked for: blocks of the analysis's (or parts of them, as `statistics.toys`), or a mapping, or a
    function of the wildcards, and perhaps of the input, that makes one. `of` is the analysis where no wildcard says it.
    """
    imported = f"exonu.steps.{name}"
    return {
        "step": name,
        "settings": written_settings(*([settings(of, *asked)] if of else asked)),
        **given,
        "arguments": command_line(given),
        "code": code_digest(imported),
        "libraries": library_digest(imported),
    }


def written_settings(*asked):
    """Canonical JSON of settings, or the function of a job that gives it."""
    if not asked or isinstance(asked[0], dict):
        return canonical_json(asked[0] if asked else {})
    if isinstance(asked[0], str):
        make = of_analysis(lambda analysis: settings(analysis, *asked))
    else:
        make = asked[0]

    def of_job(wildcards, **known):
        return argument(wildcards.analysis, canonical_json(make(wildcards, **known)))

    if "input" in signature(make).parameters:
        return lambda wildcards, input: of_job(wildcards, input=input)
    return lambda wildcards: of_job(wildcards)


def settings(analysis, *blocks):
    """What a step reads of an analysis's settings: blocks, or parts of them as `statistics.toys`."""
    chosen = {}
    for block in blocks:
        name, _, part = block.partition(".")
        content = ANALYSES[analysis].settings[name]
        chosen[name] = (
            {**chosen.get(name, {}), part: content[part]} if part else content
        )
    return chosen


def command_line(given):
    """The function that gives a job's arguments. It takes inputs and outputs, so that Snakemake leaves it out when it
    compares parameters: their names are no reason to run again, and what else is in it is compared by itself.
    """

    def arguments(wildcards, input, output, threads):
        known = {"wildcards": wildcards, "input": input, "threads": threads}
        named = {
            name: group[name] for group in (input, output) for name in group.keys()
        }
        if not output.keys():
            folder = os.path.dirname(output[0])
            named["output"] = output[0] if len(output) == 1 else folder
        for name, value in given.items():
            named[name] = value
            if callable(value):
                wanted = signature(value).parameters
                named[name] = value(**{key: known[key] for key in wanted})
        analysis = Path(output[0]).parts[1]
        return " ".join(
            f"--{name.replace('_', '-')} {words(analysis, value)}"
            for name, value in named.items()
            if value
        )

    return arguments


def words(analysis, values):
    """One or several values on a command line, or one per line in a file if there are too many."""
    values = [values] if isinstance(values, str | int) else values
    values = list(map(str, values))
    text = argument(analysis, "\n".join(values))
    return text if text.startswith("@") else " ".join(map(quote, values))


def argument(analysis, text):
    """Text for the command line of a step. Linux takes 131 072 characters for a whole job, and the settings or the files of
    thousands of runs are more: they go into a file that is named after its content, and the step reads `@file`.
    """
    if len(text) <= LONGEST_ARGUMENT:
        return text
    name = f"{sha256(text.encode()).hexdigest()[:20]}.txt"
    file = Path("results", analysis, "arguments", name)
    if not file.is_file():
        write_text(file, text)
    return f"@{file}"


def memory_and_time(megabytes, minutes):
    """What a job may take; more when it is tried again."""
    return {
        "mem_mb": lambda wildcards, attempt: megabytes * attempt,
        "runtime": lambda wildcards, attempt: minutes * attempt,
    }


def figure_files(name, subcategory="search", label=None, of="{analysis}", caption=None):
    """What a step that draws makes: a PNG, which Snakemake's report shows, and a PDF."""
    shown = report(
        f"results/{of}/figures/{name}.png",
        caption=f"../report/{caption or name}.rst",
        category=of,
        subcategory=subcategory,
        labels={"figure": label or name},
    )
    return {"png": shown, "pdf": f"results/{of}/figures/{name}.pdf"}


def many_figures(analysis, names, kind):
    """The same of a step that draws many, which share a caption: all PNGs, then all PDFs."""
    names = list(names)
    png, pdf = (
        [f"results/{analysis}/figures/{name}.{suffix}" for name in names]
        for suffix in ("png", "pdf")
    )
    caption = f"../report/{kind}.rst"
    return [report(png, caption=caption, category=analysis, subcategory=kind), pdf]


def rule_name(*parts):
    """A rule's name made from names with dashes."""
    return "_".join(parts).replace("-", "_")
