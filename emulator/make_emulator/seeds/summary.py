"""Summary of a seed: the numbers of its resources."""

from __future__ import annotations

from .seed import TEAM_RESOURCE_KEYS, Seed

#: The plurals of kinds of resources in a summary.
_PLURALS = {"dataStructure": "data structures", "dataStore": "data stores"}
_GENERATED_KINDS = {"data_stores": "dataStore"}


def summarize(seed: Seed) -> str:
    """The numbers of resources, e.g. ``2 users, 1 organization, 1 team, 4 scenarios``; variables of both kinds are added up."""
    teams = [team for organization in seed.organizations for team in organization["teams"]]
    counts = {"user": len(seed.users), "organization": len(seed.organizations), "team": len(teams)}
    counts["OAuth client"] = len(seed.oauth_clients)
    counts["variable"] = sum(len(owner["variables"]) for owner in (*seed.organizations, *teams))
    for kind, key in TEAM_RESOURCE_KEYS.items():
        counts[kind] = sum(len(team[key]) for team in teams)
    counts["credential request"] = sum(len(team["credential_requests"]) for team in teams)
    counts["record"] = sum(len(store["records"]) for team in teams for store in team["data_stores"])
    counts["execution"] = sum(len(scenario["runs"]) for team in teams for scenario in team["scenarios"])
    for team in teams:
        for key, number in (team.get("generate") or {}).items():
            counts[_GENERATED_KINDS.get(key, key.removesuffix("s"))] += number
    return ", ".join(_format_count(kind, number) for kind, number in counts.items() if number)


def _format_count(kind: str, number: int) -> str:
    plural = _PLURALS.get(kind, f"{kind}s")
    return f"{number:,} {plural.removesuffix('s') if number == 1 else plural}"
