/** `/paste`: takes several lines, and sends them as one message. */
import { MULTILINE_BYTES_MAX, MULTILINE_LINES_MAX } from "../../chat/message_text.ts";
import { isNick, prepareName } from "../../chat/names.ts";
import type { Room } from "../../chat/room.ts";
import { byteLength } from "../../util/bytes.ts";
import { type Command, usage } from "./command.ts";
import type { CommandContext, LineTaker } from "./context.ts";
import { system } from "./render.ts";
import { sendPrivate } from "./user_commands.ts";

/** How long a paste waits for its next line, in milliseconds. */
export const PASTE_TIME = 5 * 60_000;

export const paste: Command = {
  args: "[NAME]",
  help: "send several lines as one message",
  topic: "messages",
  run(context, arg) {
    const nick = arg === "" ? undefined : prepareName(arg);
    if (nick !== undefined && !isNick(nick)) return context.reply(usage("paste", paste));
    context.setTaker(new Paste(context, nick ?? context.room));
    const to = nick === undefined ? "" : ` to ${nick}`;
    context.reply([system(`Paste your lines. A line with just . sends them${to}, /cancel drops them.`)]);
  },
};

/** The lines of a message so far. */
class Paste implements LineTaker {
  readonly #context: CommandContext;
  readonly #to: Room | string;
  #lines: string[] = [];
  /** The size of the lines, with a byte for the end of each. */
  #bytes = 0;
  /** Whether it cannot be sent. Its lines are not kept, but taken up to the last one: they must not be said one by one. */
  #isBroken = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(context: CommandContext, to: Room | string) {
    this.#context = context;
    this.#to = to;
    this.#wait();
  }

  take(line: string): Promise<void> | void {
    if (line === "/cancel") return this.cancel();
    if (line === ".") return this.#send();
    this.#wait();
    if (this.#isBroken) return;
    const text = line === ".." ? "." : line;
    this.#bytes += byteLength(text) + 1;
    this.#lines.push(text);
    // Blank lines at both ends and the last line end do not count in the chat; here, the difference does not matter.
    if (this.#lines.length > MULTILINE_LINES_MAX || this.#bytes > MULTILINE_BYTES_MAX + 1) {
      this.#break(`The paste is too long: at most ${MULTILINE_LINES_MAX} lines and ${MULTILINE_BYTES_MAX} bytes`);
    }
  }

  tooLong(): void {
    if (!this.#isBroken) this.#break("A line of the paste is too long");
  }

  cancel(): void {
    this.#end("The paste is cancelled.");
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #break(why: string) {
    this.#isBroken = true;
    this.#lines = [];
    this.#context.reply([system(`${why}. It will not be sent. End it with a line with just .`)]);
  }

  #send(): Promise<void> | void {
    const { chat, member, session } = this.#context;
    if (this.#isBroken) return this.#end("The paste was not sent.");
    const text = this.#lines.join("\n");
    if (text.trim() === "") return this.#end("The paste is empty, and was not sent.");
    this.#context.setTaker(undefined); // also if it cannot be sent
    const to = this.#to;
    if (typeof to === "string") return sendPrivate(this.#context, to, text);
    chat.say(member, to, text, { from: session });
  }

  #end(sentence: string) {
    this.#context.setTaker(undefined);
    this.#context.reply([system(sentence)]);
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#end("Your paste was dropped, as nothing came for 5 minutes. What you type now is sent to the room.");
    }, PASTE_TIME);
  }
}
