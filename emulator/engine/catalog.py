"""The modules of the apps that the emulator knows from the inside, and their versions.

A blueprint that names any other module of these apps is refused (Make's IM007). Sources: exported blueprints and
the vendor's own samples; where no version was seen but 1, 1 is the only one.
"""

from __future__ import annotations

from collections.abc import Mapping

_FIRST = frozenset({1})
_FIRST_TWO = frozenset({1, 2})

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
        _FIRST,
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
        _FIRST,
    ),
    "gateway": dict.fromkeys(("CustomMailHook", "CustomWebHook", "WebhookRespond"), _FIRST),
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
    "json": dict.fromkeys(("AggregateToJSON", "CreateJSON", "ParseJSON", "TransformToJSON"), _FIRST),
    "scenario-service": dict.fromkeys(
        ("CallSubscenario", "ReturnData", "RunScenario", "StartSubscenario"), _FIRST_TWO
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
        _FIRST,
    ),
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


def aggregates(full_name: str) -> bool:
    """Whether a module is an aggregator."""
    return full_name in _AGGREGATORS


def interprets(app: str) -> bool:
    """Whether the emulator knows every module of an app; of other apps it takes any."""
    return app in _MODULES


def exists(app: str, module: str, version: int) -> bool:
    """Whether an app has a module in a version; true for any module of an app that is not interpreted."""
    modules = _MODULES.get(app)
    return modules is None or version in modules.get(module, ())
