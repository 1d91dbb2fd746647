/** Checks codecs with later versions, which the table of commands does not have yet, and what their types demand. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  DecodeError,
  type DecodeErrorCode,
  EncodeError,
  type EncodeErrorCode,
} from "../../src/cluster/codec_errors.ts";
import {
  added,
  choice,
  type Codec,
  type Fields,
  flag,
  integer,
  list,
  nullable,
  object,
  optional,
  text,
  usually,
  variants,
} from "../../src/cluster/codecs.ts";

type Shape =
  | { readonly kind: "dot"; readonly colour: "red" | "blue"; readonly label?: string; readonly size: number }
  | { readonly kind: "line"; readonly to: number }
  | { readonly kind: "path"; readonly names: readonly string[] };

/** `label`, `size`, `blue` and `names` are of version 2, `line` of version 3. */
const shape = variants<Shape, "kind">("kind", {
  dot: ["d", 1, {
    colour: choice<"red" | "blue">({ red: 0, blue: [1, 2] }),
    label: added(2, undefined, optional(text)),
    size: added(2, 1, integer),
  }],
  line: ["l", 3, { to: integer }],
  path: ["p", 1, { names: added(2, [], list(text)) }],
});

const RED = { kind: "dot", colour: "red", size: 1 } as const;

function encodeFails<T>(code: EncodeErrorCode, codec: Codec<T>, value: T, version: number): void {
  const error = assertThrows(() => codec.encode(value, version), EncodeError) as EncodeError;
  assertEquals(error.code, code, error.message);
}

function decodeFails<T>(code: DecodeErrorCode, codec: Codec<T>, json: unknown, version: number): void {
  const error = assertThrows(() => codec.decode(json, version), DecodeError) as DecodeError;
  assertEquals(error.code, code, error.message);
}

Deno.test("codecs: an older version is still encoded and decoded when a later one has more fields", () => {
  assertEquals(shape.encode(RED, 1), ["d", 0]);
  assertEquals(shape.decode(["d", 0], 1), RED);
  assertEquals(shape.encode(RED, 2), ["d", 0, undefined, 1]);
  assertEquals(shape.decode(["d", 0, null, 1], 2), RED);
  assertEquals(shape.decode(["d", 0, "x", 5], 2), { kind: "dot", colour: "red", label: "x", size: 5 });
});

Deno.test("codecs: a list that a later version has added is encoded for an earlier one when it is what it was before", () => {
  assertEquals(shape.encode({ kind: "path", names: [] }, 1), ["p"]);
  assertEquals(shape.decode(["p"], 1), { kind: "path", names: [] });
  encodeFails("not-in-version", shape, { kind: "path", names: ["x"] }, 1);
  assertEquals(shape.encode({ kind: "path", names: ["x"] }, 2), ["p", ["x"]]);
});

Deno.test("codecs: what a later version has added is not encoded for an earlier one", () => {
  encodeFails("not-in-version", shape, { ...RED, label: "x" }, 1);
  encodeFails("not-in-version", shape, { ...RED, size: 2 }, 1);
  encodeFails("not-in-version", shape, { ...RED, colour: "blue" }, 1);
  encodeFails("not-in-version", shape, { kind: "line", to: 1 }, 2);
  assertEquals(shape.encode({ kind: "line", to: 1 }, 3), ["l", 1]);
});

Deno.test("codecs: what a later version has added is not decoded in an earlier one, as older programs cannot", () => {
  decodeFails("malformed", shape, ["d", 0, "x"], 1);
  decodeFails("malformed", shape, ["d", 0, null], 1);
  decodeFails("malformed", shape, ["d", 0, null, 2], 1);
  decodeFails("unknown-code", shape, ["d", 1], 1);
  decodeFails("unknown-code", shape, ["l", 1], 2);
  decodeFails("malformed", shape, ["d", 0, "x"], 2); // version 2 always has the size
});

Deno.test("codecs: undefined is left out at the end of an object, and null elsewhere", () => {
  interface Both {
    readonly first: number | undefined;
    readonly second?: string;
  }
  const both = object<Both>({ first: nullable(integer), second: optional(text) });
  const encoded = (value: Both) => JSON.stringify(both.encode(value, 1));
  assertEquals(encoded({ first: undefined, second: "x" }), '[null,"x"]');
  assertEquals(encoded({ first: 1 }), "[1]");
  assertEquals(encoded({ first: undefined }), "[]");
  assertEquals(both.decode([], 1), { first: undefined });
  assertEquals(both.decode([null, null], 1), { first: undefined });
});

Deno.test("codecs: the usual value is left out", () => {
  const codec = object<{ a: string; b: number }>({ a: usually("x", text), b: usually(0, integer) });
  assertEquals(codec.encode({ a: "x", b: 0 }, 1), []);
  assertEquals(codec.encode({ a: "", b: 1 }, 1), ["", 1]);
  assertEquals(codec.decode([], 1), { a: "x", b: 0 });
  assertEquals(codec.decode(["", 1], 1), { a: "", b: 1 });
});

Deno.test("codecs: the types demand a codec of the right type for every field", () => {
  interface Thing {
    readonly id: number;
    readonly name?: string;
    readonly on: boolean | undefined;
    readonly parts: readonly string[];
  }
  const right: Fields<Thing> = { id: integer, name: optional(text), on: nullable(flag), parts: list(text) };
  // @ts-expect-error -- a field without a codec
  const lacking: Fields<Thing> = { id: integer, name: optional(text), on: nullable(flag) };
  // @ts-expect-error -- the codec of another type
  const other: Fields<Thing> = { ...right, id: text };
  // @ts-expect-error -- an optional field must not be there when it is undefined
  const always: Fields<Thing> = { ...right, name: nullable(text) };
  // @ts-expect-error -- a field that may be undefined
  const never: Fields<Thing> = { ...right, on: flag };
  // @ts-expect-error -- a choice without a number
  choice<"a" | "b">({ a: 0 });
  // @ts-expect-error -- a value of the union without a row
  variants<Shape, "kind">("kind", { line: ["l", 1, { to: integer }] });
  // @ts-expect-error -- a field that one member of a union lacks
  const union: Fields<{ a: number } | { b: number }> = { a: integer, b: optional(integer) };
  assertEquals([right, lacking, other, always, never, union].length, 6);
});
