/**
 * Arguments of Node that start busbar: the bundle as it is shipped, which `scripts/test.mjs` builds, or
 * its source where a test file is run by hand.
 */
export const PROGRAM: readonly string[] =
  process.env['BUSBAR_TEST_PROGRAM'] === undefined
    ? ['--import', 'tsx', 'src/cli/main.ts']
    : [process.env['BUSBAR_TEST_PROGRAM']];
