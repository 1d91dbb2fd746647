/** The name of a file in a `Content-Disposition` field (RFC 6266, RFC 8187). */

/** Returns the file name of a field as it was sent; `undefined` if there is none. */
export function nameIn(field: string | null): string | undefined {
  const extended = /;\s*filename\*\s*=\s*utf-8'[^']*'([\w!#$&+.^`|~%-]+)/i.exec(field ?? "")?.[1];
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended);
    } catch {
      // The plain form may be valid.
    }
  }
  const [, quoted, token] = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";]+))/i.exec(field ?? "") ?? [];
  return quoted?.replace(/\\(.)/g, "$1") ?? token;
}

/**
 * Returns the field for a file.
 *
 * @param how `attachment` has a browser save it.
 * @param name As `fileName` returns it.
 */
export function disposition(how: "inline" | "attachment", name: string): string {
  const plain = name.replace(/[^\x20-\x7e]/g, "_").replace(/["\\]/g, "_");
  const extended = encodeURIComponent(name).replace(/['()*]/g, (each) => `%${each.charCodeAt(0).toString(16)}`);
  return `${how}; filename="${plain}"; filename*=UTF-8''${extended}`;
}
