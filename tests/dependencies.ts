/**
 * Dependencies of the tests alone. They are not in deno.json, and have their own lock file, tests/deno.lock, since
 * `deno task start` downloads everything in deno.json and deno.lock: 55 MB with these, and 8 MB without.
 */
export { default as fc } from "npm:fast-check@4.3.0"; // property-based tests
export { default as IRC } from "npm:irc-framework@4.14.0"; // an IRC client
export { default as xterm } from "npm:@xterm/headless@6.0.0"; // a terminal without a screen
export { default as axe, type RunOptions } from "npm:axe-core@4.10.3"; // accessibility checks
export {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
  type WebSocketRoute,
} from "npm:playwright-core@1.56.1"; // drives a browser
