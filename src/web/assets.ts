/**
 * The files of the page, which are part of the program: none is read from the disk at run time.
 */
import type { Asset } from "../protocol/http/site.ts";
import qrJs from "lean-qr/nano" with { type: "text" };
import accountJs from "./account.js" with { type: "text" };
import blocksJs from "./blocks.js" with { type: "text" };
import chanservJs from "./chanserv.js" with { type: "text" };
import chatJs from "./chat.js" with { type: "text" };
import closedJs from "./closed.js" with { type: "text" };
import clockJs from "./clock.js" with { type: "text" };
import coloursJs from "./colours.js" with { type: "text" };
import commandsJs from "./commands.js" with { type: "text" };
import completionJs from "./completion.js" with { type: "text" };
import connectionJs from "./connection.js" with { type: "text" };
import devicesJs from "./devices.js" with { type: "text" };
import dialogsCss from "./dialogs.css" with { type: "text" };
import dialogsHtml from "./dialogs.html" with { type: "text" };
import dialogsJs from "./dialogs.js" with { type: "text" };
import domJs from "./dom.js" with { type: "text" };
import emojiJs from "./emoji.js" with { type: "text" };
import emojiTxt from "./emoji.txt" with { type: "text" };
import enterHtml from "./enter.html" with { type: "text" };
import filesJs from "./files.js" with { type: "text" };
import formatJs from "./format.js" with { type: "text" };
import handlersJs from "./handlers.js" with { type: "text" };
import highlightJs from "./highlight.js" with { type: "text" };
import historyJs from "./history.js" with { type: "text" };
import iconSvg from "./icon.svg" with { type: "text" };
import ignoredJs from "./ignored.js" with { type: "text" };
import indexHtml from "./index.html" with { type: "text" };
import invitationJs from "./invitation.js" with { type: "text" };
import inlineJs from "./inline.js" with { type: "text" };
import ircJs from "./irc.js" with { type: "text" };
import keptJs from "./kept.js" with { type: "text" };
import keysJs from "./keys.js" with { type: "text" };
import laterJs from "./later.js" with { type: "text" };
import lineChangesJs from "./line_changes.js" with { type: "text" };
import linesJs from "./lines.js" with { type: "text" };
import linksJs from "./links.js" with { type: "text" };
import mainJs from "./main.js" with { type: "text" };
import maskListsJs from "./mask_lists.js" with { type: "text" };
import mentionsJs from "./mentions.js" with { type: "text" };
import messageLinesJs from "./message_lines.js" with { type: "text" };
import modelJs from "./model.js" with { type: "text" };
import multilineJs from "./multiline.js" with { type: "text" };
import nearestJs from "./nearest.js" with { type: "text" };
import notifyJs from "./notify.js" with { type: "text" };
import operatorJs from "./operator.js" with { type: "text" };
import personActionsJs from "./person_actions.js" with { type: "text" };
import placesJs from "./places.js" with { type: "text" };
import quotedJs from "./quoted.js" with { type: "text" };
import ranksJs from "./ranks.js" with { type: "text" };
import readMarkersJs from "./read_markers.js" with { type: "text" };
import readSyncJs from "./read_sync.js" with { type: "text" };
import rejectionJs from "./rejection.js" with { type: "text" };
import replyTextsJs from "./reply_texts.js" with { type: "text" };
import roomJs from "./room.js" with { type: "text" };
import searchWordsJs from "./search_words.js" with { type: "text" };
import storageJs from "./storage.js" with { type: "text" };
import suggestionsJs from "./suggestions.js" with { type: "text" };
import styleCss from "./style.css" with { type: "text" };
import typingJs from "./typing.js" with { type: "text" };
import viewsAccountJs from "./views/account.js" with { type: "text" };
import uploadsJs from "./uploads.js" with { type: "text" };
import viewsComposerJs from "./views/composer.js" with { type: "text" };
import viewsDevicesJs from "./views/devices.js" with { type: "text" };
import viewsFilesJs from "./views/files.js" with { type: "text" };
import viewsGoJs from "./views/go.js" with { type: "text" };
import viewsHelpJs from "./views/help.js" with { type: "text" };
import viewsInviteJs from "./views/invite.js" with { type: "text" };
import viewsLinesJs from "./views/lines.js" with { type: "text" };
import viewsLineMenuJs from "./views/line_menu.js" with { type: "text" };
import viewsMessageTextJs from "./views/message_text.js" with { type: "text" };
import viewsMessagesJs from "./views/messages.js" with { type: "text" };
import viewsOperatorJs from "./views/operator.js" with { type: "text" };
import viewsPeopleJs from "./views/people.js" with { type: "text" };
import viewsPersonJs from "./views/person.js" with { type: "text" };
import viewsReactionsJs from "./views/reactions.js" with { type: "text" };
import viewsReplyBarJs from "./views/reply_bar.js" with { type: "text" };
import viewsReactionPickerJs from "./views/reaction_picker.js" with { type: "text" };
import viewsRoomJs from "./views/room.js" with { type: "text" };
import viewsRoomDialogJs from "./views/room_dialog.js" with { type: "text" };
import viewsSearchJs from "./views/search.js" with { type: "text" };
import viewsSettingsJs from "./views/settings.js" with { type: "text" };
import viewsSuggestionsJs from "./views/suggestions.js" with { type: "text" };
import viewsTabsJs from "./views/tabs.js" with { type: "text" };
import viewsTypingJs from "./views/typing.js" with { type: "text" };
import viewsUploadsJs from "./views/uploads.js" with { type: "text" };

const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const JS = "text/javascript; charset=utf-8";
const SVG = "image/svg+xml";
const TEXT = "text/plain; charset=utf-8";

/** The placeholder for the server's name. */
const NAME = /%name%/g;

/** Comments that are alone on their lines, comments after code, and indentation. */
const COMMENT = /^[ \t]*(?:\/\*(?:[^*]|\*(?!\/))*\*\/|\/\/.*)[ \t]*$/gm;
const COMMENT_AFTER = /(?<=[;{},([]) \/\/ .*$/gm;
const INDENTATION = /^[ \t]+/gm;

/**
 * The files of the page for a server of that name. Comments and indentation are removed from scripts and styles, as they are
 * a quarter of the bytes of a first visit; line numbers stay the same.
 */
export function assetsFor(name: string): Asset[] {
  const escaped = name.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return assets.map(({ path, type, text }) => {
    if (type === HTML) return { path, type, text: text.replace(NAME, () => escaped) };
    if (type !== JS && type !== CSS) return { path, type, text };
    return {
      path,
      type,
      get text() { // when it is needed: all files together would delay the start
        const code = text.replace(COMMENT, (comment) => comment.replace(/[^\n]+/g, ""));
        return code.replace(COMMENT_AFTER, "").replace(INDENTATION, "");
      },
    };
  });
}

/** The files that the page consists of, without the page itself. */
const parts: readonly Asset[] = [
  { path: "/account.js", type: JS, text: accountJs },
  { path: "/blocks.js", type: JS, text: blocksJs },
  { path: "/chanserv.js", type: JS, text: chanservJs },
  { path: "/chat.js", type: JS, text: chatJs },
  { path: "/closed.js", type: JS, text: closedJs },
  { path: "/clock.js", type: JS, text: clockJs },
  { path: "/colours.js", type: JS, text: coloursJs },
  { path: "/commands.js", type: JS, text: commandsJs },
  { path: "/completion.js", type: JS, text: completionJs },
  { path: "/connection.js", type: JS, text: connectionJs },
  { path: "/devices.js", type: JS, text: devicesJs },
  { path: "/dialogs.css", type: CSS, text: dialogsCss },
  { path: "/dialogs.html", type: TEXT, text: dialogsHtml },
  { path: "/dialogs.js", type: JS, text: dialogsJs },
  { path: "/dom.js", type: JS, text: domJs },
  { path: "/emoji.js", type: JS, text: emojiJs },
  { path: "/emoji.txt", type: TEXT, text: emojiTxt },
  { path: "/files.js", type: JS, text: filesJs },
  { path: "/format.js", type: JS, text: formatJs },
  { path: "/handlers.js", type: JS, text: handlersJs },
  { path: "/highlight.js", type: JS, text: highlightJs },
  { path: "/history.js", type: JS, text: historyJs },
  { path: "/icon.svg", type: SVG, text: iconSvg },
  { path: "/ignored.js", type: JS, text: ignoredJs },
  { path: "/invitation.js", type: JS, text: invitationJs },
  { path: "/inline.js", type: JS, text: inlineJs },
  { path: "/irc.js", type: JS, text: ircJs },
  { path: "/kept.js", type: JS, text: keptJs },
  { path: "/keys.js", type: JS, text: keysJs },
  { path: "/later.js", type: JS, text: laterJs },
  { path: "/line_changes.js", type: JS, text: lineChangesJs },
  { path: "/lines.js", type: JS, text: linesJs },
  { path: "/links.js", type: JS, text: linksJs },
  { path: "/main.js", type: JS, text: mainJs },
  { path: "/model.js", type: JS, text: modelJs },
  { path: "/multiline.js", type: JS, text: multilineJs },
  { path: "/nearest.js", type: JS, text: nearestJs },
  { path: "/mask_lists.js", type: JS, text: maskListsJs },
  { path: "/mentions.js", type: JS, text: mentionsJs },
  { path: "/message_lines.js", type: JS, text: messageLinesJs },
  { path: "/notify.js", type: JS, text: notifyJs },
  { path: "/operator.js", type: JS, text: operatorJs },
  { path: "/person_actions.js", type: JS, text: personActionsJs },
  { path: "/places.js", type: JS, text: placesJs },
  { path: "/qr.js", type: JS, text: qrJs },
  { path: "/quoted.js", type: JS, text: quotedJs },
  { path: "/ranks.js", type: JS, text: ranksJs },
  { path: "/read_markers.js", type: JS, text: readMarkersJs },
  { path: "/read_sync.js", type: JS, text: readSyncJs },
  { path: "/rejection.js", type: JS, text: rejectionJs },
  { path: "/reply_texts.js", type: JS, text: replyTextsJs },
  { path: "/room.js", type: JS, text: roomJs },
  { path: "/search_words.js", type: JS, text: searchWordsJs },
  { path: "/storage.js", type: JS, text: storageJs },
  { path: "/suggestions.js", type: JS, text: suggestionsJs },
  { path: "/uploads.js", type: JS, text: uploadsJs },
  { path: "/style.css", type: CSS, text: styleCss },
  { path: "/typing.js", type: JS, text: typingJs },
  { path: "/views/account.js", type: JS, text: viewsAccountJs },
  { path: "/views/composer.js", type: JS, text: viewsComposerJs },
  { path: "/views/devices.js", type: JS, text: viewsDevicesJs },
  { path: "/views/files.js", type: JS, text: viewsFilesJs },
  { path: "/views/go.js", type: JS, text: viewsGoJs },
  { path: "/views/help.js", type: JS, text: viewsHelpJs },
  { path: "/views/invite.js", type: JS, text: viewsInviteJs },
  { path: "/views/lines.js", type: JS, text: viewsLinesJs },
  { path: "/views/line_menu.js", type: JS, text: viewsLineMenuJs },
  { path: "/views/message_text.js", type: JS, text: viewsMessageTextJs },
  { path: "/views/messages.js", type: JS, text: viewsMessagesJs },
  { path: "/views/operator.js", type: JS, text: viewsOperatorJs },
  { path: "/views/people.js", type: JS, text: viewsPeopleJs },
  { path: "/views/person.js", type: JS, text: viewsPersonJs },
  { path: "/views/reactions.js", type: JS, text: viewsReactionsJs },
  { path: "/views/reply_bar.js", type: JS, text: viewsReplyBarJs },
  { path: "/views/reaction_picker.js", type: JS, text: viewsReactionPickerJs },
  { path: "/views/room.js", type: JS, text: viewsRoomJs },
  { path: "/views/room_dialog.js", type: JS, text: viewsRoomDialogJs },
  { path: "/views/search.js", type: JS, text: viewsSearchJs },
  { path: "/views/settings.js", type: JS, text: viewsSettingsJs },
  { path: "/views/suggestions.js", type: JS, text: viewsSuggestionsJs },
  { path: "/views/tabs.js", type: JS, text: viewsTabsJs },
  { path: "/views/typing.js", type: JS, text: viewsTypingJs },
  { path: "/views/uploads.js", type: JS, text: viewsUploadsJs },
];

/** The modules that main.js does not import at once: they are loaded once the page is online, or when they are needed. */
const LATER: ReadonlySet<string> = new Set([
  "/emoji.js",
  "/highlight.js",
  "/mask_lists.js",
  "/operator.js",
  "/person_actions.js",
  "/places.js",
  "/qr.js",
  "/suggestions.js",
  "/uploads.js",
  "/views/account.js",
  "/views/devices.js",
  "/views/go.js",
  "/views/help.js",
  "/views/invite.js",
  "/views/line_menu.js",
  "/views/operator.js",
  "/views/person.js",
  "/views/reaction_picker.js",
  "/views/reply_bar.js",
  "/views/room_dialog.js",
  "/views/search.js",
  "/views/settings.js",
  "/views/suggestions.js",
  "/views/typing.js",
  "/views/uploads.js",
]);

/** All files. */
export const assets: readonly Asset[] = [{ path: "/", type: HTML, text: page() }, ...parts];

/** The page with the dialogs of a first visit, and with links so that the modules which main.js imports are loaded in parallel. */
function page(): string {
  const modules = parts.filter(({ path, type }) => type === JS && path !== "/main.js" && !LATER.has(path));
  const links = modules.map(({ path }) => `<link rel="modulepreload" href="${path.slice(1)}">`);
  return indexHtml.replace("<!-- modules -->", () => links.join("\n")).replace("<!-- dialogs -->", () => enterHtml);
}
