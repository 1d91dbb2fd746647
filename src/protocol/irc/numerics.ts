/**
 * The table of numeric replies (modern.ircdocs.horse, "Numerics"; IRCv3 for MONITOR, SASL and bot mode; ircu for SILENCE; ircv3.net, "WHOX").
 */

import { NICK_RULE, ROOM_RULE } from "../names.ts";

/**
 * By name: the number, and what follows the client's nickname. Each `%` is replaced by an argument. What clients have sent
 * is repeated only in this way, so it cannot look like another parameter.
 */
const TABLE = {
  RPL_WELCOME: "001 :Welcome to the % network, %",
  RPL_YOURHOST: "002 :Your host is %, running version %",
  RPL_CREATED: "003 :This server was started %",
  RPL_MYINFO: "004 % % % %",
  RPL_ISUPPORT: "005 % :are supported by this server",
  RPL_UMODEIS: "221 %",
  RPL_STATSDEBUG: "249 :%",
  RPL_STATSUPTIME: "242 :Server Up % days %",
  RPL_STATSKLINE: "216 K % * * :%",
  RPL_ENDOFSTATS: "219 % :End of /STATS report",
  RPL_LUSERCLIENT: "251 :There are % users and % invisible on % servers",
  RPL_LUSEROP: "252 % :operator(s) online",
  RPL_LUSERUNKNOWN: "253 % :unknown connection(s)",
  RPL_LUSERCHANNELS: "254 % :channels formed",
  RPL_LUSERME: "255 :I have % clients and % servers",
  RPL_TRYAGAIN: "263 % :Please wait a while and try again.",
  RPL_LOCALUSERS: "265 % % :Current local users %, max %",
  RPL_GLOBALUSERS: "266 % % :Current global users %, max %",
  RPL_SILELIST: "271 % %",
  RPL_ENDOFSILELIST: "272 :End of Silence List",
  RPL_AWAY: "301 % :%",
  RPL_USERHOST: "302 :%",
  RPL_ISON: "303 :%",
  RPL_UNAWAY: "305 :You are no longer marked as being away",
  RPL_NOWAWAY: "306 :You have been marked as being away",
  RPL_WHOISUSER: "311 % % % * :%",
  RPL_WHOISSERVER: "312 % % :%",
  RPL_WHOISOPERATOR: "313 % :is an IRC operator",
  RPL_WHOWASUSER: "314 % % % * :%",
  RPL_ENDOFWHO: "315 % :End of WHO list",
  RPL_WHOISIDLE: "317 % % % :seconds idle, signon time",
  RPL_ENDOFWHOIS: "318 % :End of /WHOIS list",
  RPL_WHOISCHANNELS: "319 % :%",
  RPL_LISTSTART: "321 Channel :Users  Name",
  RPL_LIST: "322 % % :%",
  RPL_LISTEND: "323 :End of /LIST",
  RPL_CHANNELMODEIS: "324 % %",
  RPL_CREATIONTIME: "329 % %",
  RPL_WHOISACCOUNT: "330 % % :is logged in as",
  RPL_NOTOPIC: "331 % :No topic is set",
  RPL_TOPIC: "332 % :%",
  RPL_TOPICWHOTIME: "333 % % %",
  RPL_WHOISBOT: "335 % :is a bot",
  RPL_INVITELIST: "336 %",
  RPL_ENDOFINVITELIST: "337 :End of /INVITE list",
  RPL_INVITING: "341 % %",
  RPL_INVEXLIST: "346 % % % %",
  RPL_ENDOFINVEXLIST: "347 % :End of channel invite exception list",
  RPL_EXCEPTLIST: "348 % % % %",
  RPL_ENDOFEXCEPTLIST: "349 % :End of channel exception list",
  RPL_VERSION: "351 % % :%",
  RPL_WHOREPLY: "352 % % % % % % :0 %",
  RPL_NAMREPLY: "353 % % :%",
  RPL_WHOSPCRPL: "354 %",
  RPL_LINKS: "364 % % :% %",
  RPL_ENDOFLINKS: "365 * :End of /LINKS list",
  RPL_ENDOFNAMES: "366 % :End of /NAMES list",
  RPL_BANLIST: "367 % % % %",
  RPL_ENDOFBANLIST: "368 % :End of channel ban list",
  RPL_ENDOFWHOWAS: "369 % :End of WHOWAS",
  RPL_INFO: "371 :%",
  RPL_MOTD: "372 :- %",
  RPL_ENDOFINFO: "374 :End of INFO list",
  RPL_MOTDSTART: "375 :- % Message of the day - ",
  RPL_ENDOFMOTD: "376 :End of /MOTD command",
  RPL_YOUREOPER: "381 :You are now an IRC operator",
  RPL_REHASHING: "382 % :Rehashing",
  RPL_TIME: "391 % :%",
  ERR_NOSUCHNICK: "401 % :No such nick/channel",
  ERR_NOSUCHSERVER: "402 % :No such server",
  ERR_NOSUCHCHANNEL: "403 % :No such channel",
  ERR_CANNOTSENDTOCHAN: "404 % :Cannot send to channel",
  ERR_TOOMANYCHANNELS: "405 % :You have joined too many channels",
  ERR_WASNOSUCHNICK: "406 % :There was no such nickname",
  ERR_TOOMANYTARGETS: "407 % :Too many targets; the rest was left out",
  ERR_INVALIDCAPCMD: "410 % :Invalid CAP command",
  ERR_NORECIPIENT: "411 :No recipient given (%)",
  ERR_NOTEXTTOSEND: "412 :No text to send",
  ERR_TOOMANYMATCHES: "416 % :Output too long, the rest was left out",
  ERR_INPUTTOOLONG: "417 :Input line was too long",
  ERR_UNKNOWNCOMMAND: "421 % :Unknown command",
  ERR_NOMOTD: "422 :MOTD File is missing",
  ERR_NOADMININFO: "423 % :No administrative info available",
  ERR_NONICKNAMEGIVEN: "431 :No nickname given",
  ERR_ERRONEUSNICKNAME: "432 % :Erroneous nickname: " + NICK_RULE,
  ERR_NICKNAMEINUSE: "433 % :Nickname is already in use",
  ERR_NICKNAMECONFUSABLE: "433 % :Nickname looks like one that is in use", // the same number, on which clients try another nick
  ERR_NICKNAMENOTPERMITTED: "433 % :Your token does not permit the nickname of its account, choose another one",
  ERR_BANONCHAN: "435 % % :Cannot change nickname while banned from the channel",
  ERR_NICKTOOFAST: "438 % :Nick change too fast, please wait a minute",
  ERR_USERNOTINCHANNEL: "441 % % :They aren't on that channel",
  ERR_NICKNAMEOWNED: "433 % :Nickname is registered: log in first",
  ERR_NOTONCHANNEL: "442 % :You're not on that channel",
  ERR_USERONCHANNEL: "443 % % :is already on channel",
  ERR_NOTREGISTERED: "451 :You have not registered",
  ERR_NEEDMOREPARAMS: "461 % :Not enough parameters",
  ERR_ALREADYREGISTERED: "462 :You may not reregister",
  ERR_PASSWDMISMATCH: "464 :Password incorrect",
  ERR_YOUREBANNEDCREEP: "465 :You are banned from this server (%)",
  ERR_CHANNELISFULL: "471 % :Cannot join channel (+l)",
  ERR_UNKNOWNMODE: "472 % :is unknown mode char to me",
  ERR_INVITEONLYCHAN: "473 % :Cannot join channel (+i)",
  ERR_BANNEDFROMCHAN: "474 % :Cannot join channel (+b)",
  ERR_BADCHANNELKEY: "475 % :Cannot join channel (+k)",
  ERR_BADCHANMASK: "476 % :Bad Channel Mask: " + ROOM_RULE,
  ERR_CHANNELCONFUSABLE: "476 % :Channel name looks like that of another channel", // the same number
  ERR_NEEDREGGEDNICK: "477 % :You need to be logged in to an account for this channel",
  ERR_BANLISTFULL: "478 % % :Channel list is full",
  ERR_NOPRIVILEGES: "481 :Permission Denied- You're not an IRC operator",
  ERR_CHANOPRIVSNEEDED: "482 % :You're not channel operator",
  ERR_CHANOWNPRIVNEEDED: "482 % :You're not channel owner", // the same number, where an operator is not enough
  ERR_NONONREG: "486 % :The user is offline: to leave a message, log in to an account first",
  ERR_NOOPERHOST: "491 :No O-lines for your host",
  ERR_SILELISTFULL: "511 % :Your silence list is full",
  ERR_UMODEUNKNOWNFLAG: "501 :Unknown MODE flag",
  ERR_USERSDONTMATCH: "502 :Can't change mode for other users",
  ERR_HELPNOTFOUND: "524 % :No help available on this topic",
  ERR_INVALIDKEY: "525 % :Key is not well-formed",
  ERR_CANTSENDTOUSER: "531 % :You cannot send a private message to a bot whose token is for one channel",
  ERR_INVALIDMODEPARAM: "696 % % % :Invalid mask",
  ERR_INVALIDLIMIT: "696 % l % :Invalid limit, it must be 1 to 999999999", // the same number, for the parameter of +l
  RPL_HELPSTART: "704 % :%",
  RPL_HELPTXT: "705 % :%",
  RPL_ENDOFHELP: "706 % :%",
  RPL_MONONLINE: "730 :%",
  RPL_MONOFFLINE: "731 :%",
  RPL_MONLIST: "732 :%",
  RPL_ENDOFMONLIST: "733 :End of MONITOR list",
  ERR_MONLISTFULL: "734 % % :Monitor list is full.",
  RPL_LOGGEDIN: "900 % % :You are now logged in as %",
  RPL_LOGGEDOUT: "901 % :You are now logged out",
  RPL_SASLSUCCESS: "903 :SASL authentication successful",
  ERR_SASLFAIL: "904 :%",
  ERR_SASLTOOLONG: "905 :SASL message too long",
  ERR_SASLABORTED: "906 :SASL authentication aborted",
  ERR_SASLALREADY: "907 :You have already authenticated using SASL",
  RPL_SASLMECHS: "908 % :are available SASL mechanisms",
} as const;

/** The name of a numeric reply. */
export type Numeric = keyof typeof TABLE;

const PARTS = new Map(Object.entries(TABLE).map(([name, text]) => [name, text.split("%")]));

/**
 * Returns a numeric reply, without its source.
 *
 * @param client The client's nick, or `*`.
 * @param args The arguments. Before the colon, one that is not a valid parameter becomes `*`, except in the numerics whose
 * arguments are lists made by the server.
 * @throws {TypeError} If there are too few or too many arguments.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numeric } from "./numerics.ts";
 *
 * assertEquals(numeric("ERR_NOSUCHNICK", "alice", "bob"), "401 alice bob :No such nick/channel");
 * assertEquals(numeric("ERR_NOSUCHNICK", "alice", ":)"), "401 alice * :No such nick/channel");
 * ```
 */
export function numeric(name: Numeric, client: string, ...args: (string | number)[]): string {
  const [head = "", ...parts] = PARTS.get(name)!;
  if (parts.length !== args.length) throw new TypeError(`Cannot send ${name}: it has ${parts.length} parameters`);
  let line = head.replace(" ", ` ${client} `);
  let trailing = head.includes(" :");
  for (const [i, part] of parts.entries()) {
    const arg = String(args[i]);
    line += trailing || LISTS.has(name) ? arg : word(arg);
    line += part;
    trailing ||= part.includes(" :");
  }
  return line;
}

/** Numerics whose arguments before the colon are lists of several parameters, made by the server. */
const LISTS: ReadonlySet<Numeric> = new Set<Numeric>(["RPL_ISUPPORT", "RPL_CHANNELMODEIS", "RPL_WHOSPCRPL"]);

/** Returns a text as a parameter that is not the last one: `*` if it is empty, has a space or begins with a colon. */
export function word(text: string): string {
  return text === "" || text.startsWith(":") || text.includes(" ") ? "*" : text;
}
