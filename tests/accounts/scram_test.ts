import { Buffer } from "node:buffer";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { fc } from "../dependencies.ts";
import {
  ITERATIONS,
  type Keys,
  keysOf,
  noKeys,
  NONCE_MAX,
  ScramError,
  ScramExchange,
} from "../../src/accounts/scram.ts";
import { scramLast } from "./helpers.ts";

// RFC 7677, section 3.
const FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const OURS = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const SERVER_FIRST = `r=rOprNGfwEbeRWgbNEkqO${OURS},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const LAST = `c=biws,r=rOprNGfwEbeRWgbNEkqO${OURS},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
const ANSWER = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

const KEYS = await keysOf("pencil", new Uint8Array(Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64")), 4096);

/** The example's exchange, its first messages over. */
function begun(): ScramExchange {
  const exchange = new ScramExchange(OURS);
  exchange.first(FIRST, () => KEYS);
  return exchange;
}

Deno.test("RFC 7677's example, byte for byte", () => {
  const exchange = new ScramExchange(OURS);
  const asked: string[] = [];
  const serverFirst = exchange.first(FIRST, (name) => {
    asked.push(name);
    return KEYS;
  });
  assertEquals([asked, exchange.name, serverFirst], [["user"], "user", SERVER_FIRST]);
  assertEquals(exchange.last(LAST), ANSWER);
});

Deno.test("the client of these tests says what the RFC's says", () => {
  assertEquals(scramLast(FIRST, SERVER_FIRST, "pencil"), { last: LAST, answer: ANSWER });
});

Deno.test("a wrong password, another nonce, another proof, another header: none of them gets in", () => {
  const proof = /p=(.*)$/.exec(LAST)![1]!;
  const wrong = [
    scramLast(FIRST, SERVER_FIRST, "Pencil").last,
    scramLast(FIRST, SERVER_FIRST, "pencil", "y,,").last, // as if somebody had changed it on the way
    LAST.replace("r=rOpr", "r=xOpr"),
    LAST.replace("NlF$k0,", "NlF$k1,"),
    LAST.replace(OURS, ""),
    LAST.replace("c=biws", "c=eSws"), // y,,
    LAST.replace("c=biws", "c=biw="),
    LAST.replace(`,p=${proof}`, ""),
    LAST.replace(proof, ""),
    LAST.replace(proof, "AAAA"),
    LAST.replace(proof, Buffer.from(proof, "base64").toString("base64").replace("d", "e")),
    LAST.replace(proof, Buffer.concat([Buffer.from(proof, "base64"), Buffer.alloc(1)]).toString("base64")),
    LAST.replace(",p=", ",x=y,p="), // what was not said when it was signed
    `${LAST},x=y`,
    "",
  ];
  for (const last of wrong) assertThrows(() => begun().last(last), ScramError, "Cannot", last);
});

Deno.test("what was heard once is worth nothing a second time", () => {
  const exchange = begun();
  exchange.last(LAST);
  assertThrows(() => exchange.last(LAST), ScramError);
  const next = new ScramExchange();
  assertNotEquals(next.first(FIRST, () => KEYS), SERVER_FIRST);
  assertThrows(() => next.last(LAST), ScramError, "nonce");
  const failed = begun();
  assertThrows(() => failed.last(LAST.replace("dHzb", "eHzb")), ScramError, "proof");
  assertThrows(() => failed.last(LAST), ScramError, undefined, "a second try");
});

Deno.test("a password that was another's when the exchange began, or was given up meanwhile, is wrong in the end", async () => {
  const others = await keysOf("pencil", new Uint8Array(16), 4096); // the same one, chosen by somebody else
  const exchange = new ScramExchange(OURS);
  let keys = KEYS;
  exchange.first(FIRST, () => keys);
  keys = others;
  assertThrows(() => exchange.last(LAST), ScramError, "proof");
});

Deno.test("messages in another order are none", () => {
  assertThrows(() => new ScramExchange().last(LAST), ScramError);
  assertThrows(() => begun().first(FIRST, () => KEYS), ScramError);
});

Deno.test("first messages that are none, or want what there is not", () => {
  const bad = [
    "",
    "n=user,r=x",
    "n,,n=user",
    "n,,r=x,n=user",
    "n,,n=,r=x",
    "n,,n=user,r=",
    "n,,m=new,n=user,r=x", // an extension that has to be known
    "p=tls-unique,,n=user,r=x", // nothing here can be bound to
    "n,a=other,n=user,r=x",
    "n,,n=us=er,r=x",
    "n,,n=us=2cer,r=x",
    "n,,n=user,r=a b",
    "n,,n=user,r=\u00e9",
    `n,,n=user,r=${"x".repeat(NONCE_MAX + 1)}`,
    " n,,n=user,r=x",
  ];
  for (const first of bad) {
    assertThrows(() => new ScramExchange().first(first, () => KEYS), ScramError, "Cannot", first);
  }
});

Deno.test("what may be said beside is read, and signed as it was said", () => {
  const firsts = [
    "y,,n=user,r=x",
    "n,a=user,n=user,r=x",
    "n,,n=user,r=x,e=more",
    "n,,n=a=2Cb=3Dc,r=x",
    `n,,n=user,r=${"x".repeat(NONCE_MAX)}`,
  ];
  for (const first of firsts) {
    const exchange = new ScramExchange();
    const { last, answer } = scramLast(first, exchange.first(first, () => KEYS), "pencil");
    assertEquals(exchange.last(last), answer, first);
  }
  const exchange = new ScramExchange();
  exchange.first("n,,n=a=2Cb=3Dc,r=x", () => KEYS);
  assertEquals(exchange.name, "a,b=c");
});

Deno.test("whatever is said, it is taken or refused, and nothing else", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^[ny],(a=[a-z=,]*)?,n=[a-z=2CD,]*,r=[ -~]*$/),
  );
  fc.assert(fc.property(text, text, (first, last) => {
    const exchange = new ScramExchange();
    for (const step of [() => exchange.first(first, () => KEYS), () => exchange.last(last)]) {
      try {
        step();
      } catch (error) {
        assert(error instanceof ScramError, `${error}`);
      }
    }
  }));
});

Deno.test("a name that is nobody's looks like one that is somebody's, is always the same, and lets nobody in", async () => {
  const secret = new Uint8Array(32).fill(7);
  const real = await keysOf("pencil");
  const shape = ({ salt, iterations, stored, server }: Keys) =>
    [salt, stored, server].map((key) => key.length).concat(iterations);
  const [one, again, other] = [noKeys("bob", secret), noKeys("bob", secret), noKeys("carol", secret)];
  assertEquals(shape(one), shape(real));
  assertEquals(ITERATIONS, 600_000);
  assertEquals(one.salt, again.salt);
  assertNotEquals(one.salt, other.salt);
  assertNotEquals(one.salt, noKeys("bob", new Uint8Array(32)).salt);
  const exchange = new ScramExchange();
  const first = exchange.first(FIRST, () => ({ ...one, iterations: 1 }));
  assertThrows(() => exchange.last(scramLast(FIRST, first, "pencil").last), ScramError, "proof");
});
