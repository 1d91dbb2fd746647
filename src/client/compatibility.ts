/**
 * Makes other IRC servers answer as tincan does, so that the core needs no code for other servers.
 *
 * The core relies on labels and echoes (IRCv3, "labeled-response" and "echo-message"). If a server lacks one of them, this
 * offers both in its place: a PING follows each labeled line, and as a server handles lines in order, all replies up to its
 * PONG belong to that line. A message without an error by then was delivered, and its echo is made here.
 */
import { parse, render } from "../web/irc.js";
import { fold } from "../web/room.js";
import type { Message } from "../web/irc.js";
import { Wire } from "./wire.ts";

/** The capabilities that are emulated if the server lacks one of them. */
const EMULATED = ["labeled-response", "echo-message"];

/** The capabilities that are offered to the core. Batches group the lines that answer a request. */
const OFFERED = [...EMULATED, "batch"];

/** A capability of tincan alone. */
const TINCAN = "tincan.chat/mentions";

/** The prefix of the names of PINGs and batches that are made here. */
const PREFIX = "tincan-";

/** The most capabilities of a server that are noted. Further ones count as not offered. */
export const OFFERED_MAX = 500;

/** The most lines that may be without their PONG. */
const WAITING_MAX = 1000;

/** Numerics that every client gets after its registration: they answer no line. */
const WELCOME = /^(?:00\d|25[0-5]|26[56]|37[256]|422)$/;

/** Services that answer by notices, and without a label. */
const SERVICES = /^(?:nickserv|chanserv|saslserv|hostserv|memoserv)$/i;

/** The last numeric of the answer to a command: such a command needs no PING, which some servers count as a further line. */
const ENDS: Readonly<Record<string, string>> = { JOIN: "366", NAMES: "366", WHO: "315", WHOIS: "318", LIST: "323" };

/** A labeled line that was sent, and is not answered completely. */
interface Request {
  readonly label: string;
  readonly message: Message;
  /** The name of the PING, and of the batch of its answers. */
  readonly name: string;
  state: "sent" | "batch" | "failed";
}

/** Returns a connection whose server has labels and echoes. */
export function translate(wire: Wire): Wire {
  return new Translation(wire);
}

class Translation extends Wire {
  readonly #wire: Wire;
  /** Whether the server has all that is needed; not known at first. */
  #mode: "unknown" | "native" | "emulated" = "unknown";
  #isTincan = false;
  /** The capabilities that the server offers. */
  readonly #offered = new Set<string>();
  /** Whether tags can be sent. */
  #hasTags = false;
  readonly #requests: Request[] = [];
  #count = 0;
  #nick = "";
  #address = "user@host";

  constructor(wire: Wire) {
    super();
    this.#wire = wire;
    wire.onLines = (lines) => this.#receive(lines);
    wire.onClose = (reason) => this.end(reason);
    this.ended = wire.ended;
    const early = wire.early.splice(0);
    if (early.length > 0) this.#receive(early);
  }

  override get closed(): Promise<void> {
    return this.#wire.closed;
  }

  override close(): void {
    this.onClose = this.onLines = () => {};
    this.#wire.close();
  }

  override send(line: string): void {
    if (this.#mode !== "emulated") return this.#wire.send(line);
    const message = parse(line);
    if (message.command === "CAP" && message.params[0] === "REQ") return this.#request(message.params.at(-1) ?? "");
    const label = message.tags.get("label");
    const tags = Object.fromEntries([...message.tags].filter(([name]) => name.startsWith("+") || name === "batch"));
    if (!this.#hasTags && message.command === "TAGMSG") { // it has nothing but tags
      return label === undefined ? undefined : this.receive([`@label=${label} ACK`]);
    }
    this.#wire.send(render(message.command, message.params, undefined, this.#hasTags ? tags : {}));
    if (label === undefined) return;
    if (this.#requests.length >= WAITING_MAX) return this.#fail();
    const name = `${PREFIX}${++this.#count}`;
    this.#requests.push({ label, message, name, state: "sent" });
    if (ENDS[message.command] === undefined) this.#wire.send(`PING ${name}`);
  }

  /** The server answers nothing. */
  #fail() {
    this.#wire.close();
    this.end("The server does not answer.");
  }

  /** Requests capabilities, except those that are emulated. */
  #request(list: string) {
    const names = list.split(" ").filter((name) => !EMULATED.includes(name) && this.#offered.has(name));
    if (names.length > 0) this.#wire.send(`CAP REQ :${names.join(" ")}`);
    else queueMicrotask(() => this.receive([`CAP * ACK :${OFFERED.join(" ")}`]));
  }

  #receive(lines: string[]) {
    if (this.#mode === "native" && this.#isTincan) return this.receive(lines);
    this.receive(lines.flatMap((line) => this.#translate(line)));
  }

  /** Returns what the core gets in place of a line. */
  #translate(line: string): string[] {
    const message = parse(line);
    const { command, params, nick, source, tags } = message;
    if (command === "NOTICE" && SERVICES.test(nick) && !this.#isTincan && !tags.has("label") && !tags.has("batch")) {
      return [`:${nick} NOTICE * :${nick}: ${params.at(-1) ?? ""}`]; // the core shows it as one of the server
    }
    if (command === "CAP") return this.#capabilities(line, params);
    if (this.#mode === "unknown" && /^4(?:10|21|51)$/.test(command)) return this.#emulate(params, line);
    if (this.#mode === "native") return [line];
    if (command === "421" && params[1] === "CAP") return [];
    if (command === "001") return this.#welcome(line, params[0] ?? "");
    if (command === "PONG" && params.at(-1)?.startsWith(PREFIX)) return this.#finish(params.at(-1)!);
    if (fold(nick) === fold(this.#nick)) {
      if (source.includes("!")) this.#address = source.slice(source.indexOf("!") + 1);
      if (command === "NICK") this.#nick = params[0] ?? "";
    }
    const [request] = this.#requests;
    if (request === undefined || request.state === "failed") return [line];
    const isFailure = command === "FAIL" && params[0] === request.message.command;
    if (!isFailure && !(/^\d{3}$/.test(command) && !WELCOME.test(command))) return [line];
    const isError = isFailure || /^[45]/.test(command);
    const answer = this.#answer(request, line, isError);
    const end = ENDS[request.message.command];
    if (end !== undefined && (end === command || isError)) answer.push(...this.#finish(request.name));
    return answer;
  }

  /** A line that answers a request. */
  #answer(request: Request, line: string, isError: boolean): string[] {
    if (request.state === "batch") return [withTag(line, "batch", request.name)];
    if (isError) {
      request.state = "failed";
      return [withTag(line, "label", request.label)];
    }
    request.state = "batch";
    return [`@label=${request.label} BATCH +${request.name} labeled-response`, withTag(line, "batch", request.name)];
  }

  /** The server has handled a request, and all before it. */
  #finish(name: string): string[] {
    const at = this.#requests.findIndex((request) => request.name === name);
    return this.#requests.splice(0, at + 1).flatMap(({ label, message, name, state }) => {
      if (state === "failed") return [];
      const { command, params, tags } = message;
      const isSaid = command === "PRIVMSG" && fold(params[0] ?? "") !== fold(this.#nick); // else the server sends it back
      const echo = isSaid ? `:${this.#nick}!${this.#address} ${render(command, params)}` : "ACK";
      if (state === "batch") {
        return [...isSaid ? [`@batch=${name} ${echo}`] : [], `BATCH -${name}`];
      }
      const reply = tags.get("+draft/reply");
      return [`@label=${label}${isSaid && reply !== undefined ? `;+draft/reply=${reply}` : ""} ${echo}`];
    });
  }

  /** Handles CAP of the server. */
  #capabilities(line: string, params: string[]): string[] {
    const [, what, more] = params;
    const names = (params.at(-1) ?? "").split(" ").map((word) => word.split("=")[0] ?? "");
    if (what === "ACK" || what === "NAK") {
      if (what === "ACK" && names.includes("message-tags")) this.#hasTags = true;
      if (this.#mode !== "emulated") return [line];
      return [`CAP * ACK :${[...what === "ACK" ? names : [], ...OFFERED].join(" ")}`];
    }
    if (what !== "LS") return [line];
    for (const name of names) if (this.#offered.size < OFFERED_MAX) this.#offered.add(name);
    if (more === "*") return [line];
    this.#isTincan = this.#offered.has(TINCAN);
    this.#mode = OFFERED.every((name) => this.#offered.has(name)) ? "native" : "emulated";
    if (this.#mode === "native") return [line];
    return [`CAP * LS :${[params.at(-1) ?? "", ...OFFERED].join(" ").trim()}`];
  }

  /** The server does not know CAP, if that is what an error is about. */
  #emulate(params: string[], line: string): string[] {
    if (!params.includes("CAP") && !params.includes("LS")) return [line];
    this.#mode = "emulated";
    return [`CAP * LS :${OFFERED.join(" ")}`];
  }

  #welcome(line: string, nick: string): string[] {
    this.#nick = nick;
    if (this.#mode !== "unknown") return [line];
    this.#mode = "emulated"; // CAP was not answered at all
    return [`CAP * ACK :${OFFERED.join(" ")}`, line];
  }
}

/** Adds a tag to a line. */
function withTag(line: string, name: string, value: string): string {
  return line.startsWith("@") ? `@${name}=${value};${line.slice(1)}` : `@${name}=${value} ${line}`;
}
