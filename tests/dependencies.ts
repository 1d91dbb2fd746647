/**
 * What only the tests need of others. It is here and not in deno.json, and has a lock file of its own, tests/deno.lock,
 * because all that is in those is downloaded by whoever runs `deno task start`: 55 MB, where tincan itself needs 8.
 */
export { default as fc } from "npm:fast-check@4.3.0"; // properties, and inputs to try to break them
export { default as IRC } from "npm:irc-framework@4.14.0"; // an IRC client
export { default as axe, type RunOptions } from "npm:axe-core@4.10.3"; // what people with disabilities stumble over
export {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "npm:playwright-core@1.56.1"; // drives a browser
