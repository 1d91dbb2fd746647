import { Buffer } from "node:buffer";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { fc } from "../dependencies.ts";
import {
  deriveKeys,
  fakeKeys,
  ITERATIONS,
  NONCE_MAX,
  ScramError,
  ScramExchange,
  type ScramKeys,
} from "../../src/accounts/scram.ts";
import { scramLast } from "./helpers.ts";

// RFC 7677, section 3.
const FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const SERVER_FIRST = `r=rOprNGfwEbeRWgbNEkqO${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const LAST = `c=biws,r=rOprNGfwEbeRWgbNEkqO${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
const ANSWER = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

const KEYS = await deriveKeys("pencil", new Uint8Array(Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64")), 4096);

/** The exchange of the example, after its first two messages. */
function begun(): ScramExchange {
  const exchange = new ScramExchange(SERVER_NONCE);
  exchange.first(FIRST, () => KEYS);
  return exchange;
}

Deno.test("scram: the exchange matches the example of RFC 7677 byte for byte", () => {
  const exchange = new ScramExchange(SERVER_NONCE);
  const asked: string[] = [];
  const serverFirst = exchange.first(FIRST, (name) => {
    asked.push(name);
    return KEYS;
  });
  assertEquals([asked, exchange.name, serverFirst], [["user"], "user", SERVER_FIRST]);
  assertEquals(exchange.last(LAST), ANSWER);
});

Deno.test("scram: the client of these tests matches the example of RFC 7677", () => {
  assertEquals(scramLast(FIRST, SERVER_FIRST, "pencil"), { last: LAST, answer: ANSWER });
});

Deno.test("scram: a wrong password, nonce, proof or header is rejected", () => {
  const proof = /p=(.*)$/.exec(LAST)![1]!;
  const wrong = [
    scramLast(FIRST, SERVER_FIRST, "Pencil").last,
    scramLast(FIRST, SERVER_FIRST, "pencil", "y,,").last, // as if the header had been changed in transit
    LAST.replace("r=rOpr", "r=xOpr"),
    LAST.replace("NlF$k0,", "NlF$k1,"),
    LAST.replace(SERVER_NONCE, ""),
    LAST.replace("c=biws", "c=eSws"), // y,,
    LAST.replace("c=biws", "c=biw="),
    LAST.replace(`,p=${proof}`, ""),
    LAST.replace(proof, ""),
    LAST.replace(proof, "AAAA"),
    LAST.replace(proof, Buffer.from(proof, "base64").toString("base64").replace("d", "e")),
    LAST.replace(proof, Buffer.concat([Buffer.from(proof, "base64"), Buffer.alloc(1)]).toString("base64")),
    LAST.replace(",p=", ",x=y,p="), // not part of what was signed
    `${LAST},x=y`,
    "",
  ];
  for (const last of wrong) assertThrows(() => begun().last(last), ScramError, "Cannot", last);
});

Deno.test("scram: a recorded last message is rejected when it is replayed", () => {
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

Deno.test("scram: a proof is rejected when the keys changed during the exchange", async () => {
  const others = await deriveKeys("pencil", new Uint8Array(16), 4096); // the same password with another salt
  const exchange = new ScramExchange(SERVER_NONCE);
  let keys = KEYS;
  exchange.first(FIRST, () => keys);
  keys = others;
  assertThrows(() => exchange.last(LAST), ScramError, "proof");
});

Deno.test("scram: messages out of order are rejected", () => {
  assertThrows(() => new ScramExchange().last(LAST), ScramError);
  assertThrows(() => begun().first(FIRST, () => KEYS), ScramError);
});

Deno.test("scram: malformed first messages and unsupported extensions are rejected", () => {
  const bad = [
    "",
    "n=user,r=x",
    "n,,n=user",
    "n,,r=x,n=user",
    "n,,n=,r=x",
    "n,,n=user,r=",
    "n,,m=new,n=user,r=x", // a mandatory extension
    "p=tls-unique,,n=user,r=x", // no channel binding is supported
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

Deno.test("scram: optional attributes are accepted and signed as they were sent", () => {
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

Deno.test("scram: arbitrary messages are accepted or throw ScramError", () => {
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

Deno.test("scram: fake keys look like real ones, have a stable salt, and match no password", async () => {
  const secret = new Uint8Array(32).fill(7);
  const real = await deriveKeys("pencil");
  const shape = ({ salt, iterations, stored, server }: ScramKeys) =>
    [salt, stored, server].map((key) => key.length).concat(iterations);
  const [one, again, other] = [fakeKeys("bob", secret), fakeKeys("bob", secret), fakeKeys("carol", secret)];
  assertEquals(shape(one), shape(real));
  assertEquals(ITERATIONS, 600_000);
  assertEquals(one.salt, again.salt);
  assertNotEquals(one.salt, other.salt);
  assertNotEquals(one.salt, fakeKeys("bob", new Uint8Array(32)).salt);
  const exchange = new ScramExchange();
  const first = exchange.first(FIRST, () => ({ ...one, iterations: 1 }));
  assertThrows(() => exchange.last(scramLast(FIRST, first, "pencil").last), ScramError, "proof");
});
