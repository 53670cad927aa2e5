/** Longer texts are not mended: a device that writes them so is not worth the work. */
const MENDED_MOST = 64 * 1024;
const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']' };
const SPACE = /\s/;
const OPENING = new Set(Object.keys(CLOSING));

/**
 * The value of a text that is almost JSON, as some chargers write it: a comma too many (ZJ Beny),
 * brackets that are never closed (Grizzl-E), line breaks inside of strings. Nothing is guessed beyond
 * that. For reading only: what is relayed stays as it came. Throws SyntaxError as JSON.parse does.
 */
export const parseMended = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (text.length > MENDED_MOST) throw error;
    return JSON.parse(mended(text));
  }
};

const mended = (text: string): string => {
  let out = '';
  const open: string[] = [];
  let inString = false;
  let comma = false;
  // Outside of strings. Asking `out` for it would copy all of it every time.
  let last = '{';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (inString) {
      out += char < ' ' ? ' ' : char;
      if (char === '\\') {
        at += 1;
        out += text[at] ?? '';
      } else if (char === '"') inString = false;
      continue;
    }
    if (SPACE.test(char)) continue;
    if (char === ',') {
      comma = true;
      continue;
    }
    // A comma counts where something stands on both sides of it.
    const ends = char === '}' || char === ']';
    if (comma && !ends && !OPENING.has(last)) out += ',';
    comma = false;
    last = char;
    if (ends && open.pop() === undefined) break;
    if (char === '{' || char === '[') open.push(CLOSING[char] ?? '');
    if (char === '"') inString = true;
    out += char;
  }
  return out + open.reverse().join('');
};
