/** The words of the page of telemetry, in English. `zhTelemetry.ts` has the same shape. */

import type { Level, Scope, Section, Want } from "../pages/telemetry/rules";

const count = (n: number, text: string, one: string, many: string) => `${text} ${n === 1 ? one : many}`;

const sections: Record<Section, string> = {
  overview: "Overview", sources: "Sources", gaps: "Gaps", sensors: "Sensors", adopt: "Signals to adopt", quarantine: "Quarantine",
};

const levels: Record<Level, { name: string; text: string }> = {
  D3: { name: "Nothing acknowledged is lost", text: "It is on our disk before the sender is told, and is stored exactly once." },
  "D3'": { name: "Safe from the broker on", text: "What the broker delivers is stored exactly once; what it loses itself shows as a gap where senders number." },
  D2: { name: "Kept, but not safe from a power cut", text: "Acknowledged before it is on the disk." },
  D1: { name: "Only while we are connected", text: "What arrives while we are away is lost." },
  D0: { name: "At most once", text: "What is on its way when anything stops is lost." },
};

/** `n` is the count, `text` the same as the reader's language prints it, `what` the newest example. */
const wants: Record<Want["kind"], (n: number, text: string, what: string) => { title: string; hint: string }> = {
  away: () => ({ title: "Ingest does not answer", hint: "Sensors keep their messages and send them again. Look at its log and start it." }),
  sensors: (n, text, what) => ({
    title: `${count(n, text, "sensor", "sensors")} cannot be believed`, hint: `Newest: ${what}. Check cable, power and the sensor itself.` }),
  gaps: (n, text, what) => ({
    title: `${count(n, text, "message is", "messages are")} missing`, hint: `Newest in ${what}. Have the sender repeat them.` }),
  clocks: (n, text, what) => ({
    title: `${count(n, text, "sender has", "senders have")} a wrong clock`, hint: `Newest: ${what}. Let it take its time from the network (NTP).` }),
  unprotected: (n, text, what) => ({
    title: `${count(n, text, "sender sends", "senders send")} without protection`, hint: `Newest: ${what}. Set QoS 1.` }),
  places: (n, text, what) => ({
    title: `${count(n, text, "signal arrives", "signals arrive")} that nobody named`, hint: `Newest: ${what}. Adopt it, or silence its sender.` }),
  refused: (n, text, what) => ({
    title: `${count(n, text, "message was", "messages were")} refused`, hint: `Newest reason: ${what}. Mend the cause, then read them again.` }),
};

const scopes: Record<Scope, (n: string, what: string) => string> = {
  row: () => "Only this message",
  reason: (n, what) => `All ${n} with the reason “${what}”`,
  topic: (_, what) => `All of the topic ${what}`,
};

/** Why a message was refused; a reason that is not listed shows its own name. */
const reasons: Record<string, string> = {
  unknown_topic: "unknown topic", unknown_field: "unknown field", identity_mismatch: "names another machine as its sender",
  too_many_series: "too many topics from one sender", empty: "empty message", wrong_format: "another format than agreed",
  bad_encoding: "broken text", bad_json: "broken JSON", bad_cbor: "broken CBOR", bad_protobuf: "broken Sparkplug message",
  bad_compression: "broken compression", too_deep: "nested too deep", duplicate_key: "a key stands twice",
  missing_value: "no value in it", not_a_number: "text in place of a number", wrong_type: "no number", not_finite: "not a finite number",
  bad_time: "time cannot be read", timestamp_unit_suspect: "time in another unit?", future: "time in the future", too_old: "too old",
  incomplete_transfer: "pieces are missing", unit_mismatch: "another unit than agreed", decoder_error: "a bug of ours",
  packet_too_large: "message too large", topic_name_invalid: "topic not valid", not_authorized: "not allowed",
  protocol_error: "against the protocol", qos_not_supported: "QoS 2 is not offered", will: "a will, not a measurement",
};

export const telemetry = {
  title: "Telemetry",
  lead: "What arrives from the sensors, what is missing, and what you can do about it.",
  sectionsLabel: "Parts of telemetry",
  sections, levels, wants, scopes, reasons,
  /** Sentences that the server writes, in the reader's language. */
  told: (sentence: string) => sentence,
  away: {
    title: "Ingest does not answer.",
    text: "Sensors keep their messages and send them again when it is back. All figures here can be read; adopting and reading again wait until then.",
  },
  overview: {
    wants: "What wants attention", nothing: "Nothing to do",
    nothingHint: "Every sensor is believed, no message is missing, nothing was refused in the last days.",
    books: "The books, in readings",
    balance: (total: string) => `All ${total} readings that were acknowledged to a sensor are accounted for.`,
    off: (n: string) => `Off by ${n} readings: they are on their way.`,
    acknowledged: "Acknowledged", stored: "Stored", duplicates: "Duplicates", conflicts: "Conflicts", quarantined: "Quarantined",
    summarised: "Summarised", replayed: "Read a second time",
    help: {
      stored: "New readings, each once",
      duplicates: "Sent twice: the second one changes nothing",
      conflicts: "Same signal and time, another value: the first one stays",
      quarantined: "Refused with a reason, and kept",
      summarised: "Refused while the quarantine was full: counted, not kept",
      replayed: "Read again from the quarantine: already counted above",
    },
    ingest: "Ingest", running: "running", lag: "Not stored yet", noLag: "nothing: all is stored",
    journal: "Journal on disk", fsync: "Disk write (99 of 100)", acknowledge: "Acknowledged within (99 of 100)",
    milliseconds: (ms: string) => `${ms} ms`,
    door: "Front door since its start", connections: "Connections", messages: "Messages", takeOvers: "Clients put out by their own name",
    takeOversHelp: "Two devices that use one client id push each other out. Give each its own.",
    paced: "Times a sender had to wait", pacedHelp: "It sent faster than its limit allows. Nothing is lost by it.",
    refused: "Turned away", nobody: "nobody", broker: (name: string) => `Broker ${name}`, times: (n: string) => `${n} x`,
    brokerFigures: (messages: string, connections: string) => `${messages} messages, connected ${connections} x`,
  },
  sources: {
    label: "Table of senders", source: "Sender", promise: "What it may rely on", losses: "What can be lost", messages: "Messages",
    qos0: "without acknowledgement (QoS 0)", noTime: "without a time", noSequence: "without a number", clock: "Clock",
    heard: "Last heard", door: "front door", broker: "another broker", manual: "entered by hand", nothing: "nothing that was acknowledged", onItsWay: "what is on its way", exact: "exact", noClock: "sends no time",
    behind: (duration: string) => `${duration} slow`, ahead: (duration: string) => `${duration} fast`,
    level: (code: string) => `delivery level ${code}`,
    empty: "Nobody has sent anything yet", emptyHint: "A sender appears here with its first message.",
    hint: "The weakest promise first. What a sender leaves out can be lost without a trace: give it QoS 1, times and numbers.",
  },
  nodes: {
    title: "Sparkplug nodes and devices", node: "Node", ofNode: "edge node", ofDevice: "device", state: "State", since: "Since",
    rebirths: "Births asked for", hint: "Sparkplug devices say when they come and go. Who is away comes first.",
    states: {
      online: { name: "Online", text: "alive, and its names are known" },
      stale: { name: "Waiting for its names", text: "alive; its births were asked for, until then its values are held back or refused" },
      offline: { name: "Offline", text: "it said goodbye, or its connection broke" },
    },
  },
  gaps: {
    label: "Table of gaps", stream: "Sender's stream", missing: "Missing", numbers: "Numbers", noticed: "Noticed", boot: "Run of the sender",
    messages: (n: number, text: string) => count(n, text, "message", "messages"), one: (n: string) => `No. ${n}`,
    range: (first: string, last: string) => `No. ${first} to ${last}`,
    empty: "Nothing is missing", emptyHint: "Senders that number their messages have no gap.",
    todoTitle: "What to do",
    todo: "Have the sender repeat these numbers: a gap closes by itself when they arrive, also late. If the sender has lost them, the gap stays as a record; models are not disturbed by it.",
  },
  sensors: {
    label: "Table of sensor events", status: "State (NE 107)", sensor: "Sensor", problem: "Problem", since: "Since", until: "Until",
    still: "still so", show: "Show", open: "Open", all: "All",
    ne107: {
      failure: "Failure", function_check: "Function check", out_of_specification: "Out of specification",
      maintenance_required: "Maintenance required", good: "Good",
    } as Record<string, string>,
    ne107Help: {
      failure: "Its values are not valid", function_check: "Not valid until somebody has looked",
      out_of_specification: "Beyond its limits: uncertain", maintenance_required: "Valid, and will not stay so", good: "No problem",
    } as Record<string, string>,
    empty: "Every sensor can be believed", emptyHint: "Stuck, silent and impossible readings show here, not as a fault of the machine.",
    none: "No sensor event yet",
    hint: "A silent or stuck sensor: check power, cable and gateway first, then the sensor. The event closes by itself with good readings.",
  },
  adopt: {
    label: "Table of signals to adopt", place: "Arrives at", newest: "Newest", range: "Range so far", seen: "Seen", guess: "Probably",
    from: (source: string) => `from ${source}`, wholePayload: "the whole message", field: (field: string) => `field ${field}`,
    times: (n: number, text: string) => count(n, text, "time", "times"), noGuess: "no idea", adopt: "Adopt",
    because: (why: string) => `because of: ${why}`,
    empty: "Every number has a name", emptyHint: "Numbers that arrive where the plant file names no signal show here, with a guess.",
    hint: "Numbers that arrive and are not used. Adopt what belongs to a machine; the plant file itself is not changed.",
    title: "Adopt this signal", asset: "Machine", chooseAsset: "Choose a machine", signal: "Name of the signal",
    signalHelp: "Small letters, digits, - and _; for instance seal_temp", unit: "Unit as it is sent",
    unitHelp: (examples: string) => `For instance ${examples}`, quantity: "What it measures", fromUnit: "what the unit says",
    replay: "Also use what has arrived so far (its refused messages are read again)",
    missing: { asset: "Choose the machine it belongs to", signal: "Small letters, digits, - and _ only, at most 64", unit: "Without a unit a number says nothing", quantity: "" },
    refused: "This signal cannot be adopted so", failed: "This did not work",
    done: (signal: string, asset: string) => `${signal} of ${asset} is adopted.`,
    replayed: (n: number, text: string) => (n === 0 ? "New readings count from now on." : `${count(n, text, "refused message is", "refused messages are")} read again.`),
    show: "Show the machine", undo: "Undo", undone: (signal: string) => `${signal} was given up again. What was stored of it stays.`, dismiss: "Dismiss",
  },
  quarantine: {
    label: "Table of refused messages", received: "Received", topic: "Topic and sender", reason: "Reason", preview: "Message",
    all: (n: string) => `All ${n}`, byReason: "Filter by reason", search: "Find in topic, sender or detail",
    summarised: (n: number, text: string) => `${count(n, text, "reading", "readings")} of messages that were not kept, for the quarantine was full`,
    bytes: (n: string) => `${n} bytes`,
    empty: "Nothing is in quarantine", emptyHint: "Every message so far could be read.", noMatch: "Nothing matches",
    hint: "Messages that were refused, each with its reason. Nothing else was held up by them. Mend the cause first, then read them again.",
    older: "Show older", again: "Read again", againAll: (n: string) => `Read all ${n} again`,
    cannot: "cannot be read again", cannotHelp: "It was too long to be kept whole, or was never accepted: the sender has to send it again.",
    title: "Read messages again?", which: "Which messages",
    will: "They are read with the plant as it is now. What can be used is stored, once; what is still wrong stays here with its reason.",
    asked: (n: number, text: string) => `${count(n, text, "message is", "messages are")} read again: see what is left below.`,
    none: "There was nothing left to read again.",
    cut: (n: number, text: string) => `${count(n, text, "was", "were")} too long to be kept whole: the sender has to send it again.`,
    gone: (n: number, text: string) => `${count(n, text, "is", "are")} no longer here.`,
  },
};
