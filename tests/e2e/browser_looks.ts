/** Checks how a state of the page looks on wide screens and phones, light and dark, and takes pictures of it. */
/// <reference lib="dom" />
import type { Visitor } from "./browser.ts";

/** The screens: that of most tests is the wide one. The narrowest phone is that of WCAG 1.4.10 ("Reflow"). */
const SCREENS = {
  wide: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
  narrow: { width: 320, height: 568 },
};

/**
 * Checks a state with axe and for content beyond the screen, in both colour schemes. If TINCAN_SCREENSHOTS names a directory,
 * pictures are written there.
 */
export async function checkLooks(visitor: Visitor, state: string): Promise<void> {
  const { page } = visitor;
  const before = page.viewportSize();
  const pictures = Deno.env.get("TINCAN_SCREENSHOTS");
  for (const [size, viewport] of Object.entries(SCREENS)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme });
      const where = `${state}-${size}-${colorScheme}`;
      await visitor.assertFits(where);
      if (size !== "narrow") await visitor.assertAccessible(where);
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${where}.png` });
    }
  }
  if (before !== null) await page.setViewportSize(before);
}
