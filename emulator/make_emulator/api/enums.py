"""Fixed lists for forms of clients. Source: API documentation, "Enums"; the vendor's OpenAPI document."""

from __future__ import annotations

from ..http.endpoint import ApiCall, EndpointGroup, NoPermissionRequired
from ..http.envelope import many, value
from ..json_types import Json
from ..schemas.enums import (
    CountryOut,
    EmailNotificationOut,
    EmailNotificationsQuery,
    FeatureOut,
    ImtZoneOut,
    LanguageOut,
    LanguagesQuery,
    LlmModelOut,
    LlmTierOut,
    LocaleOut,
    NamedIdOut,
    RegionOut,
    ReviewStatusOut,
    TimezoneOut,
    VariableTypeOut,
)
from ..world import enums

group = EndpointGroup("enums")


@group.get(
    "/enums/countries",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("countries", CountryOut),
)
def list_countries(call: ApiCall) -> list[enums.Country]:
    """List the countries."""
    return enums.countries()


@group.get(
    "/enums/imt-regions",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("imtRegions", RegionOut),
)
def list_regions(call: ApiCall) -> list[enums.Region]:
    """List the regions of organizations."""
    return list(enums.REGIONS)


@group.get(
    "/enums/timezones",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("timezones", TimezoneOut),
)
def list_timezones(call: ApiCall) -> list[enums.Timezone]:
    """List the time zones."""
    return enums.timezones()


@group.get(
    "/enums/locales",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("locales", LocaleOut),
)
def list_locales(call: ApiCall) -> list[enums.Locale]:
    """List the locales."""
    return enums.locales()


@group.get(
    "/enums/languages",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    query=LanguagesQuery,
    response=many("languages", LanguageOut),
)
def list_languages(call: ApiCall) -> list[enums.Language]:
    """List the languages, or with localized=true those that have an own name."""
    return enums.languages(own_names=call.query["localized"])


@group.get(
    "/enums/imt-zones",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("imtZones", ImtZoneOut),
)
def list_zones(call: ApiCall) -> list[enums.ImtZone]:
    """List the zones."""
    return list(enums.IMT_ZONES)


@group.get(
    "/enums/module-types",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("moduleTypes", NamedIdOut),
)
def list_module_types(call: ApiCall) -> list[enums.NamedId]:
    """List the kinds of modules."""
    return list(enums.MODULE_TYPES)


@group.get(
    "/enums/variable-types",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("variableTypes", VariableTypeOut),
)
def list_variable_types(call: ApiCall) -> list[enums.VariableType]:
    """List the types of custom variables."""
    return list(enums.VARIABLE_TYPES)


@group.get(
    "/enums/user-email-notifications",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    query=EmailNotificationsQuery,
    response=many("userEmailNotifications", EmailNotificationOut),
)
def list_email_notifications(call: ApiCall) -> list[enums.EmailNotification]:
    """List the kinds of e-mail notifications; in English, whatever the language."""
    return list(enums.EMAIL_NOTIFICATIONS)


@group.get(
    "/enums/user-features",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("userFeatures", FeatureOut),
)
def list_user_features(call: ApiCall) -> list[enums.Feature]:
    """List the features of users."""
    return list(enums.USER_FEATURES)


@group.get(
    "/enums/organization-features",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("organizationFeatures", FeatureOut),
)
def list_organization_features(call: ApiCall) -> list[enums.Feature]:
    """List the features of organizations."""
    return list(enums.ORGANIZATION_FEATURES)


@group.get(
    "/enums/user-api-token-scopes",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=value("userApiTokenScopes"),
)
def list_api_token_scopes(call: ApiCall) -> list[Json]:
    """List the scopes that an API token can have."""
    return [{"name": scope} for scope in sorted(enums.SCOPES)]


@group.get(
    "/enums/apps-review-statuses",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("reviewStatuses", ReviewStatusOut),
)
def list_review_statuses(call: ApiCall) -> list[enums.ReviewStatus]:
    """List the states of the review of a custom app."""
    return list(enums.REVIEW_STATUSES)


@group.get(
    "/enums/llm-models",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("llmModels", LlmModelOut),
)
def list_llm_models(call: ApiCall) -> list[enums.LlmModel]:
    """List the language models."""
    return list(enums.LLM_MODELS)


@group.get(
    "/enums/llm-builtin-tiers",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("llmBuiltinTiers", LlmTierOut),
)
def list_llm_tiers(call: ApiCall) -> list[enums.LlmTier]:
    """List the preset tiers of language models."""
    return list(enums.LLM_TIERS)
