/**
 * Renders webhooks as text: one renderer for each known program, in a table. Any other webhook is read as a message for Slack.
 */
import { MULTILINE_BYTES_MAX, MULTILINE_LINES_MAX } from "../../chat/message_text.ts";
import { byteLength } from "../../util/bytes.ts";
import { githubMessage } from "./github.ts";
import { gitlabMessage } from "./gitlab.ts";
import type { Hook } from "./hook.ts";
import { at, countOf, record, text } from "./json.ts";
import { slackMessage } from "./slack.ts";

/** Renders the webhooks of a program. */
interface Renderer {
  readonly isFor: (hook: Hook) => boolean;
  /** Returns the text; empty for an event that is not shown. */
  readonly render: (hook: Hook) => string;
}

/** The renderers; the first one that is for a webhook is used. */
const RENDERERS: readonly Renderer[] = [
  { isFor: ({ headers }) => headers.has("x-github-event"), render: githubMessage },
  { isFor: ({ headers }) => headers.has("x-gitlab-event"), render: gitlabMessage },
  { // Grafana and Alertmanager
    isFor: ({ payload }) => Array.isArray(payload.alerts) && typeof payload.status === "string",
    render: ({ payload }) => alertsMessage(payload),
  },
  { // Uptime Kuma
    isFor: ({ payload }) => "heartbeat" in payload && "monitor" in payload,
    render: ({ payload }) => monitorMessage(payload),
  },
  { isFor: () => true, render: ({ payload }) => slackMessage(payload) },
];

/** Whether a webhook is an event of a program that has many kinds of them. */
export function isEvent({ headers }: Hook): boolean {
  return headers.has("x-github-event") || headers.has("x-gitlab-event");
}

/** The most alerts of one webhook that are shown. */
export const ALERTS_MAX = 20;

/** The text of a webhook, cut to the length of a message; empty for an event that is not shown. */
export function hookMessage(hook: Hook): string {
  return clipMessage(RENDERERS.find(({ isFor }) => isFor(hook))!.render(hook));
}

/** Cuts a text to the lines and bytes that a message may have. */
export function clipMessage(message: string): string {
  let lines = message.slice(0, MULTILINE_BYTES_MAX).trim().split("\n", MULTILINE_LINES_MAX + 1);
  let isCut = message.length > MULTILINE_BYTES_MAX;
  if (lines.length > MULTILINE_LINES_MAX) [lines, isCut] = [lines.slice(0, MULTILINE_LINES_MAX), true];
  let cut = lines.join("\n");
  while (byteLength(cut) > MULTILINE_BYTES_MAX - 4) {
    isCut = true;
    cut = cut.slice(0, Math.floor(cut.length * 0.9)).replace(/[\ud800-\udbff]$/, "");
  }
  return isCut ? `${cut.trimEnd()}…` : cut;
}

function alertsMessage(payload: Hook["payload"]): string {
  const alerts: readonly unknown[] = Array.isArray(payload.alerts) ? payload.alerts : [];
  const labels = record(payload.commonLabels);
  const status = text(payload.status).toUpperCase();
  const name = text(labels.alertname) || text(at(payload, "groupLabels", "alertname")) || text(payload.receiver);
  const firing = alerts.filter((alert) => text(at(alert, "status")) === "firing").length;
  const count = status === "FIRING" ? firing : alerts.length;
  const title = text(payload.title) || `[${status}:${count}] ${name}`;
  const shown = alerts.slice(0, ALERTS_MAX).map((alert) => alertLine(alert));
  const more = alerts.length - shown.length + countOf(payload.truncatedAlerts);
  return [title, ...shown, ...more > 0 ? [`… and ${more} more`] : []].join("\n");
}

function alertLine(alert: unknown): string {
  const { status, labels, annotations, generatorURL, dashboardURL } = record(alert);
  const { alertname, instance } = record(labels);
  const summary = text(at(annotations, "summary")) || text(at(annotations, "description"));
  const name = [text(alertname), text(instance)].filter((part) => part !== "").join(" ");
  const url = text(dashboardURL) || text(generatorURL);
  return [`${text(status).toUpperCase()} ${name}`, summary].filter((part) => part !== "").join(": ") +
    (url === "" ? "" : ` (${url})`);
}

function monitorMessage({ msg, monitor, heartbeat }: Hook["payload"]): string {
  const { status, msg: reason } = record(heartbeat);
  const name = text(at(monitor, "name"));
  const state = status === 1 ? "up" : status === 0 ? "down" : "checked";
  const url = text(at(monitor, "url"));
  const line = text(msg) || `${name} is ${state}${text(reason) === "" ? "" : `: ${text(reason)}`}`;
  return /^https?:\/\/./.test(url) && url !== "https://" && !line.includes(url) ? `${line} (${url})` : line;
}
