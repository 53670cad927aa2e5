/** The only file that imports typebox: schemas elsewhere are built from what is exported here. */
export { type Static, type TSchema, Type } from 'typebox';
