/** Questions that the input answers instead of sending a message: a name, a password. */
import { login, register } from "../web/account.js";
import type { Chat } from "../web/chat.js";
import type { Status } from "../web/connection.js";

/** A question. */
export interface Prompt {
  /** Before the input: `Password: `. */
  readonly label: string;
  /** Why it is asked. */
  readonly reason: string;
  readonly isSecret: boolean;
  /** Whether Escape and Ctrl-C drop it; else they leave the client. */
  readonly isOptional: boolean;
  /** Called with the answer, which may be empty. */
  readonly answered: (text: string) => void;
}

/** The question that a rejected connection needs an answer to. @param ask Asks a further question. */
export function connectionPrompt(chat: Chat, status: Status, ask: (prompt: Prompt) => void): Prompt | undefined {
  if (status.kind !== "rejected") return undefined;
  const { connection } = chat;
  const reason = status.reason ?? "";
  if (status.passwordFor === "server") {
    return {
      label: "Server password: ",
      reason,
      isSecret: true,
      isOptional: false,
      answered(text) {
        connection.password = text;
        chat.connect(chat.wantedNick);
      },
    };
  }
  if (status.passwordFor !== "account") return namePrompt(chat, reason);
  const password = passwordPrompt(chat, reason, ask);
  if (status.optional !== true) return password;
  // Another user has the name, and it need not be a registered one.
  const said = reason.replace(/ If it is yours, enter its password\.$/, "");
  return namePrompt(chat, `${said} If ${chat.wantedNick} is yours, enter it again for its password.`, (name) => {
    if (name !== chat.wantedNick) return false;
    ask(password);
    return true;
  });
}

/** Asks for the password of the account with the wanted name. */
function passwordPrompt(chat: Chat, reason: string, ask: (prompt: Prompt) => void): Prompt {
  const name = chat.wantedNick;
  return {
    label: `Password of ${name} (empty: another name): `,
    reason,
    isSecret: true,
    isOptional: false,
    answered(text) {
      if (text === "") return ask(namePrompt(chat, reason));
      chat.connection.login = { name, password: text };
      chat.connect(name);
    },
  };
}

/** Asks for another name. @param isOther Handles a name in another way than to connect with it; then it returns true. */
function namePrompt(chat: Chat, reason: string, isOther: (name: string) => boolean = () => false): Prompt {
  return {
    label: "Your name: ",
    reason,
    isSecret: false,
    isOptional: false,
    answered(text) {
      const name = text.trim();
      if (name !== "" && !isOther(name)) chat.connect(name);
    },
  };
}

const ACCOUNT_REASONS = {
  login: "Logs in to your registered name.",
  register: "Registers your name, so that it is yours alone.",
};

/**
 * Asks for the password of the account, or for that of a new one. A password that is invalid is asked for again: the next
 * input is a password, too, and must not be sent to the room.
 *
 * @param ask Asks a further question.
 */
export function accountPrompt(
  chat: Chat,
  kind: "login" | "register",
  ask: (prompt: Prompt) => void,
  reason: string = ACCOUNT_REASONS[kind],
): Prompt {
  const name = chat.model.nick;
  const room = chat.model.current;
  return {
    label: kind === "login" ? `Password of ${name}: ` : `New password for ${name}: `,
    reason,
    isSecret: true,
    isOptional: true,
    answered(password) {
      if (password === "") return;
      const done = (text: string) => chat.model.tell(room, text);
      const failed = (why: string) => chat.model.tell(room, why, "error");
      if (kind === "login") return login(chat, { name, password }, done, failed);
      withRetry(chat, (failed) => register(chat, password, done, failed), failed, (why) => {
        ask(accountPrompt(chat, kind, ask, why));
      });
    },
  };
}

/**
 * Sends a request with a password that the user has typed.
 *
 * @param send Sends it, and calls its argument if it fails.
 * @param failed Called if the request fails.
 * @param invalid Called in place of it if the password is invalid and was not sent.
 */
export function withRetry(
  chat: Chat,
  send: (failed: (why: string) => void) => void,
  failed: (why: string) => void,
  invalid: (why: string) => void,
): void {
  let isSent = false;
  send((why) => isSent || !chat.online ? failed(why) : invalid(why));
  isSent = true;
}

/** Asks for the password of a server operator. */
export function operatorPrompt(chat: Chat, name: string): Prompt {
  const room = chat.model.current;
  return {
    label: `Operator password of ${name}: `,
    reason: "Makes you a server operator, if you are listed as one.",
    isSecret: true,
    isOptional: true,
    answered(password) {
      if (password === "") return;
      chat.request("OPER", [name, password], { room, onReply: (text) => chat.model.tell(room, text) });
    },
  };
}
