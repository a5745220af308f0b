/** 人工录入读数的用语。 */

import type { readings as en } from "./enReadings";

export const readings: typeof en = {
  open: "录入读数", title: "录入读数", what: "读取内容", round: (name: string) => `巡检：${name}`, other: "其他信号",
  signal: "信号", choose: "选择信号",
  due: (round: string) => `巡检到期：${round}`, dueSince: (since: string) => `自 ${since}`, never: "尚未做过",
  expected: (low: string, high: string) => `预期 ${low} 至 ${high}`, from: (low: string) => `预期不低于 ${low}`, upTo: (high: string) => `预期不高于 ${high}`,
  last: (value: string, when: string) => `上次 ${value}，${when}`, noLast: "尚无数值",
  at: "时间", atHelp: (zone: string) => `留空表示现在。现场时间（${zone}）`,
  note: "备注", noteHelp: "供记录：样品编号、仪器、此前的错误",
  store: "保存", noNumber: "请输入数字", nothing: "请至少输入一个数值",
  doubtTitle: "确认无误吗？", confirm: "确认无误，保存", failed: "未保存",
  done: (count: number, when: string) => `已保存 ${when} 的 ${count} 个读数`,
  already: "此前已录入", more: "继续录入", close: "关闭",
};
