/** The list of emoji, as text. It is loaded with the first emoji that the user types. */
import text from "../web/emoji.txt" with { type: "text" };

export const emojiList: string = text;
