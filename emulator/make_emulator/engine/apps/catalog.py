"""The modules of the apps that the emulator knows from the inside, and their versions.

A blueprint that names any other module of these apps is refused (Make's IM007), unless an app is known in part only.
Sources: exported blueprints and the vendor's own samples; where no version was seen but 1, 1 is the only one.
"""

from __future__ import annotations

from collections.abc import Mapping

_V1 = frozenset({1})
_V1_AND_V2 = frozenset({1, 2})

_MODULES: Mapping[str, Mapping[str, frozenset[int]]] = {
    "builtin": dict.fromkeys(
        (
            "BasicAggregator",
            "BasicFeeder",
            "BasicIfElse",
            "BasicMerge",
            "BasicRepeater",
            "BasicRouter",
            "Break",
            "Commit",
            "Ignore",
            "NameARun",
            "Resume",
            "Rollback",
            "ThrowError",
            "ThrowWarning",
        ),
        _V1,
    ),
    "datastore": dict.fromkeys(
        (
            "AddRecord",
            "DeleteAllRecords",
            "DeleteRecord",
            "ExistRecord",
            "GetRecord",
            "SearchRecord",
            "Stats",
            "UpdateRecord",
        ),
        _V1,
    ),
    "gateway": dict.fromkeys(("CustomMailHook", "CustomWebHook", "WebhookRespond"), _V1),
    # Versions 1 and 2 of the legacy modules were seen in no export, but for a file's 2.
    "http": {
        "ActionGetFile": frozenset({2, 3}),
        **dict.fromkeys(
            (
                "ActionSendData",
                "ActionSendDataAPIKeyAuth",
                "ActionSendDataBasicAuth",
                "ActionSendDataOAuth",
            ),
            frozenset({3}),
        ),
        **dict.fromkeys(("DownloadFile", "MakeRequest"), frozenset({4})),
    },
    "json": dict.fromkeys(("AggregateToJSON", "CreateJSON", "ParseJSON", "TransformToJSON"), _V1),
    "scenario-service": dict.fromkeys(
        ("CallSubscenario", "ReturnData", "RunScenario", "StartSubscenario"), _V1_AND_V2
    ),
    "util": dict.fromkeys(
        (
            "AggregateAggregator",
            "BasicTrigger",
            "ComposeTransformer",
            "FunctionAggregator",
            "FunctionAggregator2",
            "FunctionIncrement",
            "FunctionSleep",
            "GetVariable",
            "GetVariable2",
            "GetVariables",
            "SetVariable",
            "SetVariable2",
            "SetVariables",
            "Switcher",
            "TextAggregator",
        ),
        _V1,
    ),
}

#: Apps whose other modules have names that were not seen: any name is taken, and made-up data stand for it.
_PARTLY_KNOWN: Mapping[str, Mapping[str, frozenset[int]]] = {
    "csv": dict.fromkeys(("ParseCSV",), _V1),
    "regexp": dict.fromkeys(
        ("AdvancedParser", "GetElementsFromText", "HTMLToText", "Parser", "Replace"), _V1
    ),
    "xml": dict.fromkeys(("ParseXML", "TransformToXML"), _V1),
}

#: Other modules of apps known in whole; made-up data stand for them, as their fields were not seen.
_MOCKED: Mapping[str, Mapping[str, frozenset[int]]] = {
    "json": {"JSONtoXML": _V1},
    "util": {"TransformEncoding": _V1},
}

#: The modules that gather the bundles of a feeder.
_AGGREGATORS = frozenset(
    (
        "builtin:BasicAggregator",
        "json:AggregateToJSON",
        "util:AggregateAggregator",
        "util:FunctionAggregator",
        "util:FunctionAggregator2",
        "util:TextAggregator",
    )
)


def is_aggregator(full_name: str) -> bool:
    """Whether a module is an aggregator.

    Of the three modules of the app CSV (Help centre) only ParseCSV is none; those of other apps are told by their
    names, as in ``archive:PackAggregator``.
    """
    if full_name in _AGGREGATORS:
        return True
    app, _, module = full_name.partition(":")
    if app == "csv":
        return module != "ParseCSV"
    return app not in _MODULES and module.endswith("Aggregator")


def can_mock_module(app: str, module: str) -> bool:
    """Whether made-up data may stand for a module that is not written."""
    return app not in _MODULES or module in _MOCKED.get(app, {})


def has_module(app: str, module: str, version: int) -> bool:
    """Whether an app has a module in a version; true for any module whose app is not known, or not in whole."""
    if app in _MODULES:
        known = _MODULES[app].get(module) or _MOCKED.get(app, {}).get(module, frozenset())
        return version in known
    return version in _PARTLY_KNOWN.get(app, {}).get(module, (version,))
