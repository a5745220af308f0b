import type { plan as english } from "./enPlan";

export const plan: typeof english = {
  title: "计划", lead: "谁在何时做什么，什么在等待，等谁。", sectionsLabel: "计划分区",
  sections: { week: "本周", held: "暂缓", waiting: "等待其他部门" },
  weekHint: "已批准工单，按日排列。新计划先给出建议，确认后才生效。",
  propose: "安排未来 7 天", publish: "生效", working: "排程最长需 10 秒", failed: "操作未成功",
  stale: "日程已被他人修改，请重新安排。",
  noPeople: "还没有可安排的人员", noPeopleHint: "请导入技术人员及其技能和班次：forewarn people import FILE，或导入人员表。",
  nothingPlanned: "尚无安排", nothingPlannedHint: "请先批准工单，再安排未来 7 天。",
  jobs: "作业", leftOut: (n) => `${n} 项未能安排`, left: "未能安排", lateness: "延误", latenessHelp: "超过期限的小时数，按优先级加权：优先级 1 每小时计 16，优先级 5 计 1。",
  greedy: (n) => `仅按优先级：${n}`, gap: "与最优至多相差", noGap: "未知", took: (s) => `用时 ${s}`, changes: "已查看但被移动",
  seen: "已查看", unseen: "尚未查看",
  heldHint: "未自动开单的建议及原因。您仍可手动开单。", nothingHeld: "没有暂缓的建议", nothingHeldHint: "当该类设备尚未获准开单、本周额度用完或处于维护窗口时，建议会在此等待。",
  why: "等待原因", since: (when) => `首次 ${when}`, until: (when) => `${when} 再次判断`, openOrder: "开单",
  waitingHint: "未结工单所需的生产、安全和采购步骤，先到期的在前。", nobodyWaited: "没有等待其他部门", nobodyWaitedHint: "可在工单页面提出请求。",
  department: "部门", whatFor: "事项", due: "期限", effect: "对工单的影响", inTime: "按时",
};
