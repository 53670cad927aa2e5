// Properties try the same cases in every run, so that a failure is about the change at hand; another
// BUSBAR_PROPERTY_SEED tries others (npm run test:properties).
import fc from 'fast-check';

const USUAL_SEED = 1;

fc.configureGlobal({ seed: Number(process.env.BUSBAR_PROPERTY_SEED ?? USUAL_SEED) });
