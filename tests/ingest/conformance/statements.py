"""The numbered statements of MQTT 3.1.1 and 5.0, in our own words, and the test of each or why there is none.

A line: statements | what the door does | tests, or one of the reasons below. `a..b` is a run of numbers of one section.
"""

# ruff: noqa: E501 -- a statement stands on one line
from __future__ import annotations

REASONS = {
    "CLIENT": "duty of the client",
    "QOS2": "QoS 2 is not offered; its packets end the connection",
    "FORWARD": "no message of a client is forwarded, and what the product itself publishes has QoS 0",
    "SESSION": "no session is kept beyond its connection, and CONNACK says so",
    "AUTH": "enhanced authentication is not offered",
    "UNSENT": "the server never sends this packet or property",
    "WEBSOCKET": "there is no WebSocket listener",
}

V311 = """
1.5.3-1 1.5.3-2 | text that is not UTF-8, or holds U+0000, ends the connection | test_a_topic_that_is_no_topic_ends_the_connection test_every_text_must_be_utf_8
1.5.3-3 | a byte order mark is kept as a sign of the text | test_a_byte_order_mark_is_a_part_of_its_topic
2.2.2-1 | reserved flags are sent as the standard lists them | test_refusals_exist_in_the_words_of_each_version
2.2.2-2 | wrong flags of a fixed header end the connection | test_wrong_flags_of_a_fixed_header_end_the_connection
2.3.1-1 | packet identifier 0 ends the connection | test_a_broken_rule_is_named_by_its_reason
2.3.1-2 2.3.1-3 | choosing and repeating packet identifiers | CLIENT
2.3.1-4 | packet identifiers of the server's own messages | FORWARD
2.3.1-5 | a QoS 0 message has no packet identifier | test_a_message_without_qos_has_no_identifier
2.3.1-6 | a PUBACK carries the identifier of its message | test_acknowledgements_come_in_the_order_of_arrival
2.3.1-7 | SUBACK and UNSUBACK carry the identifier of their request | test_a_subscriber_gets_the_retained_value_and_what_follows
3.1.0-1 | a first packet that is not CONNECT ends the connection | test_a_first_packet_that_is_not_connect_ends_the_connection_and_harms_nobody
3.1.0-2 | a second CONNECT ends the connection | test_a_broken_rule_is_named_by_its_reason
3.1.2-1 | another protocol name is not served | test_a_broken_rule_is_named_by_its_reason
3.1.2-2 | another protocol level is answered with 1 and closed | test_other_versions_of_mqtt_are_told_so
3.1.2-3 | the reserved flag of CONNECT must be 0 | test_a_broken_rule_is_named_by_its_reason
3.1.2-4 | every connection begins a new session, also when the old one was asked for | test_a_session_that_should_outlive_its_connection_is_told_that_it_will_not
3.1.2-5 | messages for a client that is away | SESSION
3.1.2-6 | a clean session begins with nothing | test_a_session_leaves_no_subscription_behind
3.1.2-7 | retained values do not end with a session | test_a_subscriber_gets_the_retained_value_and_what_follows
3.1.2-8 | the will is due when the connection ends without a goodbye | test_a_will_is_stored_when_its_client_disappears
3.1.2-9 3.1.3-1 3.1.3-3 | the fields of CONNECT stand in their order, as the flags say | test_a_connect_comes_back_as_it_was_encoded
3.1.2-10 | a goodbye takes the will back | test_a_will_is_dropped_after_a_goodbye_unless_the_goodbye_asks_for_it
3.1.2-11 3.1.2-13 3.1.2-14 3.1.2-15 | flags of a will that contradict one another end the connection | test_flags_of_a_will_that_contradict_one_another_are_refused
3.1.2-12 | without a will nothing is published at the end | test_a_client_without_a_will_leaves_nothing
3.1.2-16 | a will without retain is journalled without it | test_a_will_on_a_status_topic_is_journalled_with_its_mark
3.1.2-17 | a will with retain is journalled with it | test_a_will_is_stored_when_its_client_disappears
3.1.2-18..21 | user name and password are there when their flags say so, and only then | test_a_connect_comes_back_as_it_was_encoded
3.1.2-22 | a password needs a user name | test_a_broken_rule_is_named_by_its_reason
3.1.2-23 | pinging in time | CLIENT
3.1.2-24 | silence of one and a half keep-alives ends the connection | test_a_half_open_connection_is_given_up_after_one_and_a_half_keep_alives
3.1.3-2 | the client id is who it is | test_a_second_client_with_the_same_id_takes_over
3.1.3-4 3.1.3-10 3.1.3-11 | client id, will topic and user name are UTF-8 | test_every_text_must_be_utf_8
3.1.3-5 | 1 to 23 letters and digits are always a good client id | test_plain_names_of_up_to_23_letters_are_always_allowed
3.1.3-6 | an empty client id is replaced by one of its own | test_a_client_without_a_name_is_given_one_of_its_own
3.1.3-7 | a clean session with an empty client id | CLIENT
3.1.3-8 3.1.3-9 | a client id that is not taken is answered with 2 and closed | test_a_connect_that_cannot_be_granted_is_refused_with_its_reason
3.1.4-1 | a CONNECT that breaks a rule is closed without CONNACK | test_a_3_1_1_connect_that_breaks_a_rule_is_closed_without_a_word
3.1.4-2 | the older connection with the same client id is ended | test_a_second_client_with_the_same_id_takes_over
3.1.4-3 | clean session is minded | test_a_session_leaves_no_subscription_behind
3.1.4-4 | a good CONNECT is answered with CONNACK 0 | test_the_right_password_opens_also_for_a_client_that_does_not_wait
3.1.4-5 | nothing behind a refused CONNECT is taken | test_nothing_behind_a_refused_connect_is_taken
3.2.0-1 | CONNACK is the first packet of the server | test_messages_sent_right_behind_connect_are_taken
3.2.2-1 3.2.2-3 | Session Present is 0 | test_a_session_that_should_outlive_its_connection_is_told_that_it_will_not
3.2.2-2 | Session Present 1 for a session that was kept | SESSION
3.2.2-4 3.2.2-5 | a refusal says Session Present 0 and closes | test_a_connect_that_cannot_be_granted_is_refused_with_its_reason
3.2.2-6 | a refusal without a code of its own closes in silence | test_a_connect_that_cannot_be_granted_is_refused_with_its_reason
3.3.1-1 3.3.1-3 | DUP of messages that the server repeats | FORWARD
3.3.1-2 | a QoS 0 message has no DUP | test_a_broken_rule_is_named_by_its_reason
3.3.1-4 | QoS 3 ends the connection | test_a_broken_rule_is_named_by_its_reason
3.3.1-5 3.3.1-7 | a client's retained message is stored as a reading with its mark; nobody may subscribe to its topic | test_flags_of_a_message_reach_the_journal
3.3.1-6 3.3.1-8 3.3.1-9 | a new subscriber gets the last value with retain 1, and what follows with retain 0 | test_a_subscriber_gets_the_retained_value_and_what_follows
3.3.1-10 3.3.1-11 | an empty retained value forgets the last one and is not kept | test_an_empty_retained_value_forgets_and_foreign_topics_are_not_ours_to_publish
3.3.1-12 | a value without retain leaves the retained one alone | test_a_value_without_retain_leaves_the_retained_one_alone
3.3.2-1 3.3.2-2 | the topic of a message is UTF-8 and holds no wildcard | test_a_topic_that_is_no_topic_ends_the_connection
3.3.2-3 | what a subscriber gets has the topic it subscribed to | test_a_subscriber_gets_the_retained_value_and_what_follows
3.3.4-1 | QoS 1 is answered with PUBACK, after the disk write | test_no_acknowledgement_is_ever_ahead_of_the_disk
3.3.5-1 | overlapping subscriptions do not exist: each is one exact topic | test_a_repeated_subscription_gets_the_retained_value_as_it_asked
3.3.5-2 | a message that is not allowed ends the connection: an acknowledgement would say "stored" | test_a_forbidden_topic_ends_a_3_1_1_connection_because_an_acknowledgement_means_stored
3.6.1-1 | PUBREL, with whatever flags, ends the connection | test_packets_of_a_server_and_of_qos_2_end_the_connection
3.8.1-1 3.10.1-1 3.14.1-1 | reserved flags of SUBSCRIBE, UNSUBSCRIBE, DISCONNECT | test_wrong_flags_of_a_fixed_header_end_the_connection
3.8.3-1 3.10.3-1 | topic filters are UTF-8 | test_every_text_must_be_utf_8
3.8.3-2 | filters with wildcards are refused | test_other_subscriptions_are_refused_each_with_its_reason
3.8.3-3 3.8.3-4 3.10.3-2 | a request without a filter, or with reserved bits, ends the connection | test_a_broken_rule_is_named_by_its_reason
3.8.4-1 3.8.4-2 3.8.4-6 | SUBACK answers with the same identifier and grants QoS 0 | test_a_subscriber_gets_the_retained_value_and_what_follows
3.8.4-3 | a repeated subscription replaces the old one and sends the retained value again | test_a_repeated_subscription_gets_the_retained_value_as_it_asked
3.8.4-4 3.8.4-5 3.9.3-1 3.9.3-2 | one code for each filter, in their order, from the standard's list | test_other_subscriptions_are_refused_each_with_its_reason
3.10.4-1 3.10.4-2 3.10.4-4 | UNSUBSCRIBE ends exactly the subscription it names, and is answered | test_a_subscriber_gets_the_retained_value_and_what_follows
3.10.4-3 | completing deliveries that have begun | FORWARD
3.10.4-5 3.10.4-6 | UNSUBSCRIBE of what does not exist, and of several, is answered once | test_unsubscribing_from_nothing_is_answered_too
3.12.4-1 | PINGREQ is answered | test_a_client_that_pings_is_kept
3.14.4-1 3.14.4-2 | closing after DISCONNECT | CLIENT
3.14.4-3 | DISCONNECT takes the will back | test_a_will_is_dropped_after_a_goodbye_unless_the_goodbye_asks_for_it
4.1.0-1 4.1.0-2 | a session lasts as long as its connection | test_a_subscriber_gets_the_retained_value_and_what_follows
4.3.1-1 | our own messages have QoS 0 and no DUP | test_a_subscriber_gets_the_retained_value_and_what_follows
4.3.2-1 | the sender's side of QoS 1 | CLIENT
4.3.2-2 | PUBACK says that we own the message; the identifier may then be used anew | test_the_same_identifier_again_is_a_new_message
4.3.3-1 4.3.3-2 4.6.0-3 4.6.0-4 | QoS 2 | QOS2
4.4.0-1 4.5.0-1 | repeating and distributing messages | FORWARD
4.5.0-2 4.6.0-1 | acknowledging and repeating in order | CLIENT
4.6.0-2 | PUBACKs leave in the order of arrival | test_acknowledgements_come_in_the_order_of_arrival
4.6.0-5 4.6.0-6 | subscribers get our messages in the order in which they were published | test_subscribers_get_our_messages_in_order
4.7.1-1 4.7.3-1 4.7.3-2 | a topic is not empty and holds neither a wildcard nor U+0000 | test_a_topic_that_is_no_topic_ends_the_connection
4.7.1-2 4.7.1-3 | wildcards stand alone in their level, # in the last one | test_filters_that_are_none_are_refused_one_by_one
4.7.2-1 | a leading wildcard does not match $ | test_patterns_match_as_the_standard_says
4.7.3-3 | topics up to 65,535 bytes are read (those over 1024 are refused in the acknowledgement) | test_a_forbidden_topic_is_answered_in_the_acknowledgement_and_the_stream_goes_on
4.7.3-4 | topics are compared sign by sign | test_topics_are_compared_sign_by_sign
4.8.0-1 | who breaks the protocol is disconnected | test_a_topic_that_is_no_topic_ends_the_connection
4.8.0-2 | an error of ours ends the connections that it concerns | test_after_a_failed_fsync_nothing_is_acknowledged_and_nobody_is_let_in
6.0.0-1..4 | MQTT over WebSocket | WEBSOCKET
7.0.0-1 7.0.0-2 | plain clients over TCP need no extension of ours | test_mosquitto_pub_publishes_line_by_line
"""

V5 = """
1.5.4-1 1.5.4-2 | text that is not UTF-8, or holds U+0000, ends the connection | test_a_topic_that_is_no_topic_ends_the_connection test_every_text_must_be_utf_8
1.5.4-3 | a byte order mark is kept as a sign of the text | test_a_byte_order_mark_is_a_part_of_its_topic
1.5.5-1 | lengths are written in their shortest form, and other forms refused | test_a_length_comes_back_as_it_was_encoded test_a_broken_rule_is_named_by_its_reason
1.5.7-1 | both halves of a user property are UTF-8 | test_properties_come_back_as_they_were_encoded
2.1.3-1 3.8.1-1 3.10.1-1 3.14.1-1 3.15.1-1 | wrong flags of a fixed header end the connection | test_wrong_flags_of_a_fixed_header_end_the_connection
2.2.1-2 | a QoS 0 message has no packet identifier | test_a_message_without_qos_has_no_identifier
2.2.1-3 | choosing packet identifiers | CLIENT
2.2.1-4 | packet identifiers of the server's own messages | FORWARD
2.2.1-5 | a PUBACK carries the identifier of its message | test_acknowledgements_come_in_the_order_of_arrival
2.2.1-6 | SUBACK and UNSUBACK carry the identifier of their request | test_a_subscriber_gets_the_retained_value_and_what_follows
2.2.2-1 | no properties are a length of 0 | test_properties_come_back_as_they_were_encoded
3.1.0-1 | a first packet that is not CONNECT ends the connection | test_a_first_packet_that_is_not_connect_ends_the_connection_and_harms_nobody
3.1.0-2 | a second CONNECT ends the connection | test_a_broken_rule_is_named_by_its_reason
3.1.2-1 | another protocol name is not served | test_a_broken_rule_is_named_by_its_reason
3.1.2-2 | another protocol level is told so and closed | test_other_versions_of_mqtt_are_told_so
3.1.2-3 | the reserved flag of CONNECT must be 0 | test_a_broken_rule_is_named_by_its_reason
3.1.2-4 3.1.2-6 | every connection begins with nothing | test_a_session_leaves_no_subscription_behind
3.1.2-5 3.1.2-23 | going on with a session that was kept | SESSION
3.1.2-7 3.1.2-8 | the will is kept, and due when the connection ends without a normal goodbye (the session ends then too) | test_a_will_is_stored_when_its_client_disappears
3.1.2-9 3.1.2-16..19 3.1.3-1 3.1.3-3 | the fields of CONNECT stand in their order, as the flags say | test_a_connect_comes_back_as_it_was_encoded
3.1.2-10 3.14.4-3 | DISCONNECT with reason 0 takes the will back, and no other does | test_only_a_normal_goodbye_takes_the_will_back
3.1.2-11..13 | flags of a will that contradict one another end the connection | test_flags_of_a_will_that_contradict_one_another_are_refused
3.1.2-14 | a will without retain is journalled without it | test_a_will_on_a_status_topic_is_journalled_with_its_mark
3.1.2-15 | a will with retain is journalled with it | test_a_will_is_stored_when_its_client_disappears
3.1.2-20 3.1.2-21 3.2.2-21 | pinging in time, by the server's figure | CLIENT
3.1.2-22 | silence of one and a half keep-alives ends the connection | test_a_half_open_connection_is_given_up_after_one_and_a_half_keep_alives
3.1.2-24 3.1.2-25 3.2.2-19 3.14.2-3 | nothing longer than the client takes is sent; reason strings go first | test_nothing_longer_than_the_client_takes_is_sent test_a_subscriber_that_takes_only_short_packets_gets_only_those
3.1.2-26 3.1.2-27 3.3.2-11 | topic aliases of the server | UNSENT
3.1.2-28 | response information is not given | test_a_client_that_asks_for_an_answer_topic_gets_none
3.1.2-29 | reason strings stand in CONNACK and DISCONNECT only | test_a_forbidden_topic_is_answered_in_the_acknowledgement_and_the_stream_goes_on
3.1.2-30 | waiting for CONNACK while authenticating | AUTH
3.1.3-2 | the client id is who it is | test_a_second_client_with_the_same_id_takes_over
3.1.3-4 3.1.3-11 3.1.3-12 | client id, will topic and user name are UTF-8 | test_every_text_must_be_utf_8
3.1.3-5 | 1 to 23 letters and digits are always a good client id | test_plain_names_of_up_to_23_letters_are_always_allowed
3.1.3-6 3.1.3-7 3.2.2-16 | an empty client id is replaced by a new one, which CONNACK names | test_a_client_without_a_name_is_given_one_of_its_own
3.1.3-8 | a client id that is not taken is answered with 0x85 and closed | test_the_names_of_the_server_and_names_that_are_none_are_refused
3.1.3-9 | will delay: the session ends with the connection, so the will is due at once | test_a_client_that_was_thrown_out_may_come_back_at_once_and_its_will_stands_before_what_it_says_then
3.1.4-1 | a CONNECT that breaks a rule is answered with its reason and closed | test_a_connect_that_breaks_a_rule_is_told_which
3.1.4-2 | who may not come in is refused and closed | test_everybody_else_stays_outside
3.1.4-3 | the older connection with the same client id is told 0x8E and closed | test_a_second_client_with_the_same_id_takes_over
3.1.4-4 | clean start is minded | test_a_session_leaves_no_subscription_behind
3.1.4-5 | a good CONNECT is answered with CONNACK 0 | test_the_right_password_opens_also_for_a_client_that_does_not_wait
3.1.4-6 | nothing behind a refused CONNECT is taken | test_nothing_behind_a_refused_connect_is_taken
3.2.0-1 | CONNACK is the first packet of the server | test_messages_sent_right_behind_connect_are_taken
3.2.0-2 | there is one CONNACK | test_messages_sent_right_behind_connect_are_taken
3.2.2-1 | the other bits of CONNACK's flags are 0 | test_refusals_exist_in_the_words_of_each_version
3.2.2-2 3.2.2-3 | Session Present is 0 | test_a_session_that_should_outlive_its_connection_is_told_that_it_will_not
3.2.2-4 3.2.2-5 3.2.2-11 3.2.2-14 3.2.2-15 3.2.2-17 3.2.2-18 | what a client makes of CONNACK | CLIENT
3.2.2-6..8 | a refusal says Session Present 0, has a reason of the list, and closes | test_a_connect_that_cannot_be_granted_is_refused_with_its_reason
3.2.2-9 | CONNACK says Maximum QoS 1 | test_paho_learns_what_the_door_offers
3.2.2-10 | subscriptions may ask for any QoS | test_filters_that_are_none_are_refused_one_by_one
3.2.2-12 | a will with QoS 2 is refused with 0x9B | test_a_connect_that_cannot_be_granted_is_refused_with_its_reason
3.2.2-13 | retained wills are taken | test_a_will_is_stored_when_its_client_disappears
3.2.2-20 3.4.2-2 3.4.2-3 3.9.2-1 3.9.2-2 3.11.2-1 3.11.2-2 3.14.2-4 | user properties, and reason strings beyond CONNACK and DISCONNECT | UNSENT
3.2.2-22 | without a Server Keep Alive the client's own counts | test_a_half_open_connection_is_given_up_after_one_and_a_half_keep_alives
3.3.1-1 3.3.1-3 | DUP of messages that the server repeats | FORWARD
3.3.1-2 3.3.1-4 | DUP without QoS, and QoS 3, end the connection | test_a_broken_rule_is_named_by_its_reason
3.3.1-5 | a client's retained message is stored as a reading with its mark; nobody may subscribe to its topic | test_flags_of_a_message_reach_the_journal
3.3.1-6 3.3.1-7 | an empty retained value forgets the last one and is not kept | test_an_empty_retained_value_forgets_and_foreign_topics_are_not_ours_to_publish
3.3.1-8 | a value without retain leaves the retained one alone | test_a_value_without_retain_leaves_the_retained_one_alone
3.3.1-9..11 | retain handling 0, 1 and 2 | test_a_repeated_subscription_gets_the_retained_value_as_it_asked
3.3.1-12 3.3.1-13 | what follows has retain 0: it is published without | test_a_subscriber_gets_the_retained_value_and_what_follows
3.3.2-1 3.3.2-2 | the topic of a message is UTF-8 and holds no wildcard | test_a_topic_that_is_no_topic_ends_the_connection
3.3.2-3 | what a subscriber gets has the topic it subscribed to | test_a_subscriber_gets_the_retained_value_and_what_follows
3.3.2-4..6 3.3.2-15..18 3.3.2-20 | handing on the properties of messages | FORWARD
3.3.2-7 | aliases end with their connection | test_an_alias_ends_with_its_connection
3.3.2-8 3.3.2-9 | alias 0, or above the maximum, is answered with 0x94 | test_an_alias_that_is_none_ends_the_connection
3.3.2-10 | aliases that a client takes | CLIENT
3.3.2-12 | every alias up to the maximum is taken | test_an_alias_stands_for_its_topic_and_may_be_given_another
3.3.2-13 3.3.2-14 3.3.2-19 3.3.4-6 | response topic without wildcards, texts in UTF-8, no subscription identifier | test_broken_properties_end_the_connection_with_their_reason
3.3.4-1 | QoS 1 is answered with PUBACK, after the disk write | test_no_acknowledgement_is_ever_ahead_of_the_disk
3.3.4-2..4 | overlapping and identified subscriptions do not exist: each is one exact topic | test_a_broken_rule_is_named_by_its_reason
3.3.4-7 | more messages in flight than CONNACK allowed end the connection with 0x93 | test_more_in_flight_than_the_receive_maximum_ends_the_connection
3.3.4-8 | sending other packets meanwhile | CLIENT
3.3.4-9 3.3.4-10 4.9.0-1 4.9.0-2 | the server's own window | FORWARD
3.4.2-1 | PUBACK has a reason of the list: success, not authorized, topic name invalid | test_a_forbidden_topic_is_answered_in_the_acknowledgement_and_the_stream_goes_on
3.5.2-1..3 3.6.2-1..3 3.7.2-1..3 4.3.3-1..13 4.6.0-3 4.6.0-4 | QoS 2 | QOS2
3.6.1-1 | PUBREL, with whatever flags, ends the connection | test_packets_of_a_server_and_of_qos_2_end_the_connection
3.8.3-1 3.10.3-1 | topic filters are UTF-8 | test_every_text_must_be_utf_8
3.8.3-2 3.8.3-5 3.10.3-2 | a request without a filter, or with reserved bits, ends the connection | test_a_broken_rule_is_named_by_its_reason
3.8.3-3 | No Local: clients' messages reach no subscriber at all | FORWARD
3.8.3-4 | No Local on a shared subscription is a protocol error | test_no_local_on_a_shared_subscription_is_a_protocol_error
3.8.4-1 3.8.4-2 3.8.4-8 | SUBACK answers with the same identifier and grants QoS 0 | test_a_subscriber_gets_the_retained_value_and_what_follows
3.8.4-3 3.8.4-4 | a repeated subscription replaces the old one | test_a_repeated_subscription_gets_the_retained_value_as_it_asked
3.8.4-5..7 3.9.3-1 3.9.3-2 | one code for each filter, in their order, from the standard's list | test_other_subscriptions_are_refused_each_with_its_reason
3.10.4-1 3.10.4-2 3.10.4-4 | UNSUBSCRIBE ends exactly the subscription it names, and is answered | test_a_subscriber_gets_the_retained_value_and_what_follows
3.10.4-3 | completing deliveries that have begun | FORWARD
3.10.4-5 3.10.4-6 3.11.3-1 3.11.3-2 | UNSUBSCRIBE of what does not exist, and of several, is answered once, in order | test_unsubscribing_from_nothing_is_answered_too
3.12.4-1 | PINGREQ is answered | test_a_client_that_pings_is_kept
3.14.0-1 | no DISCONNECT before CONNACK | test_a_connect_that_breaks_a_rule_is_told_which
3.14.2-1 3.14.2-2 | our DISCONNECT has a reason of the list and no session expiry | test_refusals_exist_in_the_words_of_each_version
3.14.4-1 3.14.4-2 | behind DISCONNECT nothing comes and the connection is closed | test_stopping_acknowledges_what_became_durable_and_says_goodbye
3.15.2-1..3 4.12.0-2..5 4.12.1-1 4.12.1-2 | the steps of enhanced authentication | AUTH
4.1.0-1 | a session lasts as long as its connection | test_a_subscriber_gets_the_retained_value_and_what_follows
4.1.0-2 | and not longer | test_a_session_leaves_no_subscription_behind
4.2.0-1 | TCP, or TLS above it | test_a_client_behind_tls_gets_its_acknowledgements
4.3.1-1 | our own messages have QoS 0 and no DUP | test_a_subscriber_gets_the_retained_value_and_what_follows
4.3.2-1..3 | the sender's side of QoS 1 | CLIENT
4.3.2-4 | PUBACK says that we own the message | test_what_was_acknowledged_is_in_the_journal_after_the_process_is_gone
4.3.2-5 | its identifier may then be used anew | test_the_same_identifier_again_is_a_new_message
4.4.0-1 4.5.0-1 4.8.2-3 4.8.2-4 4.8.2-6 | repeating and distributing messages | FORWARD
4.4.0-2 4.5.0-2 4.6.0-1 | acknowledging and repeating in order | CLIENT
4.6.0-2 | PUBACKs leave in the order of arrival | test_acknowledgements_come_in_the_order_of_arrival
4.6.0-5 4.6.0-6 | subscribers get our messages in the order in which they were published | test_subscribers_get_our_messages_in_order
4.7.0-1 4.7.3-1 4.7.3-2 | a topic is not empty and holds neither a wildcard nor U+0000 | test_a_topic_that_is_no_topic_ends_the_connection
4.7.1-1 4.7.1-2 4.8.2-1 4.8.2-2 | wildcards stand alone, # comes last, a share has a name and a filter | test_filters_that_are_none_are_refused_one_by_one
4.7.2-1 | a leading wildcard does not match $ | test_patterns_match_as_the_standard_says
4.7.3-3 | topics up to 65,535 bytes are read (those over 1024 are refused in the acknowledgement) | test_a_forbidden_topic_is_answered_in_the_acknowledgement_and_the_stream_goes_on
4.7.3-4 | topics are compared sign by sign | test_topics_are_compared_sign_by_sign
4.9.0-3 | pings are answered while acknowledgements are outstanding | test_nothing_is_acknowledged_while_the_fsync_hangs_but_pings_are
4.12.0-1 | an authentication method is answered with 0x8C and closed | test_a_connect_that_breaks_a_rule_is_told_which
4.12.0-6 | the server sends no AUTH and names no method | test_paho_learns_what_the_door_offers
4.12.0-7 | AUTH without a method ends the connection | test_auth_without_a_method_is_a_protocol_error
4.13.1-1 4.13.2-1 | whoever breaks the protocol is told the reason and disconnected | test_broken_properties_end_the_connection_with_their_reason
6.0.0-1..4 | MQTT over WebSocket | WEBSOCKET
"""

# Which numbers exist: the last of each section, and those that the final text of 5.0 left out.
LAST_311 = {
    "1.5.3": 3, "2.2.2": 2, "2.3.1": 7, "3.1.0": 2, "3.1.2": 24, "3.1.3": 11, "3.1.4": 5, "3.2.0": 1, "3.2.2": 6,
    "3.3.1": 12, "3.3.2": 3, "3.3.4": 1, "3.3.5": 2, "3.6.1": 1, "3.8.1": 1, "3.8.3": 4, "3.8.4": 6, "3.9.3": 2,
    "3.10.1": 1, "3.10.3": 2, "3.10.4": 6, "3.12.4": 1, "3.14.1": 1, "3.14.4": 3, "4.1.0": 2, "4.3.1": 1, "4.3.2": 2,
    "4.3.3": 2, "4.4.0": 1, "4.5.0": 2, "4.6.0": 6, "4.7.1": 3, "4.7.2": 1, "4.7.3": 4, "4.8.0": 2, "6.0.0": 4,
    "7.0.0": 2,
}  # fmt: skip
LAST_5 = {
    "1.5.4": 3, "1.5.5": 1, "1.5.7": 1, "2.1.3": 1, "2.2.1": 6, "2.2.2": 1, "3.1.0": 2, "3.1.2": 30, "3.1.3": 12,
    "3.1.4": 6, "3.2.0": 2, "3.2.2": 22, "3.3.1": 13, "3.3.2": 20, "3.3.4": 10, "3.4.2": 3, "3.5.2": 3, "3.6.1": 1,
    "3.6.2": 3, "3.7.2": 3, "3.8.1": 1, "3.8.3": 5, "3.8.4": 8, "3.9.2": 2, "3.9.3": 2, "3.10.1": 1, "3.10.3": 2,
    "3.10.4": 6, "3.11.2": 2, "3.11.3": 2, "3.12.4": 1, "3.14.0": 1, "3.14.1": 1, "3.14.2": 4, "3.14.4": 3, "3.15.1": 1,
    "3.15.2": 3, "4.1.0": 2, "4.2.0": 1, "4.3.1": 1, "4.3.2": 5, "4.3.3": 13, "4.4.0": 2, "4.5.0": 2, "4.6.0": 6,
    "4.7.0": 1, "4.7.1": 2, "4.7.2": 1, "4.7.3": 4, "4.8.2": 6, "4.9.0": 3, "4.12.0": 7, "4.12.1": 2, "4.13.1": 1,
    "4.13.2": 1, "6.0.0": 4,
}  # fmt: skip
LEFT_OUT_5 = {"2.2.1-1", "3.1.3-10", "3.3.4-5", "4.8.2-5"}
