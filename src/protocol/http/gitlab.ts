/** Renders GitLab's webhooks. Events that people need not know of, such as a pipeline that begins, are not shown. */
import { branchOf, type EventRenderer, firstLine, forgeMessage, pushText } from "./forge.ts";
import type { Hook } from "./hook.ts";
import { at, countOf, list, record, text } from "./json.ts";

/** The actions on issues and merge requests that are shown, in the past tense. */
const ACTIONS: Readonly<Record<string, string>> = {
  open: "opened",
  close: "closed",
  reopen: "reopened",
  merge: "merged",
  approved: "approved",
};

/** The states of pipelines and jobs in which they have ended. */
const ENDED = new Set(["success", "failed", "canceled"]);

/** The renderers, by the kind of event in `object_kind`. */
const EVENTS: Readonly<Record<string, EventRenderer>> = {
  push: push,
  tag_push: ({ ref, checkout_sha }, author) => {
    return `${author} ${checkout_sha === null ? "deleted" : "pushed"} tag ${branchOf(ref)}`;
  },
  merge_request: (payload, author) => item(payload, author, "merge request", "!"),
  issue: (payload, author) => item(payload, author, "issue", "#"),
  note: ({ object_attributes, issue, merge_request }, author) => {
    const { note, url } = record(object_attributes);
    const on = record(merge_request).iid !== undefined
      ? ` on !${text(at(merge_request, "iid"))} ${text(at(merge_request, "title"))}`
      : record(issue).iid !== undefined
      ? ` on #${text(at(issue, "iid"))} ${text(at(issue, "title"))}`
      : "";
    return `${author} commented${on}: ${firstLine(text(note))} (${text(url)})`;
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
  return forgeMessage(EVENTS, {
    payload,
    name: text(payload.object_kind),
    author: text(payload.user_name) || text(at(payload, "user", "name")),
    project: text(at(payload, "project", "path_with_namespace")),
  });
}

function push({ ref, commits: given, total_commits_count, checkout_sha, project }: Hook["payload"], author: string) {
  const branch = branchOf(ref);
  if (checkout_sha === null) return `${author} deleted ${branch}`;
  const commits = list(given);
  const total = Math.max(countOf(total_commits_count), commits.length);
  const url = `${text(at(project, "web_url"))}/-/commits/${branch}`;
  if (total === 0) return `${author} pushed ${branch}: ${url}`;
  return pushText({ author, verb: "pushed", branch, url, commits, total, digits: 8 });
}

function item({ object_attributes }: Hook["payload"], author: string, noun: string, sign: string): string {
  const { iid, title, url, action } = record(object_attributes);
  const name = text(action);
  const verb = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  return verb === undefined ? "" : `${author} ${verb} ${noun} ${sign}${text(iid)}: ${text(title)} (${text(url)})`;
}
