import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LEGAL = /^(licen[cs]e|copying|notice)/i;

/** The licences of every package that went into bundles, in one text: they ask to go with the code. */
export const licencesOf = (metafiles) => {
  const inputs = metafiles.flatMap(({ inputs }) => Object.keys(inputs));
  const folders = inputs.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  return [...new Set(folders)]
    .filter((folder) => folder !== undefined)
    .sort()
    .map(licenceIn)
    .join('\n');
};

const licenceIn = (folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => LEGAL.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  if (texts.length === 0 && license === undefined) throw new Error(`${folder}: under no licence`);
  return [`${name} ${version} (${license})`, ...texts].join('\n\n');
};
