import { assert, assertEquals, assertThrows } from "@std/assert";
import { LINES_IN_BUFFER, type Options, parseCommandLine, UsageError } from "../../src/cli/options.ts";
import { AddressSet } from "../../src/util/address_ranges.ts";

/** What a command line and an environment come to. */
function parse(args: string, env: Record<string, string> = {}): Options {
  const request = parseCommandLine(split(args), (name) => env[name], "1.2.3");
  assert(!("print" in request), "a text to print was not expected");
  return request;
}

function printed(args: string): string {
  const request = parseCommandLine(split(args), () => undefined, "1.2.3");
  assert("print" in request, "a text to print was expected");
  return request.print;
}

function split(args: string): string[] {
  return args === "" ? [] : args.split(" ");
}

function assertNonsense(args: string, message: string, env: Record<string, string> = {}): void {
  const error = assertThrows(() => parse(args, env), UsageError);
  assertEquals(error.message, message, args);
}

const DEFAULTS: Options = {
  command: "serve",
  argument: undefined,
  host: "127.0.0.1",
  port: 8888,
  ircPort: 6667,
  webPort: 8080,
  allowOrigin: [],
  trustProxy: new AddressSet(),
  maxLine: 8192,
  maxClients: 10000,
  maxPerIp: 100,
  connectRate: 120,
  maxUnregistered: 1000,
  registerTime: 30_000,
  maxJoined: 50,
  roomRate: 60,
  nickRate: 10,
  maxFailures: 3,
  maxTags: 4096,
  maxHistory: 100,
  rate: 10,
  burst: 30,
  sendBuffer: 1024 * 1024,
  maxMemory: 2 ** 30,
  announce: 100,
  name: "tincan",
  motd: undefined,
  data: undefined,
  sync: "normal",
  keep: { age: 90 * 86_400_000, lines: 100_000, size: 10 * 2 ** 30 },
  keepPrivate: false,
  maxRooms: 10_000,
  maxAccounts: 10_000,
  passwordFile: undefined,
  room: undefined,
  format: "text",
  operators: undefined,
  tls: undefined,
  logLevel: "info",
  logFormat: "text",
  logRate: 300,
};

/** Flags of which each is tested on its own, as its values cannot be compared. */
const OTHERS = ["trust-proxy", "tls-cert", "tls-key"];

/** Flags that have no value, but are there or not. */
const SWITCHES = ["keep-private"];

/** Flags whose default is nothing. */
const WITHOUT_DEFAULT = [
  "motd",
  "operators",
  "password-file",
  "data",
  "keep-private",
  "allow-origin",
  "trust-proxy",
  "tls-cert",
  "tls-key",
];

/** The longest name that a server can have. */
const LONGEST = "x".repeat(63);

/** Each flag, values that make sense, and what they come to. */
const VALUES: Record<string, [keyof Options, Record<string, Options[keyof Options]>]> = {
  "host": ["host", { "::1": "::1", "0.0.0.0": "0.0.0.0", "1": "1" }],
  "port": ["port", { "0": 0, "65535": 65535, "00080": 80, "off": "off" }],
  "irc-port": ["ircPort", { "6697": 6697, "0": 0, "65535": 65535, "off": "off" }],
  "web-port": ["webPort", { "8081": 8081, "0": 0, "65535": 65535, "off": "off" }],
  "max-line": ["maxLine", { "64": 64, "512": 512, "1KiB": 1024, "2kib": 2048, "100B": 100 }],
  "max-clients": ["maxClients", { "1": 1, "999999999999999": 999999999999999, "off": Infinity }],
  "connect-rate": ["connectRate", { "1": 1, "off": Infinity }],
  "max-unregistered": ["maxUnregistered", { "1": 1, "off": Infinity }],
  "max-per-ip": ["maxPerIp", { "1": 1, "off": Infinity }],
  "register-time": ["registerTime", { "1s": 1000, "2m": 120_000 }],
  "max-joined": ["maxJoined", { "2": 2, "1000": 1000 }],
  "nick-rate": ["nickRate", { "1": 1, "off": Infinity }],
  "room-rate": ["roomRate", { "1": 1, "off": Infinity }],
  "max-failures": ["maxFailures", { "1": 1, "9": 9 }],
  "max-tags": ["maxTags", { "512": 512, "4096": 4096 }],
  "max-history": ["maxHistory", { "1": 1, "1000": 1000 }],
  "log-rate": ["logRate", { "1": 1, "off": Infinity }],
  "max-rooms": ["maxRooms", { "1": 1, "50000": 50000, "off": Infinity }],
  "max-accounts": ["maxAccounts", { "0": 0, "50": 50 }],
  "password-file": ["passwordFile", { "password.txt": "password.txt", "42": "42" }],
  "rate": ["rate", { "1": 1, "0.5": 0.5, "999999999": 999999999, "off": Infinity }],
  "burst": ["burst", { "1": 1, "off": Infinity }],
  "max-memory": ["maxMemory", { "off": Infinity, "64MiB": 2 ** 26, "2gib": 2 ** 31 }],
  "send-buffer": ["sendBuffer", { "65536": 65536, "64KiB": 65536, "2MiB": 2 ** 21, "1gib": 2 ** 30 }],
  "announce": ["announce", { "0": 0, "5000": 5000 }],
  "name": ["name", { "kitchen": "kitchen", "irc.example.org": "irc.example.org", "7": "7", [LONGEST]: LONGEST }],
  "motd": ["motd", { "motd.txt": "motd.txt", "42": "42" }],
  "operators": ["operators", { "operators.txt": "operators.txt", "42": "42" }],
  "data": ["data", { "./data": "./data", "42": "42" }],
  "sync": ["sync", { full: "full", normal: "normal" }],
  "keep": ["keep", {
    "12h": { ...DEFAULTS.keep, age: 12 * 3_600_000 },
    "90d": { ...DEFAULTS.keep, age: 90 * 86_400_000 },
    "2w": { ...DEFAULTS.keep, age: 14 * 86_400_000 },
    "30m": { ...DEFAULTS.keep, age: 1_800_000 },
    "1h30m": { ...DEFAULTS.keep, age: 5_400_000 },
    "1s": { ...DEFAULTS.keep, age: 1000 },
    "007s": { ...DEFAULTS.keep, age: 7000 },
    "999999d": { ...DEFAULTS.keep, age: 999_999 * 86_400_000 },
    "off": { ...DEFAULTS.keep, age: Infinity },
  }],
  "max-data": ["keep", {
    "off": { ...DEFAULTS.keep, size: Infinity },
    "1MiB": { ...DEFAULTS.keep, size: 2 ** 20 },
    "200gib": { ...DEFAULTS.keep, size: 200 * 2 ** 30 },
  }],
  "keep-lines": ["keep", {
    "1": { ...DEFAULTS.keep, lines: 1 },
    "5000": { ...DEFAULTS.keep, lines: 5000 },
    "off": { ...DEFAULTS.keep, lines: Infinity },
  }],
  "allow-origin": ["allowOrigin", {
    "https://chat.example.org": ["https://chat.example.org"],
    "http://localhost:3000,https://[::1]:8443": ["http://localhost:3000", "https://[::1]:8443"],
  }],
  "log-level": ["logLevel", { debug: "debug", info: "info", warn: "warn", error: "error" }],
  "log-format": ["logFormat", { text: "text", json: "json" }],
};

function variable(flag: string): string {
  return `TINCAN_${flag.toUpperCase().replaceAll("-", "_")}`;
}

Deno.test("told nothing, tincan serves on 127.0.0.1, with the documented defaults", () => {
  assertEquals(parse(""), DEFAULTS);
  assertEquals(parse("serve"), DEFAULTS);
});

Deno.test("tincan echo is the echo server, with flags before or after the command", () => {
  const options: Options = { ...DEFAULTS, command: "echo", port: 7 };
  for (const args of ["echo --port 7", "--port 7 echo", "--port=7 echo"]) assertEquals(parse(args), options);
});

Deno.test("each flag sets its option, and no other", () => {
  for (const [flag, [key, values]] of Object.entries(VALUES)) {
    for (const [text, value] of Object.entries(values)) {
      const expected = { ...DEFAULTS, [key]: value };
      assertEquals(parse(`--${flag} ${text}`), expected, `--${flag} ${text}`);
      assertEquals(parse(`--${flag}=${text}`), expected, `--${flag}=${text}`);
    }
  }
});

Deno.test("each flag can be set by environment, and the flag wins, even over nonsense", () => {
  for (const [flag, [key, values]] of Object.entries(VALUES)) {
    const [[text, value] = ["", ""], [other, otherValue] = ["banana", "banana"]] = Object.entries(values);
    const env = { [variable(flag)]: text };
    assertEquals(parse("", env), { ...DEFAULTS, [key]: value }, variable(flag));
    assertEquals(parse(`--${flag} ${other}`, env), { ...DEFAULTS, [key]: otherValue }, `--${flag} over environment`);
    assertEquals(parse(`--${flag} ${text}`, { [variable(flag)]: "" }), { ...DEFAULTS, [key]: value });
  }
});

Deno.test("a flag that is given twice is what it was last", () => {
  assertEquals(parse("--port 1 --port 2").port, 2);
});

Deno.test("a value that makes no sense is named, with its flag and what it must be", () => {
  const port = 'a number from 0 to 65535, or "off"';
  const count = 'a whole number, 1 or more, or "off"';
  const bytes = (least: number) => `a number of bytes, ${least} or more, such as 8192, 64KiB or 1MiB`;
  const rate = 'a number above 0, or "off"';
  const huge = "1".repeat(16);
  const nonsense: Record<string, [string, string[]]> = {
    "port": [port, ["banana", "65536", "-1", "80.5", "1e3", "0x50", "000080", "OFF"]],
    "irc-port": [port, ["banana", "65536", "-1", "OFF"]],
    "web-port": [port, ["banana", "65536", "-1", "OFF"]],
    "max-line": [bytes(64), ["banana", "63", "off", "1.5KiB", "8192KB", "8192M", "KiB", huge]],
    "max-clients": [count, ["banana", "0", "-5", "1.5", "Off", "1e3", huge]],
    "max-per-ip": [count, ["banana", "0", huge]],
    "connect-rate": [count, ["banana", "0", huge]],
    "max-unregistered": [count, ["banana", "0", huge]],
    "register-time": ["a time such as 30s or 2m", ["banana", "0s", "30", "off", "5w"]],
    "max-joined": ["a whole number, 2 or more", ["banana", "0", "1", "off"]],
    "nick-rate": [count, ["banana", "0"]],
    "room-rate": [count, ["banana", "0"]],
    "max-failures": ["a whole number, 1 or more", ["banana", "0", "off"]],
    "max-tags": ["a number of bytes, 512 to 4096", ["banana", "511", "4097", "off", "1KiB"]],
    "max-history": ["a whole number, 1 or more", ["banana", "0", "off"]],
    "log-rate": [count, ["banana", "0"]],
    "max-rooms": [count, ["banana", "0", "-1", "1.5", huge]],
    "rate": [rate, ["banana", "0", "0.0", "-1", "1e3", ".5", "5.", "Infinity", "1".repeat(10)]],
    "burst": [count, ["banana", "0", "0.5"]],
    "max-memory": ['64MiB or more, such as 512MiB or 2GiB, or "off"', ["banana", "1", "63MiB", "-1MiB"]],
    "max-data": ['1MiB or more, such as 512MiB or 2GiB, or "off"', ["banana", "1", "1023KiB", "-1MiB"]],
    "send-buffer": [bytes(1024), ["banana", "1023", "off", "8192constructor", "-1MiB"]],
    "announce": ["a whole number, 0 or more", ["banana", "-1", "off", "1.5"]],
    "name": [
      "1 to 63 bytes without spaces, and neither a colon nor an @ first",
      [LONGEST + "x", "😀".repeat(16), "a\u202eb", "a\u00a0b", "a\x07b", "a\tb", ":a", "@a"],
    ],
    "allow-origin": [
      "URLs without a path, with a comma between them, such as https://chat.example.org",
      ["chat.example.org", "https://chat.example.org/", "https://a.example/path", "https://A.example", "*", "null"],
    ],
    "trust-proxy": [
      "IP addresses, with a comma between them, such as 127.0.0.1,10.0.0.0/8",
      [
        "localhost",
        "10.0.0.0/33",
        "::1/129",
        "10.0.0.0/",
        "10.0.0.0/x",
        "127.0.0.1:80",
        "[::1]",
        "1.2.3",
        "::1;::2",
        "10.0.0.0/8/8",
        "fe80::1%eth0",
      ],
    ],
    "sync": ["one of normal, full", ["banana", "FULL", "off", "toString"]],
    "keep": [
      'a time such as 12h, 90d or 2w, or "off"',
      [
        "banana",
        "90",
        "0d",
        "000s",
        "d",
        "-1d",
        "1.5d",
        "90D",
        "1y",
        "90dd",
        "1d12",
        "1d12h1m",
        "1234567d",
        "OFF",
        "Infinity",
      ],
    ],
    "keep-lines": [count, ["banana", "0", "-1", "1.5", "1e3", "Off", huge]],
    "log-level": ["one of debug, info, warn, error", ["banana", "INFO", "trace", "0"]],
    "log-format": ["one of text, json", ["banana", "JSON", "toString"]],
  };
  for (const [flag, [must, texts]] of Object.entries(nonsense)) {
    for (const text of texts) {
      const quoted = JSON.stringify(text);
      assertNonsense(`--${flag}=${text}`, `Cannot use --${flag} ${quoted}: it must be ${must}`);
      const named = `${variable(flag)} (--${flag})`;
      assertNonsense("", `Cannot use ${named} ${quoted}: it must be ${must}`, { [variable(flag)]: text });
      assertNonsense(`--${flag}=${text}`, `Cannot use --${flag} ${quoted}: it must be ${must}`, {
        [variable(flag)]: "banana",
      });
    }
  }
});

Deno.test("a flag without a value is named", () => {
  for (const flag of [...Object.keys(VALUES), ...OTHERS]) {
    const message = `Cannot use --${flag}: it needs a value`;
    for (const args of [`--${flag}`, `--${flag}=`, `echo --${flag}`, `--${flag} --port=1`]) {
      if (args !== `--${flag} --port=1` || flag !== "port") assertNonsense(args, message);
    }
    assertEquals(parse("", { [variable(flag)]: "" }), DEFAULTS, "a variable that is set to nothing is not set");
  }
  for (const flag of SWITCHES) assertNonsense(`--${flag}=`, `Cannot use --${flag}: it needs a value`);
  assertNonsense("--rate -1", "Cannot use --rate: it needs a value");
});

Deno.test("what is no flag and no command is named", () => {
  const noFlag = (arg: string) => `Cannot use "${arg}": no such flag; tincan --help lists them`;
  assertNonsense("--banana", noFlag("--banana"));
  assertNonsense("--banana=1", noFlag("--banana=1"));
  assertNonsense("--banana 1", noFlag("--banana"));
  assertNonsense("-p 8888", noFlag("-p"));
  assertNonsense("--no-port", noFlag("--no-port"));
  assertNonsense("--no-keep-private", noFlag("--no-keep-private"));
  assertNonsense("--constructor", noFlag("--constructor"));
  assertNonsense("banana", 'Cannot run "banana": no such command; tincan --help lists them');
  assertNonsense("constructor", 'Cannot run "constructor": no such command; tincan --help lists them');
  assertNonsense("007", 'Cannot run "007": no such command; tincan --help lists them');
  assertNonsense("8888", 'Cannot run "8888": no such command; tincan --help lists them');
  assertNonsense("-- banana", 'Cannot run "banana": no such command; tincan --help lists them');
  assertNonsense("serve banana", 'Cannot use "banana": serve takes flags only');
  assertNonsense("echo --port 7 8", 'Cannot use "8": echo takes flags only');
});

Deno.test("the send buffer must hold the longest line several times", () => {
  const must = `Cannot use --send-buffer: it must be ${LINES_IN_BUFFER} times`;
  const message = `${must} --max-line or more`;
  const least = LINES_IN_BUFFER * 1000;
  const text = "--irc-port off --web-port off --max-line 1000";
  assertEquals(parse(`${text} --send-buffer ${least}`).sendBuffer, least);
  assertNonsense(`${text} --send-buffer ${least - 1}`, message);
  assertNonsense("--max-line 1MiB", message);
  assertNonsense("--send-buffer 1024", message);
  const lines = LINES_IN_BUFFER * (1000 + 510); // of IRC, with its tags
  for (const closed of ["", "--irc-port off", "--web-port off"]) {
    const irc = `${closed} --max-line 1000 --max-tags 1000`.trim();
    assertEquals(parse(`${irc} --send-buffer ${lines}`).sendBuffer, lines);
    assertNonsense(`${irc} --send-buffer ${lines - 1}`, `${must} --max-tags and 510 or more`);
  }
});

Deno.test("a server without any door is refused, and one with a single door is not", () => {
  const message = "Cannot use --port off: no door would be left open";
  assertNonsense("--port off --irc-port off --web-port off", message);
  assertNonsense("--port off --web-port off", message, { TINCAN_IRC_PORT: "off" });
  assertNonsense("--port off --irc-port off", message, { TINCAN_WEB_PORT: "off" });
  assertEquals(parse("--irc-port off --web-port off"), { ...DEFAULTS, ircPort: "off", webPort: "off" });
  assertEquals(parse("--port off --web-port off"), { ...DEFAULTS, port: "off", webPort: "off" });
  assertEquals(parse("--port off --irc-port off"), { ...DEFAULTS, port: "off", ircPort: "off" });
  assertNonsense("echo --port off", message);
  assertNonsense("echo --port off --irc-port 6667 --web-port 8080", message);
});

Deno.test("proxies are addresses and networks, of both families; nobody is one when nothing is said", () => {
  const cases: Record<string, [believed: string[], others: string[]]> = {
    "": [[], ["127.0.0.1", "::1", "0.0.0.0"]],
    "127.0.0.1": [["127.0.0.1"], ["127.0.0.2", "::1"]],
    "10.0.0.0/8,::1": [["10.0.0.1", "10.255.255.255", "::1"], ["11.0.0.0", "9.255.255.255", "::2", "127.0.0.1"]],
    "fd00::/8,192.0.2.128/25": [["fd12::1", "192.0.2.128", "192.0.2.255"], ["fe80::1", "192.0.2.127"]],
    "0.0.0.0/0": [["8.8.8.8"], ["2001:db8::1"]],
  };
  for (const [text, [believed, others]] of Object.entries(cases)) {
    const { trustProxy } = text === "" ? parse("") : parse(`--trust-proxy ${text}`);
    const checks = (address: string) => trustProxy.has(address);
    for (const address of believed) assert(checks(address), `${address} is in ${text}`);
    for (const address of others) assert(!checks(address), `${address} is not in ${text}`);
    const fromEnv = parse("", { TINCAN_TRUST_PROXY: text }).trustProxy;
    assertEquals(believed.concat(others).map((address) => fromEnv.has(address)), [
      ...believed.map(() => true),
      ...others.map(() => false),
    ]);
  }
});

Deno.test("passwd takes one name, whatever the flags, and no other command takes any", () => {
  for (const args of ["passwd alice", "passwd alice --port 7", "--port=7 passwd alice"]) {
    const expected = { ...DEFAULTS, command: "passwd", argument: "alice", port: args.includes("7") ? 7 : 8888 };
    assertEquals<unknown>(parse(args), expected);
  }
  assertEquals(parse("passwd 007").argument, "007");
  assertEquals(parse("passwd").argument, undefined);
  assertNonsense("passwd alice bob", 'Cannot use "bob": passwd takes one name');
});

Deno.test("what one says to another alone is kept only when that is asked for, and there is somewhere to keep it", () => {
  const kept = { ...DEFAULTS, data: "d", keepPrivate: true };
  const not = { ...kept, keepPrivate: false };
  assertEquals(parse("--data d"), not);
  for (const args of ["--data d --keep-private", "--keep-private --data d", "--keep-private serve --data=d"]) {
    assertEquals(parse(args), kept, args);
  }
  const yes = ["yes", "true", "1"];
  const no = ["no", "false", "0"];
  for (const value of yes) {
    assertEquals(parse("--data d", { TINCAN_KEEP_PRIVATE: value }), kept, value);
    assertEquals(parse(`--data d --keep-private=${value}`), kept, value);
  }
  for (const value of no) {
    assertEquals(parse("--data d", { TINCAN_KEEP_PRIVATE: value }), not, value);
    assertEquals(parse("--data d --keep-private", { TINCAN_KEEP_PRIVATE: value }), kept, "the flag wins");
    assertEquals(parse(`--data d --keep-private=${value}`, { TINCAN_KEEP_PRIVATE: "yes" }), not, "the flag wins");
  }
  assertEquals(parse("--data d", { TINCAN_KEEP_PRIVATE: "" }), not);
  assertEquals(parse("--keep-private", { TINCAN_DATA: "d" }), kept);
  for (const nonsense of ["banana", "YES", "on", "2"]) {
    const quoted = JSON.stringify(nonsense);
    const named = "TINCAN_KEEP_PRIVATE (--keep-private)";
    assertNonsense("", `Cannot use ${named} ${quoted}: it must be yes or no`, { TINCAN_KEEP_PRIVATE: nonsense });
    assertNonsense(`--data d --keep-private=${nonsense}`, `Cannot use --keep-private ${quoted}: it must be yes or no`);
  }
  const nowhere = "Cannot use --keep-private: it needs --data DIR to keep it in";
  assertNonsense("--keep-private", nowhere);
  assertNonsense("--port 7", nowhere, { TINCAN_KEEP_PRIVATE: "yes" });
});

Deno.test("what is kept is exported, imported and erased, all of it in --data", () => {
  const inData: Options = { ...DEFAULTS, data: "d" };
  for (const command of ["export", "import"] as const) {
    for (const args of [`${command} --data d`, `--data=d ${command}`]) {
      assertEquals(parse(args), { ...inData, command }, args);
    }
    assertEquals(parse(command, { TINCAN_DATA: "d" }), { ...inData, command });
    assertNonsense(`${command} --data d alice`, `Cannot use "alice": ${command} takes flags only`);
  }
  assertEquals(parse("forget alice --data d"), { ...inData, command: "forget", argument: "alice" });
  assertEquals(parse("--data d forget 007").argument, "007");
  assertEquals(parse("--data d forget").argument, undefined);
  assertNonsense("forget alice bob --data d", 'Cannot use "bob": forget takes one name');
  for (const command of ["export", "import", "forget"]) {
    assertNonsense(command, `Cannot ${command} without --data DIR: nothing is kept anywhere else`);
  }
});

Deno.test("one room, or all, is exported for people or for programs, and no other command knows of that", () => {
  const exported: Options = { ...DEFAULTS, command: "export", data: "d" };
  const cases: Record<string, Partial<Options>> = {
    "--room #tea": { room: "#tea" },
    "--room=42": { room: "42" },
    "--format text": {},
    "--format jsonl": { format: "jsonl" },
    "--format=jsonl --room=#tea": { room: "#tea", format: "jsonl" },
  };
  for (const [args, options] of Object.entries(cases)) {
    assertEquals(parse(`export --data d ${args}`), { ...exported, ...options }, args);
    assertEquals(parse(`${args} --data d export`), { ...exported, ...options }, args);
  }
  for (const format of ["banana", "JSONL", "json", "toString"]) {
    const message = `Cannot use --format "${format}": it must be one of text, jsonl`;
    assertNonsense(`export --data d --format ${format}`, message);
  }
  for (const flag of ["room", "format"]) {
    for (const args of [`--${flag}`, `--${flag}=`, `--${flag} --port=1`]) {
      assertNonsense(`export --data d ${args}`, `Cannot use --${flag}: it needs a value`);
    }
    for (const command of ["serve", "echo", "passwd", "import", "forget"]) {
      assertNonsense(`${command} --data d --${flag} text`, `Cannot use --${flag}: it is for tincan export`);
    }
  }
  assertEquals(parse("export --data d", { TINCAN_ROOM: "#tea", TINCAN_FORMAT: "jsonl" }), exported);
});

Deno.test("--help mentions each flag with its default, in lines that are no wider than a terminal", () => {
  const help = printed("--help");
  for (const line of help.split("\n")) assert(line.length <= 80, line);
  const flags = [...help.matchAll(/^ {2}(?:-., )?--(\S+)/gm)].map(([, flag]) => flag!);
  assertEquals(flags.sort(), [...Object.keys(VALUES), ...OTHERS, ...SWITCHES, "help", "version"].sort());
  const defaults = [...help.matchAll(/^ {2}--(\S+) .* \[(.*)\]$/gm)].map(([, flag, value]) => `--${flag} ${value}`);
  assertEquals(parse(defaults.join(" ")), DEFAULTS);
  const shown = defaults.map((flag) => flag.split(" ")[0]!.slice(2));
  assertEquals(flags.filter((flag) => !shown.includes(flag)), [...WITHOUT_DEFAULT, "help", "version"].sort());
  for (const command of ["serve", "echo", "passwd", "export", "import", "forget"]) {
    assert(help.includes(`\n  ${command} `), command);
  }
  assertEquals(printed("-h"), help);
  assertEquals(printed("echo --help --port banana"), help);
});

Deno.test("the table of flags in README.md has those that --help has, with the same defaults", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const told: string[] = [];
  for (const [, flags, value] of readme.matchAll(/^\| (`--\S+`(?:, `--\S+`)*) +\| (?:`(\S+)`)? *\|/gm)) {
    for (const flag of flags!.split(", ")) told.push(`${flag.slice(1, -1)} ${value ?? ""}`);
  }
  const shown = [...printed("--help").matchAll(/^ {2}(?:-., )?(--\S+).*?(?:\[(\S+)\])?$/gm)];
  assertEquals(told.sort(), shown.map(([, flag, value]) => `${flag} ${value ?? ""}`).sort());
});

Deno.test("--version says the version", () => {
  assertEquals([printed("--version"), printed("-V")], ["tincan 1.2.3", "tincan 1.2.3"]);
});

Deno.test("a certificate and its key come together, or not at all", () => {
  assertEquals(parse("--tls-cert a.pem --tls-key b.pem").tls, { cert: "a.pem", key: "b.pem" });
  assertEquals(parse("--tls-key b.pem", { TINCAN_TLS_CERT: "a.pem" }).tls, { cert: "a.pem", key: "b.pem" });
  assertEquals(parse("").tls, undefined);
  assertNonsense("--tls-cert a.pem", "Cannot use --tls-cert: it needs --tls-key FILE");
  assertNonsense("--tls-key b.pem", "Cannot use --tls-key: it needs --tls-cert FILE");
});
