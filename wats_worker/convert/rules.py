"""What the configuration says about the files of a source: who converts them, with which options."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wats_worker.convert.choose import Thresholds
from wats_worker.settings import FACTS, AnySource, ConvertSettings, Source, WorkerSettings

#: The converter that is chosen by what the file looks like.
AUTO: Final = "auto"


@dataclass(frozen=True)
class Rule:
    """How the files of one source are converted."""

    converter: str = AUTO
    options: Mapping[str, Any] = field(default_factory=dict)


def rule(source: AnySource, settings: WorkerSettings) -> Rule:
    """The rule for a source. A converter that may read the drop folder is also told which one it is.

    >>> settings = WorkerSettings(converters={"klippel": {"drop_folder": True}})
    >>> rule(Source(name="audio", folder="/in", converter="klippel"), settings).options
    {'drop_folder': '/in'}
    """
    options = source.converter_options()
    granted = {name for name, converter in settings.converters.items() if converter.drop_folder}
    if isinstance(source, Source) and (source.converter in granted or (granted and source.converter == AUTO)):
        options["drop_folder"] = str(source.folder)
    return Rule(source.converter, options)


def overruled(rule: Rule, converter: str, options: Mapping[str, Any] | None = None) -> Rule:
    """The rule when a person has named the converter; empty is no word.

    Options that only the source's own converter knows are left out: another one would refuse the file. Unless
    it is to be as it was once, with the ``options`` of then.

    >>> overruled(Rule("ict", {"sheet": 2, "process_code": 30}), "mapped-csv")
    Rule(converter='mapped-csv', options={'process_code': 30})
    """
    if options is not None:
        return Rule(converter, options)
    if converter in {"", rule.converter}:
        return rule
    return Rule(converter, {name: value for name, value in rule.options.items() if name in FACTS})


def thresholds(settings: ConvertSettings) -> Thresholds:
    """How sure a converter has to be to be chosen."""
    return Thresholds(settings.reject_below, settings.margin, settings.alarm_below)
