/** Renders GitHub's webhooks. Events that people need not know of, such as a label, are not shown. */
import { branchOf, type EventRenderer, firstLine, forgeMessage, pushText } from "./forge.ts";
import type { Hook } from "./hook.ts";
import { at, record, text } from "./json.ts";

/** The renderers, by the name of the event in `X-GitHub-Event`. */
const EVENTS: Readonly<Record<string, EventRenderer>> = {
  ping: ({ zen }) => `GitHub is connected: ${text(zen)}`,
  push: push,
  pull_request: (payload, author) => item(payload, author, "pull_request", "pull request"),
  issues: (payload, author) => item(payload, author, "issue", "issue"),
  issue_comment: (payload, author) => comment(payload, author, "issue"),
  pull_request_review_comment: (payload, author) => comment(payload, author, "pull_request"),
  pull_request_review: review,
  release: ({ action, release }, author) => {
    if (action !== "published") return "";
    const { name, tag_name, html_url } = record(release);
    return `${author} released ${text(name) || text(tag_name)}: ${text(html_url)}`;
  },
  workflow_run: ({ action, workflow_run }) => {
    if (action !== "completed") return "";
    const { name, conclusion, head_branch, html_url } = record(workflow_run);
    return `${text(name)} on ${text(head_branch)}: ${text(conclusion).replaceAll("_", " ")} (${text(html_url)})`;
  },
  create: ({ ref_type, ref }, author) => `${author} created ${text(ref_type)} ${text(ref)}`,
  delete: ({ ref_type, ref }, author) => `${author} deleted ${text(ref_type)} ${text(ref)}`,
  fork: ({ forkee }, author) => `${author} forked it: ${text(at(forkee, "html_url"))}`,
  star: ({ action }, author) => action === "created" ? `${author} starred it` : "",
  deployment_status: ({ deployment, deployment_status }) => {
    const { state, environment } = record(deployment_status);
    return `deployment to ${text(environment) || text(at(deployment, "environment"))}: ${text(state)}`;
  },
};

/** The actions on issues and pull requests that are shown. */
const ACTIONS = new Set(["opened", "closed", "reopened", "ready_for_review", "merged"]);

/** The text of a webhook. */
export function githubMessage({ payload, headers }: Hook): string {
  return forgeMessage(EVENTS, {
    payload,
    name: headers.get("x-github-event") ?? "",
    author: text(at(payload, "sender", "login")),
    project: text(at(payload, "repository", "full_name")),
  });
}

function push(payload: Hook["payload"], sender: string): string {
  const { compare, created, deleted, forced, head_commit, pusher } = payload;
  const branch = branchOf(payload.ref);
  const author = sender || text(at(pusher, "name"));
  if (deleted === true) return `${author} deleted ${branch}`;
  const commits: readonly unknown[] = Array.isArray(payload.commits) ? payload.commits : [];
  const url = text(compare);
  if (commits.length === 0) return created === true || head_commit ? `${author} pushed ${branch}: ${url}` : "";
  const verb = forced === true ? "force-pushed" : "pushed";
  return pushText({ author, verb, branch, url, commits, total: commits.length, digits: 7 });
}

function item(payload: Hook["payload"], author: string, field: string, noun: string): string {
  const { number, title, html_url, merged } = record(payload[field]);
  const action = text(payload.action);
  if (!ACTIONS.has(action)) return "";
  const verb = action === "closed" && merged === true ? "merged" : action.replaceAll("_", " ");
  return `${author} ${verb} ${noun} #${text(number)}: ${text(title)} (${text(html_url)})`;
}

function comment(payload: Hook["payload"], author: string, field: string): string {
  if (payload.action !== "created") return "";
  const { number, title } = record(payload[field]);
  const { body, html_url } = record(payload.comment);
  return `${author} commented on #${text(number)} ${text(title)}: ${firstLine(text(body))} (${text(html_url)})`;
}

function review({ action, review, pull_request }: Hook["payload"], author: string): string {
  if (action !== "submitted") return "";
  const { state, html_url } = record(review);
  const { number, title } = record(pull_request);
  return `${author} reviewed #${text(number)} ${text(title)}: ${text(state).replaceAll("_", " ")} (${text(html_url)})`;
}
