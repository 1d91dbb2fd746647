/**
 * The commands of the IRC door: which there are, who may give them, and how many parameters they want at least.
 *
 * What they do is in one file for each family of them.
 */
import { away, ison, monitor, setname, userhost, who, whois, whowas } from "./users.ts";
import { invite, join, kick, list, names, part, topic } from "./channels.ts";
import { cap, nick, pass, ping, pong, quit, user } from "./registration.ts";
import { help, info, links, lusers, motd, oper, rehash, stats, time, version, wallops } from "./server.ts";
import { admin } from "./server.ts";
import { chathistory, search } from "./history.ts";
import { mode } from "./modes.ts";
import { authenticate } from "./sasl.ts";
import { ns, registerAccount } from "./nickserv.ts";
import { announcement, kill, kline, mute, unkline, unmute } from "./moderation.ts";
import { notice, privmsg, tagmsg } from "./messages.ts";
import type { IrcMessage } from "./parser.ts";
import type { IrcSession } from "./session.ts";
import type { Lane, Steps } from "../time_slicer.ts";

/**
 * What a command does. A promise means that the client's next line is to wait; steps, which need a lane, that it is done in
 * slices of time.
 */
export type Run = (
  session: IrcSession,
  params: readonly string[],
  message: IrcMessage,
) => void | Promise<void> | Steps<void>;

/** A row of the table. */
export interface Command {
  /** How many parameters it wants at least. */
  readonly least: number;
  /** Whether those may give it who have not said who they are. */
  readonly anybody: boolean;
  /** What `HELP` says of it. */
  readonly help: string;
  /** Where it waits for its turn, if it may take long: see `time_slicer.ts`. */
  readonly lane: Lane | undefined;
  readonly run: Run;
}

function row(least: number, help: string, run: Run, ...kinds: ("anybody" | Lane)[]): Command {
  const lane = kinds.find((kind) => kind !== "anybody");
  return { least, help, anybody: kinds.includes("anybody"), lane, run };
}

/** The commands by name. */
export const commands: ReadonlyMap<string, Command> = new Map(Object.entries({
  ADMIN: row(0, "who runs this server", admin),
  AUTHENTICATE: row(1, "AUTHENTICATE mechanism|data|* - log in by SASL", authenticate, "anybody"),
  ANNOUNCE: row(1, "ANNOUNCE :text - tell everybody something; for server operators", announcement),
  AWAY: row(0, "AWAY [:text] - say that you are away, or back", away, "prompt"),
  CAP: row(1, "CAP LS|LIST|REQ|END - choose capabilities", cap, "anybody"),
  CHATHISTORY: row(
    0,
    "CHATHISTORY LATEST|BEFORE|AFTER|AROUND #channel|nick *|msgid=id|timestamp=time limit - what was said before; also BETWEEN, TARGETS",
    chathistory,
    "prompt",
  ),
  HELP: row(0, "HELP [command] - this", help),
  INFO: row(0, "what this server is", info),
  INVITE: row(0, "INVITE nick #channel - ask somebody into a channel", invite),
  ISON: row(1, "ISON nick... - which of them are here", ison),
  JOIN: row(1, "JOIN #channel[,#channel...] [key[,key...]] - come into channels; JOIN 0 leaves all", join, "prompt"),
  KICK: row(2, "KICK #channel nick[,nick...] [:reason] - put somebody out of a channel", kick),
  KILL: row(1, "KILL nick [:reason] - disconnect somebody; for server operators", kill),
  KLINE: row(
    1,
    "KLINE [time] address|mask|nick [:reason] - ban from the server; for server operators",
    kline,
    "prompt",
  ),
  LINKS: row(0, "the servers of this network", links),
  LIST: row(0, "LIST [#channel,...|conditions] - the channels", list, "long"),
  LUSERS: row(0, "how many are here", lusers),
  MODE: row(1, "MODE #channel|nick [modes] - show or change modes", mode),
  MONITOR: row(1, "MONITOR +|-|C|L|S [nick,...] - be told who comes and goes", monitor),
  MOTD: row(0, "the message of the day", motd),
  MUTE: row(1, "MUTE nick [time] - let somebody say nothing, anywhere; for server operators", mute),
  NAMES: row(0, "NAMES [#channel,...] - who is in a channel", names, "prompt"),
  NICK: row(0, "NICK nick - choose a name", nick, "anybody", "prompt"),
  NICKSERV: row(0, "NICKSERV request - what can be said to NickServ; so does NS", ns),
  NOTICE: row(0, "NOTICE target[,target...] :text - say something that is not to be answered", notice),
  NS: row(0, "NS request - what can be said to NickServ", ns),
  OPER: row(2, "OPER name password - become a server operator", oper),
  PART: row(1, "PART #channel[,#channel...] [:reason] - leave channels", part),
  PASS: row(1, "PASS password - before all else, where one is wanted", pass, "anybody"),
  PING: row(1, "PING token - see whether the server answers", ping, "anybody"),
  PONG: row(0, "PONG token - answer the server", pong, "anybody"),
  PRIVMSG: row(0, "PRIVMSG target[,target...] :text - say something", privmsg),
  QUIT: row(0, "QUIT [:reason] - leave", quit, "anybody"),
  REGISTER: row(3, "REGISTER *|nick *|email password - make your name your own", registerAccount, "anybody"),
  REHASH: row(0, "read the motd, operators, password and certificate files again; for server operators", rehash),
  SEARCH: row(1, "SEARCH text=words[;in=#channel][;from=nick][;limit=n] - who has said it", search, "long"),
  SETNAME: row(1, "SETNAME :realname - give another real name", setname, "prompt"),
  STATS: row(0, "STATS u - since when the server is up; k - bans and mutes, z - figures, for server operators", stats),
  TAGMSG: row(1, "TAGMSG target[,target...] - pass on tags alone", tagmsg),
  TIME: row(0, "what time it is here", time),
  TOPIC: row(1, "TOPIC #channel [:text] - show or set what a channel is about", topic),
  UNKLINE: row(1, "UNKLINE address|mask - lift a ban; for server operators", unkline),
  UNMUTE: row(1, "UNMUTE nick|host - let somebody speak again; for server operators", unmute),
  USER: row(4, "USER username 0 * :realname - say who you are, on coming in", user, "anybody"),
  USERHOST: row(1, "USERHOST nick... - who they are", userhost),
  VERSION: row(0, "which server this is", version),
  WALLOPS: row(1, "WALLOPS :text - say something to all who want to hear it; for server operators", wallops),
  WHO: row(0, "WHO [#channel|mask] [%fields] - who is there", who, "long"),
  WHOIS: row(0, "WHOIS nick[,nick...] - who somebody is", whois),
  WHOWAS: row(0, "WHOWAS nick [count] - who somebody was", whowas, "long"),
}));
