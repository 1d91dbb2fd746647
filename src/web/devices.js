// @ts-check
/**
 * Names of devices, for the list of those that stay signed in.
 */

/** Browsers by a word in their user agent; those that name others as well come first. @type {[RegExp, string][]} */
const BROWSERS = [
  [/\bEdgA?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Chrome|CriOS)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

/** Systems, likewise. @type {[RegExp, string][]} */
const SYSTEMS = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bMac OS X\b/, "macOS"],
  [/\bWindows\b/, "Windows"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** The name of a device, such as `Firefox on Linux`. @param {string} userAgent */
export function deviceName(userAgent) {
  const browser = find(BROWSERS, userAgent) ?? "Browser";
  const system = find(SYSTEMS, userAgent);
  return system === undefined ? browser : `${browser} on ${system}`;
}

/** @param {[RegExp, string][]} names @param {string} userAgent */
function find(names, userAgent) {
  return names.find(([word]) => word.test(userAgent))?.[1];
}
