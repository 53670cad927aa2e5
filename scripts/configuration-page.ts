interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** docs/configuration.md: every key of the site file with its form, default and meaning. */
export const configurationPage = (schema: unknown): string =>
  `# The site file

YAML 1.2. Later wins: defaults, the file, \`BUSBAR__A__B\` from the environment (\`BUSBAR__LISTEN__HTTP\`,
\`BUSBAR__CIRCUITS__0__LIMITAMPS\`). Texts may be \`\${env:NAME}\` or \`\${file:/path}\`. \`busbar check FILE\`
tells what is wrong, with line numbers, and adds up the physics. Generated from the schema.

| key | form | default | meaning |
|---|---|---|---|
${rows(schema as Schema, '').join('\n')}
`;

const rows = (schema: Schema, prefix: string): readonly string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    const nested = value.items?.properties === undefined ? value : value.items;
    const place = nested === value ? name : `${name}[]`;
    if (nested.properties !== undefined) return rows(nested, place);
    const required = schema.required?.includes(key) === true && value.default === undefined;
    const fallback = required ? '**needed**' : show(value.default);
    return [`| \`${name}\` | ${form(value)} | ${fallback} | ${value.description ?? ''} |`];
  });

const form = (schema: Schema): string => {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.anyOf !== undefined) return schema.anyOf.map(form).join(' or ');
  const { minimum, maximum } = schema;
  const range =
    minimum === undefined && maximum === undefined ? '' : ` ${minimum ?? ''}..${maximum ?? ''}`;
  return `${schema.type === 'array' ? 'list' : (schema.type ?? '')}${range}`;
};

const show = (value: unknown): string =>
  value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
