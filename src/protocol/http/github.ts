/** What GitHub's webhooks say. Events that people need not know of, such as a label, say nothing. */
import type { Hook } from "./hook.ts";
import { at, list, record, text } from "./json.ts";

/** The most commits of a push that are shown. */
const COMMITS_MAX = 10;

/** The texts of each event, by the name in `X-GitHub-Event`. */
const EVENTS: Readonly<Record<string, (payload: Hook["payload"], who: string) => string>> = {
  ping: ({ zen }) => `GitHub is connected: ${text(zen)}`,
  push: push,
  pull_request: (payload, who) => item(payload, who, "pull_request", "pull request"),
  issues: (payload, who) => item(payload, who, "issue", "issue"),
  issue_comment: (payload, who) => comment(payload, who, "issue"),
  pull_request_review_comment: (payload, who) => comment(payload, who, "pull_request"),
  pull_request_review: review,
  release: ({ action, release }, who) => {
    if (action !== "published") return "";
    const { name, tag_name, html_url } = record(release);
    return `${who} released ${text(name) || text(tag_name)}: ${text(html_url)}`;
  },
  workflow_run: ({ action, workflow_run }) => {
    if (action !== "completed") return "";
    const { name, conclusion, head_branch, html_url } = record(workflow_run);
    return `${text(name)} on ${text(head_branch)}: ${text(conclusion).replaceAll("_", " ")} (${text(html_url)})`;
  },
  create: ({ ref_type, ref }, who) => `${who} created ${text(ref_type)} ${text(ref)}`,
  delete: ({ ref_type, ref }, who) => `${who} deleted ${text(ref_type)} ${text(ref)}`,
  fork: ({ forkee }, who) => `${who} forked it: ${text(at(forkee, "html_url"))}`,
  star: ({ action }, who) => action === "created" ? `${who} starred it` : "",
  deployment_status: ({ deployment, deployment_status }) => {
    const { state, environment } = record(deployment_status);
    return `deployment to ${text(environment) || text(at(deployment, "environment"))}: ${text(state)}`;
  },
};

/** What is done to issues and pull requests that people want to know. */
const ACTIONS = new Set(["opened", "closed", "reopened", "ready_for_review", "merged"]);

/** The text of a webhook. */
export function githubMessage({ payload, headers }: Hook): string {
  const event = headers.get("x-github-event") ?? "";
  const said = Object.hasOwn(EVENTS, event) ? EVENTS[event]!(payload, text(at(payload, "sender", "login"))) : "";
  const repository = text(at(payload, "repository", "full_name"));
  return said === "" || repository === "" ? said : `[${repository}] ${said}`;
}

function push({ ref, commits, compare, created, deleted, forced, head_commit, pusher }: Hook["payload"], who: string) {
  const branch = text(ref).replace(/^refs\/(?:heads|tags)\//, "");
  const author = who || text(at(pusher, "name"));
  if (deleted === true) return `${author} deleted ${branch}`;
  const all = list(commits);
  if (all.length === 0) return created === true || head_commit ? `${author} pushed ${branch}: ${text(compare)}` : "";
  const lines = all.slice(0, COMMITS_MAX).map((commit) => {
    const { id, message, author } = record(commit);
    return `  ${text(id).slice(0, 7)} ${text(message).split("\n")[0]} (${text(at(author, "name"))})`;
  });
  if (all.length > lines.length) lines.push(`  … and ${all.length - lines.length} more`);
  const verb = forced === true ? "force-pushed" : "pushed";
  const count = all.length === 1 ? "1 commit" : `${all.length} commits`;
  return [`${author} ${verb} ${count} to ${branch}: ${text(compare)}`, ...lines].join("\n");
}

function item(payload: Hook["payload"], who: string, field: string, noun: string): string {
  const { number, title, html_url, merged } = record(payload[field]);
  const action = text(payload.action);
  if (!ACTIONS.has(action)) return "";
  const verb = action === "closed" && merged === true ? "merged" : action.replaceAll("_", " ");
  return `${who} ${verb} ${noun} #${text(number)}: ${text(title)} (${text(html_url)})`;
}

function comment(payload: Hook["payload"], who: string, field: string): string {
  if (payload.action !== "created") return "";
  const { number, title } = record(payload[field]);
  const { body, html_url } = record(payload.comment);
  return `${who} commented on #${text(number)} ${text(title)}: ${firstLine(text(body))} (${text(html_url)})`;
}

function review({ action, review, pull_request }: Hook["payload"], who: string): string {
  if (action !== "submitted") return "";
  const { state, html_url } = record(review);
  const { number, title } = record(pull_request);
  return `${who} reviewed #${text(number)} ${text(title)}: ${text(state).replaceAll("_", " ")} (${text(html_url)})`;
}

/** The most characters of a comment that are shown. */
const COMMENT_MAX = 200;

/** The first line of a text that is not empty, cut to a readable length. */
export function firstLine(body: string): string {
  const line = body.trimStart().split("\n")[0]!.trim();
  return line.length <= COMMENT_MAX ? line : `${line.slice(0, COMMENT_MAX)}…`;
}
