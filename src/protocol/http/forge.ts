/** What the webhooks of GitHub and GitLab have in common: events by name, pushes with commits, and comments. */
import type { Hook } from "./hook.ts";
import { at, record, text } from "./json.ts";

/** The most commits of a push that are shown. */
const COMMITS_MAX = 10;

/** The most characters of a comment that are shown. */
const COMMENT_MAX = 200;

/** Renders an event. `author` is the user who caused it. Returns the empty string for an event that is not shown. */
export type EventRenderer = (payload: Hook["payload"], author: string) => string;

/** A webhook, as its program names the parts. */
export interface ForgeEvent {
  readonly payload: Hook["payload"];
  readonly name: string;
  readonly author: string;
  /** The repository or project, such as `owner/name`. */
  readonly project: string;
}

/** The text of an event, after the name of the project; empty for an unknown event and one that is not shown. */
export function forgeMessage(
  renderers: Readonly<Record<string, EventRenderer>>,
  { payload, name, author, project }: ForgeEvent,
): string {
  const said = Object.hasOwn(renderers, name) ? renderers[name]!(payload, author) : "";
  return said === "" || project === "" ? said : `[${project}] ${said}`;
}

/** A push, in the words of {@linkcode pushText}. */
export interface Push {
  readonly author: string;
  readonly verb: string;
  readonly branch: string;
  readonly url: string;
  /** The commits in the payload. */
  readonly commits: readonly unknown[];
  /** How many commits were pushed. */
  readonly total: number;
  /** How many digits of the hash of a commit are shown. */
  readonly digits: number;
}

/** A push: a line with the number of commits, and one for each of the first commits. */
export function pushText({ author, verb, branch, url, commits, total, digits }: Push): string {
  const lines = commits.slice(0, COMMITS_MAX).map((commit) => {
    const { id, message, author } = record(commit);
    return `  ${text(id).slice(0, digits)} ${text(message).split("\n")[0]} (${text(at(author, "name"))})`;
  });
  if (total > lines.length) lines.push(`  … and ${total - lines.length} more`);
  const count = total === 1 ? "1 commit" : `${total} commits`;
  return [`${author} ${verb} ${count} to ${branch}: ${url}`, ...lines].join("\n");
}

/** The name of a branch or tag. */
export function branchOf(ref: unknown): string {
  return text(ref).replace(/^refs\/(?:heads|tags)\//, "");
}

/** The first line of a text that is not empty, cut to a readable length. */
export function firstLine(body: string): string {
  const line = body.trimStart().split("\n")[0]!.trim();
  return line.length <= COMMENT_MAX ? line : `${line.slice(0, COMMENT_MAX)}…`;
}
