import {
  type Document,
  isMap,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml';

export interface YamlFile {
  /** Undefined when the text is not YAML. */
  readonly value: unknown;
  /** Syntax errors, each with its line. */
  readonly problems: readonly Problem[];
  /** Line of the value at a path like ['circuits', 1, 'id'], or of its nearest parent. */
  lineOf(path: readonly (string | number)[]): number;
}

/** Aliases may be expanded this often: a small file must not become a large value. */
const ALIASES_MOST = 20;

/** Parses YAML 1.2 (JSON is a part of it), keeping the line of every value. Never throws. */
export const parseYaml = (text: string): YamlFile => {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, version: '1.2' });
  const lineAt = (offset: number) => counter.linePos(offset).line;
  const lines = text.split('\n');
  const problems = firstOfEachLine(
    document.errors.map(({ pos, message, code }) => {
      const open = code === 'MISSING_CHAR' ? openQuote(document, pos[0]) : undefined;
      const line = lineAt(open ?? pos[0]);
      return { line, text: syntaxText(code, message, lines[line - 1] ?? '') };
    }),
  );
  const lineOf = (path: readonly (string | number)[]) => lineAt(offsetOf(document, path));
  if (problems.length > 0) return { value: undefined, problems, lineOf };
  try {
    return { value: document.toJS({ maxAliasCount: ALIASES_MOST }), problems, lineOf };
  } catch (error) {
    const problem = { line: 1, text: (error as Error).message };
    return { value: undefined, problems: [problem], lineOf };
  }
};

/** Of a line more is shown than anybody needs to find it. */
const SHOWN_MOST = 60;

const OPEN_QUOTE = 'the quote that begins here is not closed';

/** The words of the parser are about YAML; these are about what somebody typed. */
const REMEDIES: Readonly<Record<string, string>> = {
  BLOCK_IN_FLOW:
    'a comma or a closing bracket is missing, or a text with ": " in it lacks its quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a value, and more that belongs to the same key: remove one; a text with ": " in it needs quotes',
  MULTILINE_IMPLICIT_KEY: 'the ":" after the key is missing',
  BAD_SCALAR_START: 'a text that begins with @, % or ` needs quotes',
};

/** The parser tells where the file ended, not where a quote was opened that reaches to there. */
const openQuote = (document: Document.Parsed, offset: number): number | undefined => {
  let open: number | undefined;
  visit(document, {
    Scalar: (_, { range, type }: Scalar) => {
      const [from, to] = range ?? [];
      const isQuoted = type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE';
      if (isQuoted && from !== undefined && to !== undefined && to >= offset) open = from;
    },
  });
  return open;
};

const syntaxText = (code: string, message: string, line: string): string => {
  if (code === 'DUPLICATE_KEY')
    return `this key is there twice: ${line.trim().slice(0, SHOWN_MOST)}`;
  if (code === 'TAB_AS_INDENT') return 'indented with a tab: YAML takes spaces only';
  const [said] = message.split('\n');
  const [, close] = /and end with a ([}\]])/.exec(message) ?? [];
  if (code === 'BAD_INDENT' && close !== undefined) return `a "${close}" is missing above`;
  if (code === 'MISSING_CHAR' && /^Missing closing .quote/.test(message)) return OPEN_QUOTE;
  const remedy = REMEDIES[code];
  if (remedy !== undefined) return remedy;
  // The line is told already.
  return (said ?? message).replace(/ at line \d+, column \d+:?$/, '');
};

interface Problem {
  readonly line: number;
  readonly text: string;
}

/** What follows in a line comes from the first mistake. */
const firstOfEachLine = (problems: readonly Problem[]): readonly Problem[] =>
  problems.filter(({ line }, i) => problems.findIndex((each) => each.line === line) === i);

/** Offset of the key (or list item) that the path names; unknown keys end at their parent. */
const offsetOf = (document: Document.Parsed, path: readonly (string | number)[]): number => {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => String(item.key) === String(step));
      if (pair === undefined) return offset;
      offset = (pair.key as Node | null)?.range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      node = (node.items[Number(step)] as Node | undefined) ?? null;
      offset = node?.range?.[0] ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
};
