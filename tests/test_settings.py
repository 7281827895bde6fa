"""Settings are read once, and what is wrong with them is said, all of it."""

from pathlib import Path

import pytest

from service.errors import SettingsError
from service.settings import Settings, env_example, read_judging_settings, read_settings

DSN = {"VOLTPASS_DATABASE_DSN": "postgresql://writer:hidden@db/voltpass"}


def test_the_example_in_deploy_is_what_the_model_says() -> None:
    written = Path("deploy/env.example").read_text(encoding="utf-8")

    assert written == env_example(), "python -m service.settings > deploy/env.example"


def test_the_example_can_be_read_once_a_database_is_named() -> None:
    lines = (line.removeprefix("# ") for line in env_example().splitlines() if "VOLTPASS_" in line)
    pairs = (line.split("=", 1) for line in lines if "=" in line and "SECRETS_DIR" not in line)

    settings = read_settings(dict(pairs) | DSN)

    assert settings == read_settings(DSN)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({}, "VOLTPASS_DATABASE_DSN: Field required"),
        (
            DSN | {"VOLTPASS_CHECKPOINT_INTERVALL_S": "5"},
            "nearest is VOLTPASS_CHECKPOINT_INTERVAL_S",
        ),
        (DSN | {"VOLTPASS_ZONE": "Asia/Beijing"}, "'Asia/Beijing' is no IANA time zone"),
        (DSN | {"VOLTPASS_CHECKPOINT_INTERVAL_S": "0"}, "greater than 0, not '0'"),
        (DSN | {"VOLTPASS_API_PORT": "65536"}, "less than or equal to 65535, not '65536'"),
        (DSN | {"VOLTPASS_TOPICS": " , "}, "at least 1 item"),
        (DSN | {"VOLTPASS_RETENTION_DAYS": "2"}, "RETENTION_DAYS is 2; give 3 or more"),
        (DSN | {"VOLTPASS_RULE_SETS_BESIDE": "en-50160,sgcc-2003"}, "name each rule set once"),
        (DSN | {"VOLTPASS_RULE_SETS_BESIDE": "en-50160,en-50160"}, "name each rule set once"),
        (DSN | {"VOLTPASS_AUTH": "oidc"}, "needs OIDC_ISSUER and OIDC_AUDIENCE"),
        (DSN | {"VOLTPASS_OIDC_SCOPE_PREFIX": "none"}, "needs an OIDC_SCOPE_CLAIM that is of"),
        (DSN | {"VOLTPASS_AUTH": "basic"}, "'keys', 'oidc' or 'keys,oidc'"),
        (DSN | {"VOLTPASS_OIDC_ISSUER": "http://idp.example"}, "must begin with https://"),
        (DSN | {"VOLTPASS_OIDC_JWKS_URL": "file:///etc/passwd"}, "must begin with https://"),
        (DSN | {"VOLTPASS_OIDC_ALGORITHMS": "RS256,HS256"}, "not HS256"),
        (DSN | {"VOLTPASS_KAFKA_CA_FILE": "/ca.pem"}, "KAFKA_TLS is not true"),
        (DSN | {"VOLTPASS_KAFKA_SASL_MECHANISM": "PLAIN"}, "go together"),
        (DSN | {"VOLTPASS_DATABASE_CA_FILE": "/ca.pem"}, "need DATABASE_TLS"),
        (
            DSN | {"VOLTPASS_DATABASE_TLS": "verify-full", "VOLTPASS_DATABASE_CERT_FILE": "/c.pem"},
            "go together",
        ),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(env: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(env)

    assert said in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"VOLTPASS_ZONE": "nowhere", "VOLTPASS_LOG_LEVEL": "loud"})

    assert len(str(caught.value).splitlines()) == 3  # the database is missing as well


def test_passwords_do_not_show() -> None:
    env = {
        "VOLTPASS_KAFKA_SASL_MECHANISM": "PLAIN",
        "VOLTPASS_KAFKA_SASL_USERNAME": "meter",
        "VOLTPASS_KAFKA_SASL_PASSWORD": "hidden",
    }

    assert "hidden" not in repr(read_settings(DSN | env))


def test_secrets_come_from_files_unless_the_environment_has_them(tmp_path: Path) -> None:
    (tmp_path / "voltpass_database_dsn").write_text("postgresql://from-file\n")
    (tmp_path / "voltpass_group").write_text("from-file")
    (tmp_path / "of_somebody_else").write_text("ignored")

    settings = read_settings({"VOLTPASS_SECRETS_DIR": str(tmp_path), "VOLTPASS_GROUP": "from-env"})

    assert (settings.database_dsn, settings.group) == ("postgresql://from-file", "from-env")


def test_a_folder_of_secrets_that_is_not_there_is_an_error() -> None:
    with pytest.raises(SettingsError, match="VOLTPASS_SECRETS_DIR"):
        read_settings({"VOLTPASS_SECRETS_DIR": "/nowhere"})


def test_topics_are_listed_with_commas_and_an_empty_value_is_the_default() -> None:
    settings = read_settings(DSN | {"VOLTPASS_TOPICS": "a, b,", "VOLTPASS_GROUP": ""})

    assert (settings.topics, settings.group) == (("a", "b"), "voltpass")


def test_only_read_settings_looks_at_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOLTPASS_GROUP", "from-env")

    settings = Settings(database_dsn="postgresql://")

    assert settings.group == "voltpass"


def test_rule_sets_beside_are_listed_with_commas_and_may_be_none() -> None:
    some = read_settings(DSN | {"VOLTPASS_RULE_SETS_BESIDE": "en-50160, ansi-c84.1,"})
    none = read_settings(DSN | {"VOLTPASS_RULE_SETS_BESIDE": ""})

    assert (some.rule_sets_beside, none.rule_sets_beside) == (("en-50160", "ansi-c84.1"), ())


def test_what_concerns_judging_alone_is_read_without_a_database() -> None:
    env = {"VOLTPASS_RULE_SET": "en-50160", "VOLTPASS_GROUP": "of another part"}

    settings = read_judging_settings(env)

    assert settings.rule_set == "en-50160"
    with pytest.raises(SettingsError, match="VOLTPASS_RULE_SETT is no setting"):
        read_judging_settings({"VOLTPASS_RULE_SETT": "en-50160"})
    with pytest.raises(SettingsError, match="VOLTPASS_ZONE"):
        read_judging_settings({"VOLTPASS_ZONE": "nowhere"})


def test_meter_events_are_switched_off_by_a_comma_alone() -> None:
    assert read_settings(DSN).meter_event_topics == ("voltpass.meter-events",)
    assert read_settings(DSN | {"VOLTPASS_METER_EVENT_TOPICS": ","}).meter_event_topics == ()


def test_a_topic_is_of_readings_or_of_meter_events() -> None:
    with pytest.raises(SettingsError, match=r"METER_EVENT_TOPICS both name voltpass\.readings"):
        read_settings(DSN | {"VOLTPASS_METER_EVENT_TOPICS": "voltpass.readings"})
