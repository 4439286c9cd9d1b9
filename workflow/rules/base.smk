# How a rule is written. A rule that runs a step is derived from `step` below and says what is its own: inputs, outputs,
# settings, memory and time. Rules that are made for each analysis in a loop cannot be derived, and say the rest too.
#
# Names make the command line: an input or output with a name is the step's argument of that name, and so is what `step(...)`
# is given beside the settings. An input without a name only has to be there. Outputs without names are `--output`: the
# file, or the folder of several.

from hashlib import sha256
from inspect import signature
from shlex import quote

from exonu.core.digest import code_digest, library_digest
from exonu.core.files import canonical_json, write_text

STEP = "python -m exonu.steps.{params.step} --settings {params.settings:q} {params.arguments} &> {log}"
LONGEST_ARGUMENT = 20_000

# Of the jobs that could start, that one comes first for which most others wait; figures fill the gaps at the end. On a
# new machine the first job of a kind compiles its kernels while the other core does something else: fits of the first
# analysis beside the first simulation, and the reconstruction of the first sample beside the second simulation.
PRIORITY = {
    "light map": 20,  # it takes two cores: later, one would wait for the other (priorities of jobs side by side add up)
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

    def of_job(wildcards, **known):
        content = (
            settings(wildcards.analysis, *asked)
            if isinstance(asked[0], str)
            else asked[0](wildcards, **known)
        )
        return argument(wildcards.analysis, canonical_json(content))

    if not isinstance(asked[0], str) and "input" in signature(asked[0]).parameters:
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
            name: files[name] for files in (input, output) for name in files.keys()
        }
        if not output.keys():
            named["output"] = (
                output[0] if len(output) == 1 else os.path.dirname(output[0])
            )
        for name, value in given.items():
            wanted = signature(value).parameters if callable(value) else ()
            named[name] = (
                value(**{key: known[key] for key in wanted}) if wanted else value
            )
        folder = Path(output[0]).parts[1]
        words = (
            (name, [value] if isinstance(value, str | int) else value)
            for name, value in named.items()
        )
        return " ".join(
            f"--{name.replace('_', '-')} {many(folder, value)}"
            for name, value in words
            if value
        )

    return arguments


def many(analysis, values):
    """Several values on a command line, or one per line in a file if there are too many."""
    text = argument(analysis, "\n".join(map(str, values)))
    return (
        text
        if text.startswith("@")
        else " ".join(quote(str(value)) for value in values)
    )


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


def figure_files(name, subcategory="search", label=None, of="{analysis}"):
    """What a rule that draws makes: a PNG, which Snakemake's report shows, and a PDF."""
    shown = report(
        f"results/{of}/figures/{name}.png",
        caption=f"../report/{name}.rst",
        category=of,
        subcategory=subcategory,
        labels={"figure": label or name},
    )
    return {"png": shown, "pdf": f"results/{of}/figures/{name}.pdf"}


def many_figures(analysis, names, kind):
    """The same of a rule that draws many, which share a caption: all PNGs, then all PDFs."""
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


rule step:
    log:
        "results/{analysis}/logs/<job>.log",
    benchmark:
        "results/{analysis}/benchmarks/<job>.tsv"
    """What every rule of a step has, unless it says otherwise."""
    pathvars:
        job="step",
    conda:
        "../../envs/environment.yaml"
    resources:
        **memory_and_time(500, 5),
    shell:
        STEP
