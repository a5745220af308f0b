/** The words of the page of telemetry, in Chinese. */

import type { Words } from "./en";

/** What the server says of losses, sentence by sentence; `$1` is the part that changes. */
const TOLD: readonly [RegExp, string][] = [
  [/^(\d+) of (\d+) messages came with QoS 0$/, "$2 条消息中有 $1 条以 QoS 0 发送"],
  [/^messages without a time are stamped on arrival: sent twice, they are stored twice$/, "不带时间的消息按到达时间记：重复发送会重复存储"],
  [/^messages without a sequence number: what was lost before us cannot be told from silence$/, "不带序号的消息：到达之前丢失的与没有发送无法区分"],
  [/^the broker did not keep our session: what it took while we were away is gone$/, "代理未保留我们的会话：离线期间它收下的消息已丢失"],
  [/^QoS 0 only: (.+)$/, "仅 QoS 0：$1"],
  [/^subscription refused, nothing arrives: (.+)$/, "订阅被拒绝，收不到数据：$1"],
  [/^senders that publish with QoS 0 lose what is on its way$/, "以 QoS 0 发送的设备会丢失在途消息"],
  [/^the broker does not say what it is: ask whether its PUBACK waits for its disk$/, "代理未说明自身软件：请确认其 PUBACK 是否等待写盘"],
  [/^(.+) acknowledges from memory: kill -9 or a power cut loses acknowledged messages.*$/, "$1 写盘前即确认：进程被杀或断电时，已确认但未转发的消息会丢失"],
  [/^its default max_queued_messages 1000 drops silently while we are away: set 0$/, "其默认 max_queued_messages 1000 会在我们离线时静默丢弃：请设为 0"],
];

function told(sentence: string): string {
  const [pattern, text] = TOLD.find(([known]) => known.test(sentence)) ?? [];
  return pattern && text ? sentence.replace(pattern, text) : sentence;
}

export const telemetry: Words["telemetry"] = {
  title: "数据接入",
  lead: "传感器数据的到达、缺失情况，以及您能做什么。",
  sectionsLabel: "数据接入的各部分",
  sections: { overview: "概览", sources: "来源", gaps: "缺失", sensors: "传感器", adopt: "待认领信号", quarantine: "隔离区" },
  levels: {
    D3: { name: "已确认的绝不丢失", text: "先写入本机磁盘，再向发送方确认，且只存一次。" },
    "D3'": { name: "自代理起安全", text: "代理转发的只存一次；代理自身丢失的，在有序号时显示为缺失。" },
    D2: { name: "保留，但断电不安全", text: "写盘之前即确认。" },
    D1: { name: "仅在连接期间", text: "我们离线期间到达的会丢失。" },
    D0: { name: "至多一次", text: "任何一环停止时，在途消息丢失。" },
  },
  wants: {
    away: () => ({ title: "接入进程没有响应", hint: "传感器会保留消息并重新发送。请查看其日志并启动它。" }),
    sensors: (_, text, what) => ({ title: `${text} 个传感器不可信`, hint: `最新：${what}。请检查电缆、电源和传感器本身。` }),
    gaps: (_, text, what) => ({ title: `缺失 ${text} 条消息`, hint: `最新：${what}。请让发送方重发。` }),
    clocks: (_, text, what) => ({ title: `${text} 个来源的时钟有误`, hint: `最新：${what}。请让它从网络校时（NTP）。` }),
    unprotected: (_, text, what) => ({ title: `${text} 个来源发送时没有保障`, hint: `最新：${what}。请改用 QoS 1。` }),
    places: (_, text, what) => ({ title: `${text} 个到达的信号没有名称`, hint: `最新：${what}。请认领，或停止其发送。` }),
    refused: (_, text, what) => ({ title: `${text} 条消息被拒绝`, hint: `最新原因：${what}。先排除原因，再重读。` }),
  },
  scopes: {
    row: () => "仅此消息",
    reason: (n, what) => `原因为“${what}”的全部 ${n} 条`,
    topic: (_, what) => `主题 ${what} 的全部消息`,
  },
  reasons: {
    unknown_topic: "未知主题", unknown_field: "未知字段", identity_mismatch: "自称来自另一台设备", too_many_series: "同一来源主题过多",
    empty: "空消息", wrong_format: "格式与约定不符", bad_encoding: "文本损坏", bad_json: "JSON 损坏", bad_cbor: "CBOR 损坏",
    bad_protobuf: "Sparkplug 消息损坏", bad_compression: "压缩数据损坏", too_deep: "嵌套过深", duplicate_key: "键重复",
    missing_value: "其中没有数值", not_a_number: "应为数字却是文本", wrong_type: "不是数字", not_finite: "不是有限数值",
    bad_time: "时间无法读取", timestamp_unit_suspect: "时间单位可疑", future: "时间在未来", too_old: "过旧",
    incomplete_transfer: "数据块不全", unit_mismatch: "单位与约定不符", decoder_error: "程序缺陷", packet_too_large: "消息过大",
    topic_name_invalid: "主题无效", not_authorized: "未获授权", protocol_error: "违反协议", qos_not_supported: "不支持 QoS 2",
    will: "遗嘱消息，不是测量值",
  },
  told,
  away: {
    title: "接入进程没有响应。",
    text: "传感器会保留消息，待其恢复后重新发送。此处的数据均可查看；认领和重读须等到恢复之后。",
  },
  overview: {
    wants: "需要关注", nothing: "无需处理", nothingHint: "所有传感器可信，没有缺失的消息，近日没有被拒绝的消息。",
    books: "账目（按读数计）",
    balance: (total) => `向传感器确认过的 ${total} 个读数全部有账可查。`, off: (n) => `相差 ${n} 个读数：正在处理中。`,
    acknowledged: "已确认", stored: "已存储", duplicates: "重复", conflicts: "冲突", quarantined: "已隔离", summarised: "已汇总",
    replayed: "重读时再次出现",
    help: {
      stored: "新读数，各存一次", duplicates: "重复发送，不改变任何数据", conflicts: "同一信号同一时间而数值不同：保留先到的",
      quarantined: "被拒绝并附原因，予以保留", summarised: "隔离区已满时被拒绝：只计数，不保留", replayed: "从隔离区重读：上面已计入",
    },
    ingest: "接入进程", running: "运行中", lag: "尚未存储", noLag: "无：全部已存储", journal: "磁盘上的日志",
    fsync: "写盘时间（99 %）", acknowledge: "确认时间（99 %）", milliseconds: (ms) => `${ms} 毫秒`, door: "前门（自启动起）",
    connections: "连接次数", messages: "消息", takeOvers: "被同名客户端顶替", takeOversHelp: "两台设备使用同一客户端标识会互相顶替。请各用其名。",
    paced: "发送方被要求等待的次数", pacedHelp: "其发送快于限值。不会因此丢失数据。", refused: "被拒绝", nobody: "无",
    broker: (name) => `代理 ${name}`, times: (n) => `${n} 次`, brokerFigures: (messages, connections) => `${messages} 条消息，连接 ${connections} 次`,
  },
  sources: {
    label: "来源表", source: "来源", promise: "交付保证", losses: "可能丢失", messages: "消息", qos0: "无确认（QoS 0）", noTime: "不带时间",
    noSequence: "不带序号", clock: "时钟", heard: "最后收到", door: "前门", broker: "其他代理", manual: "人工录入", nothing: "已确认的都不会丢失", onItsWay: "在途消息", exact: "准确", noClock: "不发送时间",
    behind: (duration) => `慢 ${duration}`, ahead: (duration) => `快 ${duration}`, level: (code) => `交付等级 ${code}`,
    empty: "尚未收到任何数据", emptyHint: "来源发来首条消息后显示在这里。",
    hint: "保证最弱的排在最前。来源缺少的信息会使丢失无从察觉：请使用 QoS 1、时间和序号。",
  },
  nodes: {
    title: "Sparkplug 节点和设备", node: "节点", ofNode: "边缘节点", ofDevice: "设备", state: "状态", since: "开始", rebirths: "请求重生次数",
    hint: "Sparkplug 设备会声明上线和离线。离线的排在最前。",
    states: {
      online: { name: "在线", text: "在线，且名称已知" },
      stale: { name: "等待其名称", text: "在线；已请求其出生消息，在此之前其数值被暂留或拒绝" },
      offline: { name: "离线", text: "已告别，或连接中断" },
    },
  },
  gaps: {
    label: "缺失表", stream: "发送流", missing: "缺失", numbers: "序号", noticed: "发现时间", boot: "发送方的运行批次",
    messages: (_, text) => `${text} 条消息`, one: (n) => `第 ${n} 号`, range: (first, last) => `第 ${first} 至 ${last} 号`,
    empty: "没有缺失", emptyHint: "带序号的来源没有缺失。", todoTitle: "处理方法",
    todo: "请让发送方重发这些序号：到达后缺失自行消除，迟到亦可。若发送方已丢失它们，则作为记录保留；模型不受影响。",
  },
  sensors: {
    label: "传感器事件表", status: "状态（NE 107）", sensor: "传感器", problem: "问题", since: "开始", until: "结束", still: "仍在持续",
    show: "显示", open: "未结", all: "全部",
    ne107: {
      failure: "故障", function_check: "功能检查", out_of_specification: "超出规格", maintenance_required: "需要维护", good: "良好",
    },
    ne107Help: {
      failure: "其数值无效", function_check: "有人查看之前无效", out_of_specification: "超出限值：不确定",
      maintenance_required: "目前有效，但不会持久", good: "没有问题",
    },
    empty: "所有传感器可信", emptyHint: "读数不变、无数据或不可能的读数显示在这里，而不会算作设备故障。", none: "还没有传感器事件",
    hint: "无数据或读数不变：先检查电源、电缆和网关，再检查传感器。读数恢复后事件自行结束。",
  },
  adopt: {
    label: "待认领信号表", place: "到达位置", newest: "最新", range: "至今范围", seen: "出现", guess: "可能是", from: (source) => `来自 ${source}`,
    wholePayload: "整条消息", field: (field) => `字段 ${field}`, times: (_, text) => `${text} 次`, noGuess: "无法判断", adopt: "认领",
    because: (why) => `依据：${why}`, empty: "每个数值都有名称",
    emptyHint: "到达但工厂文件未命名的数值显示在这里，并附推测。", hint: "已到达但未使用的数值。请认领属于设备的；工厂文件本身不会改变。",
    title: "认领此信号", asset: "设备", chooseAsset: "请选择设备", signal: "信号名称", signalHelp: "小写字母、数字、- 和 _；例如 seal_temp",
    unit: "发送时的单位", unitHelp: (examples) => `例如 ${examples}`, quantity: "测量的量", fromUnit: "由单位决定",
    replay: "同时使用至今已到达的数据（重读被拒绝的消息）",
    missing: { asset: "请选择所属设备", signal: "只能用小写字母、数字、- 和 _，最多 64 个", unit: "没有单位的数值没有意义", quantity: "" },
    refused: "不能这样认领此信号", failed: "操作失败", done: (signal, asset) => `已认领 ${asset} 的 ${signal}。`,
    replayed: (n, text) => (n === 0 ? "新读数自此计入。" : `正在重读 ${text} 条被拒绝的消息。`), show: "查看设备", undo: "撤销",
    undone: (signal) => `已放弃 ${signal}。已存储的数据保留。`, dismiss: "知道了",
  },
  quarantine: {
    label: "被拒绝消息表", received: "接收时间", topic: "主题和来源", reason: "原因", preview: "消息", all: (n) => `全部 ${n}`,
    byReason: "按原因筛选", search: "在主题、来源或详情中查找",
    summarised: (_, text) => `另有 ${text} 个读数的消息因隔离区已满而未保留`, bytes: (n) => `${n} 字节`,
    empty: "隔离区是空的", emptyHint: "至今所有消息都能读取。", noMatch: "没有匹配项",
    hint: "被拒绝的消息及原因。其他消息不受影响。请先排除原因，再重读。", older: "显示更早的", again: "重读",
    againAll: (n) => `重读全部 ${n} 条`, cannot: "无法重读", cannotHelp: "消息过长未能完整保留，或从未被接受：须由发送方重新发送。",
    title: "重读消息？", which: "哪些消息", will: "将按工厂的现状读取：能用的存储一次；仍有问题的留在此处并附原因。",
    asked: (_, text) => `正在重读 ${text} 条消息：剩余的见下。`, none: "没有可重读的消息。",
    cut: (_, text) => `${text} 条过长，未能完整保留：须由发送方重新发送。`, gone: (_, text) => `${text} 条已不在此处。`,
  },
};
