"""The assertions of the Sparkplug specification 3.0 that concern a host, and which test shows each of them.

Ids are the specification's, without their common prefix `tck-id-`; what they say is in the name of the test.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

BIRTH_TOPIC = "test_certificates_are_retained_json_and_the_birth_has_the_time_of_the_will"
DOOR = "test_an_edge_node_and_its_host_over_the_real_front_door"
REQUEST = "test_a_rebirth_request_is_read_by_another_library_and_carries_no_sequence_number"
GAP = "test_a_gap_that_nothing_fills_makes_the_node_stale_and_asks_for_its_births"
NODE_DEATH = "test_the_death_of_a_node_takes_its_devices_along"
DEVICE_DEATH = "test_the_death_of_a_device_leaves_the_node_and_its_data_needs_a_birth_again"
BY_NAME = "test_what_is_no_reading_is_refused_by_name"
SAID_GONE = "test_when_somebody_says_that_we_are_gone_we_say_that_we_are_here"
TIMES = "test_the_metrics_own_time_wins_over_the_messages_and_no_time_is_the_arrival"
BROKER = "test_a_source_that_listens_to_sparkplug_has_a_will_and_a_birth_of_one_time"
AT_MOST_ONCE = "test_requests_to_edge_nodes_go_out_at_most_once_and_certificates_at_least_once"

SHOWN_BY = {
    "intro-sparkplug-host-state": DOOR,
    "components-ph-state": DOOR,
    "conformance-primary-host": DOOR,
    "host-topic-phid-birth-message": BROKER,
    "host-topic-phid-birth-payload": BIRTH_TOPIC,
    "host-topic-phid-birth-payload-timestamp": BROKER,
    "host-topic-phid-birth-required": DOOR,
    "host-topic-phid-birth-retain": BIRTH_TOPIC,
    "host-topic-phid-birth-topic": BIRTH_TOPIC,
    "host-topic-phid-death-payload": BIRTH_TOPIC,
    "host-topic-phid-death-payload-timestamp-connect": BROKER,
    "host-topic-phid-death-required": BROKER,
    "host-topic-phid-death-retain": BIRTH_TOPIC,
    "host-topic-phid-death-topic": BIRTH_TOPIC,
    "payloads-state-birth-payload": BIRTH_TOPIC,
    "payloads-state-will-message-payload": BIRTH_TOPIC,
    "payloads-state-will-message-retain": BIRTH_TOPIC,
    "message-flow-hid-sparkplug-state-message-delivered": SAID_GONE,
    "operational-behavior-host-application-connect-will": BROKER,
    "operational-behavior-host-application-connect-will-topic": BIRTH_TOPIC,
    "operational-behavior-host-application-connect-will-payload": BIRTH_TOPIC,
    "operational-behavior-host-application-connect-will-retained": BIRTH_TOPIC,
    "operational-behavior-host-application-connect-birth": BROKER,
    "operational-behavior-host-application-connect-birth-topic": BIRTH_TOPIC,
    "operational-behavior-host-application-connect-birth-payload": BIRTH_TOPIC,
    "operational-behavior-host-application-connect-birth-retained": BIRTH_TOPIC,
    "operational-behavior-host-application-multi-server-timestamp": BROKER,
    "operational-behavior-host-application-death-topic": BIRTH_TOPIC,
    "operational-behavior-host-application-death-payload": BIRTH_TOPIC,
    "operational-behavior-host-application-death-retained": BIRTH_TOPIC,
    "operational-behavior-host-reordering-param": GAP,
    "operational-behavior-host-reordering-start": GAP,
    "operational-behavior-host-reordering-rebirth": GAP,
    "operational-behavior-host-reordering-success": "test_a_message_that_overtook_another_waits_for_it",
    "operational-behavior-edge-node-termination-host-action-ndeath-node-offline": NODE_DEATH,
    "operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale": NODE_DEATH,
    "operational-behavior-edge-node-termination-host-action-ndeath-devices-offline": NODE_DEATH,
    "operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale": NODE_DEATH,
    "operational-behavior-edge-node-termination-host-action-ddeath-devices-offline": DEVICE_DEATH,
    "operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale": DEVICE_DEATH,
    "operational-behavior-data-commands-ncmd-rebirth-verb": REQUEST,
    "operational-behavior-data-commands-ncmd-rebirth-name": REQUEST,
    "operational-behavior-data-commands-ncmd-rebirth-value": REQUEST,
    "operational-behavior-data-commands-ncmd-verb": REQUEST,
    "topics-ncmd-topic": REQUEST,
    "topics-ncmd-timestamp": REQUEST,
    "topics-ncmd-payload": REQUEST,
    "payloads-ncmd-timestamp": REQUEST,
    "payloads-ncmd-seq": REQUEST,
    "payloads-ncmd-retain": REQUEST,
    "payloads-ncmd-qos": AT_MOST_ONCE,
    "topics-ncmd-mqtt": AT_MOST_ONCE,
    "topic-structure": "test_a_topic_that_is_none_of_sparkplug_is_refused",
    "topic-structure-namespace-a": "test_a_topic_that_is_none_of_sparkplug_is_refused",
    "topic-structure-namespace-device-id-associated-message-types": "test_a_topic_that_is_none_of_sparkplug_is_refused",
    "case-sensitivity-sparkplug-ids": "test_identifiers_and_names_are_case_sensitive",
    "case-sensitivity-metric-names": "test_identifiers_and_names_are_case_sensitive",
    "payloads-sequence-num-always-included": "test_the_gap_is_told_by_the_numbers_since_the_birth_beyond_255",
    "payloads-sequence-num-incrementing": "test_the_gap_is_told_by_the_numbers_since_the_birth_beyond_255",
    "payloads-alias-birth-requirement": "test_data_by_alias_gets_its_name_and_datatype_from_the_birth",
    "payloads-alias-data-cmd-requirement": "test_data_by_alias_gets_its_name_and_datatype_from_the_birth",
    "payloads-name-requirement": "test_an_alias_that_no_birth_defined_is_refused_and_the_births_are_asked_for",
    "payloads-metric-datatype-req": "test_data_by_alias_gets_its_name_and_datatype_from_the_birth",
    "payloads-metric-datatype-not-req": "test_data_by_alias_gets_its_name_and_datatype_from_the_birth",
    "payloads-metric-datatype-value": "test_a_value_that_is_no_reading_is_refused_by_its_reason",
    "payloads-metric-datatype-value-type": "test_what_is_encoded_is_read_back_by_us_and_by_google",
    "payloads-metric-timestamp-in-UTC": TIMES,
    "payloads-name-birth-data-requirement": TIMES,
    "payloads-propertyset-keys-array-size": "test_what_google_writes_is_read_with_all_that_we_step_over",
    "payloads-propertyset-values-array-size": "test_any_bytes_are_read_or_rejected",
    "payloads-propertyset-quality-value-value": "test_historical_values_are_flagged_and_bad_ones_uncertain",
    "payloads-nbirth-bdseq": "test_a_late_will_of_an_earlier_connection_ends_nothing",
    "payloads-ndeath-bdseq": "test_a_late_will_of_an_earlier_connection_ends_nothing",
    "payloads-ndeath-seq": NODE_DEATH,
    "payloads-nbirth-retain": "test_a_message_that_a_broker_had_kept_says_nothing_about_the_present",
    "payloads-dbirth-order": "test_births_that_arrive_before_the_nbirth_are_taken_behind_it",
    "payloads-ddata-order": "test_data_of_a_device_without_dbirth_asks_for_births",
    "operational-behavior-data-publish-nbirth-values": "test_values_of_a_birth_are_readings_and_nulls_are_refused",
    "payloads-dataset-types-value": BY_NAME,
    "payloads-template-is-definition": "test_texts_times_tables_files_and_arrays_are_refused_by_name",
}

QOS = "a broker of others gets it at QoS 1 (tests/ingest/brokers); our own door keeps it and sends at QoS 0"
DEPARTS = "departs on purpose: our session at a broker is kept so that QoS 1 data of other formats waits there"
LEAVING = "a source publishes its will on leaving (tests/ingest/brokers)"
NOT_SHOWN = {
    "host-topic-phid-birth-qos": QOS,
    "host-topic-phid-death-qos": QOS,
    "payloads-state-will-message-qos": QOS,
    "payloads-state-birth": QOS,
    "operational-behavior-host-application-connect-will-qos": QOS,
    "operational-behavior-host-application-connect-birth-qos": QOS,
    "operational-behavior-host-application-death-qos": QOS,
    "message-flow-phid-sparkplug-clean-session-311": DEPARTS,
    "message-flow-phid-sparkplug-clean-session-50": DEPARTS,
    "host-topic-phid-birth-sub-required": "the filters of a broker are a setting; at our own door we need none",
    "message-flow-phid-sparkplug-subscription": "as above; greetings go out after the SUBACK (tests/ingest/brokers)",
    "message-flow-phid-sparkplug-state-publish": "as above",
    "message-flow-phid-sparkplug-state-publish-payload": "the same certificate as host-topic-phid-birth-payload",
    "message-flow-phid-sparkplug-state-publish-payload-timestamp": "as host-topic-phid-birth-payload-timestamp",
    "payloads-state-subscribe": "the filters of a broker are a setting: `spBv1.0/#` has it",
    "payloads-state-will-message": "the same certificate as host-topic-phid-death-topic",
    "host-topic-phid-death-payload-timestamp-disconnect-clean": LEAVING,
    "host-topic-phid-death-payload-timestamp-disconnect-with-no-disconnect-packet": "the broker publishes the will",
    "operational-behavior-host-application-termination": LEAVING,
    "operational-behavior-host-application-disconnect-intentional": "as above",
    "operational-behavior-host-application-host-id": "unique in the plant by the setting `sparkplug.host_id`",
    "operational-behavior-primary-application-state-with-multiple-servers-state": "one certificate per source",
    "operational-behavior-primary-application-state-with-multiple-servers-state-subs": "one certificate per source",
    "operational-behavior-edge-node-termination-host-offline": "a rule for edge nodes",
    "operational-behavior-edge-node-termination-host-offline-reconnect": "a rule for edge nodes",
    "operational-behavior-edge-node-termination-host-offline-timestamp": "a rule for edge nodes",
    "operational-behavior-data-commands-ncmd-metric-name": "only Node Control/Rebirth, which every NBIRTH has",
    "operational-behavior-data-commands-ncmd-metric-value": "as above",
    "operational-behavior-data-commands-dcmd-verb": "no DCMD is ever written: the product commands no machine",
    "operational-behavior-data-commands-dcmd-metric-name": "as above",
    "operational-behavior-data-commands-dcmd-metric-value": "as above",
    "topics-dcmd-topic": "as above",
    "payloads-dcmd-seq": "as above",
    "payloads-alias-uniqueness": "a rule for edge nodes; of two metrics with one alias the last has it",
    "payloads-sequence-num-req-nbirth": "a rule for edge nodes; any number is taken, an absent one is 0",
}


@pytest.mark.parametrize("assertion", SHOWN_BY)
def test_the_test_that_shows_an_assertion_exists(assertion: str) -> None:
    folder = Path(__file__).parent
    files = [*folder.glob("test_*.py"), folder.parent / "brokers" / "test_source.py"]
    names = {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)}
    assert SHOWN_BY[assertion] in names


def test_every_assertion_stands_once() -> None:
    assert not set(SHOWN_BY) & set(NOT_SHOWN)
