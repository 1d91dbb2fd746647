/**
 * A placeholder of the terminal client, which prints lines and sends what is typed.
 */
import type { ClientSession } from "./session.ts";

/** Runs the client until the user leaves, and resolves to the exit code. */
export async function runApp(session: ClientSession): Promise<number> {
  const { chat } = session;
  chat.onStatus = ({ kind, reason = "" }) => console.log(`-- ${kind} ${reason}`);
  chat.model.listen((change, room, line) => {
    if (change === "line" && line !== undefined) console.log(`${room?.name} <${line.nick ?? ""}> ${line.text}`);
  });
  session.start();
  const decoder = new TextDecoder();
  for await (const bytes of Deno.stdin.readable) {
    for (const text of decoder.decode(bytes).split("\n")) {
      if (text !== "" && chat.model.current !== undefined) chat.say(chat.model.current, text);
    }
  }
  session.leave("");
  return 0;
}
