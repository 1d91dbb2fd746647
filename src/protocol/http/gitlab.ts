/** What GitLab's webhooks say. Events that people need not know of, such as a pipeline that begins, say nothing. */
import { firstLine } from "./github.ts";
import type { Hook } from "./hook.ts";
import { at, list, record, text } from "./json.ts";

/** The most commits of a push that are shown. */
const COMMITS_MAX = 10;

/** What is done to issues and merge requests that people want to know, in the past tense. */
const ACTIONS: Readonly<Record<string, string>> = {
  open: "opened",
  close: "closed",
  reopen: "reopened",
  merge: "merged",
  approved: "approved",
};

/** The states of pipelines and jobs in which they have ended. */
const ENDED = new Set(["success", "failed", "canceled"]);

/** The texts of each kind of event, by `object_kind`. */
const EVENTS: Readonly<Record<string, (payload: Hook["payload"], who: string) => string>> = {
  push: push,
  tag_push: ({ ref, checkout_sha }, who) => {
    return `${who} ${checkout_sha === null ? "deleted" : "pushed"} tag ${branchOf(ref)}`;
  },
  merge_request: (payload, who) => item(payload, who, "merge request", "!"),
  issue: (payload, who) => item(payload, who, "issue", "#"),
  note: ({ object_attributes, issue, merge_request }, who) => {
    const { note, url } = record(object_attributes);
    const on = record(merge_request).iid !== undefined
      ? ` on !${text(at(merge_request, "iid"))} ${text(at(merge_request, "title"))}`
      : record(issue).iid !== undefined
      ? ` on #${text(at(issue, "iid"))} ${text(at(issue, "title"))}`
      : "";
    return `${who} commented${on}: ${firstLine(text(note))} (${text(url)})`;
  },
  pipeline: ({ object_attributes, project }) => {
    const { id, ref, status, url } = record(object_attributes);
    if (!ENDED.has(text(status))) return "";
    const link = text(url) || `${text(at(project, "web_url"))}/-/pipelines/${text(id)}`;
    return `pipeline #${text(id)} on ${text(ref)}: ${text(status)} (${link})`;
  },
  build: ({ build_name, build_status, ref }) => {
    return build_status === "failed" ? `job ${text(build_name)} on ${text(ref)}: failed` : "";
  },
  release: ({ action, name, tag, url }) => {
    return action === "create" ? `released ${text(name) || text(tag)}: ${text(url)}` : "";
  },
};

/** The text of a webhook. */
export function gitlabMessage({ payload }: Hook): string {
  const kind = text(payload.object_kind);
  const who = text(payload.user_name) || text(at(payload, "user", "name"));
  const said = Object.hasOwn(EVENTS, kind) ? EVENTS[kind]!(payload, who) : "";
  const project = text(at(payload, "project", "path_with_namespace"));
  return said === "" || project === "" ? said : `[${project}] ${said}`;
}

function push({ ref, commits, total_commits_count, checkout_sha, project }: Hook["payload"], who: string): string {
  const branch = branchOf(ref);
  if (checkout_sha === null) return `${who} deleted ${branch}`;
  const all = list(commits);
  const total = typeof total_commits_count === "number" ? total_commits_count : all.length;
  const lines = all.slice(0, COMMITS_MAX).map((commit) => {
    const { id, message, author } = record(commit);
    return `  ${text(id).slice(0, 8)} ${text(message).split("\n")[0]} (${text(at(author, "name"))})`;
  });
  if (total > lines.length) lines.push(`  … and ${total - lines.length} more`);
  const count = total === 1 ? "1 commit" : `${total} commits`;
  return [`${who} pushed ${count} to ${branch}: ${text(at(project, "web_url"))}/-/commits/${branch}`, ...lines].join(
    "\n",
  );
}

function item({ object_attributes }: Hook["payload"], who: string, noun: string, sign: string): string {
  const { iid, title, url, action } = record(object_attributes);
  const name = text(action);
  const verb = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  return verb === undefined ? "" : `${who} ${verb} ${noun} ${sign}${text(iid)}: ${text(title)} (${text(url)})`;
}

function branchOf(ref: unknown): string {
  return text(ref).replace(/^refs\/(?:heads|tags)\//, "");
}
