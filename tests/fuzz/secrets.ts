/**
 * The passwords of a world, and where they may be sent.
 *
 * Generated lines have placeholders such as `{own0}`. They are replaced only where a command takes a password, so a
 * password that reaches a client which has not sent it was leaked by the server.
 */
import { Buffer } from "node:buffer";
import { scramLast } from "../accounts/helpers.ts";
import { PASSWORD } from "./words.ts";

/** The passwords by placeholder: `door` is the server password, the others are those of accounts. */
export const SECRETS: Readonly<Record<string, string>> = {
  door: "opensaysme",
  own0: "correcthorsebattery",
  own1: "staplehunterseventeen",
};

/** Commands whose parameters no other client receives. */
const TEXT = /^\/(?:register|login|ghost|password|drop|oper) /i;
const IRC = /^(?:PASS|OPER|REGISTER|AUTHENTICATE|NS|NICKSERV|PRIVMSG NickServ) /i;

/** What filling in passwords needs to know of a client. */
export interface Knowing {
  readonly listener: string;
  /** Whether it has registered. */
  readonly inside: boolean;
  /** Whether its lines may be part of a paste: they are text, and commands in them, too. */
  readonly pasting: boolean;
  /** The placeholders of the passwords that it has sent. */
  readonly knows: Set<string>;
  /** The last SASL challenge that it has received. */
  readonly challenge: string;
}

/** Replaces the placeholders of a line, if its command takes a password. */
export function filled(line: string, client: Knowing): string {
  if (client.pasting) return line;
  const serverPassword = client.listener === "text" && !client.inside && line === "{door}";
  if (!serverPassword && !(client.listener === "text" ? TEXT : IRC).test(line)) return line;
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

/** The SCRAM proof of a password. For an unknown account, whose challenge differs, it is not worth deriving the keys. */
function proof(nick: string, challenge: string, password: string): string {
  const said = Buffer.from(challenge, "base64").toString();
  return /^r=abc[^,]*,s=[^,]*,i=1$/.test(said) ? base64(scramLast(first(nick), said, password).last) : "x";
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
