/**
 * Codecs: how values become JSON without keys, and how JSON that nothing is known of becomes values of a type.
 *
 * An object is the array of its fields in the order of its table. What is `undefined` at the end of an array is left out, and
 * `null` elsewhere. Each codec accepts the same values in both directions: what one node can encode, all can decode.
 */
import { DecodeError, EncodeError } from "./codec_errors.ts";

/** The most UTF-16 units in a string: as many bytes as the longest message that the web port reads. */
export const STRING_MAX = 64 * 1024;

/** The most items in a list. The longest ones are the receivers of a message and mode changes. */
export const LIST_MAX = 256;

/** What is encoded. `undefined` stands for `null`, except at the end of an array, where it is left out. */
export type Json = string | number | null | undefined | readonly Json[];

/**
 * Encodes and decodes values of a type.
 *
 * `version` is the version of the encoding. It is the active one for `encode`, and that of the batch for `decode`, so that all
 * nodes decode a batch to the same commands, or none does.
 */
export interface Codec<in out T> {
  /** @throws {EncodeError} */
  readonly encode: (value: T, version: number) => Json;
  /** @throws {DecodeError} */
  readonly decode: (json: unknown, version: number) => T;
}

/** The codec of a field that objects need not have (`field?: T`): it is not there if it is `undefined`. */
export interface OptionalCodec<in out T> extends Codec<T | undefined> {
  readonly optional: true;
}

type KeysOf<T> = T extends unknown ? keyof T : never;
type ValueOf<T, K> = T extends unknown ? K extends keyof T ? T[K] : undefined : never;

/** The codec of a field; an optional one if an object of the type, or of one of a union, need not have it. */
type FieldCodec<T, K extends PropertyKey> = [T] extends [Record<K, unknown>] ? Codec<ValueOf<T, K>>
  : OptionalCodec<Exclude<ValueOf<T, K>, undefined>>;

/** The codecs of all fields of objects but one, in the order in which they are encoded. */
export type Fields<T, Tag = never> = { readonly [K in Exclude<KeysOf<T>, Tag>]-?: FieldCodec<T, K> };

/** A union of objects by the value of a field: what is encoded instead of the value, the version that added it, its fields. */
export type Variant<T, Tag> = readonly [
  code: string,
  since: number,
  fields: Fields<T, Tag>,
  isValid?: (value: T) => boolean,
];

/** The member of a union in which a field can have a value. */
type MemberOf<T, Tag extends keyof T, V> = T extends unknown ? V extends T[Tag] ? T : never : never;

/** A codec for values that are JSON already. */
function scalar<T extends string | number>(what: string, isValid: (value: unknown) => boolean): Codec<T> {
  return {
    encode(value) {
      if (!isValid(value)) throw new EncodeError(isTooLong(value) ? "too-large" : "invalid", `not ${what}`);
      return value;
    },
    decode(json) {
      if (!isValid(json)) throw new DecodeError(isTooLong(json) ? "too-large" : "malformed", `not ${what}`);
      return json as T;
    },
  };
}

/** How many fields of an object have a value: those that are `undefined` are not encoded. */
export function fieldCount(value: object): number {
  return Object.values(value).filter((field) => field !== undefined).length;
}

function isTooLong(value: unknown): boolean {
  return typeof value === "string" && value.length > STRING_MAX;
}

/** Strings of at most {@linkcode STRING_MAX} UTF-16 units. */
export const text = scalar<string>(
  `a string of at most ${STRING_MAX} characters`,
  (value) => typeof value === "string" && value.length <= STRING_MAX,
);

/** Numbers, but not NaN, Infinity and -0, which JSON does not have or does not keep. */
export const number = scalar<number>("a number", (value) => Number.isFinite(value) && !Object.is(value, -0));

/** Ids, times and other integers from 0. */
export const integer = scalar<number>(
  "a safe integer from 0",
  (value) => Number.isSafeInteger(value) && value as number >= 0 && !Object.is(value, -0),
);

/** Booleans, as 1 and 0. */
export const flag: Codec<boolean> = {
  encode(value) {
    if (typeof value !== "boolean") throw new EncodeError("invalid", "not a boolean");
    return value ? 1 : 0;
  },
  decode(json) {
    if (json !== 0 && json !== 1) throw new DecodeError("malformed", "not 0 or 1");
    return json === 1;
  },
};

/**
 * One of some strings, as a small number.
 *
 * @param codes The number of each. A string that was added later: `[number, version]`.
 */
export function choice<T extends string>(
  codes: Readonly<Record<T, number | readonly [code: number, since: number]>>,
): Codec<T> {
  const rows = (Object.entries(codes) as [T, number | readonly [number, number]][]).map(([value, code]) => {
    const [number, since] = typeof code === "number" ? [code, 1] : code;
    return { value, number, since };
  });
  const byValue = new Map(rows.map((row) => [row.value, row]));
  const byNumber = new Map<unknown, typeof rows[number]>(rows.map((row) => [row.number, row]));
  return {
    encode(value, version) {
      const row = byValue.get(value);
      if (row === undefined) throw new EncodeError("invalid", `not one of ${[...byValue.keys()].join(", ")}`);
      if (row.since > version) throw new EncodeError("not-in-version", `version ${version} has no "${value}"`);
      return row.number;
    },
    decode(json, version) {
      const row = byNumber.get(json);
      if (row === undefined || row.since > version) {
        throw new DecodeError("unknown-code", `version ${version} has no such choice`);
      }
      return row.value;
    },
  };
}

/** Lists of at most {@linkcode LIST_MAX} items. */
export function list<T>(item: Codec<T>): Codec<readonly T[]> {
  return {
    encode(values, version) {
      if (!Array.isArray(values)) throw new EncodeError("invalid", "not a list");
      if (values.length > LIST_MAX) throw new EncodeError("too-large", `a list of more than ${LIST_MAX} items`);
      return values.map((value) => item.encode(value, version));
    },
    decode(json, version) {
      if (!Array.isArray(json)) throw new DecodeError("malformed", "not a list");
      if (json.length > LIST_MAX) throw new DecodeError("too-large", `a list of more than ${LIST_MAX} items`);
      return json.map((each) => item.decode(each, version));
    },
  };
}

/** Two values. */
export function pair<A, B>(first: Codec<A>, second: Codec<B>): Codec<readonly [A, B]> {
  return {
    encode(value, version) {
      if (!Array.isArray(value) || value.length !== 2) throw new EncodeError("invalid", "not a pair");
      return [first.encode(value[0], version), second.encode(value[1], version)];
    },
    decode(json, version) {
      if (!Array.isArray(json) || json.length !== 2) throw new DecodeError("malformed", "not a pair");
      return [first.decode(json[0], version), second.decode(json[1], version)];
    },
  };
}

/** A value that may be `undefined`: for fields that are always there (`field: T | undefined`). */
export function nullable<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    encode: (value, version) => value === undefined ? undefined : codec.encode(value, version),
    decode: (json, version) => json === undefined || json === null ? undefined : codec.decode(json, version),
  };
}

/** A value that need not be there: for optional fields (`field?: T`). */
export function optional<T>(codec: Codec<T>): OptionalCodec<T> {
  return { ...nullable(codec), optional: true };
}

/** A value that is left out when it is the usual one. */
export function usually<T extends string | number>(usual: T, codec: Codec<T>): Codec<T> {
  return {
    encode: (value, version) => value === usual ? undefined : codec.encode(value, version),
    decode: (json, version) => json === undefined || json === null ? usual : codec.decode(json, version),
  };
}

/**
 * A field that a later version has added. It stands behind all older fields of its object.
 *
 * @param since The version.
 * @param before What it is in commands of earlier versions. They cannot have any other value.
 */
export function added<T>(since: number, before: undefined, codec: OptionalCodec<T>): OptionalCodec<T>;
export function added<T>(since: number, before: T, codec: Codec<T>): Codec<T>;
export function added<T>(since: number, before: T, codec: Codec<T>): Codec<T> {
  const encodedBefore = JSON.stringify(codec.encode(before, since)); // to compare lists and objects, too
  return {
    ...codec,
    encode(value, version) {
      if (version >= since) return codec.encode(value, version);
      if (JSON.stringify(codec.encode(value, since)) === encodedBefore) return undefined;
      throw new EncodeError("not-in-version", `a field of version ${since}, and the active version is ${version}`);
    },
    decode(json, version) {
      if (version >= since) return codec.decode(json, version);
      if (json === undefined) return before;
      throw new DecodeError("malformed", `a field of version ${since} in a batch of version ${version}`);
    },
  };
}

/**
 * Objects.
 *
 * @param isValid What the types of the fields do not say.
 */
export function object<T extends object>(fields: Fields<T>, isValid?: (value: T) => boolean): Codec<T> {
  const codecs = new FieldList<T>(fields, isValid);
  return {
    encode(value, version) {
      if (typeof value !== "object" || value === null) throw new EncodeError("invalid", "not an object");
      const items: Json[] = [];
      codecs.encode(value, items, version);
      return items;
    },
    decode(json, version) {
      if (!Array.isArray(json)) throw new DecodeError("malformed", "not the array of an object");
      return codecs.decode({}, json, 0, version);
    },
  };
}

/**
 * Objects of a union, which the value of a field tells apart: `[code, ...fields]`.
 *
 * @param tag The field.
 * @param table The row of each value.
 */
export function variants<T extends object, Tag extends keyof T & string>(
  tag: Tag,
  table: { readonly [V in T[Tag] & string]: Variant<MemberOf<T, Tag, V>, Tag> },
): Codec<T> {
  const rows = Object.entries(table as Record<string, Variant<T, Tag>>).map(
    ([value, [code, since, fields, isValid]]) => {
      return { value, code, since, codecs: new FieldList<T>(fields, isValid) };
    },
  );
  const byValue = new Map<unknown, typeof rows[number]>(rows.map((row) => [row.value, row]));
  const byCode = new Map<unknown, typeof rows[number]>(rows.map((row) => [row.code, row]));
  return {
    encode(value, version) {
      const row = byValue.get(value[tag]);
      if (row === undefined) throw new EncodeError("invalid", `an unknown ${tag}`);
      if (row.since > version) {
        throw new EncodeError(
          "not-in-version",
          `${row.value} is of version ${row.since}, and version ${version} is active`,
        );
      }
      const items: Json[] = [row.code];
      row.codecs.encode(value, items, version);
      return items;
    },
    decode(json, version) {
      if (!Array.isArray(json)) throw new DecodeError("malformed", "not an array");
      const row = byCode.get(json[0]);
      if (row === undefined || row.since > version) {
        const code = typeof json[0] === "string" && json[0].length <= 8 ? JSON.stringify(json[0]) : typeof json[0];
        throw new DecodeError("unknown-code", `version ${version} has no ${tag} ${code}`);
      }
      return row.codecs.decode({ [tag]: row.value }, json, 1, version);
    },
  };
}

/** The fields of objects, in the order in which they are encoded. */
class FieldList<T extends object> {
  readonly #codecs: { readonly name: keyof T; readonly codec: Codec<unknown>; readonly optional: boolean }[];
  readonly #isValid: (value: T) => boolean;

  constructor(fields: object, isValid: (value: T) => boolean = () => true) {
    this.#codecs = Object.entries(fields as Record<string, Codec<unknown>>).map(([name, codec]) => {
      return { name: name as keyof T, codec, optional: "optional" in codec };
    });
    this.#isValid = isValid;
  }

  /** Appends the fields of an object, without what is `undefined` at the end. */
  encode(value: T, items: Json[], version: number): void {
    if (!this.#isValid(value)) throw new EncodeError("invalid", "fields that do not go together");
    let end = items.length;
    for (const { name, codec } of this.#codecs) {
      const json = codec.encode(value[name], version);
      items.push(json);
      if (json !== undefined) end = items.length;
    }
    items.length = end;
  }

  /** Sets the fields of an object from the items of an array that begin at `start`. */
  decode(value: object, items: readonly unknown[], start: number, version: number): T {
    const decoded = value as T;
    if (items.length - start > this.#codecs.length) throw new DecodeError("malformed", "more fields than there are");
    for (const { name, codec, optional } of this.#codecs) {
      const field = codec.decode(items[start++], version);
      if (field !== undefined || !optional) decoded[name] = field as T[typeof name];
    }
    if (!this.#isValid(decoded)) throw new DecodeError("malformed", "fields that do not go together");
    return decoded;
  }
}
