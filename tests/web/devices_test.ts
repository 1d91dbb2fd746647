/** Tests of the names of devices, and of what the page says when one is signed out. */
/// <reference lib="dom" />
import { assert, assertEquals } from "@std/assert";
import { NEW_PASSWORD, REVOKED } from "../../src/protocol/sign_out.ts";
import { deviceName } from "../../src/web/devices.js";
import { isSignedOut, signedOutText } from "../../src/web/reply_texts.js";

Deno.test("devices: a device is named by its browser and system", () => {
  const names = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0": "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0":
      "Edge on Windows",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/17.0 Safari/605.1": "Safari on macOS",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) CriOS/130.0 Mobile Safari/604.1": "Chrome on iPhone",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36":
      "Chrome on Android",
    "something else": "Browser",
  };
  for (const [userAgent, name] of Object.entries(names)) assertEquals(deviceName(userAgent), name);
});

Deno.test("devices: the page knows the reasons with which the server signs a device out", () => {
  for (const reason of [REVOKED, NEW_PASSWORD]) assert(isSignedOut(reason), reason);
  assert(!isSignedOut("Killed (boss (Signed out: no))"));
  assert(signedOutText(NEW_PASSWORD).startsWith("The password was changed"));
  assert(signedOutText(REVOKED).startsWith("This device was signed out"));
});
