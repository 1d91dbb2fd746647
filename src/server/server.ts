/**
 * The composition root: creates the parts of a server, connects them, and stops them in order.
 */
import { AuthService } from "../accounts/auth.ts";
import type { Chat } from "../chat/chat.ts";
import { ChatError } from "../chat/chat_error.ts";
import { LINES_IN_BUFFER, type Options } from "../cli/options.ts";
import { Maintenance } from "../history/maintenance.ts";
import { type Audit, auditTo } from "../moderation/audit.ts";
import { Bans } from "../moderation/bans.ts";
import type { Reloaded } from "../moderation/reloaded.ts";
import type { Log } from "../monitoring/log.ts";
import type { ModerationContext } from "../protocol/moderation.ts";
import { Fanout } from "../transport/fanout.ts";
import type { Traffic } from "../transport/line_connection.ts";
import { WALL_CLOCK } from "../util/trusted_clock.ts";
import { ConnectionLimits } from "./connection_limits.ts";
import { Connections } from "./connections.ts";
import { createChat } from "./create_chat.ts";
import { enforceBan } from "./enforce_ban.ts";
import { Listeners } from "./listeners.ts";
import { CHECK_INTERVAL, disconnectSlowest } from "./memory_pressure.ts";
import { createHandlers } from "./protocol_handlers.ts";
import { RejectionLog } from "./rejection_log.ts";
import type { ServerResources } from "./resources.ts";
import { AbsentExpiry } from "./absent_expiry.ts";
import { Stats } from "./stats.ts";

/** How long `stop` waits for queued lines to be sent, in milliseconds. */
const STOP_TIME = 5000;

/** How long to wait before the next attempt to write to a locked database, in milliseconds. */
const LOCKED_PAUSE = 10;

/** How often a write is tried again after one has failed, in milliseconds. */
const FAILED_PAUSE = 1000;

/** A running server. */
export class Server {
  readonly #options: Options;
  readonly #resources: ServerResources;
  readonly #log: Log;
  readonly #audit: Audit;
  readonly #fanout: Fanout;
  readonly #connections: Connections;
  readonly #chat: Chat;
  readonly #auth: AuthService;
  readonly #stats: Stats;
  readonly #listeners: Listeners;
  readonly #maintenance: Maintenance;
  readonly #absentExpiry: AbsentExpiry;
  readonly #memoryTimer: ReturnType<typeof setInterval> | undefined;
  #flushTimer: ReturnType<typeof setTimeout> | undefined; // set while another program has the database locked
  #repairTimer: ReturnType<typeof setInterval> | undefined; // set while the database cannot be written

  /**
   * Opens the ports that the options ask for.
   *
   * @throws {ListenError} when one cannot be opened; then none stays open.
   */
  constructor(options: Options, resources: ServerResources, log: Log) {
    const { password, accounts, operators, clock, history, tls } = resources;
    this.#options = options;
    this.#resources = resources;
    this.#log = log;
    this.#audit = auditTo(log);
    // The largest round fits into an outbox several times, so that only a client that does not read exceeds it.
    this.#fanout = new Fanout(options.sendBuffer / LINES_IN_BUFFER);
    const traffic: Traffic = { linesIn: 0, linesOut: 0, bytesOut: 0 };
    const bans = new Bans(resources.bans, (error) => log.error("cannot store ban", { error: error.message }), clock);
    const limits = createLimits(options, bans, log);
    const rejections = new RejectionLog(log);
    this.#connections = new Connections({ limits, bans, log, registers: options.command !== "echo" });
    this.#chat = createChat(options, resources, {
      bans,
      limits,
      rejections,
      log,
      audit: this.#audit,
      requestFlush: () => this.#fanout.request(),
      retryFlush: () => this.#retryFlush(),
      repeatFlush: (on) => this.#repeatFlush(on),
    });
    this.#auth = new AuthService({ password, accounts, operators, log, maxFailures: options.maxFailures });
    this.#stats = new Stats({
      chat: this.#chat,
      bans,
      auth: this.#auth,
      limits,
      connections: this.#connections,
      rejections,
      traffic,
    });
    this.#fanout.collect = (resting) => this.#chat.flush(false, resting);
    this.#fanout.onRound = (milliseconds) => this.#stats.recordRound(milliseconds);
    const moderation: ModerationContext = {
      bans,
      audit: this.#audit,
      rejected: (caller, error) => rejections.add(caller, error),
      stats: () => this.#stats.sentences(),
      reload: () => this.reload(),
      disconnect: (by, ban) => enforceBan(ban, by, this.#connections, this.#chat),
    };
    this.#listeners = new Listeners(options, {
      handlers: createHandlers(options, resources, this.#chat, this.#auth, moderation),
      limits,
      tls,
      fanout: this.#fanout,
      traffic,
      log,
      accept: (handler, connection) => this.#connections.accept(handler, connection),
      metrics: () => this.#stats.metrics(this.#listeners.names),
    });
    this.#maintenance = new Maintenance(history, {
      busy: () => this.#fanout.busy,
      onRoomExpired: (room) => this.#chat.dropRoom(room),
      onError: (trouble) => log.error("history maintenance failed", { data: options.data, error: trouble.message }),
    });
    this.#absentExpiry = new AbsentExpiry(this.#chat.alwaysOn, options.alwaysOnExpire, clock ?? WALL_CLOCK);
    this.#memoryTimer = this.#watchMemory();
    if (this.#listeners.names.includes("web")) this.#stats.measureDelay(); // there is no `/metrics` elsewhere
  }

  /** How to connect to each listener: a line for people. */
  get addresses(): readonly string[] {
    return this.#listeners.addresses;
  }

  /** The ports of the listeners, in the same order. */
  get ports(): readonly number[] {
    return this.#listeners.ports;
  }

  /**
   * Reads the files again that flags name, and uses their contents from now on. Clients stay connected. A server operator
   * whose entry changed or was removed loses that role.
   */
  async reload(): Promise<Reloaded> {
    const reloaded = await this.#resources.reload();
    const { password, revoked = [] } = this.#resources;
    if (password !== undefined) this.#auth.password = password;
    for (const member of [...this.#chat.members]) {
      if (!member.operator || !revoked.includes(member.operatorName!)) continue;
      this.#audit("operator revoked", member);
      try {
        await this.#chat.setFlag(member, "operator", false);
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        continue; // it has disconnected meanwhile
      }
      member.operatorName = undefined;
      member.tell({
        kind: "notice",
        text: "You are no longer a server operator: your entry in the operators file was changed or removed.",
      });
    }
    return reloaded;
  }

  /** Closes the listeners, says goodbye, and resolves once all queued lines have been sent, or after 5 seconds. */
  async stop(): Promise<void> {
    clearInterval(this.#memoryTimer);
    this.#stats.stop();
    this.#maintenance.stop();
    this.#absentExpiry.stop();
    this.#listeners.stopAccepting();
    await this.#announceStop();
    clearTimeout(this.#flushTimer);
    this.#chat.flush(true);
    await this.#connections.close("server stopping", STOP_TIME);
    this.#chat.flush(true); // when users who are always on were last here
    this.#repeatFlush(false); // last, as a flush may have failed
    this.#listeners.close();
    this.#log.info("stopped");
  }

  /** Tells all members that the server stops. Does not wait long for a cluster that cannot be reached. */
  async #announceStop() {
    const told = this.#chat.notice(`${this.#options.name} is stopping. Goodbye.`);
    if (!(told instanceof Promise)) return;
    let timer;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, STOP_TIME));
    await Promise.race([told.catch(() => {}), late]);
    clearTimeout(timer);
  }

  #retryFlush() {
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      this.#fanout.request();
    }, LOCKED_PAUSE);
  }

  /** Tries again to store what waits for a database that cannot be written, though no client asks for it, or no longer does. */
  #repeatFlush(on: boolean) {
    clearInterval(this.#repairTimer);
    this.#repairTimer = on ? setInterval(() => this.#fanout.request(), FAILED_PAUSE) : undefined;
  }

  /** Checks memory use in intervals, if it has a limit. */
  #watchMemory(): ReturnType<typeof setInterval> | undefined {
    const { maxMemory } = this.#options;
    if (maxMemory === Infinity) return undefined;
    return setInterval(() => {
      const memory = Deno.memoryUsage().rss;
      const disconnected = disconnectSlowest(this.#connections.open(), maxMemory, memory);
      if (disconnected > 0) this.#log.warn("memory is short", { memory, limit: maxMemory, disconnected });
    }, CHECK_INTERVAL);
  }
}

function createLimits(options: Options, bans: Bans, log: Log): ConnectionLimits {
  const { name, maxClients, maxPerIp, connectRate, maxUnregistered, command } = options;
  const limits = {
    clients: maxClients,
    perNetwork: maxPerIp,
    perMinute: maxPerIp === Infinity ? Infinity : connectRate, // all clients may have the same address then
    unregistered: command === "echo" ? Infinity : maxUnregistered, // clients of the echo server do not register
  };
  return new ConnectionLimits(name, limits, bans, (peer, reason) => log.info("evicted", { peer, reason }));
}
