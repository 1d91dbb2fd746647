/**
 * A program for tests of the terminal: it draws a screen, reports events as lines of JSON to a port, and does what it is
 * told there. `pty.ts` starts it.
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import { Screen } from "../../../src/client/terminal/screen.ts";
import { Terminal } from "../../../src/client/terminal/terminal.ts";

const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(Deno.args[0]) });
const writer = connection.writable.getWriter();
const report = (event: Record<string, unknown>) => {
  return writer.write(new TextEncoder().encode(`${JSON.stringify({ ...event, at: performance.now() })}\n`));
};
const exit = async (code: number) => {
  await writer.ready;
  Deno.exit(code);
};

const terminal = Terminal.open({
  input: (input) => report({ type: "input", input }),
  resize: (columns, rows) => {
    screen.resize(columns, rows);
    draw();
    report({ type: "resize", columns, rows });
  },
  interrupted: () => report({ type: "interrupted" }),
  resumed: () => {
    screen.resize(terminal.columns, terminal.rows);
    draw();
    report({ type: "resumed" });
  },
  closed: () => report({ type: "closed" }).then(() => exit(3)),
  terminated: () => {
    terminal.close();
    report({ type: "terminated" }).then(() => exit(4));
  },
});
const screen = new Screen(terminal.columns, terminal.rows, terminal.capabilities);
let drawn = "hello";

function draw(): void {
  screen.clear();
  screen.put(0, 0, [{ text: drawn, style: { bold: true } }]);
  screen.put(screen.rows - 1, 0, [{ text: `${screen.columns}x${screen.rows}`, style: {} }]);
  screen.setCursor(0, 3);
  terminal.write(screen.render());
}

draw();
await report({
  type: "open",
  pid: Deno.pid,
  columns: terminal.columns,
  rows: terminal.rows,
  capabilities: terminal.capabilities,
});
terminal.onDrain = () => report({ type: "drained", isReady: terminal.isReady });

for await (const line of connection.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
  const [command, argument = ""] = line.split(" ");
  if (command === "draw") {
    drawn = argument;
    draw();
  } else if (command === "flood") {
    const texts = Array.from({ length: Number(argument) }, (_, i) => `\x1b[Hframe ${i} `.padEnd(10_000, "."));
    for (const text of texts) terminal.write(text);
    report({ type: "flooded", isReady: terminal.isReady });
  } else if (command === "title") {
    terminal.write(`\x1b]0;${argument}\x07`);
    report({ type: "titled" });
  } else if (command === "close") {
    terminal.close();
    terminal.close();
    report({ type: "done" });
  } else if (command === "throw") {
    setTimeout(() => {
      throw new Error("thrown for a test");
    });
  } else if (command === "reject") {
    Promise.reject(new Error("rejected for a test"));
  } else if (command === "exit") {
    Deno.exit(Number(argument));
  }
}
