/**
 * The composition root: creates the parts of a server, connects them, and stops them in order.
 */
import { AuthService } from "../accounts/auth.ts";
import { settle } from "../chat/answer.ts";
import type { Chat } from "../chat/chat.ts";
import { LinkRegistry } from "../chat/invite_links.ts";
import { ChatError } from "../chat/chat_error.ts";
import { LINES_IN_BUFFER, type Options } from "../cli/options.ts";
import { Maintenance } from "../history/maintenance.ts";
import { type Audit, auditTo } from "../moderation/audit.ts";
import { Bans } from "../moderation/bans.ts";
import type { Reloaded } from "../moderation/reloaded.ts";
import { errorDetails, type Log } from "../monitoring/log.ts";
import type { Api } from "../protocol/http/api.ts";
import { apiResources } from "../protocol/http/resources.ts";
import type { ModerationContext } from "../protocol/moderation.ts";
import { Fanout } from "../transport/fanout.ts";
import type { Traffic } from "../transport/line_connection.ts";
import { WALL_CLOCK } from "../util/trusted_clock.ts";
import { troubleOf } from "./cluster_health.ts";
import { ConnectionLimits } from "./connection_limits.ts";
import { Connections } from "./connections.ts";
import type { ServerCluster } from "./cluster.ts";
import { createApi } from "./create_api.ts";
import { createChat } from "./create_chat.ts";
import { BanEnforcer } from "./enforce_ban.ts";
import { fileResources } from "./file_resources.ts";
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

/** How often a node of a cluster looks for mutes that are over, in milliseconds. */
const MUTE_INTERVAL = 1000;

/** What a server operator is told whose entry is gone. */
const OPERATOR_REVOKED =
  "You are no longer a server operator: your entry in the operators file was changed or removed.";

/** A running server. */
export class Server {
  readonly #options: Options;
  readonly #resources: ServerResources;
  readonly #log: Log;
  readonly #audit: Audit;
  readonly #fanout: Fanout;
  readonly #connections: Connections;
  readonly #chat: Chat;
  readonly #cluster: ServerCluster | undefined;
  readonly #auth: AuthService;
  readonly #api: Api;
  readonly #stats: Stats;
  readonly #listeners: Listeners;
  #maintenance: Maintenance | undefined; // this and the next three from `open` on
  #absentExpiry: AbsentExpiry | undefined;
  #muteTimer: ReturnType<typeof setInterval> | undefined;
  #memoryTimer: ReturnType<typeof setInterval> | undefined;
  #flushTimer: ReturnType<typeof setTimeout> | undefined; // set while another program has the database locked
  #repairTimer: ReturnType<typeof setInterval> | undefined; // set while the database cannot be written

  constructor(options: Options, resources: ServerResources, log: Log) {
    const { password, accounts, operators, clock, tls } = resources;
    this.#options = options;
    this.#resources = resources;
    this.#log = log;
    this.#audit = auditTo(log);
    // The largest round fits into an outbox several times, so that only a client that does not read exceeds it.
    this.#fanout = new Fanout(options.sendBuffer / LINES_IN_BUFFER);
    const traffic: Traffic = { linesIn: 0, linesOut: 0, bytesOut: 0 };
    const bans = new Bans(resources.bans, (error) => log.error("cannot store ban", { error: error.message }), clock);
    const links = new LinkRegistry(resources.links);
    const limits = createLimits(options, bans, log);
    const rejections = new RejectionLog(log);
    const trouble = () => troubleOf(this.#chat.cluster);
    this.#connections = new Connections({
      limits,
      bans,
      log,
      registers: options.command !== "echo",
      trouble,
      onRegistered: (session) => enforcer.check(session),
    });
    const { chat, cluster } = createChat(options, resources, {
      bans,
      links,
      enforceBan: (ban) => {
        enforcer.enforce(ban);
        this.#api.streams.recheck();
      },
      endLogins: (account) => this.#api.streams.endLogins(account),
      checkBans: (session) => enforcer.check(session),
      limits,
      rejections,
      log,
      audit: this.#audit,
      requestFlush: () => this.#fanout.request(),
      retryFlush: () => this.#retryFlush(),
      repeatFlush: (on) => this.#repeatFlush(on),
    });
    this.#chat = chat;
    this.#cluster = cluster;
    const enforcer = new BanEnforcer(bans, this.#connections, this.#chat, (error) => {
      log.error("cannot enforce ban", { error: errorDetails(error) });
    });
    const { maxFailures, publicUrl } = options;
    this.#auth = new AuthService({ password, accounts, operators, links: chat.links, log, maxFailures });
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
      linkUrl: (code) => `${publicUrl ?? this.#listeners.webUrl ?? ""}/i/${code}`,
      rejected: (caller, error) => rejections.add(caller, error),
      stats: () => this.#stats.sentences(),
      reload: () => this.reload(),
      makeBan: (by, ban) => enforcer.make(by, ban),
    };
    this.#api = createApi(options, resources, { chat: this.#chat, auth: this.#auth, bans, limits, trouble });
    this.#listeners = new Listeners(options, {
      handlers: createHandlers(options, resources, this.#chat, this.#auth, moderation),
      limits,
      tls,
      fanout: this.#fanout,
      traffic,
      log,
      accept: (handler, connection) => this.#connections.accept(handler, connection),
      trouble,
      metrics: () => this.#stats.metrics(this.#listeners.names),
      resources: [
        ...fileResources(options, resources, this.#api, log, cluster && ((id) => cluster.fetchFile(id))),
        ...apiResources(this.#api),
      ],
    });
  }

  /**
   * Joins the cluster that the options name, if they do. To be called before `open`.
   *
   * @throws {ClusterError} if that is not possible.
   */
  async join(): Promise<void> {
    await this.#cluster?.join();
  }

  /** Resolves to a sentence when the process cannot go on as a node of its cluster. Never resolves without one. */
  get failed(): Promise<string> {
    return this.#cluster?.failed ?? new Promise(() => {});
  }

  /**
   * Opens the ports that the options ask for, and begins with what is done regularly. Call it once.
   *
   * @throws {ListenError} when one cannot be opened; then none stays open.
   */
  async open(): Promise<void> {
    const { history, clock } = this.#resources;
    await this.#listeners.open();
    this.#maintenance = new Maintenance(history, {
      busy: () => this.#fanout.busy,
      onRoomExpired: (room) => this.#dropExpired(room),
      onError: (trouble) =>
        this.#log.error("history maintenance failed", { data: this.#options.data, error: trouble.message }),
    });
    const { alwaysOn, mutes, cluster } = this.#chat;
    const isOnDuty = () => this.#chat.onDuty;
    this.#absentExpiry = new AbsentExpiry(alwaysOn, this.#options.alwaysOnExpire, clock ?? WALL_CLOCK, isOnDuty);
    // A single node unmutes a host when it looks whether it is muted; this one also ends the mutes of other nodes.
    if (cluster !== undefined) this.#muteTimer = setInterval(() => mutes.expire(), MUTE_INTERVAL);
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
        await this.#chat.notice(OPERATOR_REVOKED, member);
      } catch (error) {
        if (!(error instanceof ChatError)) throw error; // else it has disconnected meanwhile
      }
    }
    return reloaded;
  }

  /** Closes the listeners, says goodbye, and resolves once all queued lines have been sent, or after 5 seconds. */
  async stop(): Promise<void> {
    clearInterval(this.#memoryTimer);
    clearInterval(this.#muteTimer);
    this.#stats.stop();
    this.#maintenance?.stop();
    this.#absentExpiry?.stop();
    this.#listeners.stopAccepting();
    this.#sayGoodbye();
    clearTimeout(this.#flushTimer);
    this.#chat.flush(true);
    this.#api.streams.close();
    await this.#connections.close("server stopping", STOP_TIME);
    await this.#cluster?.leave();
    this.#chat.flush(true); // when users who are always on were last here
    this.#repeatFlush(false); // last, as a flush may have failed
    this.#listeners.close();
    this.#log.info("stopped");
  }

  /** Tells the clients of this process: other nodes go on. */
  #sayGoodbye() {
    const { name } = this.#options;
    if (this.#cluster === undefined) return void this.#chat.notice(`${name} is stopping. Goodbye.`);
    const text = `This node of ${name} is stopping. Connect again to use another one.`;
    for (const [, { session }] of this.#connections) session?.tell({ kind: "notice", text });
  }

  /** Deletes a room that has expired. If that fails, it is found again by the next sweep. */
  #dropExpired(room: string) {
    if (!this.#chat.onDuty) return;
    settle(() => this.#chat.dropRoom(room), (error) => error instanceof ChatError);
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
      const disconnected = disconnectSlowest([...this.#connections.open(), ...this.#api.streams], maxMemory, memory);
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
