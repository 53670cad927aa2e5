import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseYaml } from '../../src/config/yaml.ts';

describe('what is no YAML is told by its line, in words of who typed it', () => {
  for (const [name, text, line, told] of [
    ['no comma', 'a:\n  - { b: 1, c: 63 d: 2 }\n', 2, /^a comma or a closing bracket is missing/],
    ['a text with a colon', 'a: 1\nb: see: that\n', 2, /a text with ": " in it needs quotes$/],
    ['no colon after a key', 'a: 1\nb\n  - 2\nc: 3\n', 2, /^the ":" after the key is missing/],
    ['a bracket left open', 'a:\n  - { b: 1\nc: 2\n', 3, /^a "}" is missing above/],
    ['a quote left open', 'a: 1\nb: "x\nc: 2\nd: 3\n', 2, /^the quote that begins here/],
    ['a password that begins with @', 'a: 1\nb: @x\n', 2, /begins with @, % or ` needs quotes$/],
    ['a tab', 'a:\n\t- 1\n', 2, /^indented with a tab/],
  ] as const) {
    test(name, () => {
      const [problem] = parseYaml(text).problems;
      assert.equal(problem?.line, line);
      assert.match(problem?.text ?? '', told);
    });
  }
});
