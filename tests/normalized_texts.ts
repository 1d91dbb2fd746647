/**
 * Returns the texts that are normalized while a function runs. Normalization sorts adjacent marks in quadratic time, so these
 * texts are what it costs, on a machine of any speed.
 */
export function normalizedTexts(run: () => void): string[] {
  const texts: string[] = [];
  const { normalize } = String.prototype;
  String.prototype.normalize = function (form?: string) {
    texts.push(String(this));
    return normalize.call(this, form);
  };
  try {
    run();
  } finally {
    String.prototype.normalize = normalize;
  }
  return texts;
}
