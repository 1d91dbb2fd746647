// @ts-check
/**
 * The lines of a room: what kinds there are, which of them count as news, and where among them one has been.
 */

/**
 * Something that happened in a room. `say`, `action` and `notice` are somebody's words; `quiet` is somebody who came,
 * went or was renamed; `info` and `error` are told by the server or by the page.
 *
 * @typedef {object} Line
 * @property {"say" | "action" | "notice" | "quiet" | "info" | "error"} kind
 * @property {string} text
 * @property {Date} time
 * @property {string} [nick] Who said or did it.
 * @property {"came" | "left"} [change] What a quiet line is about, if it is one of these.
 * @property {string} [id] The server's name for it.
 * @property {number} [part] Which of the server's lines it is, or ends with, where it takes several; 0 is the first.
 * @property {boolean} [own] Whether we said it.
 * @property {boolean} [mention] Whether it is for us.
 */

/** @typedef {{ id: string, time: Date }} Position A place among what was said: behind the line of that name, or that time. */

/** Whether somebody said it. @param {Line} line */
export function isMessage({ kind }) {
  return kind === "say" || kind === "action" || kind === "notice";
}

/** Whether it is news to us, unless we have seen it. @param {Line} line */
export function countsAsNew(line) {
  return isMessage(line) && !line.own;
}

/** The last that was said. @param {Line[]} lines @returns {Position | undefined} */
export function lastPosition(lines) {
  return positionOf(lines.findLast(({ id }) => id !== undefined));
}

/** The first that was said. @param {Line[]} lines @returns {Position | undefined} */
export function firstPosition(lines) {
  return positionOf(lines.find(({ id }) => id !== undefined));
}

/** @param {Line | undefined} line @returns {Position | undefined} */
export function positionOf(line) {
  return line?.id === undefined ? undefined : { id: line.id, time: line.time };
}

/** Which line is the first one after a place; as many as there are, if none is. @param {Line[]} lines @param {Position} mark */
export function indexAfter(lines, { id, time }) {
  const at = id === "" ? -1 : lines.findLastIndex((line) => line.id === id);
  if (at >= 0) return at + 1;
  const next = lines.findIndex((line) => line.id !== undefined && line.time > time);
  return next < 0 ? lines.length : next;
}

/** Lines that are not among others. @param {Line[]} lines @param {Line[]} others */
export function withoutKnown(lines, others) {
  const known = new Set(others.map(({ id }) => id));
  return lines.filter(({ id }) => id === undefined || !known.has(id));
}

/**
 * Adds a line, or makes the last one longer: what is too long for one line comes in several, and is one message.
 *
 * @param {Line[]} lines
 * @param {Line} line
 * @returns {"added" | "longer" | "known"}
 */
export function append(lines, line) {
  const last = lines.at(-1);
  const { id, part = 0 } = line;
  if (id !== undefined && part > 0 && last?.id === id && last.part === part - 1) {
    lines[lines.length - 1] = { ...last, part, text: last.text + line.text, mention: last.mention || line.mention };
    return "longer";
  }
  // What we say to ourselves comes twice.
  if (id !== undefined && lines.slice(-20).some((each) => each.id === id)) return "known";
  lines.push(line);
  return "added";
}
