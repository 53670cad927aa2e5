// The TAP of node:test, and before its summary every test that failed, with its file and its error:
// the end of a long log is what people see first, and often all that is kept.
import { tap } from 'node:test/reporters';

/** Enough to know what failed; the rest is where the test is reported. */
const ERROR_LINES = 12;

// biome-ignore lint/style/noDefaultExport: the runner takes the default export of a reporter.
export default async function* tapReporter(source) {
  yield* tap(withFailures(source));
}

async function* withFailures(source) {
  const failures = [];
  for await (const event of source) {
    if (event.type === 'test:fail' && !isOfSubtests(event.data)) failures.push(event.data);
    // The plan of the whole run is the first line of its summary.
    if (event.type === 'test:plan' && event.data.nesting === 0) yield* failures.flatMap(linesOf);
    yield event;
  }
}

const isOfSubtests = ({ details }) => details.error?.failureType === 'subtestsFailed';

const linesOf = ({ name, file, line, details }) => {
  const error = details.error?.cause ?? details.error;
  const text = String(error?.message ?? error).split('\n', ERROR_LINES);
  return [`failed: ${name} (${file}:${line})`, ...text.map((part) => `  ${part}`)].map(diagnostic);
};

const diagnostic = (message) => ({ type: 'test:diagnostic', data: { nesting: 0, message } });
