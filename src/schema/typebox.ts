/** The only file that imports typebox: schemas elsewhere are built from what is exported here. */
import { type TSchemaOptions, type TUnsafe, Type } from 'typebox';

export { type Static, type TSchema, Type } from 'typebox';

/** One of some texts. A union that is made from a list has no type: nothing that uses it is checked. */
export const oneOf = <Text extends string>(
  texts: readonly Text[],
  options: TSchemaOptions = {},
): TUnsafe<Text> =>
  Type.Unsafe<Text>(
    Type.Union(
      texts.map((text) => Type.Literal(text)),
      options,
    ),
  );
