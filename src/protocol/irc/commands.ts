/**
 * The table of all commands: how many parameters each needs, its help, and the function that runs it.
 */
import type { Lane } from "../time_slicer.ts";
import { ban, cs, rename, unban } from "./chanserv.ts";
import { invite, join, kick, list, names, part, topic } from "./channels.ts";
import type { CommandHandler, IrcContext, MemberContext } from "./context.ts";
import { chathistory, search } from "./history.ts";
import { batch, notice, privmsg, tagmsg } from "./messages.ts";
import { redact } from "./redact.ts";
import { mode } from "./modes.ts";
import { announcement, kill, kline, mute, unkline, unmute } from "./moderation.ts";
import { ns, registerAccount } from "./nickserv.ts";
import { persistence } from "./persistence.ts";
import { markRead } from "./read_markers.ts";
import { cap, nick, pass, ping, pong, quit, user } from "./registration.ts";
import { authenticate } from "./sasl.ts";
import {
  admin,
  help,
  info,
  links,
  lusers,
  motd,
  nodes,
  oper,
  rehash,
  stats,
  time,
  version,
  wallops,
} from "./server.ts";
import { token } from "./token.ts";
import { away, ison, monitor, setname, silence, userhost, who, whois, whowas } from "./users.ts";

/** A row of the table. */
export interface Command {
  /** The number of parameters that it needs. */
  readonly minParams: number;
  /** Whether a client may use it before it has registered. If not, `run` is never called before. */
  readonly early: boolean;
  /** Its line in the reply to HELP. */
  readonly help: string;
  /** The queue of the time slicer that it waits in, if it may take long. */
  readonly lane: Lane | undefined;
  readonly run: CommandHandler<MemberContext>;
}

/** A command of registered clients. */
function row(minParams: number, help: string, run: CommandHandler<MemberContext>, lane?: Lane): Command {
  return { minParams, help, early: false, lane, run };
}

/** A command of all clients. */
function early(minParams: number, help: string, run: CommandHandler<IrcContext>, lane?: Lane): Command {
  return { minParams, help, early: true, lane, run };
}

/** The commands by name. */
export const commands: ReadonlyMap<string, Command> = new Map(Object.entries({
  ADMIN: row(0, "who runs this server", admin),
  ANNOUNCE: row(1, "ANNOUNCE :text - send a notice to all users; for server operators", announcement),
  AUTHENTICATE: early(1, "AUTHENTICATE mechanism|data|* - log in by SASL", authenticate),
  AWAY: early(0, "AWAY [:text] - mark yourself as away, or as back", away, "prompt"),
  BAN: row(2, "BAN #channel nick|mask - ban a user by account or host, and remove them", ban),
  BATCH: row(1, "BATCH +name draft/multiline target … BATCH -name - send a message of several lines", batch),
  CAP: early(1, "CAP LS|LIST|REQ|END - negotiate capabilities", cap),
  CHANSERV: row(0, "CHANSERV request - a request to ChanServ; CHANSERV HELP lists them", cs),
  CHATHISTORY: row(
    0,
    "CHATHISTORY LATEST|BEFORE|AFTER|AROUND #channel|nick *|msgid=id|timestamp=time limit - read earlier messages; also BETWEEN, TARGETS",
    chathistory,
    "prompt",
  ),
  CS: row(0, "CS request - the same as CHANSERV", cs),
  HELP: row(0, "HELP [command] - list the commands, or explain one", (context, params) => {
    help(context, params, commands);
  }),
  INFO: row(0, "about this server", info),
  INVITE: row(0, "INVITE nick #channel - invite a user to a channel; INVITE alone lists your invitations", invite),
  ISON: row(1, "ISON nick... - which of these users are online", ison),
  JOIN: row(1, "JOIN #channel[,#channel...] [key[,key...]] - join channels; JOIN 0 leaves all", join),
  KICK: row(2, "KICK #channel nick[,nick...] [:reason] - remove users from a channel", kick),
  KILL: row(1, "KILL nick [:reason] - disconnect a user; for server operators", kill),
  KLINE: row(1, "KLINE [time] address|mask|nick [:reason] - ban from the server; for server operators", kline),
  LINKS: row(0, "the servers of this network", links),
  LIST: row(0, "LIST [#channel,...|conditions] - list the channels", list, "long"),
  LUSERS: row(0, "how many users are online", lusers),
  MARKREAD: row(0, "MARKREAD #channel|nick [timestamp=time] - up to when you have read, on all your devices", markRead),
  MODE: row(1, "MODE #channel|nick [modes] - show or change modes", mode),
  MONITOR: row(1, "MONITOR +|-|C|L|S [nick,...] - be told when these users connect or disconnect", monitor),
  MOTD: row(0, "the message of the day", motd),
  MUTE: row(1, "MUTE nick [time] - stop a user from sending messages; for server operators", mute),
  NAMES: row(0, "NAMES [#channel,...] - list the users in channels", names, "prompt"),
  NICK: early(0, "NICK nick - choose or change your nickname", nick, "prompt"),
  NICKSERV: row(0, "NICKSERV request - a request to NickServ; NICKSERV HELP lists them", ns),
  NODES: row(0, "the nodes of the cluster; for server operators", nodes),
  NOTICE: row(0, "NOTICE target[,target...] :text - send a message that is never replied to automatically", notice),
  NS: row(0, "NS request - the same as NICKSERV", ns),
  OPER: row(2, "OPER name password - become a server operator", oper),
  PART: row(1, "PART #channel[,#channel...] [:reason] - leave channels", part),
  PASS: early(1, "PASS password - the server password, before registration", pass),
  PERSISTENCE: row(0, "PERSISTENCE GET|SET ON|OFF|DEFAULT - stay in the chat when you disconnect", persistence),
  PING: early(1, "PING token - test the connection", ping),
  PONG: early(0, "PONG token - reply to a PING of the server", pong),
  PRIVMSG: row(0, "PRIVMSG target[,target...] :text - send a message", privmsg),
  QUIT: early(0, "QUIT [:reason] - disconnect", quit),
  REDACT: row(2, "REDACT #channel|nick msgid [:reason] - delete a message", redact, "prompt"),
  REGISTER: early(3, "REGISTER *|nick *|email password - register your nickname", registerAccount),
  REHASH: row(0, "reload the motd, operators, password and certificate files; for server operators", rehash),
  RENAME: row(2, "RENAME #channel #new [:reason] - give your channel another name", rename, "prompt"),
  SEARCH: row(
    1,
    "SEARCH text=words[;in=#channel][;from=nick][;limit=n] - search earlier messages; SEARCH tincan.chat/mentions lists those that mention you",
    search,
    "long",
  ),
  SETNAME: row(1, "SETNAME :realname - change your real name", setname, "prompt"),
  SILENCE: row(
    0,
    "SILENCE [+nick|-nick] - ignore a user's private messages, or no longer; alone, list these users",
    silence,
  ),
  STATS: row(0, "STATS u - the uptime; k - bans and mutes, z - statistics, for server operators", stats),
  TAGMSG: row(1, "TAGMSG target[,target...] - send tags without a text", tagmsg),
  TIME: row(0, "the server's time", time),
  TOKEN: row(1, "TOKEN LIST|ADD :name|STAY :name|REVOKE id - the tokens of your account, for programs", token),
  TOPIC: row(1, "TOPIC #channel [:text] - show or set the topic of a channel", topic),
  UNBAN: row(2, "UNBAN #channel nick|mask - lift a ban that BAN has made", unban),
  UNKLINE: row(1, "UNKLINE address|mask - lift a ban; for server operators", unkline),
  UNMUTE: row(1, "UNMUTE nick|host - let a user send messages again; for server operators", unmute),
  USER: early(4, "USER username 0 * :realname - your user name and real name, for registration", user),
  USERHOST: row(1, "USERHOST nick... - the user names and hosts of users", userhost),
  VERSION: row(0, "the server's version", version),
  WALLOPS: row(1, "WALLOPS :text - send a message to all users with mode +w; for server operators", wallops),
  WHO: row(0, "WHO [#channel|mask] [%fields] - list users", who, "long"),
  WHOIS: row(0, "WHOIS nick[,nick...] - about a user", whois),
  WHOWAS: row(0, "WHOWAS nick [count] - about a user who has left", whowas, "long"),
}));
