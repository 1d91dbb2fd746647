/** What a terminal can show, found from the environment. */
import type { Capabilities } from "./style.ts";

/** The variables that are read. The tasks in `deno.json` have to allow each of them (`--allow-env`). */
export const VARIABLES = [
  "TERM",
  "COLORTERM",
  "TMUX",
  "WT_SESSION",
  "LC_ALL",
  "LC_CTYPE",
  "LANG",
] as const;

/** The values of the variables that are set. */
export type Environment = Partial<Record<typeof VARIABLES[number], string>>;

/** The variables of this process. Those that it may not read count as not set. */
export function readEnvironment(): Environment {
  const found: Environment = {};
  for (const name of VARIABLES) {
    try {
      found[name] = Deno.env.get(name) || undefined;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
    }
  }
  return found;
}

/** Terminals with 256 colours whose TERM does not say so. */
const MODERN = /kitty|alacritty|foot|ghostty|wezterm|contour|iterm|direct/;

/** Terminals that show OSC 8 as text, or cannot show it at all; the Linux console is among them. */
const WITHOUT_LINKS = /^(?:linux|dumb|vt\d|ansi|cygwin|eterm|sun|cons25|screen)/i;

/**
 * What a terminal can show.
 *
 * @param noColor True if NO_COLOR is set: there are no colours then, but bold, underlined and reversed text.
 */
export function capabilitiesOf(environment: Environment, noColor: boolean, os: string): Capabilities {
  const term = environment.TERM ?? (os === "windows" ? "xterm-256color" : "");
  return {
    colors: noColor ? 0 : colorsOf(term, environment),
    // TERM can begin with "screen" in tmux, too: it passes links on, or leaves them out. GNU screen cuts long ones.
    links: !WITHOUT_LINKS.test(term) || environment.TMUX !== undefined && term.startsWith("screen"),
    unicode: term !== "dumb" && isUnicode(environment, os),
  };
}

function colorsOf(term: string, { COLORTERM, WT_SESSION }: Environment): 0 | 16 | 256 {
  if (/^(?:dumb|vt\d)/.test(term)) return 0;
  if (term === "linux") return 16;
  const isRich = /256|truecolor|24bit/.test(`${term} ${COLORTERM ?? ""}`) || MODERN.test(term);
  return isRich || WT_SESSION !== undefined ? 256 : 16;
}

/** True unless the locale names another encoding: a terminal without a locale, as in a container, is nearly always UTF-8. */
function isUnicode({ LC_ALL, LC_CTYPE, LANG }: Environment, os: string): boolean {
  const locale = LC_ALL ?? LC_CTYPE ?? LANG;
  return os === "windows" || locale === undefined || /utf-?8/i.test(locale);
}
