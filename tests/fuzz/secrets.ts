/**
 * Passwords of a world, and where they may be said.
 *
 * What is made up has names in place of them, `{door}`. They become passwords where a command takes one, and nowhere else:
 * so whoever finds one in what they are told was told it by the server.
 */
import { Buffer } from "node:buffer";
import { scramLast } from "../accounts/helpers.ts";
import { PASSWORD } from "./words.ts";

/** By their names: what everybody has to say, where one has to, and what names are owned with. */
export const SECRETS: Readonly<Record<string, string>> = {
  door: "opensaysme",
  own0: "correcthorsebattery",
  own1: "staplehunterseventeen",
};

/** Lines of which all that follows the command is for the server alone. */
const TEXT = /^\/(?:register|login|ghost|password|drop|oper) /i;
const IRC = /^(?:PASS|OPER|REGISTER|AUTHENTICATE|NS|NICKSERV|PRIVMSG NickServ) /i;

/** What a client knows and has begun. */
export interface Knowing {
  readonly door: string;
  /** Whether it is somebody by now. */
  readonly inside: boolean;
  /** The names of the passwords that it has said. */
  readonly knows: Set<string>;
  /** What it was told last in the course of SASL. */
  readonly challenge: string;
}

/** The line with passwords in it, if it is one that may have them. */
export function filled(line: string, client: Knowing): string {
  const gate = client.door === "text" && !client.inside && line === "{door}";
  if (!gate && !(client.door === "text" ? TEXT : IRC).test(line)) return line;
  const secret = (name: string) => {
    client.knows.add(name);
    return SECRETS[name]!;
  };
  return line
    .replace(/\{plain (\S*) (own\d)\}/g, (_, nick, name) => base64(`\0${nick}\0${secret(name)}`))
    .replace(/\{scram (\S*)\}/g, (_, nick) => base64(first(nick)))
    .replace(/\{proof (\S*) (own\d)\}/g, (_, nick, name) => proof(nick, client.challenge, secret(name)))
    .replace(/\{(door|own\d)\}/g, (_, name) => secret(name))
    .replaceAll("{oper}", PASSWORD);
}

function first(nick: string): string {
  return `n,,n=${nick},r=abc`;
}

/** Shows that one knows a password; a name that is nobody's is not worth the time that it takes to derive its keys. */
function proof(nick: string, challenge: string, password: string): string {
  const said = Buffer.from(challenge, "base64").toString();
  return /^r=abc[^,]*,s=[^,]*,i=1$/.test(said) ? base64(scramLast(first(nick), said, password).last) : "x";
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
