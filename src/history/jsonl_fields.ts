/** Checks the fields of JSON objects, and converts them. */
import { sanitize, stripFormatting } from "../util/sanitize.ts";

/** A line of JSON is not valid. The message is a few words that name the field. */
export class FormatError extends Error {
  override name = "FormatError";
}

/** The most characters of the input that an error message quotes. */
const QUOTED_MAX = 40;

/** A type of fields. */
export interface FieldType<T> {
  /** Describes the valid values, behind "must be". */
  readonly description: string;
  /** Converts a value; returns undefined if it is not valid. */
  readonly read: (value: unknown) => T | undefined;
}

/** Strings that meet a condition. */
export function stringType(description: string, isValid: (text: string) => boolean): FieldType<string> {
  return { description, read: (value) => typeof value === "string" && isValid(value) ? value : undefined };
}

/** One of some strings. */
export function enumType<const T extends string>(allowed: readonly T[]): FieldType<T> {
  return { description: `one of ${allowed.join(", ")}`, read: (value) => allowed.find((each) => each === value) };
}

/** A type that also allows null. */
export function nullable<T>({ description, read }: FieldType<T>): FieldType<T | null> {
  return { description: `${description}, or null`, read: (value) => value === null ? null : read(value) };
}

/** The fields of an object. Each is taken once, so that `end` finds fields that do not belong to the object. */
export class Fields {
  readonly #values: Map<string, unknown>;
  readonly #path: string;

  /**
   * @param path The place of the object in the line, for error messages: such as `topic.`, or empty.
   * @throws {FormatError} if the value is not an object.
   */
  constructor(value: unknown, path = "") {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new FormatError(path === "" ? "it is not an object" : `"${path.slice(0, -1)}" must be an object`);
    }
    this.#values = new Map(Object.entries(value));
    this.#path = path;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /**
   * Takes a field of a type.
   *
   * @throws {FormatError} if the field is missing or not valid.
   */
  take<T>(name: string, { description, read }: FieldType<T>): T {
    const taken = read(this.#take(name));
    if (taken === undefined) throw new FormatError(`"${this.#path}${name}" must be ${description}`);
    return taken;
  }

  /**
   * Takes a field that is an object or null.
   *
   * @returns undefined for null.
   * @throws {FormatError}
   */
  takeObject(name: string): Fields | undefined {
    const value = this.#take(name);
    return value === null ? undefined : new Fields(value, `${this.#path}${name}.`);
  }

  /**
   * Takes a field that is a list of objects.
   *
   * @param most The most objects in the list.
   * @throws {FormatError}
   */
  takeList(name: string, most: number): Fields[] {
    const values = this.#take(name);
    if (!Array.isArray(values) || values.length > most) {
      throw new FormatError(`"${this.#path}${name}" must be a list of up to ${most} objects`);
    }
    return values.map((value, i) => new Fields(value, `${this.#path}${name}[${i}].`));
  }

  /** @throws {FormatError} if a field was not taken. */
  end(): void {
    const [name] = this.#values.keys();
    if (name === undefined) return;
    const quoted = JSON.stringify(stripFormatting(sanitize(this.#path + name.slice(0, QUOTED_MAX))));
    throw new FormatError(`${quoted} does not belong there`);
  }

  #take(name: string): unknown {
    const value = this.#values.get(name);
    if (!this.#values.delete(name)) throw new FormatError(`"${this.#path}${name}" is missing`);
    return value;
  }
}
