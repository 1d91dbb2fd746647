import { assert, assertEquals } from "@std/assert";
import { flagName, OPTION_NAMES } from "../../src/cli/flags.ts";
import type { Options } from "../../src/cli/options.ts";
import { assertRejected, DEFAULTS, parse, printed } from "./parse.ts";

/** Flags with a test of their own. */
const OTHERS = ["trust-proxy", "tls-cert", "tls-key", "account", "room", "format", "keep-private", "nick", "ca"];

/** Those of a cluster: see cluster_options_test.ts. */
const CLUSTER = ["cluster", "cluster-creds", "cluster-ca", "cluster-name", "cluster-replicas", "node"];

/** Flags without a value. */
const SWITCHES = ["reuse-port", "files", "login", "plain", "tail"];

/** The values of flags that take one of a few words. */
const WORDS: Record<string, string> = {
  "always-on": "off, opt-in, on",
  "sync": "normal, full",
  "typing": "on, off",
  "uploads": "accounts, everyone, off",
  "log-level": "debug, info, warn, error",
  "log-format": "text, json",
  "format": "text, jsonl",
  "keep-private": 'accounts, all, off ("yes" is "all" now, and "no" is "off")',
};

/** The error for a flag without a value. */
function needsValue(flag: string): string {
  return `Cannot use --${flag}: it needs a value${WORDS[flag] === undefined ? "" : `, one of ${WORDS[flag]}`}`;
}

/** The longest name of a server. */
const LONGEST = "x".repeat(63);

/** The option of each flag, and values with what they are parsed to. */
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
  "max-sessions": ["maxSessions", { "1": 1, "100": 100 }],
  "nick-rate": ["nickRate", { "1": 1, "off": Infinity }],
  "redact-time": ["redactTime", { "1h": 3_600_000, "forever": Infinity, "off": 0 }],
  "typing": ["typing", { "on": "on", "off": "off" }],
  "room-rate": ["roomRate", { "1": 1, "off": Infinity }],
  "max-failures": ["maxFailures", { "1": 1, "9": 9 }],
  "always-on": ["alwaysOn", { "off": "off", "opt-in": "opt-in", "on": "on" }],
  "always-on-expire": ["alwaysOnExpire", { "30d": 30 * 86_400_000, "off": Infinity }],
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
  "uploads": ["uploads", { accounts: "accounts", everyone: "everyone", off: "off" }],
  "max-file": ["maxFile", { "1024": 1024, "64KiB": 65536, "1gib": 2 ** 30 }],
  "max-files": ["maxFiles", { "10MiB": 10 * 2 ** 20, "2gib": 2 ** 31 }],
  "data": ["data", { "./data": "./data", "42": "42" }],
  "sync": ["sync", { full: "full", normal: "normal" }],
  "keep": ["keep", {
    "12h": 12 * 3_600_000,
    "90d": 90 * 86_400_000,
    "2w": 14 * 86_400_000,
    "30m": 1_800_000,
    "1h30m": 5_400_000,
    "1s": 1000,
    "007s": 7000,
    "999999d": 999_999 * 86_400_000,
    "off": Infinity,
  }],
  "max-data": ["maxData", {
    "off": Infinity,
    "1MiB": 2 ** 20,
    "200gib": 200 * 2 ** 30,
  }],
  "keep-lines": ["keepLines", {
    "1": 1,
    "5000": 5000,
    "off": Infinity,
  }],
  "allow-origin": ["allowOrigin", {
    "https://chat.example.org": ["https://chat.example.org"],
    "http://localhost:3000,https://[::1]:8443": ["http://localhost:3000", "https://[::1]:8443"],
  }],
  "public-url": ["publicUrl", {
    "https://chat.example.org": "https://chat.example.org",
    "http://[::1]:8080/chat/": "http://[::1]:8080/chat",
  }],
  "log-level": ["logLevel", { debug: "debug", info: "info", warn: "warn", error: "error" }],
  "log-format": ["logFormat", { text: "text", json: "json" }],
};

/** The environment variable of a flag. */
function variable(flag: string): string {
  return `TINCAN_${flag.toUpperCase().replaceAll("-", "_")}`;
}

Deno.test("command line: tincan serves on 127.0.0.1 with the documented defaults when no argument is given", () => {
  assertEquals(parse(""), DEFAULTS);
  assertEquals(parse("serve"), DEFAULTS);
});

Deno.test("command line: echo is the echo server, with flags before or after the command", () => {
  const options: Options = { ...DEFAULTS, command: "echo", port: 7 };
  for (const args of ["echo --port 7", "--port 7 echo", "--port=7 echo"]) assertEquals(parse(args), options);
});

Deno.test("command line: this file has values for each flag", () => {
  assertEquals([...Object.keys(VALUES), ...OTHERS, ...CLUSTER, ...SWITCHES].sort(), OPTION_NAMES.map(flagName).sort());
});

Deno.test("command line: each flag sets its option, and no other", () => {
  for (const [flag, [key, values]] of Object.entries(VALUES)) {
    for (const [text, value] of Object.entries(values)) {
      const expected = { ...DEFAULTS, [key]: value };
      assertEquals(parse(`--${flag} ${text}`), expected, `--${flag} ${text}`);
      assertEquals(parse(`--${flag}=${text}`), expected, `--${flag}=${text}`);
    }
  }
});

Deno.test("command line: an environment variable sets each option, and the flag overrides it, even an invalid one", () => {
  for (const [flag, [key, values]] of Object.entries(VALUES)) {
    const [[text, value] = ["", ""], [other, otherValue] = ["banana", "banana"]] = Object.entries(values);
    const env = { [variable(flag)]: text };
    assertEquals(parse("", env), { ...DEFAULTS, [key]: value }, variable(flag));
    assertEquals(parse(`--${flag} ${other}`, env), { ...DEFAULTS, [key]: otherValue }, `--${flag} over environment`);
    assertEquals(parse(`--${flag} ${text}`, { [variable(flag)]: "" }), { ...DEFAULTS, [key]: value });
  }
});

Deno.test("command line: the last value counts when a flag is given twice", () => {
  assertEquals(parse("--port 1 --port 2").port, 2);
});

Deno.test("command line: an invalid value is rejected with the flag and what it accepts", () => {
  const port = 'a number from 0 to 65535, or "off"';
  const count = 'a whole number, 1 or more, or "off"';
  const bytes = (least: number) => `a number of bytes, ${least} or more, such as 8192, 64KiB or 1MiB`;
  const rate = 'a number above 0, or "off"';
  const huge = "1".repeat(16);
  const rejected: Record<string, [string, string[]]> = {
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
    "public-url": [
      "a URL such as https://chat.example.org",
      ["chat.example.org", "ftp://a.example", "https://", "https://a.example/?b", "https://u@a.example"],
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
  for (const [flag, [must, texts]] of Object.entries(rejected)) {
    for (const text of texts) {
      const quoted = JSON.stringify(text);
      assertRejected(`--${flag}=${text}`, `Cannot use --${flag} ${quoted}: it must be ${must}`);
      const named = `${variable(flag)} (--${flag})`;
      assertRejected("", `Cannot use ${named} ${quoted}: it must be ${must}`, { [variable(flag)]: text });
      assertRejected(`--${flag}=${text}`, `Cannot use --${flag} ${quoted}: it must be ${must}`, {
        [variable(flag)]: "banana",
      });
    }
  }
});

Deno.test("command line: a flag without a value is rejected", () => {
  for (const flag of [...Object.keys(VALUES), ...OTHERS, ...CLUSTER]) {
    const message = needsValue(flag);
    for (const args of [`--${flag}`, `--${flag}=`, `echo --${flag}`, `--${flag} --port=1`]) {
      if (args !== `--${flag} --port=1` || flag !== "port") assertRejected(args, message);
    }
    assertEquals(parse("", { [variable(flag)]: "" }), DEFAULTS, "an empty variable counts as not set");
  }
  assertRejected("--rate -1", "Cannot use --rate: it needs a value");
});

Deno.test("command line: unknown flags, unknown commands and extra arguments are rejected", () => {
  const noFlag = (arg: string) => `Cannot use "${arg}": no such flag; tincan --help lists them`;
  assertRejected("--banana", noFlag("--banana"));
  assertRejected("--banana=1", noFlag("--banana=1"));
  assertRejected("--banana 1", noFlag("--banana"));
  assertRejected("--banana --apple", noFlag("--banana"));
  assertRejected("-p 8888", noFlag("-p"));
  assertRejected("--no-port", noFlag("--no-port"));
  assertRejected("--no-keep-private", noFlag("--no-keep-private"));
  assertRejected("--constructor", noFlag("--constructor"));
  assertRejected("banana", 'Cannot run "banana": no such command; tincan --help lists them');
  assertRejected("constructor", 'Cannot run "constructor": no such command; tincan --help lists them');
  assertRejected("007", 'Cannot run "007": no such command; tincan --help lists them');
  assertRejected("8888", 'Cannot run "8888": no such command; tincan --help lists them');
  assertRejected("-- banana", 'Cannot run "banana": no such command; tincan --help lists them');
  assertRejected("serve banana", 'Cannot use "banana": serve takes flags only');
  assertRejected("echo --port 7 8", 'Cannot use "8": echo takes flags only');
});

Deno.test("command line: --trust-proxy takes addresses and networks of both families, and is empty by default", () => {
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

Deno.test("command line: --host takes addresses and names as they are written in URLs", () => {
  const hosts = [["[::1]", "::1"], ["::1", "::1"], ["localhost.", "localhost"], ["LOCALHOST.", "localhost"], [
    "a.b.",
    "a.b.",
  ]];
  for (const [given, host] of hosts) assertEquals(parse(`--host ${given}`).host, host);
});

Deno.test("command line: passwd takes one name, with any flags", () => {
  for (const args of ["passwd alice", "passwd alice --port 7", "--port=7 passwd alice"]) {
    const expected = { ...DEFAULTS, command: "passwd", argument: "alice", port: args.includes("7") ? 7 : 8888 };
    assertEquals<unknown>(parse(args), expected);
  }
  assertEquals(parse("passwd 007").argument, "007");
  assertEquals(parse("passwd").argument, undefined);
  assertRejected("passwd alice bob", 'Cannot use "bob": passwd takes one name');
});

Deno.test("command line: passwd --account sets the password of an account in --data, and token takes several words", () => {
  assertEquals<unknown>(parse("passwd --account alice --data d"), {
    ...DEFAULTS,
    command: "passwd",
    account: "alice",
    data: "d",
  });
  assertRejected("passwd --account alice", "Cannot use --account: it needs --data DIR");
  assertRejected("passwd --account a*b --data d", 'Cannot use --account "a*b": it must be a nickname');
  assertRejected("--account alice", "Cannot use --account: it is for tincan passwd");
  assertEquals<unknown>(parse("token add alice build bot read #ci --data d"), {
    ...DEFAULTS,
    command: "token",
    argument: "add",
    more: ["alice", "build", "bot", "read", "#ci"],
    data: "d",
  });
  assertRejected("token list alice", "Cannot token: it needs --data DIR");
});

Deno.test("command line: connect takes a target, rooms and flags of its own, and no flag of the server", () => {
  const connect: Options = { ...DEFAULTS, command: "connect" };
  assertEquals(parse("connect"), connect);
  assertEquals<unknown>(parse("connect chat.example:7000 #tea --nick bob --login --ca a.pem --plain --tail"), {
    ...connect,
    argument: "chat.example:7000",
    more: ["#tea"],
    nick: "bob",
    login: true,
    ca: "a.pem",
    plain: true,
    tail: true,
  });
  assertEquals(parse("connect --room #tea --log-level debug"), { ...connect, room: "#tea", logLevel: "debug" });
  assertRejected(
    "connect chat.example --port 7000",
    "Cannot use --port: it is for the server; see tincan connect HOST:PORT",
  );
  for (const flag of ["--nick bob", "--login", "--ca a.pem", "--plain", "--tail"]) {
    assertRejected(`serve ${flag}`, `Cannot use ${flag.split(" ")[0]}: it is for tincan connect`);
  }
});

Deno.test("command line: --room and --format are for export only, and --room for connect", () => {
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
    assertRejected(`export --data d --format ${format}`, message);
  }
  for (const flag of ["room", "format"]) {
    for (const args of [`--${flag}`, `--${flag}=`, `--${flag} --port=1`]) {
      assertRejected(`export --data d ${args}`, needsValue(flag));
    }
    for (const command of ["serve", "echo", "passwd", "import", "forget"]) {
      const only = flag === "room" ? "tincan export and tincan connect" : "tincan export";
      assertRejected(`${command} --data d --${flag} text`, `Cannot use --${flag}: it is for ${only}`);
    }
  }
  assertEquals(parse("export --data d", { TINCAN_ROOM: "#tea", TINCAN_FORMAT: "jsonl" }), exported);
});

Deno.test("command line: --version prints the version", () => {
  assertEquals([printed("--version"), printed("-V")], ["tincan 1.2.3", "tincan 1.2.3"]);
});
